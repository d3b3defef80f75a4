//! Which statements have the new text of a rewrite: compared by fingerprint, linked as they appear.

use pgrx::spi::SpiClient;

use crate::error::{Error, Result};
use crate::fingerprint;

const LINK: &str = include_str!("../../sql/queries/link_rewrites.sql");
const RENEW: &str = include_str!("../../sql/queries/renew_fingerprints.sql");

/// Who links what nobody linked by hand.
const BY_ITSELF: &str = "optimizer_workflow";

/// Fingerprints made anew in one step, after an upgrade that changed their rules: half a second's work.
const RENEWED_AT_ONCE: i64 = 10_000;

/// Links what can be linked, to all pending rewrites. Returns how many links that made.
pub fn link(client: &mut SpiClient) -> Result<usize> {
    link_to(client, None, BY_ITSELF)
}

/// Links the statements that are known already to one rewrite that has just been recorded.
pub fn link_known(client: &mut SpiClient, implementation_id: i64, by: &str) -> Result<usize> {
    link_to(client, Some(implementation_id), by)
}

fn link_to(client: &mut SpiClient, only: Option<i64>, by: &str) -> Result<usize> {
    Ok(client.update(LINK, None, &[only.into(), by.into()])?.len())
}

/// Makes the fingerprints that are missing or were made by other rules.
pub fn renew_fingerprints(client: &mut SpiClient) -> Result<()> {
    let bounds = (fingerprint::prefix(), fingerprint::after_all());
    client.update(RENEW, None, &[bounds.0.into(), bounds.1.into(), RENEWED_AT_ONCE.into()])?;
    Ok(())
}

/// Refuses a new text that differs from the old one in nothing but constants; whether statements with it
/// can be recognised.
pub fn check_new_text(client: &mut SpiClient, query_hash: i64, new_text: &str) -> Result<bool> {
    let Some(new) = fingerprint::of_statement(new_text) else { return Ok(false) };
    let table = client.update(
        "/* optimizer_workflow: text */ SELECT query FROM optimizer.query_texts \
         WHERE query_hash = $1",
        Some(1),
        &[query_hash.into()],
    )?;
    let old = match table.into_iter().next() {
        Some(row) => row.get::<String>(1)?,
        None => None,
    };
    if old.and_then(|text| fingerprint::of_statement(&text)).is_some_and(|old| old == new) {
        return Err(Error::invalid(
            format!("new_query_text is query {query_hash} as it is"),
            "Give the text that takes its place; constants and parameters count as equal. A query \
             that keeps its text keeps its hash: leave new_query_text out.",
        ));
    }
    Ok(true)
}
