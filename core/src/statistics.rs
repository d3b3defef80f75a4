//! Sums of work that can be added up without loss: calls, time, and the spread of the time.

use serde::{Deserialize, Serialize};

pub mod student_t;

/// The middle of `values`, of two middle ones their mean; `None` without any. Reorders them.
pub fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let upper = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values[..middle].iter().copied().max_by(f64::total_cmp)?;
    Some(lower / 2.0 + upper / 2.0)
}

/// Variance around the mean with n - 1 below it; `None` for fewer than two values.
pub fn sample_variance(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    Some(values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Work done by a statement in some stretch of time. Only ever a difference of two readings or a
/// sum of such differences, never the cumulative counters themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub calls: i64,
    pub total_exec_time_ms: f64,
    /// Sum of squared deviations of the single executions' times from their mean, ms^2.
    pub sum_squared_deviation_ms2: f64,
    pub rows: i64,
    pub shared_blks_hit: i64,
    pub shared_blks_read: i64,
}

impl Work {
    /// Mean time of one call in ms, `None` without calls.
    pub fn mean_exec_time_ms(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.total_exec_time_ms / self.calls as f64)
    }

    /// The two together. The squared deviations are joined as Chan, Golub and LeVeque do
    /// ("Algorithms for computing the sample variance", 1983): each part's own, and what their
    /// means are apart.
    #[must_use]
    pub fn plus(&self, other: &Work) -> Work {
        let between = match (self.mean_exec_time_ms(), other.mean_exec_time_ms()) {
            (Some(a), Some(b)) => {
                let (m, n) = (self.calls as f64, other.calls as f64);
                (a - b).powi(2) * m * n / (m + n)
            }
            _ => 0.0,
        };
        Work {
            calls: self.calls.saturating_add(other.calls),
            total_exec_time_ms: self.total_exec_time_ms + other.total_exec_time_ms,
            sum_squared_deviation_ms2: self.sum_squared_deviation_ms2
                + other.sum_squared_deviation_ms2
                + between,
            rows: self.rows.saturating_add(other.rows),
            shared_blks_hit: self.shared_blks_hit.saturating_add(other.shared_blks_hit),
            shared_blks_read: self.shared_blks_read.saturating_add(other.shared_blks_read),
        }
    }

    /// What is left after taking `part`, which is contained in it, away; never below 0.
    #[must_use]
    pub fn minus(&self, part: &Work) -> Work {
        let whole = |a: i64, b: i64| (a - b).max(0);
        Work {
            calls: whole(self.calls, part.calls),
            total_exec_time_ms: (self.total_exec_time_ms - part.total_exec_time_ms).max(0.0),
            sum_squared_deviation_ms2: self.deviation_without(part),
            rows: whole(self.rows, part.rows),
            shared_blks_hit: whole(self.shared_blks_hit, part.shared_blks_hit),
            shared_blks_read: whole(self.shared_blks_read, part.shared_blks_read),
        }
    }

    /// Chan's formula solved for the other part.
    fn deviation_without(&self, part: &Work) -> f64 {
        let (n, n0) = (self.calls as f64, part.calls as f64);
        let rest = n - n0;
        if rest <= 0.0 {
            return 0.0;
        }
        let mean_before = part.mean_exec_time_ms().unwrap_or(0.0);
        let apart = (self.total_exec_time_ms - part.total_exec_time_ms) / rest - mean_before;
        (self.sum_squared_deviation_ms2
            - part.sum_squared_deviation_ms2
            - n0 * rest / n * apart.powi(2))
        .max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn work_of(times: &[f64]) -> Work {
        let n = times.len() as f64;
        let total: f64 = times.iter().sum();
        let mean = total / n;
        Work {
            calls: times.len() as i64,
            total_exec_time_ms: total,
            sum_squared_deviation_ms2: times.iter().map(|t| (t - mean).powi(2)).sum(),
            ..Work::default()
        }
    }

    proptest! {
        #[test]
        fn joined_parts_have_the_spread_of_the_whole(
            a in prop::collection::vec(0.01f64..1e4, 1..40),
            b in prop::collection::vec(0.01f64..1e4, 1..40),
        ) {
            let whole = work_of(&[a.clone(), b.clone()].concat());
            let joined = work_of(&a).plus(&work_of(&b));
            prop_assert_eq!(joined.calls, whole.calls);
            let (m, w) = (joined.sum_squared_deviation_ms2, whole.sum_squared_deviation_ms2);
            prop_assert!((m - w).abs() <= 1e-9 * w.max(1.0), "{} is not {}", m, w);
            let rest = joined.minus(&work_of(&a));
            let (m, b) = (rest.sum_squared_deviation_ms2, work_of(&b).sum_squared_deviation_ms2);
            prop_assert_eq!(rest.calls, whole.calls - a.len() as i64);
            prop_assert!((m - b).abs() <= 1e-6 * w.max(1.0), "{} is not {}", m, b);
        }
    }

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [9.0, 1.0]), Some(5.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn the_variance_of_one_value_is_unknown() {
        assert_eq!(sample_variance(&[1.0]), None);
        assert_eq!(sample_variance(&[1.0, 3.0]), Some(2.0));
        assert_eq!(sample_variance(&[4.0; 5]), Some(0.0));
    }

    #[test]
    fn nothing_added_changes_nothing() {
        let work = work_of(&[1.0, 2.0, 9.0]);
        assert_eq!(work.plus(&Work::default()), work);
        assert_eq!(Work::default().plus(&work), work);
    }
}
