//! What a day's value would have been without the change: `Z_d = a + beta C_d + g (d - mean d) + e`.
//!
//! Ridge regression, which is the posterior mean of a Bayesian linear model with known variance (Hoerl
//! and Kennard 1970; Gelman et al., "Bayesian Data Analysis", 3rd ed., section 14.8):
//! `beta ~ N(0.8, 0.3^2)`, `g ~ N(0, 0.01^2)`, a flat; `A = X'X + diag(0, s^2/.09, s^2/.0001)`. The variance
//! is pooled with its prior like a scaled inverse chi square of 4 degrees of freedom:
//! `s^2 = (4 s0^2 + SSR) / (4 + df)`, four iterations. Without controls C is 0 everywhere, and beta stays
//! where its prior is, without any effect.

/// Prior mean of beta: how much of what moves the controls moves a query.
pub const LOADING: f64 = 0.8;
/// Prior standard deviation of beta.
const LOADING_SD: f64 = 0.3;
/// Prior standard deviation of the trend, log units a day: 1 % a day is a lot.
const TREND_SD: f64 = 0.01;
/// Prior standard deviation of a day's value when no controls say how much days scatter.
pub const PRIOR_SD_UNCONTROLLED: f64 = 0.10;
/// The prior standard deviation is held within this range.
const PRIOR_SD_RANGE: (f64, f64) = (0.03, 0.30);
/// No query is steadier than this from day to day.
const MIN_SD: f64 = 0.02;
/// Weight of the prior variance, degrees of freedom.
pub const PRIOR_DF: f64 = 4.0;
/// Variance and coefficients depend on each other; four rounds settle them to 1e-3.
const ROUNDS: usize = 4;

/// A day of the baseline: its number, its value, what the controls did.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub day: f64,
    pub z: f64,
    pub common: f64,
    pub calls: f64,
}

/// The fitted model.
#[derive(Debug, Clone)]
pub struct Fit {
    /// a, beta, g.
    pub coefficients: [f64; 3],
    /// A^-1.
    inverse: [[f64; 3]; 3],
    /// s^2.
    pub variance: f64,
    /// s0^2 as it was used.
    pub prior_variance: f64,
    /// Degrees of freedom of the interval: 4 + df.
    pub total_df: f64,
    mean_day: f64,
    pub days: usize,
    calls_of_a_day: f64,
}

impl Fit {
    /// `None` only where the numbers are not finite.
    pub fn new(
        points: &[Point],
        prior_variance: Option<f64>,
        are_weekends_apart: bool,
    ) -> Option<Fit> {
        let n = points.len() as f64;
        let prior_sd = prior_variance.map_or(PRIOR_SD_UNCONTROLLED, f64::sqrt);
        if points.is_empty() || !prior_sd.is_finite() {
            return None;
        }
        let prior = prior_sd.clamp(PRIOR_SD_RANGE.0, PRIOR_SD_RANGE.1).powi(2);
        let mean_day = points.iter().map(|point| point.day).sum::<f64>() / n;
        // One for the level, one for weekends apart, half for each coefficient with a prior.
        let df = (n - 1.0 - f64::from(u8::from(are_weekends_apart)) - 0.5 - 0.5).max(0.5);
        let mut variance = prior;
        for _ in 0..ROUNDS {
            let (coefficients, _) = solve(points, mean_day, variance)?;
            let residuals = points.iter().map(|point| {
                point.z - dot(&coefficients, &row(point.common, point.day - mean_day))
            });
            let ssr: f64 = residuals.map(|residual| residual * residual).sum();
            variance = ((PRIOR_DF * prior + ssr) / (PRIOR_DF + df)).max(MIN_SD.powi(2));
        }
        let (coefficients, inverse) = solve(points, mean_day, variance)?;
        let is_finite = variance.is_finite() && coefficients.iter().all(|value| value.is_finite());
        is_finite.then_some(Fit {
            coefficients,
            inverse,
            variance,
            prior_variance: prior,
            total_df: PRIOR_DF + df,
            mean_day,
            days: points.len(),
            calls_of_a_day: points.iter().map(|point| point.calls).sum::<f64>() / n,
        })
    }

    /// What is to be expected where the controls did `common`, around day `day`.
    pub fn predict(&self, common: f64, day: f64) -> f64 {
        dot(&self.coefficients, &row(common, day - self.mean_day))
    }

    /// What a day of `calls` calls scatters more than one of the baseline.
    ///
    /// What of s^2 lies above s0^2, the scatter of queries with many calls, is taken for the scatter of
    /// single calls; it goes with 1 / calls. Never less than 0: more calls than before prove nothing
    /// about where the baseline's scatter came from.
    pub fn excess_variance(&self, calls: f64) -> f64 {
        let of_calls = (self.variance - self.prior_variance).max(0.0);
        if calls > 0.0 { of_calls * (self.calls_of_a_day / calls - 1.0).max(0.0) } else { 0.0 }
    }

    /// `x' A^-1 x`: how far the coefficients' uncertainty reaches there, in units of s^2.
    pub fn leverage(&self, common: f64, day: f64) -> f64 {
        let x = row(common, day - self.mean_day);
        x.iter().zip(&self.inverse).map(|(value, line)| value * dot(line, &x)).sum()
    }
}

fn row(common: f64, days_from_mean: f64) -> [f64; 3] {
    [1.0, common, days_from_mean]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

type Matrix = [[f64; 3]; 3];

/// The coefficients and A^-1 at a given variance.
fn solve(points: &[Point], mean_day: f64, variance: f64) -> Option<([f64; 3], Matrix)> {
    let penalty = [0.0, variance / LOADING_SD.powi(2), variance / TREND_SD.powi(2)];
    let mut a = [[0.0; 3]; 3];
    let mut right = [0.0, LOADING * penalty[1], 0.0];
    for (i, line) in a.iter_mut().enumerate() {
        line[i] = penalty[i];
    }
    for point in points {
        let x = row(point.common, point.day - mean_day);
        for i in 0..3 {
            right[i] += x[i] * point.z;
            for j in 0..3 {
                a[i][j] += x[i] * x[j];
            }
        }
    }
    let inverse = inverse(&a)?;
    Some((inverse.map(|line| dot(&line, &right)), inverse))
}

/// By cofactors. A is symmetric and positive definite: the penalties see to it.
fn inverse(a: &Matrix) -> Option<Matrix> {
    let cofactor = |i: usize, j: usize| {
        let (p, q) = ((i + 1) % 3, (i + 2) % 3);
        let (r, s) = ((j + 1) % 3, (j + 2) % 3);
        a[p][r] * a[q][s] - a[p][s] * a[q][r]
    };
    let determinant: f64 = (0..3).map(|j| a[0][j] * cofactor(0, j)).sum();
    if !(determinant.is_finite() && determinant > 0.0) {
        return None;
    }
    let mut inverse = [[0.0; 3]; 3];
    for (i, line) in inverse.iter_mut().enumerate() {
        for (j, value) in line.iter_mut().enumerate() {
            *value = cofactor(j, i) / determinant;
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64)]) -> Vec<Point> {
        let days = (0..values.len()).map(|day| day as f64 - values.len() as f64 - 1.0);
        days.zip(values)
            .map(|(day, (z, common))| Point { day, z: *z, common: *common, calls: 1000.0 })
            .collect()
    }

    fn fit(values: &[(f64, f64)], prior_sd: f64) -> Fit {
        Fit::new(&points(values), Some(prior_sd * prior_sd), false).unwrap()
    }

    #[test]
    fn without_controls_the_level_is_the_mean_and_the_common_part_stays_at_its_prior() {
        let fit = fit(&[(0.1, 0.0), (0.3, 0.0), (0.3, 0.0), (0.1, 0.0)], 0.1);
        assert!((fit.predict(0.0, fit.mean_day) - 0.2).abs() < 1e-12);
        assert!((fit.coefficients[1] - LOADING).abs() < 1e-12);
        assert!(fit.coefficients[2].abs() < 1e-12);
    }

    #[test]
    fn queries_move_with_their_controls_and_not_against_them() {
        // z = 0.5 + 1.1 c exactly, and c moves a lot: the data outweigh the prior of 0.8.
        let values: Vec<(f64, f64)> = (0..14)
            .map(|i| (if i % 2 == 0 { 1.0 } else { -1.0 }) * 0.5)
            .map(|c| (0.5 + 1.1 * c, c))
            .collect();
        let fit = fit(&values, 0.03);
        assert!((fit.coefficients[1] - 1.1).abs() < 0.01, "{:?}", fit.coefficients);
        assert!((fit.predict(-0.3, fit.mean_day) - (0.5 - 0.33)).abs() < 0.01);
        // Where c never moved, the prior decides.
        let still = Fit::new(&points(&[(0.1, 0.0); 8]), Some(0.0009), false).unwrap();
        assert!((still.predict(-0.3, still.mean_day) - (0.1 - 0.24)).abs() < 1e-9);
    }

    #[test]
    fn a_trend_is_followed_in_part() {
        let values: Vec<(f64, f64)> = (0..14).map(|i| (0.01 * f64::from(i), 0.0)).collect();
        let fit = fit(&values, 0.06);
        let slope = fit.coefficients[2];
        assert!(slope > 0.006 && slope < 0.01, "{slope}");
        assert!(fit.predict(0.0, 0.0) > fit.predict(0.0, -10.0));
    }

    #[test]
    fn the_variance_by_hand() {
        // Two days, 0.2 apart, no controls: df = max(2 - 1 - 1/2 - 1/2, 1/2) = 1/2. The trend cannot take
        // the difference: its prior is narrow. ssr is near 2 x 0.1^2.
        let fit = fit(&[(0.1, 0.0), (0.3, 0.0)], 0.1);
        assert_eq!(fit.total_df, 4.5);
        let ssr = 2.0 * (0.1 - 0.5 * fit.coefficients[2]).powi(2);
        assert!((fit.variance - (4.0 * 0.01 + ssr) / 4.5).abs() < 1e-6, "{}", fit.variance);
        // More days: one for the level, one half each for the two with priors.
        assert_eq!(self::fit(&[(0.1, 0.0); 14], 0.1).total_df, 16.0);
        let apart = Fit::new(&points(&[(0.1, 0.0); 14]), None, true).unwrap();
        assert_eq!(apart.total_df, 15.0);
    }

    #[test]
    fn the_spread_is_never_below_two_percent_nor_its_prior_out_of_range() {
        let calm = fit(&[(0.1, 0.0); 14], 0.0);
        assert_eq!(calm.prior_variance.sqrt(), 0.03);
        assert_eq!(calm.variance.sqrt(), 0.02);
        assert_eq!(fit(&[(0.1, 0.0); 14], 9.0).prior_variance.sqrt(), 0.30);
        let uncontrolled = Fit::new(&points(&[(0.1, 0.0); 14]), None, false).unwrap();
        assert!((uncontrolled.prior_variance.sqrt() - 0.10).abs() < 1e-15);
    }

    #[test]
    fn the_inverse_is_one() {
        let a = [[14.0, 0.7, 0.1], [0.7, 2.5, -0.3], [0.1, -0.3, 300.0]];
        let inverse = inverse(&a).unwrap();
        for (i, line) in a.iter().enumerate() {
            for j in 0..3 {
                let product: f64 = line.iter().zip(&inverse).map(|(x, y)| x * y[j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12, "{i} {j}");
            }
        }
        assert!(super::inverse(&[[0.0; 3]; 3]).is_none());
        assert!(super::inverse(&[[f64::NAN; 3]; 3]).is_none());
    }

    #[test]
    fn leverage_grows_with_the_distance_from_what_was_seen() {
        let fit = fit(&[(0.1, 0.05), (0.2, -0.05), (0.1, 0.05), (0.2, -0.05)], 0.1);
        let near = fit.leverage(0.0, fit.mean_day);
        assert!((near - 0.25).abs() < 1e-9, "one over the number of days: {near}");
        assert!(fit.leverage(0.0, 5.0) > near);
        assert!(fit.leverage(-0.3, fit.mean_day) > near);
    }

    #[test]
    fn fewer_calls_add_what_calls_scatter() {
        let loud: Vec<(f64, f64)> = (0..14).map(|i| (0.3 * f64::from(i % 2), 0.0)).collect();
        let fit = fit(&loud, 0.05);
        let of_calls = fit.variance - 0.0025;
        assert!(of_calls > 0.01);
        assert_eq!(fit.excess_variance(1000.0), 0.0);
        assert_eq!(fit.excess_variance(5000.0), 0.0);
        assert!((fit.excess_variance(400.0) - 1.5 * of_calls).abs() < 1e-12);
        assert_eq!(fit.excess_variance(0.0), 0.0);
        // A query that scatters no more than others: nothing to add.
        assert_eq!(self::fit(&[(0.1, 0.0); 14], 0.1).excess_variance(10.0), 0.0);
    }

    #[test]
    fn nothing_and_no_numbers_give_no_model() {
        assert!(Fit::new(&[], None, false).is_none());
        assert!(Fit::new(&points(&[(f64::NAN, 0.0); 3]), None, false).is_none());
        assert!(Fit::new(&points(&[(0.1, 0.0); 3]), Some(f64::NAN), false).is_none());
        assert!(Fit::new(&points(&[(0.1, 0.0); 3]), Some(-1.0), false).is_none());
        assert!(Fit::new(&points(&[(1e200, 0.0), (-1e200, 0.0)]), None, false).is_none());
    }
}
