//! Taking a change back: its window ends now, with a last look at what is pending.
//!
//! Trap: a change is several implementations where one action serves several queries. All are locked before any is looked at.

use pgrx::spi::SpiClient;

use crate::error::{Error, Result};
use crate::row::column;
use crate::store::events;
use crate::store::implementations::{no_implementation, only_row};
use crate::store::learning;
use crate::store::lock::Lock;

const LOCK_CHANGE: &str = include_str!("../../sql/queries/lock_change.sql");
const REVERT: &str = include_str!("../../sql/queries/revert.sql");
const IS_THERE: &str = "/* optimizer_workflow: is it there */ \
    SELECT coalesce(i.ground ?| ARRAY['index_fingerprint', 'dropped_index'] \
                    OR i.ground ? 'setting' AND i.ground ->> 'scope' <> 'query', false) \
           AND optimizer.unmet_ground(i.ground) IS NULL \
    FROM optimizer.optimization_implementations i WHERE i.id = $1";

/// A change that was taken back.
#[derive(Debug)]
pub struct Reverted {
    /// The other implementations of the same change, which went with it.
    pub others: Vec<i64>,
    /// The index or setting is there, as far as can be told.
    pub is_still_there: bool,
}

/// Takes a change back: its window ends now. The recommendations that it carried out open again,
/// unless they were measured and found not to help.
pub fn revert(client: &mut SpiClient, id: i64, notes: Option<&str>, by: &str) -> Result<Reverted> {
    let (status, recorded_with) = lock_change(client, id)?;
    if status == "reverted" {
        return Err(Error::wrong_state(
            format!("nothing to revert: implementation {id} is already reverted"),
            "What is in effect: SELECT * FROM optimizer.get_optimization_results('implemented');",
        ));
    }
    let pending = pending_of_change(client, recorded_with)?;
    for implementation in &pending {
        look_at_revert(client, *implementation)?;
    }
    Lock::Recommendations.wait(client)?;
    let note = notes.map(|text| format!("reverted: {text}"));
    let table = client.update(REVERT, None, &[recorded_with.into(), note.into()])?;
    let mut others = Vec::new();
    let mut opened = Vec::new();
    for row in table {
        let implementation: i64 = column(&row, 1)?;
        if implementation != id {
            others.push(implementation);
        }
        if column::<String>(&row, 3)? == "open" {
            opened.push(column(&row, 2)?);
        }
    }
    // A look that failed may have ended a measurement, too.
    if !pending.is_empty() {
        learning::learn(client)?;
    }
    learning::rescore_recommendations(client, opened)?;
    events::note_implementations(client, &[&[id], &others[..]].concat(), "reverted", by)?;
    let is_still_there = column(&only_row(client.update(IS_THERE, Some(1), &[id.into()])?)?, 1)?;
    Ok(Reverted { others, is_still_there })
}

/// The last look. One that raises an error is noted and does not keep the change from being taken back.
fn look_at_revert(client: &mut SpiClient, id: i64) -> Result<()> {
    let sql = "/* optimizer_workflow: look at a revert */ SELECT optimizer.take_look_at_revert_or_note_error($1)";
    client.update(sql, Some(1), &[id.into()])?;
    Ok(())
}

fn pending_of_change(client: &mut SpiClient, recorded_with: i64) -> Result<Vec<i64>> {
    client
        .update(
            "/* optimizer_workflow: pending of a change */ SELECT i.id \
             FROM optimizer.optimization_implementations i \
             WHERE i.recorded_with = $1 AND i.status = 'pending' ORDER BY i.id",
            None,
            &[recorded_with.into()],
        )?
        .map(|row| column(&row, 1))
        .collect()
}

/// Locks every implementation of the change that one belongs to; returns the status of that one and
/// the implementation that all were recorded with. All of them, since a look at another one of the
/// change holds its row while it waits for `Recommendations`.
fn lock_change(client: &mut SpiClient, id: i64) -> Result<(String, i64)> {
    for row in client.update(LOCK_CHANGE, None, &[id.into()])? {
        if column::<i64>(&row, 1)? == id {
            return Ok((column(&row, 2)?, column(&row, 3)?));
        }
    }
    Err(no_implementation(id))
}
