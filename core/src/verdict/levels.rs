//! What a call costs at each hour of the day, learned from the days before a change.
//!
//! `m_h = (sum T + 10 m) / (sum n + 10)` over the baseline's cells of hour h, m the baseline's mean: an
//! hour with few calls is drawn to the mean, one without any has it. From 12 days on weekends have
//! levels of their own. (The shrinkage is that of an empirical Bayes mean with a prior worth ten calls.)

use crate::verdict::cells::{Measure, Series};
use crate::verdict::timeline::{HOUR, Timeline};

/// Weight of the overall mean in an hour's level, in calls.
const PRIOR_CALLS: f64 = 10.0;

/// Baseline days from which on weekends are kept apart: fewer hold at most one of them.
const DAYS_FOR_WEEKENDS: usize = 12;

#[derive(Debug, Clone)]
pub struct Levels {
    by_hour: [[f64; 24]; 2],
    pub are_weekends_apart: bool,
}

impl Levels {
    /// `None` when nothing was called, or nothing took any time: there is no level to compare with.
    pub fn learn(
        timeline: &Timeline,
        series: &Series,
        measure: Measure,
        days: &[i64],
    ) -> Option<Levels> {
        let are_weekends_apart = timeline.width == HOUR && days.len() >= DAYS_FOR_WEEKENDS;
        let mut sums = [[(0.0, 0.0); 24]; 2];
        let (mut amount, mut count) = (0.0, 0.0);
        for day in days {
            let slots = &timeline.slots[timeline.places(*day)];
            for (slot, cell) in slots.iter().zip(series.day(timeline, *day)) {
                let (cell_amount, cell_count) = cell.ratio(measure);
                let kind = usize::from(are_weekends_apart && slot.is_weekend);
                let sum = &mut sums[kind][usize::from(slot.hour)];
                sum.0 += cell_amount;
                sum.1 += cell_count;
                amount += cell_amount;
                count += cell_count;
            }
        }
        let mean: f64 = amount / count;
        if !(mean.is_finite() && mean > 0.0) {
            return None;
        }
        let level =
            |(amount, count): (f64, f64)| (amount + PRIOR_CALLS * mean) / (count + PRIOR_CALLS);
        Some(Levels { by_hour: sums.map(|hours| hours.map(level)), are_weekends_apart })
    }

    pub fn at(&self, hour: u8, is_weekend: bool) -> f64 {
        let kind = usize::from(self.are_weekends_apart && is_weekend);
        self.by_hour[kind][usize::from(hour.min(23))]
    }
}
