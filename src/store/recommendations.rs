//! Suggestions into recommendations, and a recommendation's way through its states.

use once_cell::sync::Lazy;
use pgrx::spi::SpiClient;

use crate::error::{Error, Result};
use crate::progress;
use crate::store::bulk::in_bulk;
use crate::store::learning;
use crate::store::lock::Lock;

static RENEW: Lazy<String> = Lazy::new(|| {
    learning::with_scores(include_str!("../../sql/queries/renew_recommendations.sql"))
});
static ADD: Lazy<String> =
    Lazy::new(|| learning::with_scores(include_str!("../../sql/queries/add_recommendations.sql")));
const COUNT_OPEN: &str = include_str!("../../sql/queries/count_open.sql");

/// The open recommendations after an aggregation.
#[derive(Debug)]
pub struct OpenRecommendations {
    pub count: i32,
    /// Sorted, distinct.
    pub source_types: Vec<String>,
}

/// What an aggregation wrote.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub inserted: i64,
    pub updated: i64,
    pub expired: i64,
}

/// Brings the recommendations in line with the suggestions, for one query or all.
pub fn aggregate(
    client: &mut SpiClient,
    query_hash: Option<i64>,
    min_confidence: f64,
) -> Result<Written> {
    Lock::Recommendations.wait(client)?;
    match query_hash {
        Some(_) => write(client, query_hash, min_confidence),
        None => in_bulk(client, |client| write(client, None, min_confidence)),
    }
}

fn write(client: &mut SpiClient, query_hash: Option<i64>, min_confidence: f64) -> Result<Written> {
    let arguments = [query_hash.into(), min_confidence.into()];
    let (missing, updated, expired) = if any(client, query_hash)? {
        progress::report(|| "step 1 of 2: comparing recommendations with suggestions".to_owned());
        client.update(RENEW.as_str(), Some(1), &arguments)?.first().get_three::<bool, i64, i64>()?
    } else {
        (Some(true), None, None)
    };
    let inserted = match missing {
        Some(true) => {
            let add = add_statement(client)?;
            progress::report(|| {
                format!(
                    "step 2 of 2: adding recommendations; {} updated, {} expired so far",
                    updated.unwrap_or(0),
                    expired.unwrap_or(0)
                )
            });
            client.update(add.as_str(), None, &arguments)?.len()
        }
        _ => 0,
    };
    Ok(Written {
        inserted: i64::try_from(inserted).unwrap_or(i64::MAX),
        updated: updated.unwrap_or(0),
        expired: expired.unwrap_or(0),
    })
}

/// What adds the missing ones. Nobody else adds any while the lock is held, so a conflict can only come
/// from a transaction whose snapshot is older than its lock. ON CONFLICT turns that into a serialization
/// failure, which clients retry; without it each row costs a sixth less.
fn add_statement(client: &mut SpiClient) -> Result<String> {
    let isolation: Option<String> = client
        .update(
            "/* optimizer_workflow: isolation */ SELECT current_setting('transaction_isolation')",
            Some(1),
            &[],
        )?
        .first()
        .get_one()?;
    Ok(match isolation.as_deref() {
        Some("read committed" | "read uncommitted") => ADD.clone(),
        _ => format!("{} ON CONFLICT (query_hash, source_type, source_id) DO NOTHING", *ADD),
    })
}

/// Whether there is any recommendation to compare with.
fn any(client: &mut SpiClient, query_hash: Option<i64>) -> Result<bool> {
    let table = client.update(
        "/* optimizer_workflow: any recommendation */ SELECT FROM \
         optimizer.optimization_recommendations WHERE $1 IS NULL OR query_hash = $1 LIMIT 1",
        Some(1),
        &[query_hash.into()],
    )?;
    Ok(!table.is_empty())
}

/// Counts the open recommendations of one query, or of all.
pub fn count_open(client: &mut SpiClient, query_hash: Option<i64>) -> Result<OpenRecommendations> {
    let table = client.update(COUNT_OPEN, Some(1), &[query_hash.into()])?.first();
    let (count, source_types) = table.get_two::<i64, Vec<String>>()?;
    Ok(OpenRecommendations {
        count: i32::try_from(count.unwrap_or(0)).unwrap_or(i32::MAX),
        source_types: source_types.unwrap_or_default(),
    })
}

/// Takes an open recommendation off the list.
pub fn dismiss(client: &mut SpiClient, id: i64, reason: &str) -> Result<&'static str> {
    Lock::Recommendations.wait(client)?;
    require_status(client, id, "open", "dismissed")?;
    set_status(client, id, "dismissed", Some(reason))?;
    Ok("dismissed")
}

/// Puts a dismissed recommendation back on the list.
pub fn reopen(client: &mut SpiClient, id: i64) -> Result<&'static str> {
    Lock::Recommendations.wait(client)?;
    require_status(client, id, "dismissed", "reopened")?;
    set_status(client, id, "open", None)?;
    learning::rescore_recommendations(client, vec![id])?;
    Ok("open")
}

fn set_status(client: &mut SpiClient, id: i64, status: &str, reason: Option<&str>) -> Result<()> {
    client.update(
        "/* optimizer_workflow: status */ UPDATE optimizer.optimization_recommendations \
         SET status = $2, dismissal_reason = $3, updated_at = now() WHERE id = $1",
        None,
        &[id.into(), status.into(), reason.into()],
    )?;
    Ok(())
}

/// Locks the recommendation and refuses unless it has the status that the act needs.
fn require_status(client: &mut SpiClient, id: i64, needed: &str, act: &str) -> Result<()> {
    let status = lock_status(client, id)?;
    if status == needed {
        return Ok(());
    }
    Err(Error::wrong_state(
        format!("recommendation {id} cannot be {act}: it is {status}"),
        status_hint(&status, id),
    ))
}

/// The status of a recommendation, locked until the end of the transaction.
pub fn lock_status(client: &mut SpiClient, id: i64) -> Result<String> {
    let table = client.update(
        "/* optimizer_workflow: lock recommendation */ \
         SELECT status FROM optimizer.optimization_recommendations WHERE id = $1 FOR UPDATE",
        Some(1),
        &[id.into()],
    )?;
    if table.is_empty() {
        return Err(Error::not_found(
            format!("recommendation {id} does not exist"),
            "The open ones: SELECT rec_id FROM optimizer.get_top_recommendations();",
        ));
    }
    table.first().get_one::<String>()?.ok_or(Error::MissingColumn(1))
}

/// What to do with a recommendation that is not in the state one thought.
pub fn status_hint(status: &str, id: i64) -> String {
    match status {
        "implemented" => format!(
            "revert_implementation() takes it back; what came of it: \
             SELECT * FROM optimizer.get_optimization_results(only_recommendation => {id});"
        ),
        "dismissed" => {
            format!("Back on the list: SELECT optimizer.reopen_recommendation({id});")
        }
        "expired" => {
            "Its suggestion is gone; it opens again when the suggestion is made again and aggregated."
                .to_owned()
        }
        _ => "The open ones: SELECT rec_id FROM optimizer.get_top_recommendations();".to_owned(),
    }
}
