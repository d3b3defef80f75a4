//! How far to trust each kind of advice, from predicted against actual.
//!
//! Two things are learned apart: whether advice of a kind works moves its *confidence*, how large
//! the improvement was when it did moves its *forecast*. Both start from what the source stated and
//! are that exactly while nothing has been measured. Everything is recomputed from the outcomes
//! themselves, so that no outcome can count twice.

use crate::Micros;

pub mod calibration;

/// Weight of the stated (or learned) confidence, in outcomes.
const PRIOR_OUTCOMES: f64 = 8.0;
/// How much of the gap between stated and seen success the prior itself moves, at most.
const PRIOR_SHIFT: f64 = 0.5;
/// Learned confidence never claims certainty.
const CONFIDENCE_RANGE: (f64, f64) = (0.02, 0.98);
/// Weight of "as predicted" in the realisation rate, in outcomes of the kind's mean prediction.
const REALISATION_PRIOR_OUTCOMES: f64 = 5.0;
/// An outcome counts half after this many days: servers, data and tools change.
const HALF_LIFE_DAYS: f64 = 180.0;
const MICROS_PER_DAY: f64 = 86_400e6;
/// Share of actual improvements that the forecast's interval is to hold.
const FORECAST_COVERAGE: f64 = 0.8;
/// Improved outcomes of a kind from which on its own residuals make the interval.
const OWN_RESIDUALS: usize = 9;
/// Prior of the rate of harm, Beta(1, 19): one in twenty. Few changes do harm; a kind without outcomes
/// is not harmless, and one that harmed once is not always harmful.
const HARM_PRIOR: (f64, f64) = (1.0, 19.0);
/// Half width of the forecast's interval before anything is known, percentage points.
pub const UNKNOWN_HALF_WIDTH_PERCENT: f64 = 35.0;

/// What an implementation's final verdict teaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lesson {
    /// It worked, by this many percent (adjusted, where there is an adjusted figure).
    Worked { improvement_percent: f64 },
    /// It did not do what was promised.
    Failed,
    /// It made things worse. For the confidence the same as [`Lesson::Failed`].
    Harmed,
    /// Nothing: counted, never learned from.
    Inconclusive,
}

/// One measured implementation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub lesson: Lesson,
    pub measured_at: Micros,
    /// What the source stated, percent. Never what was learned: nothing feeds on itself.
    pub predicted_percent: f64,
    /// 1/k for an outcome that shares its action with k - 1 others.
    pub share: f64,
}

/// What the outcomes of one kind of advice add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KindLearning {
    /// Outcomes that taught something.
    pub outcomes: i32,
    pub inconclusive: i32,
    /// N: their weights added up.
    pub weight: f64,
    /// S: the weights of those that worked.
    pub success_weight: f64,
    /// The weights of those that did harm.
    pub harm_weight: f64,
    /// rho: how much of what was predicted comes true when it works; 1 without outcomes.
    pub realisation_rate: Option<f64>,
    /// Half width of the forecast's 80 % interval by the kind's own residuals, percentage points.
    pub half_width_percent: Option<f64>,
}

impl Outcome {
    /// What it weighs when the latest outcome was measured at `latest`: its share, halved every [`HALF_LIFE_DAYS`].
    pub(crate) fn weight_at(&self, latest: Micros) -> f64 {
        let days = (latest - self.measured_at) as f64 / MICROS_PER_DAY;
        self.share * 0.5_f64.powf(days / HALF_LIFE_DAYS)
    }
}

impl KindLearning {
    /// Learns from all outcomes of one kind, in any order.
    pub fn from_outcomes(outcomes: &[Outcome]) -> KindLearning {
        let latest = outcomes.iter().map(|o| o.measured_at).max().unwrap_or_default();
        let weight_of = |o: &Outcome| o.weight_at(latest);
        let mut learning = KindLearning::default();
        for outcome in outcomes {
            match outcome.lesson {
                Lesson::Inconclusive => learning.inconclusive += 1,
                lesson => {
                    learning.outcomes += 1;
                    learning.weight += weight_of(outcome);
                    if matches!(lesson, Lesson::Worked { .. }) {
                        learning.success_weight += weight_of(outcome);
                    }
                    if lesson == Lesson::Harmed {
                        learning.harm_weight += weight_of(outcome);
                    }
                }
            }
        }
        learning.realisation_rate = realisation_rate(outcomes, weight_of);
        let residuals = residuals(outcomes, learning.rate());
        if residuals.len() >= OWN_RESIDUALS {
            learning.half_width_percent = conformal_half_width(residuals);
        }
        learning
    }

    /// How often advice of this kind does harm: the mean of Beta(1 + harmed, 19 + the others).
    pub fn harm_rate(&self) -> f64 {
        (HARM_PRIOR.0 + self.harm_weight) / (HARM_PRIOR.0 + HARM_PRIOR.1 + self.weight)
    }

    fn rate(&self) -> f64 {
        self.realisation_rate.unwrap_or(1.0)
    }

    /// The residuals of the improved outcomes, for the interval pooled over all kinds.
    pub fn residuals(&self, outcomes: &[Outcome]) -> Vec<f64> {
        residuals(outcomes, self.rate())
    }
}

/// Half width pooled over kinds; too few residuals say nothing, and then it is
/// [`UNKNOWN_HALF_WIDTH_PERCENT`].
pub fn pooled_half_width_percent(residuals: Vec<f64>) -> f64 {
    conformal_half_width(residuals).unwrap_or(UNKNOWN_HALF_WIDTH_PERCENT)
}

/// What a kind's outcomes do to a stated confidence: a straight line, cut off at both ends.
///
/// `m = stated + 0.5 N/(N+8) (S/N - stated)`, `confidence = (S + 8 m) / (N + 8)`, clamped to
/// 0.02..0.98, with N outcomes of which S worked; exactly `stated` while N is 0. It is linear in
/// `stated`, so a kind needs it once and its recommendations multiply and add.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidenceLine {
    /// Confidence at a stated confidence of 0.
    pub at_zero: f64,
    /// Confidence that each unit of stated confidence adds.
    pub slope: f64,
    pub least: f64,
    pub most: f64,
}

impl ConfidenceLine {
    /// The line after outcomes of this `weight` (N), of which `success_weight` (S) worked.
    pub fn after(weight: f64, success_weight: f64) -> ConfidenceLine {
        if weight <= 0.0 {
            return ConfidenceLine { at_zero: 0.0, slope: 1.0, least: 0.0, most: 1.0 };
        }
        let shift = PRIOR_SHIFT * weight / (weight + PRIOR_OUTCOMES);
        let seen = success_weight / weight;
        let all = weight + PRIOR_OUTCOMES;
        ConfidenceLine {
            at_zero: (success_weight + PRIOR_OUTCOMES * shift * seen) / all,
            slope: PRIOR_OUTCOMES * (1.0 - shift) / all,
            least: CONFIDENCE_RANGE.0,
            most: CONFIDENCE_RANGE.1,
        }
    }

    /// The learned confidence, 0 to 1.
    pub fn at(&self, stated: f64) -> f64 {
        (self.at_zero + self.slope * stated).clamp(self.least, self.most)
    }
}

/// Expected improvement given that the advice works, percent: rho x predicted, 0 to 100; exactly
/// `predicted_percent` while nothing was learned.
pub fn forecast_percent(predicted_percent: f64, realisation_rate: Option<f64>) -> f64 {
    match realisation_rate {
        None => predicted_percent,
        Some(rate) => (rate * predicted_percent).clamp(0.0, 100.0),
    }
}

/// `rho = (sum w actual predicted + 5 p^2) / (sum w predicted^2 + 5 p^2)` over the outcomes that
/// worked, p their weighted mean prediction; `None` when there are none to learn from.
fn realisation_rate(outcomes: &[Outcome], weight_of: impl Fn(&Outcome) -> f64) -> Option<f64> {
    let (mut weights, mut predictions, mut products, mut squares) = (0.0, 0.0, 0.0, 0.0);
    for outcome in outcomes {
        if let Lesson::Worked { improvement_percent } = outcome.lesson {
            let weight = weight_of(outcome);
            weights += weight;
            predictions += weight * outcome.predicted_percent;
            products += weight * improvement_percent * outcome.predicted_percent;
            squares += weight * outcome.predicted_percent.powi(2);
        }
    }
    // Nothing worked, or nothing was ever predicted: no rate.
    if weights <= 0.0 || predictions <= 0.0 {
        return None;
    }
    let prior = REALISATION_PRIOR_OUTCOMES * (predictions / weights).powi(2);
    Some((products + prior) / (squares + prior))
}

fn residuals(outcomes: &[Outcome], rate: f64) -> Vec<f64> {
    outcomes
        .iter()
        .filter_map(|outcome| match outcome.lesson {
            Lesson::Worked { improvement_percent } => Some(
                (improvement_percent - forecast_percent(outcome.predicted_percent, Some(rate)))
                    .abs(),
            ),
            _ => None,
        })
        .collect()
}

/// Split conformal: the ceil((n + 1) x 0.8)-th smallest residual (Lei et al., "Distribution-free
/// predictive inference for regression", 2018); `None` when there are too few for that.
pub(crate) fn conformal_half_width(mut residuals: Vec<f64>) -> Option<f64> {
    let rank = ((residuals.len() as f64 + 1.0) * FORECAST_COVERAGE).ceil() as usize;
    residuals.sort_by(f64::total_cmp);
    residuals.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests;
