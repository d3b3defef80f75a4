//! Changes that reach every query at once have no controls; what most of the costliest queries did is
//! what can be asked instead.

use crate::Micros;
use crate::verdict::baseline;
use crate::verdict::cells::{Measure, Series};
use crate::verdict::estimate::estimate;
use crate::verdict::evidence::ChangeEvidence;
use crate::verdict::timeline::Timeline;

/// How many of the costliest queries are asked.
const ASKED: usize = 20;

/// Part of the costliest queries whose time per call fell, and how many could be asked.
pub fn agreement(
    timeline: &Timeline,
    evidence: &ChangeEvidence,
    since: Option<Micros>,
) -> (f64, usize) {
    let thetas: Vec<f64> = evidence
        .costliest
        .iter()
        .take(ASKED)
        .filter_map(|history| {
            let series = Series::new(timeline, history);
            let days = baseline::days(timeline, evidence, &series, Measure::TimePerCall, since);
            let estimate = estimate(timeline, &series, Measure::TimePerCall, &days, None).ok()?;
            Some(estimate.effect.theta)
        })
        .collect();
    if thetas.is_empty() {
        return (0.0, 0);
    }
    let faster = thetas.iter().filter(|theta| **theta < 0.0).count();
    (faster as f64 / thetas.len() as f64, thetas.len())
}
