//! The formulas as SQL functions, open to try out. Recommendations by the hundred thousand are scored
//! by the same formulas as arithmetic in sql/queries/scores.sql; a test compares the two.

use optimizer_core::name_list::listed_names;
use optimizer_core::{index_text, learning, query_hashes, score, sql_text};
use pgrx::JsonB;
use pgrx::prelude::*;

use crate::api::listed;
use crate::error::{Error, Raised, Result};
use crate::settings;

/// ROI, 0 to 1: confidence x min(improvement_percent / 100, 1) x urgency.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn roi_score(
    confidence: f64,
    improvement_percent: f64,
    urgency: f64,
) -> std::result::Result<f64, Raised> {
    Ok(score::roi(confidence, improvement_percent, urgency).map_err(Error::from)?)
}

/// Urgency, 0 to 1: min(calls / 100000, 1) x min(mean_exec_time_ms / 10000, 1), calls per hour; the
/// two references are settings.
#[pg_extern(stable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn urgency_score(calls: f64, mean_exec_time_ms: f64) -> std::result::Result<f64, Raised> {
    Ok(score::urgency(calls, mean_exec_time_ms, settings::urgency_reference())
        .map_err(Error::from)?)
}

/// What outcomes of these weights make of a stated confidence: {at_zero, slope, least, most}.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn confidence_line(outcome_weight: f64, success_weight: f64) -> Vec<f64> {
    let line = learning::ConfidenceLine::after(outcome_weight, success_weight);
    vec![line.at_zero, line.slope, line.least, line.most]
}

/// Half width of a forecast's 80 % interval while nothing is known, percentage points.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn unknown_forecast_half_width() -> f64 {
    learning::UNKNOWN_HALF_WIDTH_PERCENT
}

/// SQL text with layout, letter case and comments evened out: what `action_key` digests.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn normalise_sql(sql_text: &str) -> String {
    sql_text::normalise(sql_text)
}

/// A query as one line: without comments, white space folded, cut.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn query_summary(query: &str) -> String {
    listed::query(query)
}

/// What takes back a CREATE INDEX; null when it leaves the name to the server.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn drop_index_statement(definition: &str, relation: &str) -> Option<String> {
    sql_text::drop_index_statement(definition, relation)
}

/// What makes a CREATE INDEX the same action as another, or a DROP INDEX; null for anything else.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn index_action(definition: &str) -> Option<String> {
    index_text::action(definition)
}

/// What a CREATE INDEX says behind its columns.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn index_behind_columns(definition: &str) -> Option<&str> {
    index_text::behind_columns(definition)
}

/// The value of a list setting as it stands in SET: each element quoted by itself.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn list_literal(value: &str) -> String {
    let quote = |text: &str| pgrx::spi::quote_literal(text);
    let names = listed_names(value);
    if names.is_empty() {
        return quote(value);
    }
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// The query hashes that a workload pattern lists under `query_hashes`; null when there is no list.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn query_hash_list(pattern_metadata: JsonB) -> std::result::Result<Option<Vec<i64>>, Raised> {
    Ok(listed_hashes(&pattern_metadata.0)?)
}

fn listed_hashes(metadata: &serde_json::Value) -> Result<Option<Vec<i64>>> {
    let Some(list) = metadata.get("query_hashes") else { return Ok(None) };
    let not_a_hash = |found: &serde_json::Value| {
        Error::Input(optimizer_core::error::InvalidInput::NotAQueryHash {
            found: found.to_string(),
        })
    };
    let elements = list.as_array().ok_or_else(|| not_a_hash(list))?;
    let hashes = elements.iter().map(|element| match element {
        serde_json::Value::String(text) => Ok(query_hashes::parse(text)?),
        serde_json::Value::Number(number) => Ok(query_hashes::parse(&number.to_string())?),
        other => Err(not_a_hash(other)),
    });
    hashes.collect::<Result<Vec<i64>>>().map(Some)
}

/// `optimizer_workflow.bucket_width` in seconds, also where the setting is not loaded yet.
#[pg_extern(stable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn bucket_width_seconds() -> i32 {
    settings::bucket_width_seconds()
}
