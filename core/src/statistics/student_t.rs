//! Student's t distribution for any positive number of degrees of freedom, whole or not.
//!
//! Its distribution function is the regularised incomplete beta function, evaluated as a continued
//! fraction by Lentz's method (Press et al., "Numerical Recipes", 3rd ed. 2007, section 6.4); the
//! quantile is Newton's iteration on it. To 1e-10 on the degrees of freedom of a verdict (4.5 to 40).

use std::f64::consts::PI;

/// Coefficients of Lanczos' approximation of ln gamma with g = 7 ("A precision approximation of the
/// gamma function", 1964; these nine by Godfrey), good to 1e-15 for positive arguments.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// Steps after which the continued fraction and Newton's iteration are cut off; both need fewer than
/// 60 on the degrees of freedom that occur.
const MOST_STEPS: usize = 500;

fn ln_gamma(x: f64) -> f64 {
    let x = x - 1.0;
    let t = x + 7.5;
    let series = LANCZOS[1..]
        .iter()
        .zip(1_u8..)
        .fold(LANCZOS[0], |sum, (coefficient, i)| sum + coefficient / (x + f64::from(i)));
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// I_x(a, b), where the continued fraction converges fast: x below (a + 1) / (a + b + 2).
fn beta_by_fraction(x: f64, a: f64, b: f64) -> f64 {
    let nonzero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    let mut m = 1.0;
    for _ in 0..MOST_STEPS {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
        m += 1.0;
    }
    let ln_front =
        a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) - a.ln();
    ln_front.exp() * fraction
}

fn beta_regularised(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x >= 1.0 {
        1.0
    } else if x < (a + 1.0) / (a + b + 2.0) {
        beta_by_fraction(x, a, b)
    } else {
        1.0 - beta_by_fraction(1.0 - x, b, a)
    }
}

/// P(T > t) for t >= 0.
fn upper_tail(t: f64, df: f64) -> f64 {
    0.5 * beta_regularised(df / (df + t * t), df / 2.0, 0.5)
}

/// P(T <= t) with `df` degrees of freedom.
pub fn cdf(t: f64, df: f64) -> f64 {
    if t >= 0.0 { 1.0 - upper_tail(t, df) } else { upper_tail(-t, df) }
}

/// The t that leaves `tail` above it, 0 < tail <= 1/2.
///
/// Newton from 0: the distribution function is concave right of 0, so each step stays left of the
/// answer and none overshoots.
pub fn upper_quantile(tail: f64, df: f64) -> f64 {
    let ln_density_at_0 = ln_gamma((df + 1.0) / 2.0) - ln_gamma(df / 2.0) - 0.5 * (df * PI).ln();
    let mut t = 0.0_f64;
    for _ in 0..MOST_STEPS {
        let density = (ln_density_at_0 - (df + 1.0) / 2.0 * (t * t / df).ln_1p()).exp();
        let step = (upper_tail(t, df) - tail) / density;
        if !step.is_finite() || step <= 1e-12 * t.max(1e-3) {
            break;
        }
        t += step;
    }
    t
}

/// Half of a two-sided interval that leaves out `alpha`, in standard errors.
pub fn two_sided(alpha: f64, df: f64) -> f64 {
    upper_quantile(alpha / 2.0, df)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (tail, df, table) in [
            (0.025, 4.0, 2.776_445),
            (0.025, 10.0, 2.228_139),
            (0.005, 5.0, 4.032_143),
            (0.005, 30.0, 2.749_996),
            (0.05, 1.0, 6.313_752),
            (0.2, 20.0, 0.859_964),
            (0.001, 12.0, 3.929_633),
            (0.5, 7.0, 0.0),
        ] {
            let t = upper_quantile(tail, df);
            assert!((t - table).abs() < 2e-6, "{tail} {df}: {t} is not {table}");
        }
        assert_eq!(two_sided(0.05, 10.0), upper_quantile(0.025, 10.0));
    }

    #[test]
    fn one_two_and_four_degrees_have_closed_forms() {
        for t in [-30.0_f64, -2.0, -0.1, 0.0, 0.3, 1.0, 5.0, 200.0] {
            let cauchy = 0.5 + t.atan() / PI;
            assert!((cdf(t, 1.0) - cauchy).abs() < 1e-12, "{t}");
            let two = 0.5 + t / (2.0 * (2.0 + t * t).sqrt());
            assert!((cdf(t, 2.0) - two).abs() < 1e-12, "{t}");
            let root = (1.0 + t * t / 4.0).sqrt();
            let four = 0.5 + 3.0 / 8.0 * t / root * (1.0 - t * t / (12.0 * root * root));
            assert!((cdf(t, 4.0) - four).abs() < 1e-12, "{t}");
        }
    }

    proptest! {
        #[test]
        fn the_quantile_is_the_inverse(tail in 0.0005f64..0.5, df in 0.6f64..60.0) {
            let t = upper_quantile(tail, df);
            prop_assert!((1.0 - cdf(t, df) - tail).abs() < 1e-9, "{} {}: {}", tail, df, t);
        }
    }
}
