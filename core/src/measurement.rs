//! What is kept of a query's work before and after a change, and when to look at it.

use serde::{Deserialize, Serialize};

use crate::statistics::Work;
use crate::verdict::Verdict;
use crate::{MICROS_PER_SECOND, Micros};

/// Seconds in one hour.
const SECONDS_PER_HOUR: f64 = 3600.0;

/// How far back the snapshot from before a change reaches: 7 days of 24 buckets. Long enough for
/// each hour and each day of the week, short enough to be about the present.
pub const BASELINE_BUCKETS: i64 = 7 * 24;

/// A query's work in one window, as it is kept with an implementation (`pre_optimization_stats`,
/// `post_optimization_stats`). Times in ms; the window as the server writes a timestamptz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `None` without calls.
    pub mean_exec_time_ms: Option<f64>,
    pub calls: i64,
    /// Calls per observed hour; `None` when the window was not observed.
    pub calls_per_hour: Option<f64>,
    pub total_exec_time_ms: f64,
    pub rows: i64,
    pub shared_blks_per_call: Option<f64>,
    pub window_start: Option<String>,
    pub window_end: Option<String>,
    /// After a rewrite: which part of the calls still used the old text, 0 to 1. `None` for anything
    /// else, and without calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of_calls_on_old_text: Option<f64>,
}

impl Snapshot {
    /// The snapshot of `work` done in `observed_seconds` of a window.
    pub fn new(
        work: &Work,
        observed_seconds: f64,
        window: (Option<String>, Option<String>),
    ) -> Self {
        let blocks = work.shared_blks_hit as f64 + work.shared_blks_read as f64;
        Snapshot {
            mean_exec_time_ms: work.mean_exec_time_ms(),
            calls: work.calls,
            calls_per_hour: (observed_seconds > 0.0)
                .then(|| work.calls as f64 / (observed_seconds / SECONDS_PER_HOUR)),
            total_exec_time_ms: work.total_exec_time_ms,
            rows: work.rows,
            shared_blks_per_call: (work.calls > 0).then(|| blocks / work.calls as f64),
            window_start: window.0,
            window_end: window.1,
            share_of_calls_on_old_text: None,
        }
    }

    /// The same, of a rewrite after which the old text was called `old_calls` times.
    pub fn beside_old_text(mut self, old_calls: i64) -> Self {
        let all = self.calls.saturating_add(old_calls);
        self.share_of_calls_on_old_text = (all > 0).then(|| old_calls as f64 / all as f64);
        self
    }
}

/// What the bucket that holds a change had counted before it. Taken from the same bucket afterwards,
/// what remains was done after the change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkBeforeChange {
    #[serde(flatten)]
    pub work: Work,
    /// How much of the bucket had been observed, seconds.
    pub observed_seconds: f64,
}

/// When an implementation is looked at, counted from its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    pub measure_after_seconds: i32,
    pub measure_deadline_seconds: i32,
}

impl Schedule {
    /// As settings say, but no look before one whole day of 24 buckets, counted from the start of the bucket that
    /// holds the change: with less there is nothing to see. Shorter settings (`status()` warns of them) wait.
    #[must_use]
    pub fn with_a_whole_day(self, bucket_width_seconds: i32) -> Schedule {
        let day = bucket_width_seconds.saturating_mul(24);
        Schedule {
            measure_after_seconds: self.measure_after_seconds.max(day),
            measure_deadline_seconds: self.measure_deadline_seconds.max(day),
        }
    }
}

/// One look at an implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Before `measure_after`, or after a first look that decided nothing: shown, not stored.
    Provisional,
    /// At `measure_after`: final only when it says improved or regressed.
    First,
    /// At `measure_deadline`: final.
    Last,
    /// Asked for by a person: final, with what there is.
    Forced,
    /// The change was taken back: final, with what there is until then.
    Reverted,
}

impl Look {
    /// Its name in `implementation_measurements.look`.
    pub fn name(self) -> &'static str {
        match self {
            Look::Provisional => "provisional",
            Look::First => "first",
            Look::Last => "last",
            Look::Forced => "forced",
            Look::Reverted => "reverted",
        }
    }

    /// Whether a verdict ends the measurement.
    pub fn is_final(self, verdict: Verdict) -> bool {
        match self {
            Look::Provisional => false,
            Look::First => verdict.is_decided(),
            Look::Last | Look::Forced | Look::Reverted => true,
        }
    }

    /// Which look it is for at `now`, given what was looked at before.
    pub fn due(
        schedule: Schedule,
        implemented_at: Micros,
        now: Micros,
        first_taken: bool,
        force: bool,
    ) -> Look {
        let after =
            |seconds: i32| implemented_at.saturating_add(Micros::from(seconds) * MICROS_PER_SECOND);
        if force {
            Look::Forced
        } else if now >= after(schedule.measure_deadline_seconds) {
            Look::Last
        } else if now >= after(schedule.measure_after_seconds) && !first_taken {
            Look::First
        } else {
            Look::Provisional
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule =
        Schedule { measure_after_seconds: 86_400, measure_deadline_seconds: 172_800 };

    fn due(hours: i64, first_taken: bool, force: bool) -> Look {
        Look::due(SCHEDULE, 0, hours * 3600 * MICROS_PER_SECOND, first_taken, force)
    }

    #[test]
    fn each_look_has_its_time() {
        assert_eq!(due(23, false, false), Look::Provisional);
        assert_eq!(due(24, false, false), Look::First);
        assert_eq!(due(47, true, false), Look::Provisional);
        assert_eq!(due(48, true, false), Look::Last);
        assert_eq!(due(48, false, false), Look::Last);
        assert_eq!(due(1, false, true), Look::Forced);
    }

    #[test]
    fn no_look_is_due_before_a_day_of_buckets_whatever_the_settings_say() {
        let hasty = Schedule { measure_after_seconds: 60, measure_deadline_seconds: 120 };
        assert_eq!(
            hasty.with_a_whole_day(3600),
            Schedule { measure_after_seconds: 86_400, measure_deadline_seconds: 86_400 }
        );
        assert_eq!(SCHEDULE.with_a_whole_day(3600), SCHEDULE);
        assert_eq!(SCHEDULE.with_a_whole_day(i32::MAX).measure_after_seconds, i32::MAX);
    }

    #[test]
    fn the_first_look_ends_it_only_when_it_is_decided() {
        assert!(
            Look::First.is_final(Verdict::Improved) && Look::First.is_final(Verdict::Regressed)
        );
        assert!(!Look::First.is_final(Verdict::NotImproved));
        assert!(!Look::First.is_final(Verdict::Inconclusive));
        assert!(!Look::Provisional.is_final(Verdict::Improved));
        for look in [Look::Last, Look::Forced, Look::Reverted] {
            assert!(look.is_final(Verdict::Inconclusive));
        }
    }

    #[test]
    fn a_clock_that_went_back_measures_nothing_early() {
        assert_eq!(due(-1, false, false), Look::Provisional);
    }

    #[test]
    fn a_snapshot_without_calls_has_no_mean_and_no_invented_rate() {
        let snapshot = Snapshot::new(&Work::default(), 0.0, (None, None));
        assert_eq!(snapshot.mean_exec_time_ms, None);
        assert_eq!(snapshot.calls_per_hour, None);
        assert_eq!(snapshot.shared_blks_per_call, None);
    }

    #[test]
    fn the_share_of_calls_on_the_old_text_is_of_all_calls() {
        let at = |calls| Snapshot::new(&Work { calls, ..Work::default() }, 3600.0, (None, None));
        assert_eq!(at(62).beside_old_text(38).share_of_calls_on_old_text, Some(0.38));
        assert_eq!(at(0).beside_old_text(0).share_of_calls_on_old_text, None);
        assert_eq!(at(0).beside_old_text(5).share_of_calls_on_old_text, Some(1.0));
    }

    #[test]
    fn rates_are_per_observed_hour() {
        let work = Work {
            calls: 50,
            total_exec_time_ms: 100.0,
            shared_blks_hit: 90,
            shared_blks_read: 10,
            ..Work::default()
        };
        let snapshot = Snapshot::new(&work, 1800.0, (None, None));
        assert_eq!(snapshot.calls_per_hour, Some(100.0));
        assert_eq!(snapshot.mean_exec_time_ms, Some(2.0));
        assert_eq!(snapshot.shared_blks_per_call, Some(2.0));
    }
}
