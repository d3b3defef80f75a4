//! What `optimizer.status()` says about the worker.

use super::shared_state::Moment;
use super::{sessions, shared_state};

/// The worker as seen from this database. Moments are microseconds since 2000-01-01 (TimestampTz), None for never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerStatus {
    /// None: the launcher is not running, restarting for example.
    pub launcher_pid: Option<i32>,
    /// The worker running now, in whatever database.
    pub worker_pid: Option<i32>,
    pub last_cycle_started_at: Option<Moment>,
    /// End of the last visit that came to its own end.
    pub last_cycle_finished_at: Option<Moment>,
    pub next_due_at: Option<Moment>,
    /// Dead workers in a row, of the database or of `failed_step`; 0 when all is well.
    pub failures_in_a_row: u32,
    /// The step the last dead worker was in; None while connecting.
    pub failed_step: Option<&'static str>,
    pub failed_at: Option<Moment>,
}

/// None without shared_preload_libraries.
pub fn snapshot() -> Option<WorkerStatus> {
    let database = sessions::database();
    shared_state::read(|state| {
        let processes = WorkerStatus {
            launcher_pid: (state.launcher_pid != 0).then_some(state.launcher_pid),
            worker_pid: (state.worker_pid != 0).then_some(state.worker_pid),
            ..WorkerStatus::default()
        };
        match state.record(database) {
            None => processes,
            Some(record) => WorkerStatus {
                last_cycle_started_at: ever(record.cycle_started_at),
                last_cycle_finished_at: ever(record.cycle_finished_at),
                next_due_at: ever(record.next_due_at),
                failures_in_a_row: record.failures_in_a_row,
                failed_step: record.failed_step.map(|step| step.name()),
                failed_at: ever(record.failed_at),
                ..processes
            },
        }
    })
}

fn ever(moment: Moment) -> Option<Moment> {
    (moment != 0).then_some(moment)
}
