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
