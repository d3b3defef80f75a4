//! How large the effect was, and how sure that is.
//!
//! theta is the mean of the days after the change minus what the model predicts for them;
//! `Var = s^2 [v_P + x' A^-1 x (1 + phi) / (1 - phi)]`: the scatter of P days that resemble their neighbours
//! (AR(1) with phi), and the uncertainty of the prediction, widened because the baseline's days resemble
//! theirs, too. Where a day after the change has fewer calls than one before, what single calls scatter
//! is added to it (`excess_variance`; docs/decisions.md says why). The interval is theta +- t(4 + df) se. theta is in log units: improvement = 1 - exp(theta).

use crate::statistics::student_t;
use crate::verdict::model::Fit;

/// phi: correlation of one day's value with the next one's.
pub const AUTOCORRELATION: f64 = 0.3;

/// Bounds are kept within a factor of a million: beyond that they mean "unknown", and stay numbers.
const WIDEST: f64 = 13.815_510_557_964_274;

/// The effect of a change on one measure.
#[derive(Debug, Clone)]
pub struct Effect {
    pub theta: f64,
    pub standard_error: f64,
    pub df: f64,
    pub days_before: usize,
    pub days_after: usize,
    fit: Fit,
    common_after: f64,
    /// Mean of what the days after the change scatter more than those before.
    excess_variance: f64,
}

/// A day after the change.
#[derive(Debug, Clone, Copy)]
pub struct DayAfter {
    pub day: i64,
    pub z: f64,
    /// What the controls did.
    pub common: f64,
    pub calls: f64,
}

impl Effect {
    /// `None` without days after the change, and where numbers are not finite.
    pub fn new(fit: Fit, after: &[DayAfter]) -> Option<Effect> {
        let p = after.len() as f64;
        let mean = |of: &dyn Fn(&DayAfter) -> f64| after.iter().map(of).sum::<f64>() / p;
        let (day, z) = (mean(&|a| a.day as f64), mean(&|a| a.z));
        let common_after = mean(&|a| a.common);
        let excess_variance = mean(&|a| fit.excess_variance(a.calls));
        let days: Vec<i64> = after.iter().map(|a| a.day).collect();
        let theta = z - fit.predict(common_after, day);
        let variance =
            variance(&fit, variance_of_mean(&days), common_after, day) + excess_variance / p;
        let is_sound = theta.is_finite() && variance.is_finite() && variance > 0.0;
        is_sound.then(|| Effect {
            theta: theta.clamp(-WIDEST, WIDEST),
            standard_error: variance.sqrt(),
            df: fit.total_df,
            days_before: fit.days,
            days_after: after.len(),
            fit,
            common_after,
            excess_variance,
        })
    }

    /// theta's interval that leaves out `alpha`.
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        let half = student_t::two_sided(alpha, self.df) * self.standard_error;
        ((self.theta - half).max(-WIDEST), (self.theta + half).min(WIDEST))
    }

    /// P(theta < bound | data).
    pub fn probability_below(&self, bound: f64) -> f64 {
        student_t::cdf((bound - self.theta) / self.standard_error, self.df)
    }

    /// The standard error if there were `days` whole days after the change.
    pub fn standard_error_after(&self, days: i64) -> f64 {
        let middle = (days - 1) as f64 / 2.0;
        let of_mean = variance_of_run_mean(days);
        let variance = variance(&self.fit, of_mean, self.common_after, middle)
            + self.excess_variance / days as f64;
        variance.max(0.0).sqrt()
    }
}

fn variance(fit: &Fit, variance_of_mean: f64, common: f64, day: f64) -> f64 {
    let widening = (1.0 + AUTOCORRELATION) / (1.0 - AUTOCORRELATION);
    fit.variance * (variance_of_mean + fit.leverage(common, day) * widening)
}

/// v_P: variance of the mean of these days' values, each of variance 1, with correlation phi^distance.
fn variance_of_mean(days: &[i64]) -> f64 {
    let n = days.len() as f64;
    let correlation =
        |a: i64, b: i64| AUTOCORRELATION.powi(i32::try_from(a.abs_diff(b)).unwrap_or(i32::MAX));
    let all = days.iter().flat_map(|a| days.iter().map(move |b| correlation(*a, *b)));
    all.sum::<f64>() / (n * n)
}

/// The same of that many days in a row.
fn variance_of_run_mean(days: i64) -> f64 {
    let n = days as f64;
    let (mut sum, mut correlation) = (n, 1.0);
    for distance in 1..days {
        correlation *= AUTOCORRELATION;
        sum += 2.0 * (n - distance as f64) * correlation;
    }
    sum / (n * n)
}

/// theta as an improvement, percent: 1 - exp(theta).
pub fn improvement_percent(theta: f64) -> f64 {
    -theta.exp_m1() * 100.0
}

#[cfg(test)]
pub mod tests {
    use super::*;

    use crate::verdict::model::Point;

    /// Ten quiet days at 0, then these.
    fn effect(after: &[(i64, f64)]) -> Effect {
        let points: Vec<Point> = (-11..=-2)
            .map(|day| Point { day: day as f64, z: 0.0, common: 0.0, calls: 100.0 })
            .collect();
        let after: Vec<DayAfter> = after
            .iter()
            .map(|(day, z)| DayAfter { day: *day, z: *z, common: 0.0, calls: 100.0 })
            .collect();
        Effect::new(Fit::new(&points, None, false).unwrap(), &after).unwrap()
    }

    #[test]
    fn neighbouring_days_resemble_each_other() {
        assert!((variance_of_mean(&[0]) - 1.0).abs() < 1e-12);
        assert!((variance_of_mean(&[0, 1]) - (2.0 + 2.0 * 0.3) / 4.0).abs() < 1e-12);
        // A gap: 0.3^2.
        assert!((variance_of_mean(&[0, 2]) - (2.0 + 2.0 * 0.09) / 4.0).abs() < 1e-12);
        for days in 1..=28 {
            let run: Vec<i64> = (0..days).collect();
            assert!((variance_of_run_mean(days) - variance_of_mean(&run)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_effect_is_what_came_minus_what_was_to_be_expected() {
        let effect = effect(&[(0, -0.5), (1, -0.7)]);
        assert!((effect.theta + 0.6).abs() < 1e-9, "{}", effect.theta);
        assert!(
            (improvement_percent(effect.theta) - 100.0 * (1.0 - (-0.6_f64).exp())).abs() < 1e-6
        );
        assert_eq!(effect.standard_error_after(2), effect.standard_error);
        assert!(effect.standard_error_after(1) > effect.standard_error);
    }

    #[test]
    fn the_variance_by_hand() {
        let effect = effect(&[(0, 0.0), (1, 0.0)]);
        // s^2 = 4 x 0.01 / (4 + 8); days 0.5 and -6.5 are 7 apart, the trend's share of A is
        // 82.5 + s^2 / 0.0001.
        let s2 = 0.04 / 12.0;
        let leverage = 0.1 + 49.0 / (82.5 + s2 / 0.0001);
        let variance = s2 * (0.65 + leverage * 1.3 / 0.7);
        assert!((effect.standard_error.powi(2) - variance).abs() < 1e-9);
        assert_eq!(effect.df, 12.0);
        let (low, high) = effect.interval(0.05);
        assert!((high - 2.178_813 * variance.sqrt()).abs() < 1e-6);
        assert!((low + high).abs() < 1e-9);
        assert!(effect.interval(0.01).1 > high);
    }

    #[test]
    fn the_probability_is_a_half_at_theta() {
        let effect = effect(&[(0, -0.3)]);
        assert!((effect.probability_below(effect.theta) - 0.5).abs() < 1e-12);
        assert!(effect.probability_below(0.0) > 0.95);
        assert!(effect.probability_below(-0.6) < 0.05);
        let (low, high) = effect.interval(0.05);
        let inside = effect.probability_below(high) - effect.probability_below(low);
        assert!((inside - 0.95).abs() < 1e-9);
    }

    #[test]
    fn bounds_stay_within_a_factor_of_a_million() {
        let effect = effect(&[(0, 700.0)]);
        assert!((effect.theta.exp() - 1e6).abs() < 1e-3);
        let (low, high) = effect.interval(0.05);
        assert!(low.is_finite() && high.exp() < 1.000_001e6);
        assert!(improvement_percent(high).is_finite());
    }

    #[test]
    fn without_days_after_there_is_no_effect() {
        let points = [Point { day: -2.0, z: 0.0, common: 0.0, calls: 1.0 }; 3];
        assert!(Effect::new(Fit::new(&points, None, false).unwrap(), &[]).is_none());
    }

    #[test]
    fn days_with_fewer_calls_widen_the_interval() {
        let points: Vec<Point> = (-11..=-2)
            .map(|day| Point {
                day: day as f64,
                z: 0.4 * (day % 2) as f64,
                common: 0.0,
                calls: 100.0,
            })
            .collect();
        let of = |calls| {
            let fit = Fit::new(&points, Some(0.0025), false).unwrap();
            let after = [0, 1].map(|day| DayAfter { day, z: 0.0, common: 0.0, calls });
            Effect::new(fit, &after).unwrap()
        };
        assert_eq!(of(100.0).standard_error, of(300.0).standard_error);
        let (usual, rare) = (of(100.0), of(40.0));
        let excess = 1.5 * (usual.fit.variance - 0.0025) / 2.0;
        assert!(
            (rare.standard_error.powi(2) - usual.standard_error.powi(2) - excess).abs() < 1e-12
        );
        assert_eq!(rare.standard_error_after(2), rare.standard_error);
    }

    /// An effect as given, for rules.
    pub fn given(theta: f64, standard_error: f64) -> Effect {
        Effect { theta, standard_error, ..effect(&[(0, 0.0), (1, 0.0)]) }
    }
}
