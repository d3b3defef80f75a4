//! Looks at implementations: what is due, what it says, written down once.

use optimizer_core::MICROS_PER_SECOND;
use optimizer_core::Micros;
use optimizer_core::measurement::{Look, Schedule, Snapshot, WorkBeforeChange};
use optimizer_core::verdict::{Basis, Finding, PlainFigures, SideEffect, looks};
use pgrx::JsonB;
use pgrx::datum::{TimestampWithTimeZone, ToIsoString};
use pgrx::spi::SpiClient;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::kept_plan::update_kept;
use crate::row::{column, nullable};
use crate::settings;
use crate::store::evidence::{self, Question};
use crate::store::implementations::{lock_row, only_row, window};
use crate::store::sight::Sight;
use crate::store::surroundings::{Kept, Surroundings};
use crate::time::{from_micros, now, to_micros};

const READ: &str = include_str!("../../sql/queries/read_implementation.sql");
const WORK_AFTER: &str = include_str!("../../sql/queries/work_after.sql");
const STORE: &str = include_str!("../../sql/queries/store_look.sql");
const DUE: &str = include_str!("../../sql/queries/due_implementations.sql");
const STRETCH: &str = "/* optimizer_workflow: stretch */ \
    SELECT min(i.implementation_timestamp), max(i.implementation_timestamp) \
    FROM optimizer.optimization_implementations i WHERE i.id = ANY ($1)";
const NOTE_FAILED: &str = include_str!("../../sql/queries/note_failed_look.sql");

/// Looks that may fail in a row before the measurement is given up.
const MAX_FAILED_LOOKS: i32 = 3;

/// What a look showed.
#[derive(Debug)]
pub struct Measured {
    pub implementation_id: i64,
    pub predicted_improvement_percent: f64,
    pub figures: PlainFigures,
    pub finding: Finding,
    /// What the verdict rests on, in words.
    pub reason: String,
    pub status: &'static str,
    /// The look ended the measurement: there is something to learn.
    pub is_final: bool,
    /// It was written down.
    pub is_stored: bool,
}

struct Pending {
    id: i64,
    source_type: String,
    query_hash: i64,
    implemented_at: Micros,
    before: Snapshot,
    predicted_improvement_percent: f64,
    change_bucket_start: Micros,
    work_before_change: Option<WorkBeforeChange>,
    first_taken: bool,
    new_queries: Vec<i64>,
}

impl Pending {
    fn after(&self, seconds: i32) -> Micros {
        self.implemented_at.saturating_add(Micros::from(seconds) * MICROS_PER_SECOND)
    }

    fn question(&self, look: Look, window_end: Micros) -> Question {
        Question {
            implementation_id: self.id,
            query_hash: self.query_hash,
            new_queries: (self.source_type == "rewrite").then(|| self.new_queries.clone()),
            changed_at: self.implemented_at,
            predicted_improvement_percent: self.predicted_improvement_percent,
            bucket_width: bucket_width(),
            window_end,
            look,
            first_look_taken: self.first_taken,
        }
    }
}

/// When looks are due.
pub fn schedule() -> Schedule {
    settings::measurement_schedule().with_a_whole_day(settings::bucket_width_seconds())
}

fn bucket_width() -> Micros {
    Micros::from(settings::bucket_width_seconds()) * MICROS_PER_SECOND
}

/// Takes the look that is due at an implementation, or shows where it stands (provisional).
pub fn take(client: &mut SpiClient, id: i64, force: bool) -> Result<Measured> {
    let pending = lock_pending(client, id)?;
    let schedule = schedule();
    let now = now();
    let look = Look::due(schedule, pending.implemented_at, now, pending.first_taken, force);
    let mut measured = look_at(client, &pending, look, now)?;
    if look == Look::Provisional {
        let next = if pending.first_taken {
            schedule.measure_deadline_seconds
        } else {
            schedule.measure_after_seconds
        };
        measured.reason = format!(
            "provisional, next look at {}: {}",
            from_micros(pending.after(next))?.to_iso_string(),
            measured.reason
        );
    }
    Ok(measured)
}

/// The last look at a change that is being taken back, with what there is until now; false where less than one whole day
/// of 24 buckets has passed.
pub fn take_at_revert(client: &mut SpiClient, id: i64) -> Result<bool> {
    let pending = lock_pending(client, id)?;
    let now = now();
    if now < looks::earliest(pending.implemented_at, bucket_width()) {
        return Ok(false);
    }
    look_at(client, &pending, Look::Reverted, now)?;
    Ok(true)
}

/// One look, written down unless it is provisional.
fn look_at(client: &mut SpiClient, pending: &Pending, look: Look, now: Micros) -> Result<Measured> {
    let deadline = pending.after(schedule().measure_deadline_seconds);
    let (finding, end) = evidence::judge(client, pending.question(look, now.min(deadline)))?;
    let after = work_after(client, pending, end, end == now)?;
    let figures = PlainFigures::of(
        &pending.before,
        &after,
        pending.predicted_improvement_percent,
        finding.verdict,
    );
    let is_final = look.is_final(finding.verdict);
    let measured = Measured {
        implementation_id: pending.id,
        predicted_improvement_percent: pending.predicted_improvement_percent,
        figures,
        reason: finding.verdict_reason(),
        status: if is_final { "implemented" } else { "pending" },
        is_final,
        is_stored: look != Look::Provisional,
        finding,
    };
    if measured.is_stored {
        store(client, look, &measured, &after)?;
    }
    Ok(measured)
}

/// The pending implementations whose look is due, locked; those that another session is looking at
/// are left out.
pub fn due(client: &mut SpiClient, most: i64) -> Result<Vec<i64>> {
    let schedule = schedule();
    client
        .update(
            DUE,
            None,
            &[
                from_micros(now())?.into(),
                f64::from(schedule.measure_after_seconds).into(),
                f64::from(schedule.measure_deadline_seconds).into(),
                most.into(),
            ],
        )?
        .map(|row| column(&row, 1))
        .collect()
}

/// Reads once what the looks at several implementations have in common, for as long as what is returned lives.
pub fn keep_surroundings(client: &mut SpiClient, ids: &[i64]) -> Result<Option<Kept>> {
    if ids.len() < 2 {
        return Ok(None);
    }
    let table = client.update(STRETCH, Some(1), &[ids.into()])?.first();
    let (Some(earliest), Some(latest)) =
        table.get_two::<TimestampWithTimeZone, TimestampWithTimeZone>()?
    else {
        return Ok(None);
    };
    let deadline = schedule().measure_deadline_seconds;
    let last = to_micros(latest).saturating_add(Micros::from(deadline) * MICROS_PER_SECOND);
    let (first, _) = evidence::stretch(to_micros(earliest), last, bucket_width());
    Surroundings::read(client, Sight::Latest, (first, last), bucket_width())
        .map(|read| Some(Kept::keep(read)))
}

/// Notes that a look raised an error.
pub fn note_failed(client: &mut SpiClient, id: i64, message: &str) -> Result<()> {
    client.update(NOTE_FAILED, None, &[id.into(), message.into(), MAX_FAILED_LOOKS.into()])?;
    Ok(())
}

fn lock_pending(client: &mut SpiClient, id: i64) -> Result<Pending> {
    lock_row(client, id)?;
    let row = only_row(update_kept(client, READ, &[id.into()])?)?;
    let status: String = column(&row, 1)?;
    if status != "pending" {
        let verdict = nullable::<String>(&row, 12)?
            .map(|verdict| format!(", verdict {verdict}"))
            .unwrap_or_default();
        return Err(Error::wrong_state(
            format!("implementation {id} is already final: {status}{verdict}"),
            "What was measured: SELECT * FROM optimizer.get_optimization_results();",
        ));
    }
    let moment = |ordinal| column::<TimestampWithTimeZone>(&row, ordinal).map(to_micros);
    Ok(Pending {
        id,
        source_type: column(&row, 2)?,
        query_hash: column(&row, 3)?,
        implemented_at: moment(4)?,
        before: serde_json::from_value(column::<JsonB>(&row, 5)?.0)?,
        predicted_improvement_percent: column(&row, 6)?,
        change_bucket_start: moment(7)?,
        work_before_change: nullable::<JsonB>(&row, 8)?
            .map(|json| serde_json::from_value(json.0))
            .transpose()?,
        first_taken: column(&row, 10)?,
        new_queries: column(&row, 11)?,
    })
}

/// The work after the change: from its moment, where the bucket that holds it can be split, else
/// from the next bucket on.
fn work_after(
    client: &mut SpiClient,
    pending: &Pending,
    end: Micros,
    is_open: bool,
) -> Result<Snapshot> {
    let old_one = [pending.query_hash];
    if pending.new_queries.is_empty() || pending.new_queries.contains(&pending.query_hash) {
        let hashes =
            if pending.new_queries.is_empty() { &old_one[..] } else { &pending.new_queries };
        return work_of(client, pending, hashes, end, is_open);
    }
    let old = work_of(client, pending, &old_one, end, is_open)?;
    let new = work_of(client, pending, &pending.new_queries, end, is_open)?;
    Ok(new.beside_old_text(old.calls))
}

/// The same of some queries.
fn work_of(
    client: &mut SpiClient,
    pending: &Pending,
    hashes: &[i64],
    end: Micros,
    is_open: bool,
) -> Result<Snapshot> {
    let table = update_kept(
        client,
        WORK_AFTER,
        &[
            hashes.into(),
            from_micros(pending.change_bucket_start)?.into(),
            pending.work_before_change.is_some().into(),
            from_micros(end)?.into(),
            is_open.into(),
            from_micros(pending.implemented_at)?.into(),
        ],
    )?;
    let (mut work, mut observed_seconds, window) = window(&only_row(table)?)?;
    if let Some(before) = &pending.work_before_change {
        observed_seconds = (observed_seconds - before.observed_seconds).max(0.0);
        if hashes.contains(&pending.query_hash) {
            work = work.minus(&before.work);
        }
    }
    Ok(Snapshot::new(&work, observed_seconds, window))
}

fn store(client: &mut SpiClient, look: Look, measured: &Measured, after: &Snapshot) -> Result<()> {
    let (finding, figures) = (&measured.finding, &measured.figures);
    let effect = finding.effect;
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    update_kept(
        client,
        STORE,
        &[
            measured.implementation_id.into(),
            look.name().into(),
            measured.is_final.into(),
            finding.verdict.name().into(),
            measured.reason.as_str().into(),
            figures.actual_improvement_percent.into(),
            figures.actual_improvement_seconds.into(),
            figures.accuracy_score.into(),
            JsonB(serde_json::to_value(after)?).into(),
            finding.notes.clone().into(),
            effect.map(|effect| effect.improvement_percent).into(),
            effect.map(|effect| effect.low_percent).into(),
            effect.map(|effect| effect.high_percent).into(),
            match finding.basis {
                Basis::Time => "time",
                Basis::Blocks => "blocks",
            }
            .into(),
            number(finding.controls).into(),
            finding.is_per_row.into(),
            effect.map(|effect| number(effect.days_before)).into(),
            effect.map(|effect| number(effect.days_after)).into(),
            finding.probability_improved.into(),
            finding.smallest_visible_effect_percent.into(),
            finding.more_calls_needed.into(),
            finding.blocks_effect.map(|effect| effect.improvement_percent).into(),
            finding.side_effect.map(|side| JsonB(side_effect(&side))).into(),
        ],
    )?;
    Ok(())
}

/// `side_effect`: percent are slowdowns.
fn side_effect(side: &SideEffect) -> Value {
    json!({
        "query_hash": side.query_hash,
        "query_hash_text": side.query_hash.to_string(),
        "slower_percent": -side.effect.improvement_percent,
        "low_percent": -side.effect.high_percent,
        "high_percent": -side.effect.low_percent,
    })
}
