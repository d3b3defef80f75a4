//! Which examples are left out together, and how well those were predicted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Example, Quality};

/// Parts the examples are split into. 10: the usual compromise (Kohavi, "A Study of Cross-Validation and Bootstrap", 1995).
const FOLDS: usize = 10;

/// Variance below this share of the squared mean is rounding, not spread.
const ALIKE: f64 = 1e-12;

/// Places of the examples of each part; the examples of one action are in one part. The same examples give the same parts.
pub fn folds(examples: &[&Example]) -> Vec<BTreeSet<usize>> {
    let mut actions: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (place, example) in examples.iter().enumerate() {
        actions.entry(example.action).or_default().push(place);
    }
    let mut folds = vec![BTreeSet::new(); FOLDS];
    // The largest actions first, each to the smallest part.
    let mut actions: Vec<Vec<usize>> = actions.into_values().collect();
    actions.sort_by_key(|places| std::cmp::Reverse(places.len()));
    for places in actions {
        if let Some(smallest) = folds.iter_mut().min_by_key(|fold| fold.len()) {
            smallest.extend(places);
        }
    }
    folds.retain(|fold| !fold.is_empty());
    folds
}

/// How far `said` was from `came`.
pub fn summary(said: &[f64], came: &[f64], weights: &[f64]) -> Quality {
    let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mean = |value: &dyn Fn(usize) -> f64| {
        weights.iter().enumerate().map(|(place, weight)| weight * value(place)).sum::<f64>() / total
    };
    let centre = mean(&|place| came[place]);
    let squared = mean(&|place| (said[place] - came[place]).powi(2));
    let spread = mean(&|place| (came[place] - centre).powi(2));
    Quality {
        r2: if spread > ALIKE * (1.0 + centre * centre) { 1.0 - squared / spread } else { 0.0 },
        mae: mean(&|place| (said[place] - came[place]).abs()),
        rmse: squared.sqrt(),
    }
}

/// Whether `one` is nearer to what came than `other`: the mean of the differences of their absolute errors is below zero by more than its standard
/// error, so that a model does not come and go with each outcome.
pub fn is_better(one: &[f64], other: &[f64], came: &[f64], weights: &[f64]) -> bool {
    let differences: Vec<f64> = came
        .iter()
        .zip(one.iter().zip(other))
        .map(|(came, (one, other))| (one - came).abs() - (other - came).abs())
        .collect();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return false;
    }
    let mean = differences.iter().zip(weights).map(|(d, w)| d * w).sum::<f64>() / total;
    let squares: f64 = differences.iter().zip(weights).map(|(d, w)| (w * (d - mean)).powi(2)).sum();
    mean < -squares.sqrt() / total
}
