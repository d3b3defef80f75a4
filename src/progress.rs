//! How far a long call is, by NOTICE, for a person who waits.
//!
//! Contract: nothing in the first two seconds, then at most one line every two seconds for each statement of the client
//! (`core::progress`), whatever it calls. Quiet where nobody reads along: in the background worker, and under pg_cron, which
//! puts NOTICEs into the server's log.
//! Trap: pg_cron has two ways to run a job. As a background worker it has no client; over a connection it is known by
//! its application_name alone.

use std::cell::Cell;
use std::ffi::CStr;

use optimizer_core::Micros;
use optimizer_core::progress::Pace;
use pgrx::prelude::*;

use crate::time::now;

thread_local! {
    static PACE: Cell<Option<Pace>> = const { Cell::new(None) };
}

/// Says `words()` when it is time to. Cheap enough for a loop: asks the clock, and little else.
pub fn report(words: impl FnOnce() -> String) {
    let started_at = statement_started_at();
    let mut pace =
        PACE.get().filter(|pace| pace.is_of(started_at)).unwrap_or_else(|| Pace::since(started_at));
    let is_due = pace.is_due(now());
    PACE.set(Some(pace));
    if is_due && somebody_reads_along() {
        notice!("optimizer_workflow: {}", words());
    }
}

/// So many of so many.
pub fn report_count(done: usize, total: usize, what: &str) {
    report(|| format!("{done} of {total} {what}"));
}

fn statement_started_at() -> Micros {
    // SAFETY: reads a variable of this process that is set before a statement begins.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the start of the statement")]
    unsafe {
        pg_sys::GetCurrentStatementStartTimestamp()
    }
}

fn somebody_reads_along() -> bool {
    // SAFETY: plain variables of this process: the port is null without a client, and the name of the application is a C
    // string of a setting, null only before settings are read.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the client's port")]
    unsafe {
        !pg_sys::MyProcPort.is_null()
            && !pg_sys::application_name.is_null()
            && CStr::from_ptr(pg_sys::application_name) != c"pg_cron"
    }
}
