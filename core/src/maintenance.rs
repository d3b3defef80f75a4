//! Whether it is time for a step of maintenance, seen from inside the database.

use crate::Micros;

/// A step is due this share of its interval after its last run: whoever calls it at the interval
/// may be a little early, and must not be sent away until the next time.
const DUE_SHARE: f64 = 0.9;

/// Whether a step that last ran at `last_run` is due; one that never ran, or ran in what is now the
/// future (a clock that went back), is.
pub fn is_due(last_run: Option<Micros>, now: Micros, interval_seconds: i32) -> bool {
    last_run.is_none_or(|last| {
        let waited = (now - last) as f64 / crate::MICROS_PER_SECOND as f64;
        waited < 0.0 || waited >= f64::from(interval_seconds) * DUE_SHARE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_due_when_its_interval_is_nearly_over() {
        let second = crate::MICROS_PER_SECOND;
        assert!(is_due(None, 0, 300));
        assert!(!is_due(Some(0), 269 * second, 300));
        assert!(is_due(Some(0), 270 * second, 300));
    }

    #[test]
    fn a_clock_that_went_back_stops_no_step() {
        assert!(is_due(Some(10), 9, 300));
    }
}
