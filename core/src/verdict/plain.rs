//! The plain rule of version 0.1.0, which the measuring functions use until they hand over cells:
//! mean before against mean after, both from interval deltas, with a margin of [`MARGIN_PERCENT`], at
//! least [`MIN_CALLS`] calls on either side and [`MIN_OBSERVED_SHARE`] of the time since the change
//! observed. It knows no seasons, no controls and no interval, so it states none.

use serde::{Deserialize, Serialize};

use crate::measurement::Snapshot;
use crate::score::{accuracy, actual_improvement_percent};

/// Smallest change that is called one, percent. Means of two windows of a busy server's queries
/// differ by a few percent from nothing at all.
pub const MARGIN_PERCENT: f64 = 5.0;

/// Fewest calls on either side that a mean is taken from.
pub const MIN_CALLS: i64 = 20;

/// Share of the time between a change and the look at it that must have been observed: what ran in
/// the rest may be another story. 0.8: a night without the sampler is too much, an hour is not.
pub const MIN_OBSERVED_SHARE: f64 = 0.8;

/// What a measurement concludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Improved,
    NotImproved,
    Regressed,
    Inconclusive,
}

impl Verdict {
    /// Its name in the column `verdict`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Improved => "improved",
            Verdict::NotImproved => "not_improved",
            Verdict::Regressed => "regressed",
            Verdict::Inconclusive => "inconclusive",
        }
    }

    /// Whether the first look may end the measurement.
    pub fn is_decided(self) -> bool {
        matches!(self, Verdict::Improved | Verdict::Regressed)
    }
}

/// What is measured.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    pub before: &'a Snapshot,
    pub after: &'a Snapshot,
    pub predicted_improvement_percent: f64,
    /// Observed part of the time after the change; `None` where the verdict is to be had with what
    /// there is.
    pub observed_share_after: Option<f64>,
    /// A rewrite whose new text has not been seen running: there is nothing to compare with.
    pub awaits_new_query: bool,
}

/// What it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    /// Starts with a fixed word where the verdict is inconclusive: `coverage`, `too_few_calls`,
    /// `query_vanished`.
    pub reason: String,
    /// (pre - post) / pre x 100, of the two means; `None` where one of them is missing.
    pub actual_improvement_percent: Option<f64>,
    /// Time saved in all calls after the change, seconds; negative when it got slower.
    pub actual_improvement_seconds: Option<f64>,
    pub accuracy_score: Option<f64>,
}

/// The verdict on one implementation.
pub fn judge(evidence: &Evidence) -> Judgement {
    let (before, after) = (evidence.before, evidence.after);
    let means = before.mean_exec_time_ms.zip(after.mean_exec_time_ms);
    let actual = means.and_then(|(pre, post)| actual_improvement_percent(pre, post));
    let (verdict, reason) = conclude(evidence, actual);
    Judgement {
        verdict,
        reason,
        actual_improvement_percent: actual,
        actual_improvement_seconds: means
            .map(|(pre, post)| (pre - post) * after.calls as f64 / 1000.0),
        accuracy_score: actual
            .filter(|_| verdict != Verdict::Inconclusive)
            .and_then(|actual| accuracy(actual, evidence.predicted_improvement_percent)),
    }
}

fn conclude(evidence: &Evidence, actual: Option<f64>) -> (Verdict, String) {
    let (before, after) = (evidence.before, evidence.after);
    if evidence.awaits_new_query {
        let reason = "query_vanished: no statement with the new text has been linked";
        return (Verdict::Inconclusive, reason.to_owned());
    }
    if let Some(share) = evidence.observed_share_after.filter(|share| *share < MIN_OBSERVED_SHARE) {
        let reason = format!(
            "coverage: {:.0} % of the time since the change was observed, at least {:.0} % are needed",
            share * 100.0,
            MIN_OBSERVED_SHARE * 100.0
        );
        return (Verdict::Inconclusive, reason);
    }
    let Some(actual) = actual.filter(|_| before.calls >= MIN_CALLS && after.calls >= MIN_CALLS)
    else {
        let reason = format!(
            "too_few_calls: {} before and {} after, at least {MIN_CALLS} are needed on either side",
            before.calls, after.calls
        );
        return (Verdict::Inconclusive, reason);
    };
    let means = match (before.mean_exec_time_ms, after.mean_exec_time_ms) {
        (Some(pre), Some(post)) => format!("mean time {pre:.3} ms before, {post:.3} ms after"),
        _ => String::new(),
    };
    if actual >= MARGIN_PERCENT {
        (Verdict::Improved, means)
    } else if actual <= -MARGIN_PERCENT {
        (Verdict::Regressed, means)
    } else {
        (Verdict::NotImproved, format!("{means}: less than {MARGIN_PERCENT} % apart"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Work;

    fn side(calls: i64, mean: f64) -> Snapshot {
        let total_exec_time_ms = calls as f64 * mean;
        let work = Work { calls, total_exec_time_ms, ..Work::default() };
        Snapshot::new(&work, 3600.0, (None, None))
    }

    fn judged(before: Snapshot, after: Snapshot) -> Judgement {
        judge(&Evidence {
            before: &before,
            after: &after,
            predicted_improvement_percent: 80.0,
            observed_share_after: None,
            awaits_new_query: false,
        })
    }

    #[test]
    fn time_that_was_not_observed_gives_no_verdict() {
        let (before, after) = (side(100, 200.0), side(100, 20.0));
        let with = |observed_share_after| {
            judge(&Evidence {
                before: &before,
                after: &after,
                predicted_improvement_percent: 80.0,
                observed_share_after,
                awaits_new_query: false,
            })
        };
        let judgement = with(Some(0.79));
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert!(judgement.reason.starts_with("coverage: 79 %"), "{}", judgement.reason);
        assert_eq!(judgement.accuracy_score, None);
        assert_eq!(with(Some(0.8)).verdict, Verdict::Improved);
        assert_eq!(with(None).verdict, Verdict::Improved);
    }

    #[test]
    fn five_percent_is_the_margin_on_both_sides() {
        for (post, verdict) in [
            (95.0, Verdict::Improved),
            (95.01, Verdict::NotImproved),
            (104.99, Verdict::NotImproved),
            (105.0, Verdict::Regressed),
        ] {
            assert_eq!(judged(side(20, 100.0), side(20, post)).verdict, verdict, "{post}");
        }
    }

    #[test]
    fn nineteen_calls_on_either_side_are_too_few() {
        for (before, after) in [(19, 20), (20, 19), (0, 0)] {
            let judgement = judged(side(before, 100.0), side(after, 10.0));
            assert_eq!(judgement.verdict, Verdict::Inconclusive);
            assert!(judgement.reason.starts_with("too_few_calls: "), "{}", judgement.reason);
            assert_eq!(judgement.accuracy_score, None);
        }
        assert_eq!(judged(side(20, 100.0), side(20, 10.0)).verdict, Verdict::Improved);
    }

    #[test]
    fn the_plain_formula_and_the_time_saved_are_stated() {
        let judgement = judged(side(100, 200.0), side(50, 40.0));
        assert_eq!(judgement.actual_improvement_percent, Some(80.0));
        assert_eq!(judgement.actual_improvement_seconds, Some(8.0));
        assert_eq!(judgement.accuracy_score, Some(1.0));
        let slower = judged(side(100, 40.0), side(50, 200.0));
        assert_eq!(slower.actual_improvement_percent, Some(-400.0));
        assert_eq!(slower.actual_improvement_seconds, Some(-8.0));
        assert_eq!(slower.accuracy_score, Some(0.0));
    }

    #[test]
    fn a_rewrite_without_its_new_statement_gets_no_verdict() {
        let judgement = judge(&Evidence {
            before: &side(100, 200.0),
            after: &side(100, 20.0),
            predicted_improvement_percent: 80.0,
            observed_share_after: None,
            awaits_new_query: true,
        });
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert!(judgement.reason.starts_with("query_vanished: "));
    }
}
