//! How long a database rests between two cycles.
//!
//! Trap: the rest is computed from the settings of now, not stored, so a new `sample_interval` holds for a rest that has begun.

use std::time::Duration;

/// Rest of a database without the extension before it is looked at again. CREATE EXTENSION announces itself, so this only catches what could not:
/// a prepared transaction, a database made from a template. 10 minutes: one connection per database and 10 minutes costs nothing measurable.
pub const PROBE_REST: Duration = Duration::from_secs(600);

/// Longest rest of a failing database: a repaired one is served again within 10 minutes, and a broken one writes at most 6 lines an hour.
pub const LONGEST_REST: Duration = Duration::from_secs(600);

/// What the last visit of a database showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never visited, or it announced itself: visit now.
    Unprobed,
    /// The extension is not installed there.
    Absent,
    /// The last sample was taken.
    Serving,
    /// The last visits failed before a sample was taken; `in_a_row` is at least 1.
    Failing { in_a_row: u32 },
}

impl Standing {
    /// Time from the last visit to the next, given `optimizer_workflow.sample_interval`.
    pub fn rest(self, sample_interval: Duration) -> Duration {
        match self {
            Standing::Unprobed => Duration::ZERO,
            Standing::Absent => PROBE_REST,
            Standing::Serving => sample_interval,
            Standing::Failing { in_a_row } => {
                let doublings = in_a_row.saturating_sub(1).min(31);
                sample_interval.saturating_mul(1 << doublings).min(LONGEST_REST)
            }
        }
    }

    /// The standing after one more failure.
    #[must_use]
    pub fn failed_again(self) -> Standing {
        Standing::Failing { in_a_row: self.failures().saturating_add(1) }
    }

    /// Failures in a row.
    pub fn failures(self) -> u32 {
        match self {
            Standing::Failing { in_a_row } => in_a_row,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_failing_database_rests_one_interval_then_twice_as_long_each_time() {
        let mut standing = Standing::Serving;
        let mut rests = Vec::new();
        for _ in 0..6 {
            standing = standing.failed_again();
            rests.push(standing.rest(MINUTE).as_secs());
        }
        assert_eq!(rests, [60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn the_rest_stays_bounded_after_any_number_of_failures() {
        let standing = Standing::Failing { in_a_row: u32::MAX };
        assert_eq!(standing.failed_again().rest(MINUTE), LONGEST_REST);
    }

    #[test]
    fn an_interval_beyond_the_longest_rest_is_retried_sooner_than_it_is_due() {
        let day = Duration::from_secs(86_400);
        assert_eq!(Standing::Failing { in_a_row: 1 }.rest(day), LONGEST_REST);
        assert_eq!(Standing::Serving.rest(day), day);
    }
}
