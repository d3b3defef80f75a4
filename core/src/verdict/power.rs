//! What a measurement could have seen, and what it would need to see more.

use crate::statistics::student_t;
use crate::verdict::interval::Effect;

/// Chance with which the smallest visible effect would have been proven.
const POWER: f64 = 0.8;

/// Days after the change beyond which more of them are not worth naming: what is uncertain then is the
/// baseline, which no waiting makes longer.
const MOST_DAYS: i64 = 60;

/// The smallest change, log units, that would be proven with a chance of 80 %: `(t(alpha/2) + t(0.2)) se`
/// (Bloom 1995, "Minimum detectable effects"), and never less than the margin.
pub fn smallest_visible_effect(effect: &Effect, alpha: f64, margin: f64) -> f64 {
    let quantiles =
        student_t::two_sided(alpha, effect.df) + student_t::upper_quantile(1.0 - POWER, effect.df);
    (quantiles * effect.standard_error).max(margin)
}

/// About how many more calls would settle it, if the effect stays what it is and calls keep coming as
/// they do: enough for the interval to leave out 0 or, for an effect that is none, what was promised.
/// `None` when not even [`MOST_DAYS`] would.
pub fn more_calls_needed(
    effect: &Effect,
    alpha: f64,
    margin: f64,
    promised: f64,
    calls_of_a_day: f64,
) -> Option<i64> {
    let to_zero = if effect.theta.abs() >= margin { effect.theta.abs() } else { 0.0 };
    let room = to_zero.max(effect.theta + promised);
    let t = student_t::two_sided(alpha, effect.df);
    let now = effect.days_after as i64;
    let days = (now + 1..=MOST_DAYS).find(|days| t * effect.standard_error_after(*days) < room)?;
    let calls = ((days - now) as f64 * calls_of_a_day).ceil();
    (calls.is_finite() && calls >= 0.0).then_some(calls.min(1e15) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::interval::tests::given;

    const MARGIN: f64 = 0.048_790_164_169_432;

    #[test]
    fn the_smallest_visible_effect_is_both_quantiles_of_the_error() {
        // t(0.025) + t(0.2) at 12 degrees of freedom.
        let effect = given(0.0, 0.1);
        let visible = smallest_visible_effect(&effect, 0.05, MARGIN);
        assert!((visible - 0.1 * (2.178_813 + 0.872_609)).abs() < 1e-6, "{visible}");
        assert!(smallest_visible_effect(&effect, 0.01, MARGIN) > visible);
        assert_eq!(smallest_visible_effect(&given(0.0, 1e-6), 0.05, MARGIN), MARGIN);
    }

    #[test]
    fn more_calls_settle_what_is_nearly_settled() {
        let undecided = given(0.0, 0.0);
        let se = undecided.standard_error_after(2);
        // Three days are just enough for this theta, two are not.
        let t = student_t::two_sided(0.05, undecided.df);
        let theta = -t * (undecided.standard_error_after(3) + se) / 2.0;
        let effect = given(theta, se);
        assert_eq!(more_calls_needed(&effect, 0.05, MARGIN, 0.0, 700.5), Some(701));
        assert_eq!(more_calls_needed(&effect, 0.05, MARGIN, 0.0, 0.0), Some(0));
        assert_eq!(more_calls_needed(&effect, 0.05, MARGIN, 0.0, f64::NAN), None);
    }

    #[test]
    fn no_number_of_calls_makes_the_baseline_longer() {
        let effect = given(-0.06, given(0.0, 0.0).standard_error_after(2));
        assert_eq!(more_calls_needed(&effect, 0.05, MARGIN, 0.05, 700.0), None);
        // Far from what was promised, the promise is what is ruled out.
        let far = more_calls_needed(&effect, 0.05, MARGIN, 1.0, 700.0);
        assert_eq!(far, Some(700));
    }
}
