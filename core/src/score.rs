//! How much a recommendation is worth doing: ROI = confidence x improvement x urgency.
//!
//! Source of every formula: the section "How it scores" of the README. Nothing is rounded.

use crate::error::{InvalidInput, at_least_zero, in_range};

/// How far the rank that an index holds may lie from its score, as a share of the score. An hour moves
/// the work of a day by a few percent: at 5 % most rows keep their rank and are updated in place, and
/// the ranked list reads but a few rows more than it shows (docs/performance.md).
pub const RANK_SLACK: f64 = 0.05;

/// What counts as "as frequent, and as slow, as it gets".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UrgencyReference {
    /// Calls per hour at which frequency is 1 (setting `optimizer_workflow.frequency_reference`).
    pub calls_per_hour: f64,
    /// Mean time in ms at which impact is 1 (setting `optimizer_workflow.impact_reference`).
    pub mean_exec_time_ms: f64,
}

impl Default for UrgencyReference {
    fn default() -> Self {
        Self { calls_per_hour: 100_000.0, mean_exec_time_ms: 10_000.0 }
    }
}

/// Urgency, 0 to 1: frequency x impact, each capped at 1.
///
/// `calls` is the average number of calls per observed hour over the last 24 buckets,
/// `mean_exec_time_ms` their mean time.
pub fn urgency(
    calls: f64,
    mean_exec_time_ms: f64,
    reference: UrgencyReference,
) -> Result<f64, InvalidInput> {
    let calls = at_least_zero("calls", calls)?.min(reference.calls_per_hour);
    let mean =
        at_least_zero("mean_exec_time_ms", mean_exec_time_ms)?.min(reference.mean_exec_time_ms);
    // One division rounds less often than two.
    Ok(calls * mean / (reference.calls_per_hour * reference.mean_exec_time_ms))
}

/// Improvement as a share, 0 to 1: `improvement_percent` / 100, capped at 1.
pub fn improvement(improvement_percent: f64) -> Result<f64, InvalidInput> {
    Ok((at_least_zero("improvement_percent", improvement_percent)? / 100.0).min(1.0))
}

/// ROI, 0 to 1: confidence x improvement x urgency.
pub fn roi(confidence: f64, improvement_percent: f64, urgency: f64) -> Result<f64, InvalidInput> {
    let confidence = in_range("confidence", confidence, 0.0, 1.0)?;
    // Grouped so that the README's worked examples come out to the last digit.
    Ok(confidence * (improvement(improvement_percent)? * in_range("urgency", urgency, 0.0, 1.0)?))
}

/// (pre - post) / pre x 100 %; negative when it got slower, `None` when there was nothing before.
pub fn actual_improvement_percent(pre_mean_ms: f64, post_mean_ms: f64) -> Option<f64> {
    (pre_mean_ms > 0.0 && post_mean_ms.is_finite())
        .then(|| (pre_mean_ms - post_mean_ms) / pre_mean_ms * 100.0)
}

/// 1 - |actual - predicted| / predicted, floored at 0; `None` when nothing was predicted.
pub fn accuracy(actual_percent: f64, predicted_percent: f64) -> Option<f64> {
    (predicted_percent > 0.0)
        .then(|| (1.0 - (actual_percent - predicted_percent).abs() / predicted_percent).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urgency_of(calls: f64, mean: f64) -> f64 {
        urgency(calls, mean, UrgencyReference::default()).unwrap()
    }

    #[test]
    fn the_worked_examples_come_out_to_the_last_digit() {
        assert_eq!(urgency_of(500.0, 450.0), 0.000225);
        assert_eq!(roi(0.92, 95.0, urgency_of(500.0, 450.0)).unwrap(), 0.00019665);
        assert_eq!(urgency_of(5000.0, 250.0), 0.00125);
        assert_eq!(roi(0.83, 80.0, urgency_of(5000.0, 250.0)).unwrap(), 0.00083);
    }

    #[test]
    fn frequency_impact_and_improvement_are_capped_at_one() {
        assert_eq!(urgency_of(1e9, 1e9), 1.0);
        assert_eq!(urgency_of(100_000.0, 10_000.0), 1.0);
        assert_eq!(roi(1.0, 250.0, 1.0).unwrap(), 1.0);
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert!(urgency(f64::NAN, 1.0, UrgencyReference::default()).is_err());
        assert!(urgency(1.0, -0.1, UrgencyReference::default()).is_err());
        assert!(roi(1.01, 10.0, 0.5).is_err());
        assert!(roi(0.5, f64::NAN, 0.5).is_err());
        assert!(roi(0.5, 10.0, f64::INFINITY).is_err());
    }

    #[test]
    fn actual_improvement_is_negative_when_it_got_slower() {
        assert_eq!(actual_improvement_percent(200.0, 50.0), Some(75.0));
        assert_eq!(actual_improvement_percent(50.0, 200.0), Some(-300.0));
        assert_eq!(actual_improvement_percent(0.0, 10.0), None);
    }

    #[test]
    fn accuracy_is_floored_at_zero_and_absent_without_a_prediction() {
        assert_eq!(accuracy(80.0, 80.0), Some(1.0));
        assert_eq!(accuracy(40.0, 80.0), Some(0.5));
        assert_eq!(accuracy(-300.0, 80.0), Some(0.0));
        assert_eq!(accuracy(10.0, 0.0), None);
    }
}
