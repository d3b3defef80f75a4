//! What came of it: results per implementation, and one row over all.

use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::default;
use pgrx::prelude::*;

use crate::api::argument::{
    IMPLEMENTATION_STATUSES, max_rows as checked_max_rows, one_of, row_number,
};
use crate::api::listed;
use crate::error::{Raised, Result};
use crate::row::{column, nullable};

/// Takes status, recommendation and rows.
pub const RESULTS: &str = include_str!("../../sql/queries/results.sql");
const SUMMARY: &str = include_str!("../../sql/queries/summary.sql");

/// Implementations with predicted beside actual, the newest first.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn get_optimization_results(
    only_status: default!(Option<&str>, "NULL"),
    only_recommendation: default!(Option<i64>, "NULL"),
    max_rows: default!(Option<i32>, 20),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(implementation_id, i64),
            name!(recommendation_id, i64),
            name!(query_hash, i64),
            name!(source_type, String),
            name!(kind, String),
            name!(recommendation_text, String),
            name!(status, String),
            name!(verdict, Option<String>),
            name!(verdict_reason, Option<String>),
            name!(predicted_improvement_percent, f64),
            name!(actual_improvement_percent, Option<f64>),
            name!(adjusted_improvement_percent, Option<f64>),
            name!(improvement_low_percent, Option<f64>),
            name!(improvement_high_percent, Option<f64>),
            name!(accuracy_score, Option<f64>),
            name!(pre_metrics, JsonB),
            name!(post_metrics, Option<JsonB>),
            name!(implemented_at, TimestampWithTimeZone),
            name!(measured_at, Option<TimestampWithTimeZone>),
            name!(implementation_notes, Option<String>),
            name!(full_recommendation_text, String),
        ),
    >,
    Raised,
> {
    let only_status = one_of("only_status", only_status, &IMPLEMENTATION_STATUSES)?;
    let only_recommendation =
        only_recommendation.map(|id| row_number("only_recommendation", Some(id))).transpose()?;
    let max_rows = checked_max_rows(max_rows)?;
    let rows = Spi::connect(|client| -> Result<Vec<_>> {
        client
            .select(
                RESULTS,
                None,
                &[only_status.into(), only_recommendation.into(), max_rows.into()],
            )?
            .map(|row| {
                let recommendation_text: String = column(&row, 6)?;
                Ok((
                    column(&row, 1)?,
                    column(&row, 2)?,
                    column(&row, 3)?,
                    column(&row, 4)?,
                    column(&row, 5)?,
                    listed::advice(&recommendation_text),
                    column(&row, 7)?,
                    nullable(&row, 8)?,
                    nullable(&row, 9)?,
                    column(&row, 10)?,
                    nullable(&row, 11)?,
                    nullable(&row, 12)?,
                    nullable(&row, 13)?,
                    nullable(&row, 14)?,
                    nullable(&row, 15)?,
                    column(&row, 16)?,
                    nullable(&row, 17)?,
                    column(&row, 18)?,
                    nullable(&row, 19)?,
                    nullable(&row, 20)?,
                    recommendation_text,
                ))
            })
            .collect()
    })?;
    Ok(TableIterator::new(rows))
}

/// One row over everything: what is open, what was done, what it brought.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn optimization_summary() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(open_recommendations, i64),
            name!(total_roi_potential, f64),
            name!(total_expected_saving_ms_per_hour, f64),
            name!(pending, i64),
            name!(implemented, i64),
            name!(reverted, i64),
            name!(failed, i64),
            name!(improved, i64),
            name!(not_improved, i64),
            name!(regressed, i64),
            name!(inconclusive, i64),
            name!(total_actual_improvement_percent, f64),
            name!(seconds_saved_per_day, f64),
            name!(mean_accuracy, Option<f64>),
        ),
    >,
    Raised,
> {
    let rows = Spi::connect(|client| -> Result<Vec<_>> {
        client
            .select(SUMMARY, Some(1), &[])?
            .map(|row| {
                Ok((
                    column(&row, 1)?,
                    column(&row, 2)?,
                    column(&row, 3)?,
                    column(&row, 4)?,
                    column(&row, 5)?,
                    column(&row, 6)?,
                    column(&row, 7)?,
                    column(&row, 8)?,
                    column(&row, 9)?,
                    column(&row, 10)?,
                    column(&row, 11)?,
                    column(&row, 12)?,
                    column(&row, 13)?,
                    nullable(&row, 14)?,
                ))
            })
            .collect()
    })?;
    Ok(TableIterator::new(rows))
}
