//! What launcher, worker and sessions tell each other, in shared memory.
//!
//! One worker runs at a time, so there is one assignment. The records per database serve `status()`, announcements and the once-only log lines; the
//! launcher's schedule lives in its own memory, so the 257th database is served like the first and only lacks a record.
//! Trap: nothing between taking and dropping the lock may raise an error or log; copy out, drop, then speak.
#![expect(unsafe_code, reason = "shared memory needs a promise that the type may lie in it")]

use optimizer_core::schedule::{Agenda, DatabaseId, Step, StepSet};
use pgrx::lwlock::PgLwLock;
use pgrx::prelude::*;
use pgrx::shmem::PGRXSharedMemory;
use std::sync::atomic::{AtomicBool, Ordering};

/// Databases with a record. 256 records are 30 kB of shared memory; clusters with more databases that have the extension are not known to us.
const MOST_RECORDS: usize = 256;

/// NAMEDATALEN, the size of a name with its closing zero.
pub const NAME_BYTES: usize = pg_sys::NAMEDATALEN as usize;

/// Microseconds since 2000-01-01, as TimestampTz; 0 stands for never.
pub type Moment = i64;

/// How far the worker of an assignment has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Handed out; also what a dead worker leaves behind.
    Open,
    Absent,
    Returned,
    GaveWay,
}

/// The one visit under way.
#[derive(Clone, Copy)]
pub struct Assignment {
    /// Grows with every assignment. A worker that starts late, after its launcher died, sees another number and leaves.
    pub cycle: u64,
    pub database: DatabaseId,
    /// pg_database.datname, zero-terminated, in whatever encoding it has.
    pub name: [u8; NAME_BYTES],
    pub agenda: Agenda,
    pub phase: Phase,
    /// The step being called; None before the first.
    pub during: Option<Step>,
    pub answered: StepSet,
    pub sampled_at: Moment,
}

/// What is known of one database; `database` 0 marks a free record.
#[derive(Clone, Copy)]
pub struct DatabaseRecord {
    pub database: DatabaseId,
    pub announced: bool,
    pub cycle_started_at: Moment,
    pub cycle_finished_at: Moment,
    pub next_due_at: Moment,
    pub failures_in_a_row: u32,
    pub failed_step: Option<Step>,
    pub failed_at: Moment,
    /// Digest of the last `failed` answer of each step, 0 for none.
    pub complaints: [u64; Step::ALL.len()],
}

/// The whole of it.
pub struct SharedState {
    pub launcher_pid: i32,
    pub worker_pid: i32,
    /// An announcement found no free record: every database is probed.
    pub everything_announced: bool,
    pub assignment: Assignment,
    records: [DatabaseRecord; MOST_RECORDS],
}

// SAFETY: plain old data, no pointers, no heap; every process runs the same library file, hence the same layout.
unsafe impl PGRXSharedMemory for SharedState {}

// SAFETY: the name is ours alone.
static STATE: PgLwLock<SharedState> = unsafe { PgLwLock::new(c"optimizer_workflow worker") };

/// Set in the postmaster and inherited by its children: shared memory was asked for.
static REQUESTED: AtomicBool = AtomicBool::new(false);

const NO_RECORD: DatabaseRecord = DatabaseRecord {
    database: 0,
    announced: false,
    cycle_started_at: 0,
    cycle_finished_at: 0,
    next_due_at: 0,
    failures_in_a_row: 0,
    failed_step: None,
    failed_at: 0,
    complaints: [0; Step::ALL.len()],
};

const NO_ASSIGNMENT: Assignment = Assignment {
    cycle: 0,
    database: 0,
    name: [0; NAME_BYTES],
    agenda: Agenda::EMPTY,
    phase: Phase::Open,
    during: None,
    answered: StepSet::EMPTY,
    sampled_at: 0,
};

const FRESH: SharedState = SharedState {
    launcher_pid: 0,
    worker_pid: 0,
    everything_announced: false,
    assignment: NO_ASSIGNMENT,
    records: [NO_RECORD; MOST_RECORDS],
};

#[expect(unexpected_cfgs, reason = "pg_shmem_init! asks for features of PostgreSQL 13 and 14")]
/// Asks for the memory; only while shared_preload_libraries is processed.
pub fn request() {
    REQUESTED.store(true, Ordering::Relaxed);
    pgrx::pg_shmem_init!(STATE = FRESH);
}

/// Reads under a shared lock; None without shared_preload_libraries.
pub fn read<T>(look: impl FnOnce(&SharedState) -> T) -> Option<T> {
    REQUESTED.load(Ordering::Relaxed).then(|| look(&STATE.share()))
}

/// Writes under an exclusive lock; None without shared_preload_libraries.
pub fn write<T>(change: impl FnOnce(&mut SharedState) -> T) -> Option<T> {
    REQUESTED.load(Ordering::Relaxed).then(|| change(&mut STATE.exclusive()))
}

impl SharedState {
    pub fn record(&self, database: DatabaseId) -> Option<&DatabaseRecord> {
        self.records.iter().find(|record| record.database == database)
    }

    /// The record of `database`, a free one if it has none yet; None when all are taken.
    pub fn record_mut(&mut self, database: DatabaseId) -> Option<&mut DatabaseRecord> {
        let known = self.records.iter().position(|record| record.database == database);
        let place =
            known.or_else(|| self.records.iter().position(|record| record.database == 0))?;
        let record = &mut self.records[place];
        record.database = database;
        Some(record)
    }

    /// Frees the records of databases that `keep` refuses, and takes the announcements of the others.
    pub fn take_announcements(&mut self, keep: impl Fn(DatabaseId) -> bool) -> Announcements {
        let mut announced = Vec::new();
        for record in &mut self.records {
            if record.database != 0 && !keep(record.database) {
                *record = NO_RECORD;
            }
            if std::mem::take(&mut record.announced) {
                announced.push(record.database);
            }
        }
        Announcements {
            databases: announced,
            everything: std::mem::take(&mut self.everything_announced),
        }
    }

    /// Hands out a new assignment and returns its number.
    pub fn assign(&mut self, database: DatabaseId, name: [u8; NAME_BYTES], agenda: Agenda) -> u64 {
        let cycle = self.assignment.cycle.wrapping_add(1);
        self.assignment = Assignment { cycle, database, name, agenda, ..NO_ASSIGNMENT };
        cycle
    }
}

/// The databases that asked to be visited now.
pub struct Announcements {
    pub databases: Vec<DatabaseId>,
    pub everything: bool,
}

/// The server's clock.
pub fn now() -> Moment {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}
