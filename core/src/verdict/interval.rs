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
