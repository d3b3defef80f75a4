//! Who may write when. Advisory locks of this database, held to the end of the transaction and
//! taken in the order of [`Lock`]; row locks on implementations come before `Recommendations`, by
//! rising id or without waiting.

use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::spi::SpiClient;

use crate::error::{Error, Result};
use crate::store::extension_lock::{Hold, hold_extension};

/// First key of our advisory locks: "opwf" in ASCII, so that they are easy to tell in pg_locks.
const LOCK_CLASS: i32 = 0x6f70_7766;

/// What only one session does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Trying indexes and writing the built-in suggestions. The first that is taken, whatever its number.
    Advice = 3,
    /// Reading counters and moving the sampler's baseline.
    Sampler = 1,
    /// Moving scores and statuses of many recommendations.
    Recommendations = 2,
}

impl Lock {
    /// Waits for the lock.
    pub fn wait(self, client: &mut SpiClient) -> Result<()> {
        client.update(
            "/* optimizer_workflow: lock */ SELECT pg_advisory_xact_lock($1, $2)",
            None,
            &[LOCK_CLASS.into(), (self as i32).into()],
        )?;
        Ok(())
    }

    /// Takes the lock if nobody else has it.
    pub fn try_take(self, client: &mut SpiClient) -> Result<bool> {
        let taken = client
            .update(
                "/* optimizer_workflow: lock */ SELECT pg_try_advisory_xact_lock($1, $2)",
                Some(1),
                &[LOCK_CLASS.into(), (self as i32).into()],
            )?
            .first()
            .get_one::<bool>()?;
        Ok(taken.unwrap_or(false))
    }
}

/// The lock of one step of maintenance, if nobody else has it. A select: a step that is not due must
/// not cost a transaction id.
pub fn try_step(client: &SpiClient, step: i32) -> Result<bool> {
    /// Second keys of steps start here, clear of [`Lock`].
    const FIRST_STEP: i32 = 100;
    let taken = client
        .select(
            "/* optimizer_workflow: lock */ SELECT pg_try_advisory_xact_lock($1, $2)",
            Some(1),
            &[LOCK_CLASS.into(), (FIRST_STEP + step).into()],
        )?
        .first()
        .get_one::<bool>()?;
    Ok(taken.unwrap_or(false))
}

/// First thing in every function that writes. Refuses to go on where nothing can be written: SQLSTATE
/// 25006 on a standby and in a read-only transaction. Then holds the extension in place: DROP
/// EXTENSION takes that lock before any table's, so the two cannot wait for each other in a circle.
pub fn begin_writing(function: &CStr) -> Result<()> {
    // SAFETY: takes a C string and raises an ordinary ERROR, which pgrx carries through Rust.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for core's own check")]
    unsafe {
        pg_sys::PreventCommandIfReadOnly(function.as_ptr());
    }
    match hold_extension(true) {
        Hold::Held => Ok(()),
        Hold::Absent | Hold::Contended => Err(Error::wrong_state(
            "extension optimizer_workflow was dropped or altered meanwhile",
            "Try again; where it was dropped: CREATE EXTENSION optimizer_workflow;",
        )),
    }
}
