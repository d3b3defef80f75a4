//! The launcher: one process for the cluster that knows every database and sends a worker to the one that is due.
//!
//! It is connected to no database. Trap: it must never end with exit code 0, or the postmaster does not start it again.
#![expect(unsafe_code, reason = "entry point of a background worker")]

use super::databases::{self, Database};
use super::dispatch::Dispatcher;
use super::shared_state::{self, Assignment, Phase};
use super::{EXTENSION, sessions, signals};
use crate::settings;
use optimizer_core::name_list::listed_names;
use optimizer_core::schedule::{DatabaseId, Ended, Roster, Step, Turn};
use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// Pause before the postmaster starts a launcher that ended. 10 s: a fault at start-up writes six lines a minute, and a restart goes unnoticed.
const RESTART_TIME: Duration = Duration::from_secs(10);

/// Pause before the next attempt when no worker slot was free. 10 s, or the sampling interval when that is shorter: an attempt costs microseconds.
const SLOT_RETRY: Duration = Duration::from_secs(10);

/// Pause between two log lines about missing slots.
const SLOT_COMPLAINT_REST: Duration = Duration::from_secs(600);

/// How often to look whether a worker of an earlier launcher has gone.
const ORPHAN_LOOK: Duration = Duration::from_secs(1);

/// Registers the launcher with the postmaster. It starts after recovery, so a standby has none until it is promoted.
pub fn register() {
    BackgroundWorkerBuilder::new("optimizer_workflow launcher")
        .set_type("optimizer_workflow launcher")
        .set_library(EXTENSION)
        .set_function("optimizer_workflow_launcher_main")
        .set_restart_time(Some(RESTART_TIME))
        .enable_spi_access()
        .load();
}

/// Entry point, named in the registration.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn optimizer_workflow_launcher_main(_argument: pg_sys::Datum) {
    signals::install();
    BackgroundWorker::connect_worker_to_spi(None, None);
    sessions::enlist_launcher();
    let mut launcher = Launcher::new();
    loop {
        let rest = launcher.turn();
        signals::wait(rest);
    }
}

struct Launcher {
    started: Instant,
    roster: Roster,
    dispatcher: Dispatcher,
    unknown_names_reported: bool,
    slots_complained_at: Option<Instant>,
}

impl Launcher {
    fn new() -> Launcher {
        Launcher {
            started: Instant::now(),
            roster: Roster::default(),
            dispatcher: Dispatcher::new(),
            unknown_names_reported: false,
            slots_complained_at: None,
        }
    }

    /// Does what is due, at most one visit, and says how long nothing else is.
    fn turn(&mut self) -> Duration {
        if signals::reload_if_asked() {
            self.unknown_names_reported = false;
        }
        if !settings::enabled() {
            signals::report_waiting(
                c"optimizer_workflow: switched off (optimizer_workflow.enabled)",
            );
            return signals::LONGEST_WAIT;
        }
        if sessions::is_alive(shared_state::read(|state| state.worker_pid).unwrap_or(0)) {
            signals::report_waiting(
                c"optimizer_workflow: waiting for the worker of an earlier launcher",
            );
            return ORPHAN_LOOK;
        }
        let databases = self.scan();
        let next = self.roster.next(self.now(), sample_interval());
        let target = next.and_then(|turn| {
            Some((turn, databases.iter().find(|database| database.oid == turn.database)?))
        });
        match target {
            Some((turn, database)) => self.visit(turn, database),
            None => {
                self.publish_due_times(&databases);
                signals::report_waiting(if self.roster.served() == 0 {
                    c"optimizer_workflow: waiting, no database has the extension"
                } else {
                    c"optimizer_workflow: waiting for the next sample"
                });
                self.roster.rest(self.now(), sample_interval()).unwrap_or(signals::LONGEST_WAIT)
            }
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Brings the roster up to date with pg_database, the settings and the announcements.
    fn scan(&mut self) -> Vec<Database> {
        signals::report_activity(Some(c"optimizer_workflow: reading pg_database"));
        let mut databases = databases::connectable();
        let listed = settings::databases().map_or_else(Vec::new, |list| listed_names(&list));
        if !listed.is_empty() {
            if !std::mem::replace(&mut self.unknown_names_reported, true) {
                for name in
                    listed.iter().filter(|name| !databases.iter().any(|database| database.is(name)))
                {
                    report_unknown(name);
                }
            }
            databases.retain(|database| listed.iter().any(|name| database.is(name)));
        }
        let now = self.now();
        self.roster.reconcile(&databases.iter().map(|database| database.oid).collect(), now);
        let known = |oid: DatabaseId| databases.iter().any(|database| database.oid == oid);
        if let Some(announcements) = shared_state::write(|state| state.take_announcements(known)) {
            let everything =
                databases.iter().map(|database| database.oid).filter(|_| announcements.everything);
            for oid in announcements.databases.iter().copied().chain(everything) {
                self.roster.announced(oid, now);
            }
        }
        databases
    }

    fn visit(&mut self, turn: Turn, database: &Database) -> Duration {
        signals::report_activity(Some(c"optimizer_workflow: a worker is running"));
        let (sent, sent_at) = (self.now(), shared_state::now());
        if self.dispatcher.run_worker(database, turn.agenda).is_err() {
            self.complain_about_slots();
            signals::report_waiting(
                c"optimizer_workflow: no background worker slot is free (max_worker_processes)",
            );
            return SLOT_RETRY.min(sample_interval());
        }
        let Some(assignment) = shared_state::read(|state| state.assignment) else {
            return SLOT_RETRY;
        };
        let ended = ended(&assignment);
        self.roster.visited(
            turn.database,
            self.now(),
            self.sampled_at(&assignment, sent),
            assignment.answered,
            ended,
        );
        self.keep_record(sent_at, database, ended);
        Duration::ZERO
    }

    /// The end of the assignment's sample on the launcher's own clock. It lies within the visit, whatever the wall clock did meanwhile.
    fn sampled_at(&self, assignment: &Assignment, sent: Duration) -> Option<Duration> {
        if assignment.sampled_at == 0 {
            return None;
        }
        let ago = shared_state::now().saturating_sub(assignment.sampled_at);
        let ago = Duration::from_micros(u64::try_from(ago).unwrap_or(0));
        Some(self.now().saturating_sub(ago).max(sent))
    }

    fn keep_record(&self, sent_at: shared_state::Moment, database: &Database, ended: Ended) {
        let died = matches!(ended, Ended::Died { .. });
        let step = match ended {
            Ended::Died { during, .. } => during,
            _ => None,
        };
        let failures = self.roster.failures(database.oid, step);
        let still_failing = Step::ALL
            .into_iter()
            .map(|step| self.roster.failures(database.oid, Some(step)))
            .max()
            .unwrap_or(0);
        shared_state::write(|state| {
            let Some(record) = state.record_mut(database.oid) else {
                return;
            };
            record.cycle_started_at = sent_at;
            if died {
                record.failures_in_a_row = failures;
                record.failed_step = step;
                record.failed_at = shared_state::now();
            } else {
                record.cycle_finished_at = shared_state::now();
                record.failures_in_a_row = record.failures_in_a_row.min(still_failing);
            }
        });
        // A database dropped under its worker is no failure to speak of.
        if died && databases::connectable().iter().any(|present| present.oid == database.oid) {
            let place = step.map_or_else(
                || "while connecting".to_owned(),
                |step| format!("in step \"{}\"", step.name()),
            );
            log!(
                "optimizer_workflow: the worker in database \"{}\" died {place}, {failures} in a row; the next attempt is put off (sample_interval, doubled each time, at most 10 minutes)",
                database.shown_name()
            );
        }
    }

    fn publish_due_times(&self, databases: &[Database]) {
        let (now, moment) = (self.now(), shared_state::now());
        shared_state::write(|state| {
            for database in databases {
                let rest = self.roster.rest_of(database.oid, now, sample_interval());
                if let (Some(rest), Some(record)) = (rest, state.record_mut(database.oid)) {
                    record.next_due_at =
                        moment.saturating_add(i64::try_from(rest.as_micros()).unwrap_or(i64::MAX));
                }
            }
        });
    }

    fn complain_about_slots(&mut self) {
        let now = Instant::now();
        if self
            .slots_complained_at
            .is_some_and(|then| now.duration_since(then) < SLOT_COMPLAINT_REST)
        {
            return;
        }
        self.slots_complained_at = Some(now);
        ErrorReport::new(
            PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
            "optimizer_workflow: no background worker slot is free, sampling is put off",
            function_name!(),
        )
        .set_hint("Raise \"max_worker_processes\" by 1 or more; optimizer_workflow needs two slots in all.")
        .report(PgLogLevel::WARNING);
    }
}

fn report_unknown(name: &str) {
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_INVALID_CATALOG_NAME,
        format!("optimizer_workflow: database \"{name}\" in \"optimizer_workflow.databases\" does not exist or takes no connections"),
        function_name!(),
    )
    .set_hint("List names as pg_database has them, for example 'shop, \"my,db\"'; an empty list serves every database with the extension.")
    .report(PgLogLevel::WARNING);
}

fn ended(assignment: &Assignment) -> Ended {
    match assignment.phase {
        Phase::Absent => Ended::Absent,
        Phase::GaveWay => Ended::GaveWay,
        Phase::Returned => Ended::Returned { left: assignment.agenda },
        Phase::Open => Ended::Died { during: assignment.during, left: assignment.agenda },
    }
}

fn sample_interval() -> Duration {
    Duration::from_secs(u64::try_from(settings::sample_interval_seconds()).unwrap_or(1).max(1))
}
