//! When the background worker does what: which database is next, which steps it runs there, how long a failing one rests.
//!
//! Pure: time comes in as a `Duration` since the launcher started (monotonic, so a jump of the wall clock moves nothing).
//! Trap: an anchor lies at the *end* of the last sample, never at its planned start. `run_maintenance` refuses a step whose interval is not
//! over, so a schedule that keeps its planned grid would arrive a millisecond early and lose every second sample.

mod agenda;
mod cadence;
mod roster;

pub use agenda::{Agenda, Step, StepSet};
pub use cadence::{LONGEST_REST, PROBE_REST, Standing};
pub use roster::{DatabaseId, Ended, Roster, Turn};
