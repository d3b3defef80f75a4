//! Work on a statement that somebody else wrote, as the role it belongs to, from which nothing is left behind.
//!
//! A subtransaction that is always rolled back, under SECURITY_RESTRICTED_OPERATION, read-only, with the role's search_path, a limit on waiting for
//! locks and one on time. An ERROR inside is a [`Refusal`], not the end of the pass; a cancel that somebody else asked for goes on as one.
//! Trap: parsing, planning and even folding a constant run code that the database's users wrote. What runs here runs with `role`'s rights and no
//! others, but it does run: who may be trusted is decided by the caller (`planner`).
//! Trap: what no rollback takes back (advisory locks of the session, messages in the WAL) stays; volatile functions, which alone do such things, are kept
//! out by `guard`.
//! Trap: memory of the work goes with the subtransaction. What comes out is plain Rust data.
#![expect(
    unsafe_code,
    reason = "subtransactions, user ids, settings and timeouts have no safe interface in pgrx"
)]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

/// What one piece of work may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Waiting for one lock. Somebody's ALTER TABLE must not hold the pass up.
    pub lock_timeout: Duration,
    /// The whole piece.
    pub time: Duration,
}

/// Why the work did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// [`Limits::time`] was over.
    TimedOut,
    /// It raised an error.
    Raised(RaisedInside),
}

/// An ERROR of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaisedInside {
    pub code: PgSqlErrorCode,
    pub message: String,
    /// Where in the text, in characters from 1, as the server counts; None where it does not say.
    pub character: Option<usize>,
}

impl RaisedInside {
    /// Its SQLSTATE: five characters, which the server packs into six bits each (MAKE_SQLSTATE).
    pub fn sqlstate(&self) -> String {
        let packed = self.code as i32;
        (0..5)
            .filter_map(|place| {
                u8::try_from((packed >> (6 * place)) & 0x3f).ok().map(|six| char::from(six + b'0'))
            })
            .collect()
    }

    /// The place as an offset in bytes from 0, in the text that was worked on.
    pub fn offset_in(&self, text: &str) -> Option<usize> {
        text.char_indices().nth(self.character?.checked_sub(1)?).map(|(offset, _)| offset)
    }
}

/// The server's own symbols: a signal handler must not go through pgrx's error guard, and some are not bound.
mod server {
    use pgrx::pg_sys::Latch;
    use std::ffi::c_int;

    /// USER_TIMEOUT of utils/timeout.h: asks for a free one. 17 put TRANSACTION_TIMEOUT before it.
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    pub const USER_TIMEOUT: c_int = 12;
    #[cfg(not(any(feature = "pg15", feature = "pg16")))]
    pub const USER_TIMEOUT: c_int = 13;

    unsafe extern "C-unwind" {
        pub unsafe fn RegisterTimeout(id: c_int, handler: unsafe extern "C-unwind" fn()) -> c_int;
        pub unsafe fn enable_timeout_after(id: c_int, delay_ms: c_int);
        pub unsafe fn disable_timeout(id: c_int, keep_indicator: bool);
        pub unsafe fn geterrposition() -> c_int;
        pub unsafe fn SetLatch(latch: *mut Latch);
        pub static mut MyLatch: *mut Latch;
    }
}

/// Runs `work` as `role` under `search_path` and takes back whatever it did.
///
/// # Errors
/// A [`Refusal`] where the work raised an error or took too long.
pub fn run_as<T>(
    role: pg_sys::Oid,
    search_path: &CStr,
    limits: &Limits,
    work: impl FnOnce() -> T,
) -> Result<T, Refusal> {
    let position = Cell::new(0);
    // SAFETY: callers run inside a transaction (a function call, a worker's step). The frame is that of PL/pgSQL's exception blocks: the subtransaction
    // ends on every way out, and memory context and resource owner are put back by hand after it.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        let clock = Clock::start(limits.time);
        let outcome = PgTryBuilder::new(AssertUnwindSafe(|| {
            enter(role, search_path, limits.lock_timeout);
            Ok(noting_position(&position, work))
        }))
        .catch_others(Err)
        .execute();
        let timed_out = clock.stop();
        pg_sys::RollbackAndReleaseCurrentSubTransaction();
        pg_sys::CurrentMemoryContext = context;
        pg_sys::CurrentResourceOwner = owner;
        outcome.map_err(|caught| refusal(caught, timed_out, position.get()))
    }
}

/// Turns the subtransaction into the sandbox. All of it ends with the subtransaction (AbortSubTransaction).
///
/// # Safety
/// The subtransaction has just begun.
unsafe fn enter(role: pg_sys::Oid, search_path: &CStr, lock_timeout: Duration) {
    let lock_timeout = CString::new(lock_timeout.as_millis().to_string()).unwrap_or_default();
    set(c"search_path", search_path);
    set(c"lock_timeout", &lock_timeout);
    // The role's statements ran under row security.
    set(c"row_security", c"on");
    // Warnings about a text belong to whoever wrote it. LOG still comes through.
    set(c"client_min_messages", c"error");
    set(c"log_min_messages", c"error");
    // Analysing a statement is not running it: nothing of this may be counted as such.
    set(c"compute_query_id", c"off");
    // SAFETY: missing_ok: an unknown name gives null, and setting it would make a placeholder.
    if unsafe { !pg_sys::GetConfigOption(TRACK.as_ptr(), true, false).is_null() } {
        set(TRACK, c"none");
    }
    // SAFETY: XactReadOnly is saved with the outer transaction state and comes back with it (PushTransaction, AbortSubTransaction), as are user id and
    // security context; GetTransactionSnapshot works in any transaction, and the active snapshot is popped with the subtransaction.
    unsafe {
        pg_sys::XactReadOnly = true;
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        pg_sys::SetUserIdAndSecContext(role, pg_sys::SECURITY_RESTRICTED_OPERATION as c_int);
    }
}

const TRACK: &CStr = c"pg_stat_statements.track";

/// SET LOCAL, whoever calls: the user has not changed yet, and these settings are ours to choose.
fn set(name: &CStr, value: &CStr) {
    // SAFETY: both strings are copied; GUC_ACTION_LOCAL ends with the subtransaction; elevel 0 means ERROR for this source.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
}

/// Runs `work`; where the server says at which character of a text an error is, that is kept: pgrx drops it.
///
/// # Safety
/// On the main thread, like everything that may raise.
unsafe fn noting_position<T>(position: &Cell<c_int>, work: impl FnOnce() -> T) -> T {
    unsafe extern "C-unwind" fn note(position: *mut c_void) {
        // SAFETY: called by errfinish while the error is being built; `position` is the Cell below, which outlives the frame it is registered from.
        unsafe {
            let found = server::geterrposition();
            if found > 0 {
                (*position.cast::<Cell<c_int>>()).set(found);
            }
        }
    }
    // SAFETY: the callback stands on the stack until the work is over; after an error pgrx has already put the outer one back (pg_guard_ffi_boundary),
    // after success it is done here.
    unsafe {
        let outer = pg_sys::error_context_stack;
        let mut callback = pg_sys::ErrorContextCallback {
            previous: outer,
            callback: Some(note),
            arg: std::ptr::from_ref(position).cast_mut().cast(),
        };
        let _undo = ErrorContext { outer };
        pg_sys::error_context_stack = &raw mut callback;
        work()
    }
}

/// Puts the outer error context back on every way out: the callback must not outlive its frame.
struct ErrorContext {
    outer: *mut pg_sys::ErrorContextCallback,
}

impl Drop for ErrorContext {
    fn drop(&mut self) {
        // SAFETY: what stood there before.
        unsafe { pg_sys::error_context_stack = self.outer };
    }
}

fn refusal(caught: CaughtError, timed_out: bool, position: c_int) -> Refusal {
    let report = match &caught {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
        // A bug of ours, not of the text.
        CaughtError::RustPanic { .. } => caught.rethrow(),
    };
    match report.sql_error_code() {
        PgSqlErrorCode::ERRCODE_QUERY_CANCELED if timed_out => Refusal::TimedOut,
        PgSqlErrorCode::ERRCODE_QUERY_CANCELED => caught.rethrow(),
        code => Refusal::Raised(RaisedInside {
            code,
            message: report.message().to_owned(),
            character: usize::try_from(position).ok().filter(|position| *position > 0),
        }),
    }
}

/// Set by the handler; read when the work is over.
static TIME_IS_OVER: AtomicBool = AtomicBool::new(false);

/// The running limit on time.
struct Clock {
    id: c_int,
}

impl Clock {
    fn start(limit: Duration) -> Clock {
        static ID: OnceLock<c_int> = OnceLock::new();
        // SAFETY: registered once per process, before first use, as RegisterTimeout wants it; timeouts are initialised in every backend and worker with a
        // database connection. The handler is async-signal-safe.
        let id = *ID
            .get_or_init(|| unsafe { server::RegisterTimeout(server::USER_TIMEOUT, time_is_over) });
        TIME_IS_OVER.store(false, Ordering::Relaxed);
        let limit = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX).max(1);
        // SAFETY: the id came from RegisterTimeout.
        unsafe { server::enable_timeout_after(id, limit) };
        Clock { id }
    }

    /// Stops it; whether the time was over. A cancel that came too late to be raised is taken back.
    fn stop(self) -> bool {
        // SAFETY: as above; the flag is a sig_atomic_t of this process. Somebody else's cancel of the same moment is lost with it: the window is the one
        // between two checks for interrupts, and only after the limit has passed.
        unsafe {
            server::disable_timeout(self.id, false);
            let over = TIME_IS_OVER.swap(false, Ordering::Relaxed);
            if over {
                (&raw mut pg_sys::QueryCancelPending).write_volatile(0);
            }
            over
        }
    }
}

/// Asks for a cancel, as StatementTimeoutHandler does, but without a signal to the whole process group.
unsafe extern "C-unwind" fn time_is_over() {
    TIME_IS_OVER.store(true, Ordering::Relaxed);
    // SAFETY: flags written with plain stores and SetLatch: what the server's own handlers do.
    unsafe {
        (&raw mut pg_sys::QueryCancelPending).write_volatile(1);
        (&raw mut pg_sys::InterruptPending).write_volatile(1);
        server::SetLatch(server::MyLatch);
    }
}
