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
