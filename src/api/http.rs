//! The four functions for HTTP gateways: what the functions of the same purpose do, as one JSON document.
//!
//! Contract: a caller names arguments and leaves out what it does not have, so each has a default, and what is missing is
//! answered here by name. A row with a query_hash has it as text too: JavaScript loses digits past 2^53.
//! Trap: the readers are no SECURITY DEFINER, since what is shown depends on who asks.

use once_cell::sync::Lazy;
use optimizer_core::error::at_least_zero;
use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::PgOid;
use pgrx::prelude::*;
use pgrx::{JsonB, default};
use serde_json::Value;

use crate::api::argument::{
    IMPLEMENTATION_STATUSES, SOURCE_TYPES, max_rows as checked_max_rows, one_of,
    optional_query_hash, query_hash as checked_query_hash, required, row_number,
};
use crate::api::implementations::record;
use crate::api::recommendations::{OF_ALL_BY_ROI, aggregate};
use crate::api::results::RESULTS;
use crate::error::{Error, Raised, Result};
use crate::kept_plan::select_kept;
use crate::role;
use crate::row::column;
use crate::store::implementations::Application;
use crate::store::lock::begin_writing;

static RECOMMENDATIONS: Lazy<String> = Lazy::new(|| {
    include_str!("../../sql/queries/api_recommendations.sql").replace("{top}", &OF_ALL_BY_ROI)
});
static IMPLEMENTATIONS: Lazy<String> =
    Lazy::new(|| include_str!("../../sql/queries/api_results.sql").replace("{results}", RESULTS));
const AGGREGATED: &str = include_str!("../../sql/queries/api_aggregated.sql");
const RECORDED: &str = include_str!("../../sql/queries/api_recorded.sql");

/// Brings the recommendations of one query, or of all, in line with the suggestions.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn api_aggregate_recommendations(
    query_hash: default!(Option<i64>, "NULL"),
    min_confidence: default!(Option<f64>, 0),
) -> std::result::Result<JsonB, Raised> {
    begin_writing(c"api_aggregate_recommendations()")?;
    let query_hash = optional_query_hash("query_hash", query_hash)?;
    let open = aggregate(query_hash, min_confidence)?;
    Ok(document(AGGREGATED, &[open.count.into(), open.source_types.into()])?)
}

/// The open recommendations, by ROI.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn api_optimization_recommendations(
    max_rows: default!(Option<i32>, 20),
    min_impact: default!(Option<f64>, 5),
    source_type: default!(Option<&str>, "NULL"),
) -> std::result::Result<JsonB, Raised> {
    let max_rows = checked_max_rows(max_rows)?;
    let min_impact =
        at_least_zero("min_impact", required("min_impact", min_impact)?).map_err(Error::from)?;
    let source_type = one_of("source_type", source_type, &SOURCE_TYPES)?;
    let sources = source_type.map_or(SOURCE_TYPES.to_vec(), |source| vec![source]);
    Ok(document(&RECOMMENDATIONS, &[max_rows.into(), min_impact.into(), sources.into()])?)
}

/// Records that a recommendation was applied to its query, which the caller has to name as well.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn api_implement_recommendation(
    recommendation_id: default!(Option<i64>, "NULL"),
    query_hash: default!(Option<i64>, "NULL"),
    implementation_notes: default!(Option<&str>, "NULL"),
) -> std::result::Result<JsonB, Raised> {
    begin_writing(c"api_implement_recommendation()")?;
    let recommendation_id = row_number("recommendation_id", recommendation_id)?;
    let query_hash = checked_query_hash("query_hash", query_hash)?;
    let (recorded, remarks) = record(&Application {
        recommendation_id,
        query_hash: Some(query_hash),
        notes: implementation_notes,
        implemented_at: None,
        new_query_hash: None,
        new_query_text: None,
        implemented_by: &role::outer_user(),
    })?;
    let before: Value = serde_json::to_value(&recorded.before).map_err(Error::from)?;
    Ok(document(
        RECORDED,
        &[
            recorded.implementation_id.into(),
            recommendation_id.into(),
            query_hash.into(),
            JsonB(before).into(),
            remarks.into(),
        ],
    )?)
}

/// Implementations with predicted beside actual, the newest first.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn api_optimization_results(
    status: default!(Option<&str>, "NULL"),
    recommendation_id: default!(Option<i64>, "NULL"),
    max_rows: default!(Option<i32>, 20),
) -> std::result::Result<JsonB, Raised> {
    let status = one_of("status", status, &IMPLEMENTATION_STATUSES)?;
    let recommendation_id =
        recommendation_id.map(|id| row_number("recommendation_id", Some(id))).transpose()?;
    let max_rows = checked_max_rows(max_rows)?;
    Ok(document(&IMPLEMENTATIONS, &[status.into(), recommendation_id.into(), max_rows.into()])?)
}

/// The one document that a reading statement makes.
fn document(sql: &'static str, arguments: &[DatumWithOid]) -> Result<JsonB> {
    let types: Vec<PgOid> = arguments.iter().map(|argument| argument.oid().into()).collect();
    Spi::connect(|client| {
        let row =
            select_kept(client, sql, &types, arguments)?.next().ok_or(Error::MissingColumn(1))?;
        column(&row, 1)
    })
}
