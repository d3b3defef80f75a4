//! From cumulative counters to the work of one interval.
//!
//! Two questions, in this order: what do the two *readings* allow ([`Interval::between`]), and what
//! did one *statement* do in that interval ([`statement_delta`]). The trap in both: counters restart
//! (reset, eviction, crash, another server behind the same name), and a wrong guess either gives a
//! negative delta or puts months of work into one bucket. When in doubt nothing is counted.

use crate::Micros;
use crate::counters::{Counters, Reading};
use crate::statistics::Work;

/// Why two readings cannot be compared, so that the newer one only becomes the next baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineReason {
    /// There is no earlier reading: first sample, crash, failover, restored dump.
    NoPreviousReading,
    /// The counters were reset at a time before the previous reading that it did not know of:
    /// they are another server's, or an older copy's.
    OtherCounters,
    /// The clock does not stand later than at the previous reading.
    ClockWentBack,
    /// Longer than `max_interval`: where the work lies in it is anybody's guess.
    TooLong,
}

/// The stretch of time that the newer of two readings adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub start: Micros,
    pub end: Micros,
    /// All counters began at `start`: every current value is itself the delta.
    pub since_reset: bool,
    /// Entries were evicted between the readings.
    pub evictions: bool,
}

impl Interval {
    /// The interval between two readings, or why there is none.
    pub fn between(
        previous: Option<&Reading>,
        current: &Reading,
        max_interval: Micros,
    ) -> Result<Interval, BaselineReason> {
        let previous = previous.ok_or(BaselineReason::NoPreviousReading)?;
        if current.sampled_at <= previous.sampled_at {
            return Err(BaselineReason::ClockWentBack);
        }
        // The same reset as before is none, even when a clock that was ahead stamped it: see the
        // previous reading, which knew it already.
        let was_reset = current.stats_reset != previous.stats_reset;
        let since_reset = was_reset && current.stats_reset > previous.sampled_at;
        if was_reset && !since_reset {
            return Err(BaselineReason::OtherCounters);
        }
        let start = if since_reset {
            // A reset stamped later than this reading is a clock that was set back meanwhile.
            if current.stats_reset >= current.sampled_at {
                return Err(BaselineReason::ClockWentBack);
            }
            current.stats_reset
        } else {
            previous.sampled_at
        };
        if current.sampled_at - start > max_interval {
            return Err(BaselineReason::TooLong);
        }
        let evictions_before = if since_reset { 0 } else { previous.dealloc };
        Ok(Interval {
            start,
            end: current.sampled_at,
            since_reset,
            evictions: current.dealloc != evictions_before,
        })
    }
}

/// What one statement did in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatementDelta {
    /// `None` when only a baseline could be set.
    pub work: Option<Work>,
    /// Some of the statement's work in this interval may be missing.
    pub lossy: bool,
}

/// The delta of one statement key over `interval`; `before` and `after` are its counters in the two
/// readings, `None` where the reading has no such key.
pub fn statement_delta(
    interval: &Interval,
    before: Option<&Counters>,
    after: Option<&Counters>,
) -> StatementDelta {
    let counted = |work, lossy| StatementDelta { work: Some(work), lossy };
    match (before, after) {
        (_, Some(after)) if interval.since_reset => counted(whole(after), interval.evictions),
        // A reset explains that a key is gone: what is lost lies outside the interval.
        (_, None) => {
            StatementDelta { work: None, lossy: interval.evictions && !interval.since_reset }
        }
        (None, Some(after)) => {
            let known_new = after.stats_since.is_some_and(|since| since >= interval.start);
            if interval.evictions && !known_new {
                StatementDelta { work: None, lossy: true }
            } else {
                counted(whole(after), interval.evictions)
            }
        }
        (Some(before), Some(after)) if restarted(before, after) => counted(whole(after), true),
        (Some(before), Some(after)) => counted(difference(before, after), false),
    }
}

/// Whether an entry began to count anew between two readings.
///
/// A lower maximum or a higher minimum shows a restart even when the sums have outgrown the old
/// ones; from PostgreSQL 17 on the extremes can be reset alone, and `stats_since` says it directly.
fn restarted(before: &Counters, after: &Counters) -> bool {
    let extremes_moved = after.max_exec_time_ms < before.max_exec_time_ms
        || after.min_exec_time_ms > before.min_exec_time_ms;
    after.calls < before.calls
        || after.total_exec_time_ms < before.total_exec_time_ms
        || after.rows < before.rows
        || after.shared_blks_hit < before.shared_blks_hit
        || after.shared_blks_read < before.shared_blks_read
        || match (before.stats_since, after.stats_since) {
            (Some(before), Some(after)) => before != after,
            _ => extremes_moved && before.calls > 0,
        }
}

/// All that an entry has counted since it began.
fn whole(counters: &Counters) -> Work {
    Work {
        calls: counters.calls,
        total_exec_time_ms: counters.total_exec_time_ms,
        sum_squared_deviation_ms2: counters.stddev_exec_time_ms.powi(2) * counters.calls as f64,
        rows: counters.rows,
        shared_blks_hit: counters.shared_blks_hit,
        shared_blks_read: counters.shared_blks_read,
    }
}

/// What an entry that did not restart has counted between two readings; the spread of the newer part
/// is `M2 = sd1^2 n1 - sd0^2 n0 - n0 n / n1 (mean - mean0)^2`, clamped at 0 against rounding.
fn difference(before: &Counters, after: &Counters) -> Work {
    whole(after).minus(&whole(before))
}

#[cfg(test)]
mod tests;
