//! One query, one measure, one effect: baseline, levels, day values and model put together.

use crate::verdict::baseline;
use crate::verdict::blocks::day_blocks;
use crate::verdict::cells::{Measure, Series};
use crate::verdict::controls::Common;
use crate::verdict::interval::{DayAfter, Effect};
use crate::verdict::levels::Levels;
use crate::verdict::model::{Fit, Point};
use crate::verdict::timeline::Timeline;

/// Why there is no effect to state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// Fewer than two days before the change have a value; so many have.
    Before(usize),
    /// No day after the change has one.
    After,
    /// The numbers led nowhere.
    NotFinite,
}

/// An effect and whether other queries were taken into account.
#[derive(Debug, Clone)]
pub struct Estimate {
    pub effect: Effect,
    pub is_controlled: bool,
}

/// The effect on `series`, whose baseline these days are.
pub fn estimate(
    timeline: &Timeline,
    series: &Series,
    measure: Measure,
    baseline: &[i64],
    common: Option<&Common>,
) -> Result<Estimate, Shortfall> {
    let levels = Levels::learn(timeline, series, measure, baseline).ok_or(Shortfall::Before(0))?;
    let values =
        |days: &[i64]| day_blocks(timeline, series, measure, &levels, days.iter().copied());
    let before = values(baseline);
    let after = values(&(0..timeline.days_after).collect::<Vec<i64>>());
    if before.len() < baseline::MIN_DAYS {
        return Err(Shortfall::Before(before.len()));
    }
    if after.is_empty() {
        return Err(Shortfall::After);
    }
    let with = |common_at: &dyn Fn(i64) -> Option<f64>, prior_variance| {
        let points: Vec<Point> = before
            .iter()
            .filter_map(|block| {
                let common = common_at(block.day)?;
                let day = block.day as f64;
                Some(Point { day, z: block.z, common, calls: block.calls })
            })
            .collect();
        let after: Vec<DayAfter> = after
            .iter()
            .filter_map(|block| {
                let common = common_at(block.day)?;
                Some(DayAfter { day: block.day, z: block.z, common, calls: block.calls })
            })
            .collect();
        if points.len() < baseline::MIN_DAYS || after.is_empty() {
            return None;
        }
        Effect::new(Fit::new(&points, prior_variance, levels.are_weekends_apart)?, &after)
    };
    if let Some(common) = common
        && let Some(effect) = with(&|day| common.at(day), Some(common.prior_variance))
    {
        return Ok(Estimate { effect, is_controlled: true });
    }
    with(&|_| Some(0.0), None)
        .map(|effect| Estimate { effect, is_controlled: false })
        .ok_or(Shortfall::NotFinite)
}
