//! Sends one worker to one database and waits until it is gone.
//!
//! Trap: core's WaitForBackgroundWorkerShutdown does not reread the configuration, so the wait is our own; and a worker may hang before its own time
//! limit begins (connecting waits for ALTER DATABASE ... RENAME and CREATE DATABASE ... TEMPLATE), so the launcher loses patience in the end.
#![expect(
    unsafe_code,
    reason = "the handle of a dynamic worker is allocated in the current memory context"
)]

use super::databases::Database;
use super::{EXTENSION, sessions, shared_state, signals};
use crate::settings;
use optimizer_core::schedule::Agenda;
use pgrx::PgMemoryContexts;
use pgrx::bgworkers::{
    BackgroundWorkerBuilder, BackgroundWorkerStatus, DynamicBackgroundWorker,
    DynamicBackgroundWorkerLoadError,
};
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// Time a worker has to fork and connect. 10 s: a connection takes 5 to 20 ms here, and all other databases wait meanwhile.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(10);

/// Beyond `optimizer_workflow.worker_max_runtime`: time for the steps before the long one and for its commit. 15 s: six times the connection budget.
const PATIENCE_AFTER_LIMIT: Duration = Duration::from_secs(15);

/// How often the wait looks by itself; the postmaster's notice normally ends it at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sends workers out, one at a time.
pub struct Dispatcher {
    /// The handle of a worker is palloc'd by the server and never freed by pgrx; it goes when this is reset. One context for good: creating one
    /// leaks its name.
    handles: PgMemoryContexts,
}

impl Dispatcher {
    pub fn new() -> Dispatcher {
        Dispatcher { handles: PgMemoryContexts::new("optimizer_workflow dispatch") }
    }

    /// Runs a worker in `database` and returns when it is gone; what became of it stands in the assignment.
    ///
    /// # Errors
    /// No background worker slot was free (max_worker_processes).
    pub fn run_worker(
        &mut self,
        database: &Database,
        agenda: Agenda,
    ) -> Result<(), DynamicBackgroundWorkerLoadError> {
        let cycle = shared_state::write(|state| state.assign(database.oid, database.name, agenda))
            .unwrap_or(0);
        // SAFETY: the only thing allocated in there is the handle, which wait_until_gone consumes before the reset.
        let worker =
            unsafe { self.handles.switch_to(|_| builder(database, cycle).load_dynamic()) }?;
        wait_until_gone(worker);
        // SAFETY: as above.
        unsafe { self.handles.reset() };
        Ok(())
    }
}

fn builder(database: &Database, cycle: u64) -> BackgroundWorkerBuilder {
    BackgroundWorkerBuilder::new(&format!("optimizer_workflow worker: {}", database.ascii_name()))
        .set_type("optimizer_workflow worker")
        .set_library(EXTENSION)
        .set_function("optimizer_workflow_worker_main")
        .set_argument(Some(pg_sys::Datum::from(cycle)))
        .set_restart_time(None)
        .set_notify_pid(sessions::pid())
        .enable_spi_access()
}

fn wait_until_gone(worker: DynamicBackgroundWorker) {
    let sent = Instant::now();
    loop {
        match worker.pid() {
            Err(BackgroundWorkerStatus::Stopped | BackgroundWorkerStatus::PostmasterDied) => return,
            _ if sent.elapsed() > patience() => {
                let _ = worker.terminate().wait_for_shutdown();
                return;
            }
            _ => signals::wait(LOOK_EVERY),
        }
        signals::reload_if_asked();
    }
}

fn patience() -> Duration {
    let connected = shared_state::read(|state| state.assignment.during.is_some()).unwrap_or(false);
    if connected {
        let limit = u64::try_from(settings::worker_max_runtime_seconds()).unwrap_or(0);
        PATIENCE_AFTER_LIMIT + Duration::from_secs(limit)
    } else {
        PATIENCE_TO_CONNECT
    }
}
