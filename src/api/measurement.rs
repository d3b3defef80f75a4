//! Whether it helped: one implementation, or all that are due.

use pgrx::default;
use pgrx::prelude::*;

use crate::api::argument::{required, row_number};
use crate::error::{Raised, Result};
use crate::progress;
use crate::row::{column, nullable};
use crate::store::lock::begin_writing;
use crate::store::looks::Measured;
use crate::store::{learning, looks};

/// Looks taken by one call of `measure_pending_implementations()` in one go.
const MOST_LOOKS: i64 = 100_000;

type Row = (
    i64,
    Option<f64>,
    f64,
    String,
    Option<f64>,
    String,
    String,
    Option<f64>,
    Option<f64>,
    Option<f64>,
);

fn row_of(measured: &Measured) -> Row {
    let effect = measured.finding.effect;
    (
        measured.implementation_id,
        measured.figures.actual_improvement_percent,
        measured.predicted_improvement_percent,
        measured.status.to_owned(),
        measured.figures.accuracy_score,
        measured.finding.verdict.name().to_owned(),
        measured.reason.clone(),
        effect.map(|effect| effect.improvement_percent),
        effect.map(|effect| effect.low_percent),
        effect.map(|effect| effect.high_percent),
    )
}

/// Measures one implementation: provisional before `measure_after`, stored from then on, final at
/// `measure_deadline` or when forced.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn measure_implementation_results(
    implementation_id: Option<i64>,
    force: default!(Option<bool>, false),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(impl_id, i64),
            name!(actual_improvement_percent, Option<f64>),
            name!(predicted_improvement_percent, f64),
            name!(status, String),
            name!(accuracy_score, Option<f64>),
            name!(verdict, String),
            name!(verdict_reason, String),
            name!(adjusted_improvement_percent, Option<f64>),
            name!(improvement_low_percent, Option<f64>),
            name!(improvement_high_percent, Option<f64>),
        ),
    >,
    Raised,
> {
    begin_writing(c"measure_implementation_results()")?;
    let id = row_number("implementation_id", implementation_id)?;
    let force = required("force", force)?;
    let measured = Spi::connect_mut(|client| -> Result<Measured> {
        let measured = looks::take(client, id, force)?;
        if measured.is_final {
            learning::learn(client)?;
        }
        Ok(measured)
    })?;
    Ok(TableIterator::once(row_of(&measured)))
}

/// Takes every look that is due; one row for each. Safe at the same moment in two sessions.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn measure_pending_implementations() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(impl_id, i64),
            name!(actual_improvement_percent, Option<f64>),
            name!(predicted_improvement_percent, f64),
            name!(status, String),
            name!(accuracy_score, Option<f64>),
            name!(verdict, String),
            name!(verdict_reason, String),
            name!(adjusted_improvement_percent, Option<f64>),
            name!(improvement_low_percent, Option<f64>),
            name!(improvement_high_percent, Option<f64>),
        ),
    >,
    Raised,
> {
    begin_writing(c"measure_pending_implementations()")?;
    Ok(TableIterator::new(take_due_looks(MOST_LOOKS)?.0))
}

/// Takes at most `most` looks that are due, each on its own: one that raises an error is noted and
/// does not keep the others from being taken. Learns once, at the end. What they showed, and whether more may be due.
pub fn take_due_looks(most: i64) -> Result<(Vec<Row>, bool)> {
    Spi::connect_mut(|client| {
        let due = looks::due(client, most)?;
        let _shared = looks::keep_surroundings(client, &due)?;
        let mut rows = Vec::new();
        for (taken, id) in due.iter().enumerate() {
            progress::report_count(taken, due.len(), "looks taken");
            let table = client.update(
                "/* optimizer_workflow: look */ SELECT * FROM optimizer.take_look_or_note_error($1)",
                None,
                &[(*id).into()],
            )?;
            for row in table {
                rows.push((
                    column(&row, 1)?,
                    nullable(&row, 2)?,
                    column(&row, 3)?,
                    column(&row, 4)?,
                    nullable(&row, 5)?,
                    column(&row, 6)?,
                    column(&row, 7)?,
                    nullable(&row, 8)?,
                    nullable(&row, 9)?,
                    nullable(&row, 10)?,
                ));
            }
        }
        if !due.is_empty() {
            learning::learn(client)?;
        }
        Ok((rows, due.len() as i64 >= most))
    })
}

/// One look without learning from it: the part of `measure_pending_implementations()` that runs in
/// a subtransaction of its own. For `take_look_or_note_error()` alone.
#[pg_extern(parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn take_look(
    implementation_id: i64,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(impl_id, i64),
            name!(actual_improvement_percent, Option<f64>),
            name!(predicted_improvement_percent, f64),
            name!(status, String),
            name!(accuracy_score, Option<f64>),
            name!(verdict, String),
            name!(verdict_reason, String),
            name!(adjusted_improvement_percent, Option<f64>),
            name!(improvement_low_percent, Option<f64>),
            name!(improvement_high_percent, Option<f64>),
        ),
    >,
    Raised,
> {
    let measured = Spi::connect_mut(|client| looks::take(client, implementation_id, false))?;
    // Somebody else took the look between the search for due ones and its turn: nothing to report.
    Ok(TableIterator::new(measured.is_stored.then(|| row_of(&measured))))
}

/// The last look at a change that is being taken back; whether there was one. For
/// `take_look_at_revert_or_note_error()` alone.
#[pg_extern(parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn take_look_at_revert(implementation_id: i64) -> std::result::Result<bool, Raised> {
    Ok(Spi::connect_mut(|client| looks::take_at_revert(client, implementation_id))?)
}

/// Notes that a look raised an error; the third in a row ends the measurement. For
/// `take_look_or_note_error()` alone.
#[pg_extern(parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn note_failed_look(implementation_id: i64, message: &str) -> std::result::Result<(), Raised> {
    Ok(Spi::connect_mut(|client| looks::note_failed(client, implementation_id, message))?)
}
