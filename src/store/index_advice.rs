//! What the index advisor keeps: trials, failures, suggestions.

use std::collections::BTreeSet;

use pgrx::spi::SpiClient;

use crate::advisors::index::{Outcome, Suggestion};
use crate::error::Result;
use crate::row::column;

const KEEP_TRIALS: &str = include_str!("../../sql/queries/keep_index_trials.sql");
const KEEP_SUGGESTIONS: &str = include_str!("../../sql/queries/keep_index_suggestions.sql");
const NOTE_USAGE: &str = include_str!("../../sql/queries/note_index_usage.sql");
const KEEP_DROPS: &str = include_str!("../../sql/queries/keep_index_drops.sql");
const KEEP_QUALSTATS: &str = include_str!("../../sql/queries/keep_qualstats_suggestions.sql");
const FAILURES: &str = include_str!("../../sql/queries/index_failures.sql");

/// Keeps what was tried, each in place of what was known of its statement.
pub fn keep_trials(client: &mut SpiClient, outcomes: Vec<Outcome>) -> Result<()> {
    let (mut hashes, mut grounds, mut words) = (Vec::new(), Vec::new(), Vec::new());
    let mut trials = Vec::new();
    for outcome in outcomes {
        hashes.push(outcome.query_hash);
        grounds.push(outcome.ground);
        words.push(outcome.word);
        trials.push(outcome.trial.map(|trial| serde_json::to_string(&trial)).transpose()?);
    }
    client.update(
        KEEP_TRIALS,
        None,
        &[hashes.into(), grounds.into(), words.into(), trials.into()],
    )?;
    Ok(())
}

/// One query is to be tried anew.
pub fn forget_trial(client: &mut SpiClient, query_hash: i64) -> Result<()> {
    client.update(
        "/* optimizer_workflow: tried anew */ DELETE FROM optimizer.index_trials WHERE query_hash = $1",
        None,
        &[query_hash.into()],
    )?;
    Ok(())
}

/// Queries and fingerprints of indexes that were made for them and did not help.
pub fn failures(client: &mut SpiClient) -> Result<BTreeSet<(i64, String)>> {
    client
        .update(FAILURES, None, &[])?
        .map(|row| Ok((column(&row, 1)?, column(&row, 2)?)))
        .collect()
}

/// Notes which indexes were used, and brings the suggestions of those to drop in line with that: how many were added and withdrawn.
pub fn keep_drops(
    client: &mut SpiClient,
    unused_days: i32,
    least_rows: f64,
    least_share: f64,
) -> Result<(i64, i64)> {
    client.update(NOTE_USAGE, None, &[])?;
    let row = client
        .update(KEEP_DROPS, None, &[unused_days.into(), least_rows.into(), least_share.into()])?
        .first();
    let (added, withdrawn) = row.get_two::<i64, i64>()?;
    Ok((added.unwrap_or(0), withdrawn.unwrap_or(0)))
}

/// Brings in what pg_qualstats' advisor says, where it is there: how many were added and withdrawn.
pub fn keep_qualstats(client: &mut SpiClient) -> Result<(i64, i64)> {
    let row = client.update(KEEP_QUALSTATS, None, &[])?.first();
    let (added, withdrawn) = row.get_two::<i64, i64>()?;
    Ok((added.unwrap_or(0), withdrawn.unwrap_or(0)))
}

/// Brings the suggestions in line with the choice: how many were added, renewed and withdrawn.
pub fn keep_suggestions(
    client: &mut SpiClient,
    suggestions: Vec<Suggestion>,
) -> Result<(i64, i64, i64)> {
    let mut hashes = Vec::new();
    let (mut relations, mut definitions, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut methods, mut sizes, mut reasonings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut others, mut improvements, mut confidences) = (Vec::new(), Vec::new(), Vec::new());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for one in suggestions {
        hashes.push(one.query_hash);
        relations.push(one.relation);
        definitions.push(one.definition);
        columns.push(serde_json::to_string(&one.columns)?);
        methods.push(one.access_method);
        sizes.push(one.size_bytes);
        reasonings.push(one.reasoning);
        // As text: JSON's readers take large numbers for floats.
        let hashes: Vec<String> = one.other_queries.iter().map(i64::to_string).collect();
        others.push(serde_json::to_string(&hashes)?);
        improvements.push(one.improvement_percent);
        confidences.push(one.confidence);
        before.push(one.cost_before);
        after.push(one.cost_after);
    }
    let row = client
        .update(
            KEEP_SUGGESTIONS,
            None,
            &[
                hashes.into(),
                relations.into(),
                definitions.into(),
                columns.into(),
                methods.into(),
                sizes.into(),
                reasonings.into(),
                others.into(),
                improvements.into(),
                confidences.into(),
                before.into(),
                after.into(),
            ],
        )?
        .first();
    let (added, renewed, withdrawn) = row.get_three::<i64, i64, i64>()?;
    Ok((added.unwrap_or(0), renewed.unwrap_or(0), withdrawn.unwrap_or(0)))
}
