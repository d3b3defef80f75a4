//! The formulas as SQL functions: the same code that scores recommendations, open to try out.

use optimizer_core::name_list::listed_names;
use optimizer_core::{learning, query_hashes, score, sql_text};
use pgrx::prelude::*;
use pgrx::{JsonB, default};

use crate::error::{Error, Raised, Result};
use crate::settings;

// List settings: each element is quoted on its own (GUC_LIST_QUOTE in guc_tables.c, the same on
// PostgreSQL 15 to 18; the catalog does not show the flag).
const LIST_SETTINGS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

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

/// Confidence after what the outcomes of a kind taught.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn learned_confidence(stated_confidence: f64, outcome_weight: f64, success_weight: f64) -> f64 {
    learning::confidence(stated_confidence, outcome_weight, success_weight)
}

/// Improvement to expect when advice of a kind works, percent.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn learned_forecast(
    predicted_percent: f64,
    realisation_rate: default!(Option<f64>, "NULL"),
) -> f64 {
    learning::forecast_percent(predicted_percent, realisation_rate)
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

/// A setting's value as it stands in SET: quoted, and each element of a list by itself.
#[pg_extern(immutable, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn setting_literal(parameter_name: &str, value: &str) -> String {
    let quote = |text: &str| pgrx::spi::quote_literal(text);
    let is_list = LIST_SETTINGS.contains(&parameter_name.to_ascii_lowercase().as_str());
    let names = if is_list { listed_names(value) } else { Vec::new() };
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
