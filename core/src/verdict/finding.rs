//! What a look at a change finds. Every number is finite or absent.

use serde::{Deserialize, Serialize};

use crate::verdict::interval::{Effect, improvement_percent};
use crate::verdict::plain::Verdict;

/// What is left out of the interval that is shown, whichever look it is.
pub const SHOWN_ALPHA: f64 = 0.05;

/// Why the verdict is what it is. The names are stable: they stand at the head of `verdict_reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// improved: time per call fell.
    Faster,
    /// improved: time is undecided, but calls touch fewer blocks.
    FewerBlocks,
    /// regressed.
    Slower,
    /// not_improved: whatever it did, it was not what was promised.
    BelowPromise,
    // The rest is inconclusive.
    NotApplied,
    Coverage,
    TooFewCalls,
    ShortBaseline,
    QueryVanished,
    EpochChange,
    Confounded,
    Uncontrolled,
    WorkloadShift,
    /// The effect, if there is one, is too small to be seen by now.
    Power,
    Error,
}

impl Reason {
    /// Its name in `verdict_reason`.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Faster => "faster",
            Reason::FewerBlocks => "fewer_blocks",
            Reason::Slower => "slower",
            Reason::BelowPromise => "below_promise",
            Reason::NotApplied => "not_applied",
            Reason::Coverage => "coverage",
            Reason::TooFewCalls => "too_few_calls",
            Reason::ShortBaseline => "short_baseline",
            Reason::QueryVanished => "query_vanished",
            Reason::EpochChange => "epoch_change",
            Reason::Confounded => "confounded",
            Reason::Uncontrolled => "uncontrolled",
            Reason::WorkloadShift => "workload_shift",
            Reason::Power => "power",
            Reason::Error => "error",
        }
    }

    /// The verdict that goes with it.
    pub fn verdict(self) -> Verdict {
        match self {
            Reason::Faster | Reason::FewerBlocks => Verdict::Improved,
            Reason::Slower => Verdict::Regressed,
            Reason::BelowPromise => Verdict::NotImproved,
            _ => Verdict::Inconclusive,
        }
    }
}

/// What carried the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    Time,
    Blocks,
}

/// Whether the comparison took out what moved other queries, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Controlled,
    Uncontrolled,
}

/// An effect as it is shown: percent are improvements, negative ones got slower.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShownEffect {
    /// Log units; below 0 is better.
    pub theta: f64,
    pub standard_error: f64,
    /// 1 - exp(theta).
    pub improvement_percent: f64,
    /// The 95 % interval of it.
    pub low_percent: f64,
    pub high_percent: f64,
    pub days_before: usize,
    pub days_after: usize,
}

impl From<&Effect> for ShownEffect {
    fn from(effect: &Effect) -> ShownEffect {
        let (low, high) = effect.interval(SHOWN_ALPHA);
        ShownEffect {
            theta: effect.theta,
            standard_error: effect.standard_error,
            improvement_percent: improvement_percent(effect.theta),
            low_percent: improvement_percent(high),
            high_percent: improvement_percent(low),
            days_before: effect.days_before,
            days_after: effect.days_after,
        }
    }
}

/// Another query on the same relations that got slower.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SideEffect {
    pub query_hash: i64,
    pub effect: ShownEffect,
}

/// What is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub verdict: Verdict,
    pub reason: Reason,
    /// For a person: what was found, with numbers and units.
    pub sentence: String,
    /// Time per call, or per row where `is_per_row`. Absent where there is nothing to compare.
    pub effect: Option<ShownEffect>,
    pub basis: Basis,
    pub mode: Mode,
    /// Controls that were used.
    pub controls: usize,
    /// P(theta < -ln 1.05 | data).
    pub probability_improved: Option<f64>,
    /// What would have been proven with a chance of 80 %.
    pub smallest_visible_effect_percent: Option<f64>,
    /// Roughly; only where the verdict waits for calls.
    pub more_calls_needed: Option<i64>,
    /// Blocks per call.
    pub blocks_effect: Option<ShownEffect>,
    /// Rewrites: time per call and time per row, whichever the verdict stands on.
    pub per_call_effect: Option<ShownEffect>,
    pub per_row_effect: Option<ShownEffect>,
    pub is_per_row: bool,
    /// Rewrites: part of the calls after the change that still used the old text, percent.
    pub old_text_percent: Option<f64>,
    pub side_effect: Option<SideEffect>,
    pub notes: Vec<String>,
}

impl Finding {
    /// The column `verdict_reason`: the stable word, then the sentence.
    pub fn verdict_reason(&self) -> String {
        format!("{}: {}", self.reason.name(), self.sentence)
    }

    /// 1 - exp(theta), percent.
    pub fn adjusted_improvement_percent(&self) -> Option<f64> {
        self.effect.map(|effect| effect.improvement_percent)
    }
}
