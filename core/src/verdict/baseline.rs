//! Which days before a change it is compared with.
//!
//! The last 14 valid ones of the last four weeks, without three kinds: day -1, every day that overlaps
//! the day before the recommendation appeared, and days before an earlier change that made the query another
//! one. People act on what was slow yesterday; with that day in the baseline every change would look good
//! (regression to the mean).

use crate::Micros;
use crate::verdict::cells::{Measure, Series};
use crate::verdict::evidence::ChangeEvidence;
use crate::verdict::timeline::{LEFT_OUT_BESIDE, OLDEST_DAY, Timeline};

/// Days of the baseline: two of each day of the week.
pub const MOST_DAYS: usize = 14;

/// Fewest days that make a baseline: one has no spread.
pub const MIN_DAYS: usize = 2;

/// The newest day that may be used.
const NEWEST_DAY: i64 = -2;

/// Days before a change, oldest first, that may be in a baseline. `since`: the earlier change that they must lie behind,
/// with the bucket that holds it and those left out beside it.
fn eligible<'t>(
    timeline: &'t Timeline,
    evidence: &ChangeEvidence,
    since: Option<Micros>,
) -> impl DoubleEndedIterator<Item = i64> + use<'t> {
    let after = since.map(|at| at.saturating_add(LEFT_OUT_BESIDE.saturating_mul(timeline.width)));
    let day_length = timeline.start_of_day(1).saturating_sub(timeline.start_of_day(0));
    let avoided =
        evidence.appeared_at.map(|appeared| (appeared.saturating_sub(day_length), appeared));
    (OLDEST_DAY..=NEWEST_DAY).filter(move |day| {
        after.is_none_or(|after| timeline.start_of_day(*day) > after)
            && avoided.is_none_or(|(start, end)| {
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
    since: Option<Micros>,
) -> Vec<i64> {
    let mut days: Vec<i64> = eligible(timeline, evidence, since)
        .rev()
        .filter(|day| series.is_valid(timeline, *day, measure))
        .take(MOST_DAYS)
        .collect();
    days.reverse();
    days
}

/// How many days could have been used had the query run often enough in them.
pub fn observed_days(
    timeline: &Timeline,
    evidence: &ChangeEvidence,
    since: Option<Micros>,
) -> usize {
    eligible(timeline, evidence, since).filter(|day| timeline.is_observed(*day)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::evidence::{Bucket, QueryHistory};
    use crate::verdict::fixture::{at, bucket, cell, evidence, kept, timeline};
    use crate::verdict::timeline::HOUR;

    /// The baseline of a query that ran in all of the last 40 days.
    fn chosen(change: impl FnOnce(&mut ChangeEvidence<'static>)) -> Vec<i64> {
        chosen_since(None, change)
    }

    fn chosen_since(
        since: Option<Micros>,
        change: impl FnOnce(&mut ChangeEvidence<'static>),
    ) -> Vec<i64> {
        let mut evidence = evidence(10.0);
        evidence.buckets = kept((-40 * 24..48).map(bucket).collect());
        let cells = kept((-40 * 24..48).map(|hour| cell(hour, 10, 1.0)).collect::<Vec<_>>());
        evidence.target = QueryHistory { query_hash: -1, cells };
        change(&mut evidence);
        let timeline = timeline(&evidence);
        let series = Series::new(&timeline, &evidence.target);
        days(&timeline, &evidence, &series, Measure::TimePerCall, since)
    }

    #[test]
    fn the_last_fourteen_days_but_the_very_last() {
        assert_eq!(chosen(|_| ()), (-15..=-2).collect::<Vec<i64>>());
    }

    #[test]
    fn days_that_an_earlier_change_touches_are_left_out() {
        // In the last bucket but one of day -6: the one beside it is the last of that day.
        assert_eq!(chosen_since(Some(at(-122)), |_| ()), (-5..=-2).collect::<Vec<i64>>());
        assert_eq!(
            chosen_since(Some(at(-122) + HOUR - 1), |_| ()),
            (-5..=-2).collect::<Vec<i64>>()
        );
        // In its last one: the one beside it is of day -5.
        assert_eq!(chosen_since(Some(at(-121)), |_| ()), (-4..=-2).collect::<Vec<i64>>());
        assert!(chosen_since(Some(at(-30)), |_| ()).is_empty());
        assert!(chosen_since(Some(Micros::MAX), |_| ()).is_empty());
        assert_eq!(chosen_since(Some(Micros::MIN), |_| ()).len(), MOST_DAYS);
    }

    #[test]
    fn the_day_before_the_recommendation_appeared_is_left_out() {
        // Appeared at the start of day -4: day -5 is the day before, and only that.
        let days = chosen(|e| e.appeared_at = Some(at(-96)));
        assert_eq!(days, (-16..=-2).filter(|day| *day != -5).collect::<Vec<i64>>());
        // An hour into day -4: both days are touched.
        let days = chosen(|e| e.appeared_at = Some(at(-95)));
        assert_eq!(days, (-17..=-2).filter(|day| *day != -5 && *day != -4).collect::<Vec<i64>>());
        let unbounded = chosen(|e| e.appeared_at = Some(i64::MIN));
        assert_eq!(unbounded, (-15..=-2).collect::<Vec<i64>>());
    }

    #[test]
    fn days_that_are_not_valid_make_room_for_older_ones_of_four_weeks() {
        let seen = |keep: fn(i64) -> bool| {
            chosen(|e| {
                let buckets = (-40 * 24..48_i64).filter(|hour| keep(hour.div_euclid(24)));
                e.buckets = kept(buckets.map(bucket).collect::<Vec<Bucket>>());
            })
        };
        let even = seen(|day| day % 2 == 0);
        assert_eq!(even, (-28..=-2).filter(|day| day % 2 == 0).collect::<Vec<i64>>());
        assert!(seen(|day| day < -28).is_empty());
        assert_eq!(seen(|day| !(-20..-1).contains(&day)), (-28..=-21).collect::<Vec<i64>>());
    }
}
