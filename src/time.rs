//! Moments as the server has them: microseconds since 2000-01-01 00:00 UTC, the same number that
//! core calls [`Micros`].

use optimizer_core::Micros;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;

use crate::error::{Error, Result};

/// The clock, not the start of the transaction.
pub fn now() -> Micros {
    // SAFETY: reads the clock; no state involved.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the server's clock")]
    unsafe {
        pg_sys::GetCurrentTimestamp()
    }
}

pub fn to_micros(moment: TimestampWithTimeZone) -> Micros {
    moment.into()
}

pub fn from_micros(micros: Micros) -> Result<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(micros).map_err(|_| {
        Error::invalid(
            "timestamp out of range",
            "Give a timestamp such as '2026-01-31 12:00:00+00'.",
        )
    })
}
