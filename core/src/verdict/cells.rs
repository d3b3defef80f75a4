//! A query's cells laid on the time axis of a change, and the measures that are taken of them.

use crate::verdict::evidence::QueryHistory;
use crate::verdict::timeline::{DAY, OLDEST_DAY, Timeline};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    TimePerCall,
    /// For rewrites that return another number of rows.
    TimePerRow,
    /// Shared blocks hit and read; moves with the plan, not with the load of the machine.
    BlocksPerCall,
}

impl Measure {
    /// Calls that a day needs to have a value. Times of single calls scatter, block counts hardly do.
    pub fn min_calls_of_a_day(self) -> f64 {
        match self {
            Measure::TimePerCall | Measure::TimePerRow => 20.0,
            Measure::BlocksPerCall => 3.0,
        }
    }
}

/// Work in one bucket; all zero where the query did not run or nobody looked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amounts {
    pub calls: f64,
    pub time_ms: f64,
    pub rows: f64,
    pub blocks: f64,
    pub lossy: bool,
}

impl Amounts {
    /// What is divided, and by what.
    pub fn ratio(&self, measure: Measure) -> (f64, f64) {
        match measure {
            Measure::TimePerCall => (self.time_ms, self.calls),
            Measure::TimePerRow => (self.time_ms, self.rows),
            Measure::BlocksPerCall => (self.blocks, self.calls),
        }
    }

    fn plus(&self, other: &Amounts) -> Amounts {
        Amounts {
            calls: self.calls + other.calls,
            time_ms: self.time_ms + other.time_ms,
            rows: self.rows + other.rows,
            blocks: self.blocks + other.blocks,
            lossy: self.lossy || other.lossy,
        }
    }
}

/// One query along a [`Timeline`], bucket by bucket.
#[derive(Debug, Clone)]
pub struct Series(Vec<Amounts>);

impl Series {
    /// Cells in observed buckets. What cannot be (negative counts, a time that is no number) is dropped.
    pub fn new(timeline: &Timeline, history: &QueryHistory) -> Series {
        let mut amounts = vec![Amounts::default(); timeline.slots.len()];
        for cell in timeline.within(history.cells, |cell| cell.start) {
            let Some(index) = timeline.index_of_start(cell.start) else { continue };
            let possible = cell.total_exec_time_ms.is_finite()
                && cell.total_exec_time_ms >= 0.0
                && cell.calls >= 0
                && cell.rows >= 0
                && cell.shared_blks >= 0;
            if !possible || timeline.slots[index].observed <= 0.0 {
                continue;
            }
            amounts[index] = Amounts {
                calls: cell.calls as f64,
                time_ms: cell.total_exec_time_ms,
                rows: cell.rows as f64,
                blocks: cell.shared_blks as f64,
                lossy: cell.lossy,
            };
        }
        Series(amounts)
    }

    /// This query before the change, those after it. All that is known before the change about the new
    /// ones, and after it about the old one, is left out.
    #[must_use]
    pub fn followed_by(&self, timeline: &Timeline, after: &[QueryHistory]) -> Series {
        let boundary = (-OLDEST_DAY * DAY) as usize;
        let mut amounts = self.0.clone();
        amounts[boundary..].fill(Amounts::default());
        for history in after {
            let new = Series::new(timeline, history);
            for (sum, add) in amounts[boundary..].iter_mut().zip(&new.0[boundary..]) {
                *sum = sum.plus(add);
            }
        }
        Series(amounts)
    }

    /// The buckets of a day; none for a day that is not on the axis.
    pub fn day(&self, timeline: &Timeline, day: i64) -> &[Amounts] {
        &self.0[timeline.places(day)]
    }

    /// Everything done in these days.
    pub fn sum(&self, timeline: &Timeline, days: impl IntoIterator<Item = i64>) -> Amounts {
        days.into_iter()
            .flat_map(|day| self.day(timeline, day))
            .fold(Amounts::default(), |sum, amounts| sum.plus(amounts))
    }

    /// Part of the buckets after the change, those left out not counted, that lost some work.
    pub fn lossy_share_after(&self, timeline: &Timeline) -> f64 {
        let places = (0..timeline.days_after).flat_map(|day| timeline.places(day));
        let (mut kept, mut lossy) = (0.0, 0.0);
        for place in places.filter(|place| !timeline.slots[*place].is_left_out) {
            kept += 1.0;
            lossy += f64::from(u8::from(self.0[place].lossy));
        }
        if kept > 0.0 { lossy / kept } else { 0.0 }
    }

    /// Whether a day of this query can be used for `measure`.
    pub fn is_valid(&self, timeline: &Timeline, day: i64, measure: Measure) -> bool {
        timeline.is_observed(day) && self.calls(timeline, day) >= measure.min_calls_of_a_day()
    }

    /// Calls of a day, in the buckets that count.
    pub fn calls(&self, timeline: &Timeline, day: i64) -> f64 {
        self.day(timeline, day).iter().map(|amounts| amounts.calls).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::evidence::Cell;
    use crate::verdict::fixture::{ALL, at, buckets, cell, evidence, kept, timeline};

    fn history(cells: Vec<Cell>) -> QueryHistory<'static> {
        QueryHistory { query_hash: 1, cells: kept(cells) }
    }

    #[test]
    fn the_later_of_two_cells_of_one_bucket_stands() {
        let timeline = timeline(&evidence(10.0));
        let twice = history(vec![cell(5, 10, 1.0), cell(5, 30, 2.0), cell(6, 1, 1.0)]);
        let sum = Series::new(&timeline, &twice).sum(&timeline, [0]);
        assert_eq!((sum.calls, sum.time_ms), (31.0, 61.0));
    }

    #[test]
    fn the_order_of_cells_does_not_matter() {
        let timeline = timeline(&evidence(10.0));
        let cells: Vec<Cell> = ALL.map(|hour| cell(hour, 30 + hour.rem_euclid(7), 3.0)).collect();
        let turned = history(cells.iter().rev().copied().collect());
        assert_eq!(Series::new(&timeline, &history(cells)).0, Series::new(&timeline, &turned).0);
    }

    #[test]
    fn what_cannot_be_is_dropped() {
        let timeline = timeline(&evidence(10.0));
        let good = cell(5, 10, 1.0);
        for bad in [
            Cell { total_exec_time_ms: f64::NAN, ..good },
            Cell { total_exec_time_ms: f64::INFINITY, ..good },
            Cell { total_exec_time_ms: -1.0, ..good },
            Cell { calls: -1, ..good },
            Cell { rows: -1, ..good },
            Cell { shared_blks: -1, ..good },
            Cell { start: at(5) + 1, ..good },
            Cell { start: i64::MIN, ..good },
            Cell { start: i64::MAX, ..good },
        ] {
            let sum = Series::new(&timeline, &history(vec![bad])).sum(&timeline, -28..2);
            assert_eq!(sum, Amounts::default(), "{bad:?}");
        }
    }

    #[test]
    fn cells_in_unobserved_and_left_out_buckets_do_not_count() {
        let mut evidence = evidence(10.0);
        evidence.buckets = kept(buckets(0..20));
        let timeline = timeline(&evidence);
        let all = history((0..24).map(|hour| cell(hour, 10, 1.0)).collect());
        // 0 and 1 are left out, 20 to 23 were not observed.
        assert_eq!(Series::new(&timeline, &all).calls(&timeline, 0), 180.0);
    }

    #[test]
    fn twenty_calls_make_a_day_and_three_make_one_of_blocks() {
        let timeline = timeline(&evidence(10.0));
        let valid = |calls, measure| {
            let history = history(vec![cell(-40, calls, 1.0)]);
            Series::new(&timeline, &history).is_valid(&timeline, -2, measure)
        };
        assert!(valid(20, Measure::TimePerCall) && !valid(19, Measure::TimePerCall));
        assert!(valid(20, Measure::TimePerRow) && !valid(19, Measure::TimePerRow));
        assert!(valid(3, Measure::BlocksPerCall) && !valid(2, Measure::BlocksPerCall));
    }

    #[test]
    fn the_lossy_share_is_of_the_buckets_after_the_change_that_count() {
        let timeline = timeline(&evidence(10.0));
        let lossy = |hour| Cell { lossy: true, ..cell(hour, 1, 1.0) };
        let history = history(vec![lossy(-3), lossy(0), lossy(3), lossy(47), cell(9, 1, 1.0)]);
        let share = Series::new(&timeline, &history).lossy_share_after(&timeline);
        assert!((share - 2.0 / 46.0).abs() < 1e-12, "{share}");
    }

    #[test]
    fn a_rewrite_is_the_old_one_before_and_the_new_ones_after() {
        let timeline = timeline(&evidence(10.0));
        let cells = |mean| history(ALL.map(|hour| cell(hour, 10, mean)).collect());
        let old = Series::new(&timeline, &cells(5.0));
        let both = old.followed_by(&timeline, &[cells(1.0), cells(2.0)]);
        assert_eq!(both.sum(&timeline, [-3]).time_ms, 24.0 * 50.0);
        assert_eq!(both.sum(&timeline, [1]).time_ms, 24.0 * 30.0);
        assert_eq!(old.followed_by(&timeline, &[]).calls(&timeline, 1), 0.0);
    }
}
