//! What the model looks at, as numbers.
//!
//! Counts and times span orders of magnitude and act as ratios, so their logarithms are used; sources and kinds become columns of 0 and 1.
//! Trap: the same numbers are computed in SQL for every open recommendation (sql/queries/scores.sql). A change here is a change there.

use std::collections::BTreeMap;

/// Fewest examples of a kind that gets a column of its own; rarer ones are told apart by their source alone. 5: fewer move the coefficient with each.
const MIN_EXAMPLES_OF_A_KIND: usize = 5;

/// A recommendation and its query.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    pub made_by: String,
    pub source_type: String,
    pub kind: String,
    /// What the source stated, percent.
    pub stated_percent: f64,
    pub calls_per_hour: f64,
    pub mean_exec_time_ms: f64,
    pub shared_blks_per_call: f64,
    pub rows_per_call: f64,
    /// Planner cost after / before, where an advisor had both.
    pub cost_ratio: Option<f64>,
}

impl Features {
    /// Whether the rule of `learning` keeps one account for both.
    pub fn is_same_kind(&self, other: &Features) -> bool {
        (&self.made_by, &self.source_type, &self.kind)
            == (&other.made_by, &other.source_type, &other.kind)
    }

    fn kind_name(&self) -> String {
        format!("kind:{}/{}/{}", self.made_by, self.source_type, self.kind)
    }

    fn source_name(&self) -> String {
        format!("source:{}", self.source_type)
    }
}

/// Names of the columns that every model has, in order.
const NUMBERS: [&str; 7] = [
    "stated_percent",
    "ln_calls_per_hour",
    "ln_mean_exec_time_ms",
    "ln_shared_blks_per_call",
    "ln_rows_per_call",
    "ln_cost_ratio",
    "cost_ratio_unknown",
];

/// Which columns a model has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Columns of 0 and 1, after the numbers.
    groups: Vec<String>,
}

impl Layout {
    /// The columns that these examples can fill.
    pub fn of<'a>(examples: impl Iterator<Item = &'a Features>) -> Layout {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for features in examples {
            *counts.entry(features.kind_name()).or_default() += 1;
            *counts.entry(features.source_name()).or_default() += 1;
        }
        let groups = counts
            .into_iter()
            .filter(|(_, count)| *count >= MIN_EXAMPLES_OF_A_KIND)
            .map(|(name, _)| name)
            .collect();
        Layout { groups }
    }

    /// Names of the columns, in the order of [`Layout::row`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        NUMBERS.into_iter().chain(self.groups.iter().map(String::as_str))
    }

    /// The columns of one recommendation.
    pub fn row(&self, features: &Features) -> Vec<f64> {
        let log = |value: f64| if value.is_finite() { value.max(0.0).ln_1p() } else { 0.0 };
        let ratio = features.cost_ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0);
        let numbers = [
            if features.stated_percent.is_finite() { features.stated_percent } else { 0.0 },
            log(features.calls_per_hour),
            log(features.mean_exec_time_ms),
            log(features.shared_blks_per_call),
            log(features.rows_per_call),
            ratio.map_or(0.0, f64::ln),
            if ratio.is_none() { 1.0 } else { 0.0 },
        ];
        let (kind, source) = (features.kind_name(), features.source_name());
        let groups =
            self.groups.iter().map(|name| if *name == kind || *name == source { 1.0 } else { 0.0 });
        numbers.into_iter().chain(groups).collect()
    }
}
