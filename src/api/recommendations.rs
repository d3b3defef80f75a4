//! What is worth doing: aggregation, the ranked list, and taking things off it.

use once_cell::sync::Lazy;
use optimizer_core::error::at_least_zero;
use optimizer_core::score::RANK_SLACK;
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::default;
use pgrx::pg_sys::PgOid;
use pgrx::prelude::*;

use crate::api::argument::{
    SOURCE_TYPES, confidence, max_rows as checked_max_rows, one_of, optional_query_hash,
    query_hash as checked_query_hash, required, row_number, text,
};
use crate::api::listed;
use crate::error::{Raised, Result};
use crate::kept_plan::select_kept;
use crate::row::{column, nullable};
use crate::store::lock::begin_writing;
use crate::store::recommendations::{self as store, OpenRecommendations};

const OF_ALL: &str = include_str!("../../sql/queries/top_recommendations.sql");
const OF_QUERY: &str = include_str!("../../sql/queries/top_recommendations_of_query.sql");
// Two orders, two texts: each has an index that returns its rows in order.
/// Takes rows, least estimated improvement and sources.
pub static OF_ALL_BY_ROI: Lazy<String> = Lazy::new(|| by_roi(OF_ALL));
static OF_ALL_BY_SAVING: Lazy<String> = Lazy::new(|| by_saving(OF_ALL));
static OF_QUERY_BY_ROI: Lazy<String> = Lazy::new(|| by_roi(OF_QUERY));
static OF_QUERY_BY_SAVING: Lazy<String> = Lazy::new(|| by_saving(OF_QUERY));

fn by_roi(sql: &str) -> String {
    ordered(sql, "roi_score", "roi_rank")
}

fn by_saving(sql: &str) -> String {
    ordered(sql, "expected_saving_ms_per_hour", "saving_rank")
}

fn ordered(sql: &str, order: &str, rank: &str) -> String {
    // A little lower than the slack asks for, so that rounding leaves nothing out.
    let least_rank = 0.999 - RANK_SLACK;
    sql.replace("{order}", order)
        .replace("{rank}", rank)
        .replace("{least_rank}", &least_rank.to_string())
}

type Aggregated =
    TableIterator<'static, (name!(recommendation_count, i32), name!(source_types, Vec<String>))>;

/// Brings one query's recommendations in line with its suggestions; counts the open ones.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn aggregate_recommendations_for_query(
    query_hash: Option<i64>,
    min_confidence: default!(Option<f64>, 0),
) -> std::result::Result<
    TableIterator<'static, (name!(recommendation_count, i32), name!(source_types, Vec<String>))>,
    Raised,
> {
    begin_writing(c"aggregate_recommendations_for_query()")?;
    let query_hash = checked_query_hash("query_hash", query_hash)?;
    Ok(aggregated(Some(query_hash), min_confidence)?)
}

/// The same for all queries, in one pass.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn aggregate_recommendations(
    min_confidence: default!(Option<f64>, 0),
) -> std::result::Result<
    TableIterator<'static, (name!(recommendation_count, i32), name!(source_types, Vec<String>))>,
    Raised,
> {
    begin_writing(c"aggregate_recommendations()")?;
    Ok(aggregated(None, min_confidence)?)
}

fn aggregated(query_hash: Option<i64>, min_confidence: Option<f64>) -> Result<Aggregated> {
    let OpenRecommendations { count, source_types } = aggregate(query_hash, min_confidence)?;
    Ok(TableIterator::once((count, source_types)))
}

/// Brings the recommendations of one query, or all, in line with the suggestions.
pub fn aggregate(
    query_hash: Option<i64>,
    min_confidence: Option<f64>,
) -> Result<OpenRecommendations> {
    let min_confidence = confidence("min_confidence", min_confidence)?;
    Spi::connect_mut(|client| {
        store::aggregate(client, query_hash, min_confidence)?;
        store::count_open(client, query_hash)
    })
}

/// The open recommendations, best first.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn get_top_recommendations(
    max_rows: default!(Option<i32>, 20),
    min_impact: default!(Option<f64>, 5),
    only_source: default!(Option<&str>, "NULL"),
    order_by: default!(Option<&str>, "'roi'"),
    only_query: default!(Option<i64>, "NULL"),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(rec_id, i64),
            name!(query_hash, i64),
            name!(source_type, String),
            name!(recommendation_text, String),
            name!(estimated_improvement, f64),
            name!(confidence, f64),
            name!(urgency_score, f64),
            name!(roi_score, f64),
            name!(kind, String),
            name!(forecast_improvement, f64),
            name!(expected_saving_ms_per_hour, f64),
            name!(action_sql, Option<String>),
            name!(query, Option<String>),
            name!(looks_implemented_at, Option<TimestampWithTimeZone>),
            name!(full_recommendation_text, String),
            name!(full_query, Option<String>),
        ),
    >,
    Raised,
> {
    let max_rows = checked_max_rows(max_rows)?;
    let min_impact = at_least_zero("min_impact", required("min_impact", min_impact)?)
        .map_err(crate::error::Error::from)?;
    let only_source = one_of("only_source", only_source, &SOURCE_TYPES)?;
    let order_by = required("order_by", one_of("order_by", order_by, &["roi", "saving"])?)?;
    let only_query = optional_query_hash("only_query", only_query)?;
    let sql: &'static str = match (only_query, order_by) {
        (None, "saving") => &OF_ALL_BY_SAVING,
        (None, _) => &OF_ALL_BY_ROI,
        (Some(_), "saving") => &OF_QUERY_BY_SAVING,
        (Some(_), _) => &OF_QUERY_BY_ROI,
    };
    let sources = only_source.map_or(SOURCE_TYPES.to_vec(), |source| vec![source]);
    let mut arguments: Vec<DatumWithOid> = vec![max_rows.into(), min_impact.into(), sources.into()];
    arguments.extend(only_query.map(DatumWithOid::from));
    let types: Vec<PgOid> = arguments.iter().map(|argument| argument.oid().into()).collect();
    let rows = Spi::connect(|client| -> Result<Vec<_>> {
        select_kept(client, sql, &types, &arguments)?
            .map(|row| {
                let recommendation_text: String = column(&row, 4)?;
                let query: Option<String> = nullable(&row, 13)?;
                Ok((
                    column(&row, 1)?,
                    column(&row, 2)?,
                    column(&row, 3)?,
                    listed::advice(&recommendation_text),
                    column(&row, 5)?,
                    column(&row, 6)?,
                    column(&row, 7)?,
                    column(&row, 8)?,
                    column(&row, 9)?,
                    column(&row, 10)?,
                    column(&row, 11)?,
                    nullable(&row, 12)?,
                    query.as_deref().map(listed::query),
                    nullable(&row, 14)?,
                    recommendation_text,
                    query,
                ))
            })
            .collect()
    })?;
    Ok(TableIterator::new(rows))
}

/// Takes an open recommendation off the list, with a reason; returns its new status.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn dismiss_recommendation(
    recommendation_id: Option<i64>,
    reason: Option<&str>,
) -> std::result::Result<&'static str, Raised> {
    begin_writing(c"dismiss_recommendation()")?;
    let id = row_number("recommendation_id", recommendation_id)?;
    let reason = text("reason", reason)?;
    Ok(Spi::connect_mut(|client| store::dismiss(client, id, reason))?)
}

/// Puts a dismissed recommendation back on the list; returns its new status.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn reopen_recommendation(
    recommendation_id: Option<i64>,
) -> std::result::Result<&'static str, Raised> {
    begin_writing(c"reopen_recommendation()")?;
    let id = row_number("recommendation_id", recommendation_id)?;
    Ok(Spi::connect_mut(|client| store::reopen(client, id))?)
}
