//! The second half of learning: one ridge regression that predicts the improvement of advice that works.
//!
//! The first half (`learning`) knows a rate per kind of advice. This one also looks at the query: how often it runs, how long, how many blocks and rows.
//! It predicts the same thing, the improvement *given that the advice works*, so it is trained on outcomes that worked, and it is used only while it
//! predicts outcomes it has not seen better than that rule does.
//! Trap: both are judged on outcomes left out of their training, by the same folds; several queries of one action are in one fold, or the model would be
//! asked about a change that it was shown.

mod cross_validation;
mod features;
mod ridge;

pub use features::{Features, Layout};

use crate::learning::{
    KindLearning, Lesson, Outcome, UNKNOWN_HALF_WIDTH_PERCENT, conformal_half_width,
    forecast_percent,
};
use crate::performance_model::cross_validation::{folds, summary};
use crate::performance_model::ridge::Ridge;

/// Outcomes of any verdict but inconclusive before a model is trained. 50: with the handful of features here, about five outcomes for each.
pub const MIN_OUTCOMES: usize = 50;

/// Outcomes that worked, which are what is learned from. 20: two for each of ten folds.
pub const MIN_WORKED: usize = 20;

/// Growth of the outcomes after which a model is trained anew. 1.05: one more outcome in twenty moves it little, and the number of
/// versions stays small.
const GROWTH: f64 = 1.05;

/// Whether a model is to be trained: there were `seen` conclusive outcomes the last time (0 when never), now there are `outcomes`.
pub fn is_due(seen: usize, outcomes: usize) -> bool {
    outcomes >= MIN_OUTCOMES && outcomes as f64 >= seen as f64 * GROWTH
}

/// What one outcome teaches the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub features: Features,
    /// Measured improvement, percent (adjusted, where there is an adjusted figure).
    pub improvement_percent: f64,
    /// When it was measured; outcomes age as in `learning`.
    pub outcome: Outcome,
    /// Outcomes of one action carry one number and are left out together.
    pub action: i64,
}

/// How well something predicts outcomes that it was not shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// 1 - squared error / squared distance from the mean; negative when the mean alone is better. 0 where all outcomes are alike.
    pub r2: f64,
    /// Mean absolute error, percentage points.
    pub mae: f64,
    /// Root of the mean squared error, percentage points.
    pub rmse: f64,
}

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub layout: Layout,
    pub intercept: f64,
    /// Percentage points per unit of each feature, in the order of [`Layout::names`].
    pub coefficients: Vec<f64>,
    /// Ridge penalty, in observations.
    pub penalty: f64,
    pub examples: usize,
    /// By cross-validation.
    pub quality: Quality,
    /// Of the rule of `learning`, on the same folds.
    pub rule_quality: Quality,
    /// Half width of the 80 % interval, from the residuals of cross-validation, percentage points.
    pub half_width_percent: f64,
    /// It predicts better than the rule, by more than one standard error of the difference.
    pub beats_rule: bool,
}

/// Why there is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTrained {
    #[error("{outcomes} outcomes, {MIN_OUTCOMES} are needed")]
    TooFewOutcomes { outcomes: usize },
    #[error("{worked} outcomes that improved, {MIN_WORKED} are needed")]
    TooFewWorked { worked: usize },
}

/// Trains a model on the examples that worked. `outcomes`: how many conclusive ones there are in all.
///
/// # Errors
/// [`NotTrained`] while there is too little to learn from.
pub fn train(outcomes: usize, examples: &[Example]) -> Result<Model, NotTrained> {
    if outcomes < MIN_OUTCOMES {
        return Err(NotTrained::TooFewOutcomes { outcomes });
    }
    let worked: Vec<&Example> = examples
        .iter()
        .filter(|example| {
            matches!(example.outcome.lesson, Lesson::Worked { .. })
                && example.improvement_percent.is_finite()
        })
        .collect();
    if worked.len() < MIN_WORKED {
        return Err(NotTrained::TooFewWorked { worked: worked.len() });
    }
    let (by_model, by_rule) = left_out_predictions(&worked);
    let actual: Vec<f64> = worked.iter().map(|example| example.improvement_percent).collect();
    let weights = weights(&worked);
    let (layout, ridge) = fit(&worked);
    let residuals = by_model.iter().zip(&actual).map(|(said, came)| (said - came).abs()).collect();
    Ok(Model {
        layout,
        intercept: ridge.intercept,
        coefficients: ridge.coefficients,
        penalty: ridge.penalty,
        examples: worked.len(),
        quality: summary(&by_model, &actual, &weights),
        rule_quality: summary(&by_rule, &actual, &weights),
        half_width_percent: conformal_half_width(residuals).unwrap_or(UNKNOWN_HALF_WIDTH_PERCENT),
        beats_rule: cross_validation::is_better(&by_model, &by_rule, &actual, &weights),
    })
}

impl Model {
    /// Expected improvement given that the advice works, percent, 0 to 100.
    pub fn predict(&self, features: &Features) -> f64 {
        let row = self.layout.row(features);
        let sum: f64 = row.iter().zip(&self.coefficients).map(|(x, b)| x * b).sum();
        (self.intercept + sum).clamp(0.0, 100.0)
    }
}

fn fit(examples: &[&Example]) -> (Layout, Ridge) {
    let layout = Layout::of(examples.iter().map(|example| &example.features));
    let rows: Vec<Vec<f64>> =
        examples.iter().map(|example| layout.row(&example.features)).collect();
    let actual: Vec<f64> = examples.iter().map(|example| example.improvement_percent).collect();
    let ridge = Ridge::fit(&rows, &actual, &weights(examples));
    (layout, ridge)
}

/// Age and shared actions, as in `learning`; the mean weight is 1, so that a penalty means the same in every database.
fn weights(examples: &[&Example]) -> Vec<f64> {
    let latest =
        examples.iter().map(|example| example.outcome.measured_at).max().unwrap_or_default();
    let weights: Vec<f64> =
        examples.iter().map(|example| example.outcome.weight_at(latest)).collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    weights.iter().map(|weight| weight / mean.max(f64::MIN_POSITIVE)).collect()
}

/// What model and rule say about each example when they have not seen it.
fn left_out_predictions(examples: &[&Example]) -> (Vec<f64>, Vec<f64>) {
    let (mut by_model, mut by_rule) = (vec![0.0; examples.len()], vec![0.0; examples.len()]);
    for left_out in folds(examples) {
        let shown: Vec<&Example> = examples
            .iter()
            .enumerate()
            .filter(|(place, _)| !left_out.contains(place))
            .map(|(_, example)| *example)
            .collect();
        let (layout, ridge) = fit(&shown);
        for place in left_out {
            let asked = examples[place];
            let row = layout.row(&asked.features);
            by_model[place] = ridge.predict(&row).clamp(0.0, 100.0);
            by_rule[place] = rule(&shown, asked);
        }
    }
    (by_model, by_rule)
}

/// Section 4 of the method: the kind's rate times what was stated.
fn rule(shown: &[&Example], asked: &Example) -> f64 {
    let of_kind: Vec<Outcome> = shown
        .iter()
        .filter(|example| example.features.is_same_kind(&asked.features))
        .map(|example| example.outcome)
        .collect();
    let rate = KindLearning::from_outcomes(&of_kind).realisation_rate;
    forecast_percent(asked.features.stated_percent, rate).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests;
