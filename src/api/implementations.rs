//! What a person did: recording it, linking a rewrite's new query, taking it back.

use optimizer_core::Micros;
use optimizer_core::verdict::baseline::MIN_DAYS;
use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::default;
use pgrx::prelude::*;

use crate::api::argument::{
    optional_query_hash, query_hash as checked_query_hash, row_number, text,
};
use crate::error::{Error, Raised, Result};
use crate::role;
use crate::statement::require_one_statement;
use crate::store::implementations::{self as store, Application, Recorded, Rewrite, moment};
use crate::store::lock::begin_writing;
use crate::store::reverts;
use crate::time::from_micros;

/// How far implemented_at may be from what the ledger saw without a word, microseconds: a minute, as people round.
const LEDGER_TOLERANCE: Micros = 60_000_000;

/// Calls without which there are not [`MIN_DAYS`] days of 20 calls (`Measure::min_calls_of_a_day`).
const MIN_CALLS_BEFORE: i64 = 20 * MIN_DAYS as i64;

/// Records that a recommendation was applied, with the metrics from before.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn record_recommendation_implementation(
    recommendation_id: Option<i64>,
    query_hash: default!(Option<i64>, "NULL"),
    implementation_notes: default!(Option<&str>, "NULL"),
    implemented_at: default!(Option<TimestampWithTimeZone>, "NULL"),
    new_query_hash: default!(Option<i64>, "NULL"),
    new_query_text: default!(Option<&str>, "NULL"),
) -> std::result::Result<
    TableIterator<
        'static,
        (name!(impl_id, i64), name!(status, String), name!(pre_snapshot, JsonB)),
    >,
    Raised,
> {
    begin_writing(c"record_recommendation_implementation()")?;
    let application = Application {
        recommendation_id: row_number("recommendation_id", recommendation_id)?,
        query_hash: optional_query_hash("query_hash", query_hash)?,
        notes: implementation_notes,
        implemented_at: implemented_at.map(|at| moment(at, "implemented_at")).transpose()?,
        new_query_hash: optional_query_hash("new_query_hash", new_query_hash)?,
        new_query_text: new_query_text.map(|sql| text("new_query_text", Some(sql))).transpose()?,
        implemented_by: &role::outer_user(),
    };
    if let Some(sql) = application.new_query_text {
        require_one_statement("new_query_text", sql)?;
    }
    let (recorded, remarks) = record(&application)?;
    for remark in remarks {
        notice!("{remark}");
    }
    let before = serde_json::to_value(&recorded.before).map_err(Error::from)?;
    Ok(TableIterator::once((recorded.implementation_id, "pending".to_owned(), JsonB(before))))
}

/// Records it; with what the person should know about it, a sentence each.
pub fn record(application: &Application) -> Result<(Recorded, Vec<String>)> {
    let recorded = Spi::connect_mut(|client| store::record(client, application))?;
    let remarks = remarks(application, &recorded)?;
    Ok((recorded, remarks))
}

fn remarks(application: &Application, recorded: &Recorded) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    if !recorded.same_action.is_empty() {
        let others: Vec<String> = recorded.same_action.iter().map(i64::to_string).collect();
        remarks.push(format!(
            "the same action carries out other recommendations too: recorded as implementations {}",
            others.join(", ")
        ));
    }
    if let Some(seen) = recorded.seen_at {
        let at = from_micros(seen.at)?.to_iso_string();
        let is_as_seen = |given| {
            (seen.not_before.saturating_sub(LEDGER_TOLERANCE)
                ..=seen.at.saturating_add(LEDGER_TOLERANCE))
                .contains(&given)
        };
        match application.implemented_at {
            None => remarks.push(format!(
                "implemented_at is {at}, when the ledger of events saw the change; give it to say otherwise"
            )),
            Some(given) if !is_as_seen(given) => remarks.push(format!(
                "the ledger of events saw the change at {at}, not at implemented_at: calls between the two count on the wrong side. \
                 If the ledger is right: SELECT optimizer.revert_implementation({}); and record it again with implemented_at => '{at}'",
                recorded.implementation_id
            )),
            Some(_) => {}
        }
    }
    let id = recorded.implementation_id;
    match recorded.rewrite {
        Some(Rewrite::Linked(queries)) if application.new_query_text.is_some() => {
            remarks.push(format!(
                "implementation {id} is measured on the queries that have its new text: {queries} so far"
            ));
        }
        Some(Rewrite::AwaitsText) => remarks.push(format!(
            "implementation {id} waits for its new text: there is no verdict until \
             pg_stat_statements shows a statement that has it; that one is linked by itself"
        )),
        Some(Rewrite::AwaitsHash) => remarks.push(format!(
            "implementation {id} is a rewrite: there is no verdict until its new query is known; \
             SELECT optimizer.set_implementation_query({id}, new_query_hash) adds it"
        )),
        Some(Rewrite::Linked(_)) | None => {}
    }
    if let Some(unmet) = &recorded.unmet_ground {
        remarks.push(format!(
            "{unmet}: without it implementation {id} ends inconclusive (not_applied); \
             it is looked for again at each look"
        ));
    }
    if recorded.before.calls < MIN_CALLS_BEFORE {
        remarks.push(format!(
            "no verdict may be possible: {} calls of the query were observed in the 7 days of 24 buckets before the \
             change; {MIN_DAYS} such days with 20 calls or more are needed",
            recorded.before.calls
        ));
    }
    Ok(remarks)
}

/// Adds a query that took the place of a rewritten one.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn set_implementation_query(
    implementation_id: Option<i64>,
    new_query_hash: Option<i64>,
) -> std::result::Result<(), Raised> {
    begin_writing(c"set_implementation_query()")?;
    let id = row_number("implementation_id", implementation_id)?;
    let hash = checked_query_hash("new_query_hash", new_query_hash)?;
    let by = role::outer_user();
    Ok(Spi::connect_mut(|client| store::add_query(client, id, hash, &by))?)
}

/// Records that a change was taken back; returns the new status.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn revert_implementation(
    implementation_id: Option<i64>,
    notes: default!(Option<&str>, "NULL"),
) -> std::result::Result<&'static str, Raised> {
    begin_writing(c"revert_implementation()")?;
    let id = row_number("implementation_id", implementation_id)?;
    let by = role::outer_user();
    let reverted = Spi::connect_mut(|client| reverts::revert(client, id, notes, &by))?;
    if reverted.is_still_there {
        notice!(
            "what implementation {id} recorded is still there; undo_sql of its recommendation says how to take it back"
        );
    }
    if !reverted.others.is_empty() {
        let others: Vec<String> = reverted.others.iter().map(i64::to_string).collect();
        notice!(
            "the same change carried out other recommendations too: reverted implementations {}",
            others.join(", ")
        );
    }
    Ok("reverted")
}
