//! The plain figures that stand beside a verdict: mean before against mean after, as anybody would work them out.
//!
//! They know no seasons, no other queries and no chance, so nothing is concluded from them.

use serde::{Deserialize, Serialize};

use crate::measurement::Snapshot;
use crate::score::{accuracy, actual_improvement_percent};

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

/// Before against after.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PlainFigures {
    /// (pre - post) / pre x 100, of the two means; `None` where one of them is missing.
    pub actual_improvement_percent: Option<f64>,
    /// Time saved in all calls after the change, seconds; negative when it got slower.
    pub actual_improvement_seconds: Option<f64>,
    /// 1 - |actual - predicted| / predicted, floored at 0; `None` where nothing was predicted or concluded.
    pub accuracy_score: Option<f64>,
}

impl PlainFigures {
    /// What two snapshots say of a prediction.
    pub fn of(
        before: &Snapshot,
        after: &Snapshot,
        predicted_improvement_percent: f64,
        verdict: Verdict,
    ) -> PlainFigures {
        let means = before.mean_exec_time_ms.zip(after.mean_exec_time_ms);
        let actual = means.and_then(|(pre, post)| actual_improvement_percent(pre, post));
        PlainFigures {
            actual_improvement_percent: actual,
            actual_improvement_seconds: means
                .map(|(pre, post)| (pre - post) * after.calls as f64 / 1000.0),
            accuracy_score: actual
                .filter(|_| verdict != Verdict::Inconclusive)
                .and_then(|actual| accuracy(actual, predicted_improvement_percent)),
        }
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

    fn figures(before: Snapshot, after: Snapshot, verdict: Verdict) -> PlainFigures {
        PlainFigures::of(&before, &after, 80.0, verdict)
    }

    #[test]
    fn the_plain_formula_and_the_time_saved_are_stated() {
        let better = figures(side(100, 200.0), side(50, 40.0), Verdict::Improved);
        assert_eq!(better.actual_improvement_percent, Some(80.0));
        assert_eq!(better.actual_improvement_seconds, Some(8.0));
        assert_eq!(better.accuracy_score, Some(1.0));
        let slower = figures(side(100, 40.0), side(50, 200.0), Verdict::Regressed);
        assert_eq!(slower.actual_improvement_percent, Some(-400.0));
        assert_eq!(slower.actual_improvement_seconds, Some(-8.0));
        assert_eq!(slower.accuracy_score, Some(0.0));
    }

    #[test]
    fn what_concludes_nothing_has_no_accuracy() {
        let open = figures(side(100, 200.0), side(50, 40.0), Verdict::Inconclusive);
        assert_eq!((open.actual_improvement_percent, open.accuracy_score), (Some(80.0), None));
        let silent = figures(side(0, 0.0), side(50, 40.0), Verdict::Improved);
        assert_eq!(silent, PlainFigures::default());
    }
}
