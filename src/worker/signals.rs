//! Signals, waiting and configuration reloads: the behaviour of a core process, which pgrx's handlers do not give.
//!
//! SIGTERM is core's `die`: it interrupts a running query, and it ends the process as FATAL with exit code 1, so the postmaster starts the launcher
//! again after its restart time. A worker that returned after SIGTERM would exit 0 and never come back.
//! Trap: every wait goes through `wait`. A process that sleeps elsewhere does not answer ProcSignal barriers, and DROP DATABASE hangs.
#![expect(
    unsafe_code,
    reason = "signal handlers, latches and timeouts have no safe interface in pgrx"
)]

use pgrx::pg_sys;
use std::ffi::{CStr, c_int};
use std::time::Duration;

/// Longest sleep of a process here. A lost wake-up then costs a minute, not a day. Evidence: none was seen; this is the belt to the braces.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// `TimeoutId` STATEMENT_TIMEOUT of utils/timeout.h, the same number in 15 to 18; pgrx binds neither the enum nor the functions.
const STATEMENT_TIMEOUT: c_int = 3;

/// The handlers themselves and the timeouts, as the server's own symbols: a signal handler must not go through pgrx's error guard.
mod server {
    use std::ffi::c_int;
    unsafe extern "C-unwind" {
        pub unsafe fn die(signal: c_int);
        pub unsafe fn SignalHandlerForConfigReload(signal: c_int);
        pub unsafe fn enable_timeout_after(id: c_int, delay_ms: c_int);
        pub unsafe fn disable_timeout(id: c_int, keep_indicator: bool);
    }
}

/// Installs the handlers and lets signals in. The first thing a process here does.
pub fn install() {
    // SAFETY: both handlers are the server's own and async-signal-safe; a background worker starts with signals blocked and may set handlers then
    // (bgworker.h). SIGINT and SIGUSR1 stay as core set them for a worker with a database connection: query cancel and ProcSignal.
    unsafe {
        handle(pg_sys::SIGTERM as c_int, server::die);
        handle(pg_sys::SIGHUP as c_int, server::SignalHandlerForConfigReload);
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// # Safety
/// `handler` must be async-signal-safe.
unsafe fn handle(signal: c_int, handler: unsafe extern "C-unwind" fn(c_int)) {
    // SAFETY: pqsignal only calls sigaction; the caller vouches for the handler.
    #[cfg(not(feature = "pg18"))]
    unsafe {
        pg_sys::pqsignal(signal, Some(handler));
    }
    // SAFETY: as above; 18 renamed the backend's variant.
    #[cfg(feature = "pg18")]
    unsafe {
        pg_sys::pqsignal_be(signal, Some(handler));
    }
}

/// Sleeps until the latch is set, at most `longest`; answers interrupts, and ends the process when the postmaster is gone.
pub fn wait(longest: Duration) {
    // One millisecond more: a wait rounded down would wake early and spin until the time has come.
    let milliseconds = longest.min(LONGEST_WAIT).as_millis() as i64 + 1;
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: MyLatch is this process's own latch, set up by InitProcess before a worker's main function runs.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            events as c_int,
            milliseconds,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// Rereads the configuration when SIGHUP asked for it; true if it did.
pub fn reload_if_asked() -> bool {
    // SAFETY: ConfigReloadPending is a sig_atomic_t written by the handler of this very process; ProcessConfigFile may run in a worker's main loop,
    // outside a transaction, as autovacuum's does.
    unsafe {
        let pending = &raw mut pg_sys::ConfigReloadPending;
        if pending.read_volatile() == 0 {
            return false;
        }
        pending.write_volatile(0);
        pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
    }
    true
}

/// Shows in pg_stat_activity what this process does: `Some` as running, None as idle.
pub fn report_activity(doing: Option<&CStr>) {
    // SAFETY: the text is copied into shared memory (pgstat_report_activity); both processes here have reported a start (InitPostgres).
    unsafe {
        match doing {
            Some(text) => {
                pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, text.as_ptr())
            }
            None => {
                pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null())
            }
        }
    }
}

/// Shows a waiting process with a reason.
pub fn report_waiting(reason: &CStr) {
    // SAFETY: as in report_activity.
    unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, reason.as_ptr()) }
}

/// A running limit for one transaction; dropping it calls it off.
///
/// `statement_timeout` itself never fires in a worker: only the main loop of a client's backend arms it.
pub struct TransactionLimit(());

impl TransactionLimit {
    pub fn start(limit: Duration) -> TransactionLimit {
        let milliseconds = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: InitPostgres registered STATEMENT_TIMEOUT and its handler, which sends this process SIGINT: the query is cancelled as a
        // statement timeout.
        unsafe { server::enable_timeout_after(STATEMENT_TIMEOUT, milliseconds) };
        TransactionLimit(())
    }
}

impl Drop for TransactionLimit {
    fn drop(&mut self) {
        // SAFETY: as above; calling off a timeout that has fired or never ran is allowed.
        unsafe { server::disable_timeout(STATEMENT_TIMEOUT, false) };
    }
}

/// True while pg_upgrade runs the server.
pub fn binary_upgrade() -> bool {
    // SAFETY: a plain flag of this process, set at its start.
    unsafe { pg_sys::IsBinaryUpgrade }
}

/// True on a standby and during crash recovery.
pub fn in_recovery() -> bool {
    // SAFETY: reads shared memory only.
    unsafe { pg_sys::RecoveryInProgress() }
}
