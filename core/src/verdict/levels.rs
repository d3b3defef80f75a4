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

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::evidence::{Cell, QueryHistory};
    use crate::verdict::fixture::{bucket, cell, evidence, kept, timeline};

    fn learned(cells: Vec<Cell>, days: &[i64], measure: Measure) -> Option<Levels> {
        let timeline = timeline(&evidence(10.0));
        let series = Series::new(&timeline, &QueryHistory { query_hash: 1, cells: kept(cells) });
        Levels::learn(&timeline, &series, measure, days)
    }

    #[test]
    fn the_formula_by_hand() {
        // Hour -48 is 10 o'clock: 20 calls of 4 ms; hour -47 is 11: 10 calls of 1 ms. Mean 3.
        let cells = vec![cell(-48, 20, 4.0), cell(-47, 10, 1.0)];
        let levels = learned(cells, &[-2], Measure::TimePerCall).unwrap();
        assert_eq!(levels.at(10, false), (80.0 + 30.0) / 30.0);
        assert_eq!(levels.at(11, false), (10.0 + 30.0) / 20.0);
        // An hour without calls has the mean.
        assert_eq!(levels.at(3, false), 3.0);
        assert_eq!(levels.at(10, true), levels.at(10, false));
    }

    #[test]
    fn cells_of_other_days_teach_nothing() {
        let cells = vec![cell(-48, 20, 4.0), cell(-20, 20, 400.0), cell(5, 20, 400.0)];
        assert_eq!(learned(cells, &[-2], Measure::TimePerCall).unwrap().at(14, false), 4.0);
    }

    #[test]
    fn weekends_are_kept_apart_from_twelve_days_on() {
        let cells: Vec<Cell> = (-15 * 24..-24)
            .map(|hour| cell(hour, 1000, if bucket(hour).is_weekend { 1.0 } else { 2.0 }))
            .collect();
        let eleven: Vec<i64> = (-12..=-2).collect();
        let twelve: Vec<i64> = (-13..=-2).collect();
        let levels = learned(cells.clone(), &eleven, Measure::TimePerCall).unwrap();
        assert!(!levels.are_weekends_apart);
        assert_eq!(levels.at(3, true), levels.at(3, false));
        let levels = learned(cells, &twelve, Measure::TimePerCall).unwrap();
        assert!(levels.are_weekends_apart);
        assert!((levels.at(3, true) - 1.0).abs() < 0.01, "{}", levels.at(3, true));
        assert!((levels.at(3, false) - 2.0).abs() < 0.01, "{}", levels.at(3, false));
    }

    #[test]
    fn without_calls_or_without_time_there_is_no_level() {
        assert!(learned(vec![], &[-2], Measure::TimePerCall).is_none());
        assert!(learned(vec![cell(-48, 50, 0.0)], &[-2], Measure::TimePerCall).is_none());
        assert!(learned(vec![cell(-48, 50, 0.0)], &[-2], Measure::BlocksPerCall).is_some());
        assert!(learned(vec![cell(-48, 50, 1.0)], &[], Measure::TimePerCall).is_none());
        let huge = Cell { total_exec_time_ms: f64::MAX, ..cell(-48, 50, 1.0) };
        let more = Cell { start: huge.start + 3_600_000_000, ..huge };
        assert!(learned(vec![huge, more], &[-2], Measure::TimePerCall).is_none());
    }
}
