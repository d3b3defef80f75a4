//! The short-lived worker: one visit of one database.
//!
//! It samples, calls the other steps, and leaves within seconds; what it did not get to goes back into the assignment for the next one.
//! Trap: it must not measure itself. pg_stat_statements.track is off before its first statement.
#![expect(
    unsafe_code,
    reason = "entry point of a background worker; connecting and settings have no safe interface in pgrx"
)]

use super::shared_state::{self, Assignment, Phase};
use super::step::{self, Answer, Call};
use super::{EXTENSION, sessions, signals};
use crate::settings;
use optimizer_core::schedule::Step;
use pgrx::prelude::*;
use std::ffi::{CStr, CString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// How long a worker keeps its connection before it hands the rest on; the step under way is finished. DROP DATABASE waits 5 s for others to leave
/// (CountOtherDBBackends), and a call of run_maintenance takes up to 2 s: 2.5 s leaves room for both.
const CONNECTION_BUDGET: Duration = Duration::from_millis(2500);

/// Entry point, named in the registration.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn optimizer_workflow_worker_main(cycle: pg_sys::Datum) {
    signals::install();
    let cycle = cycle.value() as u64;
    let assignment =
        shared_state::read(|state| state.assignment).filter(|assignment| assignment.cycle == cycle);
    let Some(assignment) = assignment else {
        return;
    };
    sessions::enlist_worker();
    if signals::in_recovery() {
        finish(cycle, Phase::GaveWay);
        return;
    }
    connect(&assignment);
    if sessions::database() != assignment.database {
        // Renamed and replaced since pg_database was read: the next scan knows better.
        finish(cycle, Phase::GaveWay);
        return;
    }
    settle_in();
    match visit(&assignment) {
        Ok(phase) => finish(cycle, phase),
        Err(error) => ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            "run_maintenance returned a result of another shape than expected",
            error.to_string()
        ),
    }
}

/// Calls step after step until the agenda is done, the time is over, or the ground is gone.
fn visit(assignment: &Assignment) -> Result<Phase, pgrx::spi::Error> {
    let arrival = Instant::now();
    let mut agenda = assignment.agenda;
    let mut calls_beside_sample = 0;
    while let Some(step) = agenda.next() {
        signals::reload_if_asked();
        pgrx::check_for_interrupts!();
        if !settings::enabled() {
            return Ok(Phase::GaveWay);
        }
        // At least one step beside the sample: else an interval shorter than a sample takes would starve the rest for good.
        if calls_beside_sample > 0 && arrival.elapsed() >= budget() {
            return Ok(Phase::Returned);
        }
        record(assignment.cycle, |open| open.during = Some(step));
        signals::report_activity(Some(activity(step)));
        let call = step::call(step, seconds(settings::worker_max_runtime_seconds()))?;
        signals::report_activity(None);
        let answer = match call {
            Call::Absent => return Ok(Phase::Absent),
            Call::Contended => return Ok(Phase::GaveWay),
            Call::Answered(answer) => answer,
        };
        complain(assignment, step, &answer);
        agenda = agenda.answered(step, answer.wants_more);
        calls_beside_sample += i32::from(step != Step::Sample);
        record(assignment.cycle, |open| {
            open.agenda = agenda;
            open.answered = open.answered.with(step);
            if step == Step::Sample {
                open.sampled_at = shared_state::now();
            }
        });
    }
    Ok(Phase::Returned)
}

fn budget() -> Duration {
    CONNECTION_BUDGET.min(seconds(settings::sample_interval_seconds()))
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

const fn activity(step: Step) -> &'static CStr {
    match step {
        Step::Sample => c"optimizer_workflow: sample",
        Step::Purge => c"optimizer_workflow: purge",
        Step::Advise => c"optimizer_workflow: advise",
        Step::Aggregate => c"optimizer_workflow: aggregate",
        Step::Measure => c"optimizer_workflow: measure",
        Step::Events => c"optimizer_workflow: events",
    }
}

/// Connects as `optimizer_workflow.role`, which needs LOGIN, or as the bootstrap superuser. FATAL when database or role are gone.
fn connect(assignment: &Assignment) {
    let role = settings::worker_role().and_then(|role| CString::new(role).ok());
    let role = role.as_ref().map_or(std::ptr::null(), |role| role.as_ptr());
    // SAFETY: both names are zero-terminated and outlive the call; a worker connects once.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnection(assignment.name.as_ptr().cast(), role, 0)
    };
}

/// Settings of this session. Each one that could make the worker fail, hang or be tricked is set here, since ALTER DATABASE ... SET reaches workers
/// too; except default_transaction_read_only, which somebody means.
fn settle_in() {
    set(c"application_name", EXTENSION);
    set(c"role", "none");
    set(c"search_path", "pg_catalog, pg_temp");
    set(c"default_transaction_isolation", "read committed");
    set(c"default_transaction_deferrable", "off");
    set(c"idle_in_transaction_session_timeout", "0");
    set(c"lock_timeout", &settings::lock_timeout_ms().to_string());
    // A commit that waits for an absent synchronous standby would hold up every database's sampling.
    if value(c"synchronous_commit").is_some_and(|value| value.as_c_str() != c"off") {
        set(c"synchronous_commit", "local");
    }
    if value(c"pg_stat_statements.track").is_some() {
        set(c"pg_stat_statements.track", "none");
    }
    signals::report_activity(None);
}

/// The setting's value; None where the server knows none of that name. Setting it then would create a placeholder.
fn value(name: &CStr) -> Option<CString> {
    // SAFETY: missing_ok, so an unknown name gives null; else a zero-terminated string, copied before the next call overwrites it.
    unsafe {
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        (!value.is_null()).then(|| CStr::from_ptr(value).to_owned())
    }
}

fn set(name: &CStr, value: &str) {
    let Ok(value) = CString::new(value) else {
        return;
    };
    // SAFETY: outside a transaction, as autovacuum's workers do it; both strings are copied.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
        );
    }
}

/// Logs what a step said it failed at, once per message, whichever step says it: a lasting fault would otherwise write a line per cycle.
fn complain(assignment: &Assignment, step: Step, answer: &Answer) {
    if answer.complaints.is_empty() {
        return;
    }
    let message = answer.complaints.join("; ");
    let digest = digest(&message);
    let is_new = shared_state::write(|state| match state.record_mut(assignment.database) {
        Some(record) => {
            let is_new = !record.complaints.contains(&digest);
            let replaced = std::mem::replace(&mut record.complaints[step.place()], digest);
            if replaced != digest {
                record
                    .complaints
                    .iter_mut()
                    .filter(|held| **held == replaced)
                    .for_each(|held| *held = 0);
            }
            is_new
        }
        None => true,
    });
    if is_new.unwrap_or(true) {
        ereport!(
            PgLogLevel::WARNING,
            PgSqlErrorCode::ERRCODE_WARNING,
            format!("optimizer_workflow: step \"{}\" {message}", step.name()),
            "The same message is not logged again until another one or a restart comes between."
        );
    }
}

/// Digits do not count: the same fault on another row or at another time is the same message. Never 0.
fn digest(message: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for character in message.chars().filter(|character| !character.is_ascii_digit()) {
        character.hash(&mut hasher);
    }
    hasher.finish().max(1)
}

/// Writes into the assignment, unless another one has taken its place.
fn record(cycle: u64, change: impl FnOnce(&mut Assignment)) {
    shared_state::write(|state| {
        if state.assignment.cycle == cycle {
            change(&mut state.assignment);
        }
    });
}

fn finish(cycle: u64, phase: Phase) {
    record(cycle, |open| open.phase = phase);
}
