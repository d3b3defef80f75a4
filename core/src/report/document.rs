//! What a report says, before it looks like anything: one document, read by `src/catalog/report.rs` from the statements
//! `sql/queries/report_*.sql`, each of which gives one of these parts as JSON with these names.
//!
//! Moments are [`LocalSeconds`]. Percent are improvements, negative ones got slower. What a person reads further down the page
//! is cut here already: a list says how many rows there are beyond its own (`total`), a text has at most its limit and
//! one character more, by which [`super::text`] sees that it was cut.
//! Trap: JSON knows no NaN. PostgreSQL writes such a number as a string; [`figure`] takes every figure that is none as
//! absent, and absent is never drawn.

use serde::{Deserialize, Deserializer};

/// Seconds since 1970-01-01 00:00 on the clock of the session's TimeZone: days begin at multiples of 86,400.
pub type LocalSeconds = f64;

/// A finite number, or none.
pub fn figure<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Raw {
        Number(f64),
        /// "NaN", "Infinity"
        Words(#[expect(dead_code, reason = "whatever it says, it is no number")] String),
    }
    let raw = Option::<Raw>::deserialize(deserializer)?;
    Ok(match raw {
        Some(Raw::Number(number)) if number.is_finite() => Some(number),
        _ => None,
    })
}

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub head: Head,
    pub summary: Summary,
    pub recommendations: Listed<Recommendation>,
    pub results: Listed<Outcome>,
    /// Before and after, for the newest of the results.
    pub changes: Vec<Change>,
    pub learning: Learning,
    pub workload: Workload,
    pub self_check: SelfCheck,
    pub settings: Vec<Setting>,
    pub status: Vec<StatusItem>,
}

/// The rows that are shown, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Listed<T> {
    pub total: i64,
    pub rows: Vec<T>,
}

impl<T> Listed<T> {
    /// Rows that are not shown.
    pub fn left_out(&self) -> i64 {
        self.total.saturating_sub(i64::try_from(self.rows.len()).unwrap_or(i64::MAX)).max(0)
    }
}

/// Where and when.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Head {
    pub database: String,
    pub server_version: String,
    pub extension_version: String,
    pub time_zone: String,
    pub is_standby: bool,
    pub days: i64,
    pub generated_at: LocalSeconds,
    pub period_start: LocalSeconds,
    /// Start of the first bucket of the period that was observed, and end of the last.
    #[serde(default, deserialize_with = "figure")]
    pub observed_from: Option<LocalSeconds>,
    #[serde(default, deserialize_with = "figure")]
    pub observed_until: Option<LocalSeconds>,
    /// Observed parts of the buckets in the period, added up.
    pub observed_seconds: f64,
    pub bucket_width_seconds: f64,
    pub advise_interval_seconds: f64,
    pub measure_after_seconds: f64,
    pub measure_deadline_seconds: f64,
}

/// Buckets of the view `recent_window`, which says how often and how long a query runs at present: a day of hourly ones. No setting of its
/// own: `bucket_width` moves it.
const RECENT_BUCKETS: f64 = 24.0;

impl Head {
    /// What "recent" means to everything that is called the present load, a query's frequency, or an expected saving.
    pub fn recent_seconds(&self) -> f64 {
        RECENT_BUCKETS * self.bucket_width_seconds
    }
}

/// The row of `optimization_summary()`, and the load that savings are held against.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Summary {
    pub open_recommendations: i64,
    #[serde(default, deserialize_with = "figure")]
    pub total_roi_potential: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub total_expected_saving_ms_per_hour: Option<f64>,
    /// Time of all queries per observed hour, in the last 24 buckets.
    #[serde(default, deserialize_with = "figure")]
    pub load_ms_per_hour: Option<f64>,
    pub pending: i64,
    pub implemented: i64,
    pub reverted: i64,
    pub failed: i64,
    pub improved: i64,
    pub not_improved: i64,
    pub regressed: i64,
    pub inconclusive: i64,
    #[serde(default, deserialize_with = "figure")]
    pub seconds_saved_per_day: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub mean_accuracy: Option<f64>,
}

impl Summary {
    /// Implementations that have a verdict, whatever it says.
    pub fn judged(&self) -> i64 {
        self.improved + self.not_improved + self.regressed + self.inconclusive
    }
}

/// An open recommendation; those of one action are one row.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Recommendation {
    pub id: i64,
    pub query_hash: String,
    pub source_type: String,
    pub kind: String,
    pub made_by: String,
    pub text: String,
    pub explanation: Option<String>,
    pub action_sql: Option<String>,
    pub undo_sql: Option<String>,
    pub query: Option<String>,
    pub complexity: String,
    /// Queries of the list that this action serves, this one included.
    pub serves: i64,
    #[serde(default, deserialize_with = "figure")]
    pub stated_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub forecast_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub forecast_low_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub forecast_high_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub stated_confidence: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub confidence: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub roi: Option<f64>,
    /// Of all queries that it serves.
    #[serde(default, deserialize_with = "figure")]
    pub saving_ms_per_hour: Option<f64>,
    /// When somebody seems to have followed it.
    #[serde(default, deserialize_with = "figure")]
    pub looks_implemented_at: Option<LocalSeconds>,
}

/// An implementation of the period, with what came of it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Outcome {
    pub id: i64,
    pub recommendation_id: i64,
    pub text: String,
    pub source_type: String,
    pub kind: String,
    pub status: String,
    pub verdict: Option<String>,
    pub reason: Option<String>,
    pub implemented_by: String,
    pub implemented_at: LocalSeconds,
    #[serde(default, deserialize_with = "figure")]
    pub measured_at: Option<LocalSeconds>,
    /// Of a pending one: when the first and the last look are due.
    #[serde(default, deserialize_with = "figure")]
    pub first_look_at: Option<LocalSeconds>,
    #[serde(default, deserialize_with = "figure")]
    pub last_look_at: Option<LocalSeconds>,
    #[serde(default, deserialize_with = "figure")]
    pub predicted_percent: Option<f64>,
    /// (before - after) / before of the plain means.
    #[serde(default, deserialize_with = "figure")]
    pub actual_percent: Option<f64>,
    /// With what moved everything else taken out; its 95 % interval.
    #[serde(default, deserialize_with = "figure")]
    pub adjusted_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub low_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub high_percent: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub accuracy: Option<f64>,
    pub controls: Option<i64>,
    #[serde(default, deserialize_with = "figure")]
    pub mean_before_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub mean_after_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub seconds_saved_per_day: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub smallest_visible_percent: Option<f64>,
    pub more_calls_needed: Option<i64>,
    pub notes: Option<String>,
}

impl Outcome {
    /// Taken back before there was a verdict: nobody measures any more.
    pub fn ended_without_verdict(&self) -> bool {
        self.verdict.is_none() && self.status == "reverted"
    }
}

/// The time of a query around its change.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Change {
    pub implementation_id: i64,
    pub text: String,
    pub verdict: Option<String>,
    pub changed_at: LocalSeconds,
    pub from: LocalSeconds,
    pub until: LocalSeconds,
    /// Width of a point, seconds.
    pub step_seconds: f64,
    #[serde(default, deserialize_with = "figure")]
    pub mean_before_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub mean_after_ms: Option<f64>,
    pub points: Vec<ChangePoint>,
}

/// A stretch of time in which the query ran.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
pub struct ChangePoint {
    /// Its start.
    pub at: LocalSeconds,
    #[serde(default, deserialize_with = "figure")]
    pub mean_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub calls: Option<f64>,
}

/// What was learned of each kind of advice, and whether confidences were worth their numbers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Learning {
    pub kinds: Listed<LearnedKind>,
    pub reliability: Vec<Reliability>,
}

/// A row of the view `calibration`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct LearnedKind {
    pub made_by: String,
    pub source_type: String,
    pub kind: String,
    pub outcomes: i64,
    pub inconclusive: i64,
    #[serde(default, deserialize_with = "figure")]
    pub stated: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub learned: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub learned_low: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub learned_high: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub success_rate: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub realisation_rate: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub harm_rate: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub mean_accuracy: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub brier_stated: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub brier_shown: Option<f64>,
}

/// A row of the view `reliability`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
pub struct Reliability {
    pub outcomes: i64,
    #[serde(default, deserialize_with = "figure")]
    pub said: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub came: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub came_low: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub came_high: Option<f64>,
}

/// What ran in the period.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Workload {
    #[serde(default, deserialize_with = "figure")]
    pub total_exec_time_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub calls: Option<f64>,
    /// Hours of the week that were observed.
    pub hours: Vec<HourOfWeek>,
    pub costliest: Listed<Costly>,
}

/// One hour of one weekday, over the period.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
pub struct HourOfWeek {
    /// 1 is Monday, as ISO 8601 has it.
    pub weekday: i64,
    pub hour: i64,
    pub observed_seconds: f64,
    #[serde(default, deserialize_with = "figure")]
    pub time_ms_per_hour: Option<f64>,
}

/// A query with much time in the period.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Costly {
    pub query_hash: String,
    pub query: Option<String>,
    #[serde(default, deserialize_with = "figure")]
    pub calls: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub mean_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub total_ms: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub blocks_per_call: Option<f64>,
    /// Open recommendations for it.
    pub open_recommendations: i64,
}

/// What `self_check()` said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct SelfCheck {
    pub trials: i64,
    #[serde(default, deserialize_with = "figure")]
    pub rate: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub rate_low: Option<f64>,
    #[serde(default, deserialize_with = "figure")]
    pub rate_high: Option<f64>,
}

/// A setting of the extension.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Setting {
    pub name: String,
    pub value: String,
    pub is_default: bool,
    pub description: String,
}

/// A row of `status()`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct StatusItem {
    pub item: String,
    pub ok: bool,
    pub detail: String,
    pub hint: Option<String>,
}
