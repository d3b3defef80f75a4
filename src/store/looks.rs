//! Looks at implementations: what is due, what it says, written down once.

use optimizer_core::MICROS_PER_SECOND;
use optimizer_core::Micros;
use optimizer_core::measurement::{Look, Snapshot, WorkBeforeChange, countable_seconds};
use optimizer_core::verdict::{Evidence, Judgement, judge};
use pgrx::JsonB;
use pgrx::datum::{TimestampWithTimeZone, ToIsoString};
use pgrx::spi::SpiClient;

use crate::error::{Error, Result};
use crate::row::{column, nullable};
use crate::settings;
use crate::store::implementations::{lock_row, only_row, window};
use crate::time::{from_micros, now, to_micros};

const READ: &str = include_str!("../../sql/queries/read_implementation.sql");
const WORK_AFTER: &str = include_str!("../../sql/queries/work_after.sql");
const STORE: &str = include_str!("../../sql/queries/store_look.sql");
const DUE: &str = include_str!("../../sql/queries/due_implementations.sql");
const NOTE_FAILED: &str = include_str!("../../sql/queries/note_failed_look.sql");

/// Looks that may fail in a row before the measurement is given up.
const MAX_FAILED_LOOKS: i32 = 3;

/// What a look showed.
#[derive(Debug)]
pub struct Measured {
    pub implementation_id: i64,
    pub predicted_improvement_percent: f64,
    pub judgement: Judgement,
    pub status: &'static str,
    /// The look ended the measurement: there is something to learn.
    pub is_final: bool,
    /// It was written down.
    pub is_stored: bool,
}

struct Pending {
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

/// Takes the look that is due at an implementation, or shows where it stands (provisional).
pub fn take(client: &mut SpiClient, id: i64, force: bool) -> Result<Measured> {
    let pending = lock_pending(client, id)?;
    let schedule = settings::measurement_schedule();
    let now = now();
    let look = Look::due(schedule, pending.implemented_at, now, pending.first_taken, force);
    let deadline = pending.implemented_at
        + Micros::from(schedule.measure_deadline_seconds) * MICROS_PER_SECOND;
    let end = now.min(deadline);
    let (after, observed_seconds) = work_after(client, &pending, end, now < deadline)?;
    let seconds = countable_seconds(
        (pending.implemented_at, pending.change_bucket_start),
        end,
        Micros::from(settings::bucket_width_seconds()) * MICROS_PER_SECOND,
        pending.work_before_change.is_some(),
        now < deadline,
    );
    let mut judgement = judge(&Evidence {
        before: &pending.before,
        after: &after,
        predicted_improvement_percent: pending.predicted_improvement_percent,
        observed_share_after: matches!(look, Look::First | Look::Last)
            .then(|| observed_seconds / seconds.max(1.0)),
        awaits_new_query: pending.source_type == "rewrite" && pending.new_queries.is_empty(),
    });
    let is_final = match look {
        Look::Provisional => false,
        Look::First => judgement.verdict.is_decided(),
        Look::Last | Look::Forced => true,
    };
    if look == Look::Provisional {
        let next = if pending.first_taken {
            deadline
        } else {
            pending.implemented_at
                + Micros::from(schedule.measure_after_seconds) * MICROS_PER_SECOND
        };
        judgement.reason = format!(
            "provisional, next look at {}: {}",
            from_micros(next)?.to_iso_string(),
            judgement.reason
        );
    } else {
        store(client, id, look, &judgement, (&pending, &after), is_final)?;
    }
    Ok(Measured {
        implementation_id: id,
        predicted_improvement_percent: pending.predicted_improvement_percent,
        judgement,
        status: if is_final { "implemented" } else { "pending" },
        is_final,
        is_stored: look != Look::Provisional,
    })
}

/// The pending implementations whose look is due, locked; those that another session is looking at
/// are left out.
pub fn due(client: &mut SpiClient, most: i64) -> Result<Vec<i64>> {
    let schedule = settings::measurement_schedule();
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

/// Notes that a look raised an error.
pub fn note_failed(client: &mut SpiClient, id: i64, message: &str) -> Result<()> {
    client.update(NOTE_FAILED, None, &[id.into(), message.into(), MAX_FAILED_LOOKS.into()])?;
    Ok(())
}

fn lock_pending(client: &mut SpiClient, id: i64) -> Result<Pending> {
    lock_row(client, id)?;
    let row = only_row(client.update(READ, Some(1), &[id.into()])?)?;
    let status: String = column(&row, 1)?;
    if status != "pending" {
        let verdict = nullable::<String>(&row, 12)?
            .map(|verdict| format!(", verdict {verdict}"))
            .unwrap_or_default();
        return Err(Error::wrong_state(
            format!("implementation {id} is already final: {status}{verdict}"),
            "SELECT * FROM optimizer.get_optimization_results() shows what was measured.",
        ));
    }
    let moment = |ordinal| column::<TimestampWithTimeZone>(&row, ordinal).map(to_micros);
    Ok(Pending {
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
/// from the next bucket on. Also how many seconds of it were observed.
fn work_after(
    client: &mut SpiClient,
    pending: &Pending,
    end: Micros,
    is_open: bool,
) -> Result<(Snapshot, f64)> {
    let old_one = [pending.query_hash];
    if pending.new_queries.is_empty() || pending.new_queries.contains(&pending.query_hash) {
        let hashes =
            if pending.new_queries.is_empty() { &old_one[..] } else { &pending.new_queries };
        return work_of(client, pending, hashes, end, is_open);
    }
    let (old, _) = work_of(client, pending, &old_one, end, is_open)?;
    let (new, observed_seconds) = work_of(client, pending, &pending.new_queries, end, is_open)?;
    Ok((new.beside_old_text(old.calls), observed_seconds))
}

/// The same of some queries.
fn work_of(
    client: &mut SpiClient,
    pending: &Pending,
    hashes: &[i64],
    end: Micros,
    is_open: bool,
) -> Result<(Snapshot, f64)> {
    let same_query = hashes.contains(&pending.query_hash);
    let table = client.update(
        WORK_AFTER,
        Some(1),
        &[
            hashes.to_vec().into(),
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
        if same_query {
            work = work.minus(&before.work);
        }
    }
    Ok((Snapshot::new(&work, observed_seconds, window), observed_seconds))
}

fn store(
    client: &mut SpiClient,
    id: i64,
    look: Look,
    judgement: &Judgement,
    (pending, after): (&Pending, &Snapshot),
    is_final: bool,
) -> Result<()> {
    client.update(
        STORE,
        None,
        &[
            id.into(),
            look.name().into(),
            is_final.into(),
            judgement.verdict.name().into(),
            judgement.reason.as_str().into(),
            judgement.actual_improvement_percent.into(),
            judgement.actual_improvement_seconds.into(),
            judgement.accuracy_score.into(),
            JsonB(serde_json::to_value(after)?).into(),
            pending.before.notes_on(after).into(),
        ],
    )?;
    Ok(())
}
