//! One number for each day of a query: how far its calls lay above or below their usual level.
//!
//! Consecutive buckets are merged until they hold 30 calls; a group gives `y = ln(T / sum n_h m_h)` with
//! weight `w = n / (n + 30)`, and the day's `Z` is the weighted mean of y. Why groups: the log of a mean
//! of n calls lies `cv^2 / 2n` too low, so hours with few calls would drag the day down, and how many
//! calls an hour has changes with the very fixes that are measured. For blocks it is
//! `y = ln(1 + blocks / n) - ln(1 + sum n_h m_h / n)`.

use crate::verdict::cells::{Measure, Series};
use crate::verdict::levels::Levels;
use crate::verdict::timeline::Timeline;

/// Calls that a group holds at least, and at which its weight is one half.
const GROUP_CALLS: f64 = 30.0;

/// A day counted from the change, its value, and how many calls that was taken from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayBlock {
    pub day: i64,
    pub z: f64,
    pub calls: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    calls: f64,
    amount: f64,
    count: f64,
    expected: f64,
}

impl Group {
    fn add(&mut self, other: &Group) {
        self.calls += other.calls;
        self.amount += other.amount;
        self.count += other.count;
        self.expected += other.expected;
    }

    /// y; `None` when nothing of the kind was there to compare.
    fn value(&self, measure: Measure) -> Option<f64> {
        let y = match measure {
            // No time at all is no measurement: the clock did not tick.
            _ if self.count <= 0.0 || self.expected <= 0.0 => return None,
            Measure::TimePerCall | Measure::TimePerRow if self.amount <= 0.0 => return None,
            Measure::TimePerCall | Measure::TimePerRow => (self.amount / self.expected).ln(),
            Measure::BlocksPerCall => {
                (self.amount / self.count).ln_1p() - (self.expected / self.count).ln_1p()
            }
        };
        y.is_finite().then_some(y)
    }
}

/// Z of one day, `None` when the day is not valid or holds nothing to compare.
pub fn day_value(
    timeline: &Timeline,
    series: &Series,
    measure: Measure,
    levels: &Levels,
    day: i64,
) -> Option<f64> {
    if !series.is_valid(timeline, day, measure) {
        return None;
    }
    let (mut weights, mut weighted) = (0.0, 0.0);
    let mut close = |group: &Group| {
        if let Some(y) = group.value(measure) {
            let weight = group.calls / (group.calls + GROUP_CALLS);
            weights += weight;
            weighted += weight * y;
        }
    };
    // What is left over at the day's end joins the last full group, which therefore stays open.
    let (mut full, mut open) = (None::<Group>, Group::default());
    let slots = &timeline.slots[timeline.places(day)];
    for (slot, cell) in slots.iter().zip(series.day(timeline, day)) {
        if cell.calls <= 0.0 {
            continue;
        }
        let (amount, count) = cell.ratio(measure);
        let expected = count * levels.at(slot.hour, slot.is_weekend);
        open.add(&Group { calls: cell.calls, amount, count, expected });
        if open.calls >= GROUP_CALLS {
            if let Some(group) = full.replace(open) {
                close(&group);
            }
            open = Group::default();
        }
    }
    if let Some(group) = &full {
        open.add(group);
    }
    close(&open);
    (weights > 0.0).then(|| weighted / weights)
}

/// The values of these days, those without one left out.
pub fn day_blocks(
    timeline: &Timeline,
    series: &Series,
    measure: Measure,
    levels: &Levels,
    days: impl IntoIterator<Item = i64>,
) -> Vec<DayBlock> {
    days.into_iter()
        .filter_map(|day| {
            day_value(timeline, series, measure, levels, day).map(|z| DayBlock {
                day,
                z,
                calls: series.calls(timeline, day),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::evidence::{Cell, QueryHistory};
    use crate::verdict::fixture::{cell, evidence, kept, timeline};

    /// Day 1 against a baseline of 1 ms a call and 10 blocks at every hour.
    fn value(cells: Vec<Cell>, measure: Measure) -> Option<f64> {
        let timeline = timeline(&evidence(10.0));
        let series =
            |cells| Series::new(&timeline, &QueryHistory { query_hash: 1, cells: kept(cells) });
        let before = series((-72..-24).map(|hour| cell(hour, 100, 1.0)).collect());
        let levels = Levels::learn(&timeline, &before, measure, &[-3, -2]).unwrap();
        day_value(&timeline, &series(cells), measure, &levels, 1)
    }

    fn close(value: Option<f64>, expected: f64) {
        assert!((value.unwrap() - expected).abs() < 1e-12, "{value:?} is not {expected}");
    }

    #[test]
    fn a_day_at_its_usual_level_is_zero_and_one_of_twice_that_is_ln_two() {
        close(value(vec![cell(30, 100, 1.0)], Measure::TimePerCall), 0.0);
        close(value(vec![cell(30, 100, 2.0)], Measure::TimePerCall), 2.0_f64.ln());
    }

    #[test]
    fn groups_of_thirty_calls_are_weighted_by_their_calls() {
        // 40 calls of 2 ms are a group of weight 4/7; 90 of 1 ms one of 3/4.
        let expected = 4.0 / 7.0 * 2.0_f64.ln() / (4.0 / 7.0 + 0.75);
        close(value(vec![cell(30, 40, 2.0), cell(31, 90, 1.0)], Measure::TimePerCall), expected);
    }

    #[test]
    fn hours_are_merged_until_they_hold_thirty_calls() {
        // 20 calls of 1 ms and 10 of 4: one group, the log of its mean and not the mean of logs.
        close(
            value(vec![cell(30, 20, 1.0), cell(31, 10, 4.0)], Measure::TimePerCall),
            2.0_f64.ln(),
        );
        // 29 and 29: still one.
        let expected = (58.0_f64 * 2.5 / 58.0).ln();
        close(value(vec![cell(30, 29, 1.0), cell(31, 29, 4.0)], Measure::TimePerCall), expected);
        // 30 and 30: two.
        let expected = 4.0_f64.ln() / 2.0;
        close(value(vec![cell(30, 30, 1.0), cell(31, 30, 4.0)], Measure::TimePerCall), expected);
    }

    #[test]
    fn what_is_left_over_joins_the_last_full_group() {
        let cells = vec![cell(30, 30, 1.0), cell(31, 30, 1.0), cell(32, 10, 8.0)];
        // 30 at 1 ms; 40 with a mean of (30 + 80) / 40.
        let (w1, w2) = (0.5, 40.0 / 70.0);
        close(value(cells, Measure::TimePerCall), w2 * (110.0_f64 / 40.0).ln() / (w1 + w2));
    }

    #[test]
    fn a_group_that_took_no_time_is_not_looked_at() {
        let cells = vec![cell(30, 30, 0.0), cell(31, 30, 2.0)];
        close(value(cells, Measure::TimePerCall), 2.0_f64.ln());
        assert_eq!(value(vec![cell(30, 30, 0.0)], Measure::TimePerCall), None);
    }

    #[test]
    fn blocks_are_compared_with_one_added() {
        // 10 blocks a call before, 4.5 after: ln(5.5 / 11).
        let half = Cell { shared_blks: 45, ..cell(30, 10, 1.0) };
        close(value(vec![half], Measure::BlocksPerCall), 0.5_f64.ln());
        let none = Cell { shared_blks: 0, ..cell(30, 10, 1.0) };
        close(value(vec![none], Measure::BlocksPerCall), -(11.0_f64.ln()));
    }

    #[test]
    fn time_per_row_leaves_calls_without_rows_out() {
        let rich = Cell { rows: 300, ..cell(30, 100, 1.5) };
        close(value(vec![rich], Measure::TimePerRow), 0.5_f64.ln());
        let empty = Cell { rows: 0, ..cell(30, 100, 1.5) };
        assert_eq!(value(vec![empty], Measure::TimePerRow), None);
    }

    #[test]
    fn a_day_of_too_few_calls_has_no_value_and_no_number_is_infinite() {
        assert_eq!(value(vec![cell(30, 19, 1.0)], Measure::TimePerCall), None);
        let huge = |hour| Cell { total_exec_time_ms: f64::MAX, ..cell(hour, 10, 1.0) };
        assert_eq!(value(vec![huge(30), huge(31), huge(32)], Measure::TimePerCall), None);
    }
}
