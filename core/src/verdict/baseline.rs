//! Which days before a change it is compared with.
//!
//! The last 14 valid ones of the last four weeks, without two kinds: day -1, and every day that overlaps
//! the day before the recommendation appeared. People act on what was slow yesterday; with that day in
//! the baseline every change would look good (regression to the mean).

use crate::verdict::cells::{Measure, Series};
use crate::verdict::evidence::ChangeEvidence;
use crate::verdict::timeline::{OLDEST_DAY, Timeline};

/// Days of the baseline: two of each day of the week.
pub const MOST_DAYS: usize = 14;

/// Fewest days that make a baseline: one has no spread.
pub const MIN_DAYS: usize = 2;

/// The newest day that may be used.
const NEWEST_DAY: i64 = -2;

/// Days before a change, oldest first, that may be in a baseline.
fn eligible<'t>(
    timeline: &'t Timeline,
    evidence: &ChangeEvidence,
) -> impl DoubleEndedIterator<Item = i64> + use<'t> {
    let day_length = timeline.start_of_day(1).saturating_sub(timeline.start_of_day(0));
    let avoided =
        evidence.appeared_at.map(|appeared| (appeared.saturating_sub(day_length), appeared));
    (OLDEST_DAY..=NEWEST_DAY).filter(move |day| {
        avoided.is_none_or(|(start, end)| {
            timeline.start_of_day(*day) >= end || timeline.start_of_day(day + 1) <= start
        })
    })
}

/// The baseline's days for a query, oldest first.
pub fn days(
    timeline: &Timeline,
    evidence: &ChangeEvidence,
    series: &Series,
    measure: Measure,
) -> Vec<i64> {
    let mut days: Vec<i64> = eligible(timeline, evidence)
        .rev()
        .filter(|day| series.is_valid(timeline, *day, measure))
        .take(MOST_DAYS)
        .collect();
    days.reverse();
    days
}

/// How many days could have been used had the query run often enough in them.
pub fn observed_days(timeline: &Timeline, evidence: &ChangeEvidence) -> usize {
    eligible(timeline, evidence).filter(|day| timeline.is_observed(*day)).count()
}
