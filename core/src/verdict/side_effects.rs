//! What a change did to other queries on the same relations, writes included: an index that speeds one
//! query up is paid for by others.
//!
//! The same test as the target's, with one difference: the worst of k is picked, so each is tested at
//! alpha / k (Bonferroni). Without that, twenty neighbours of a change that did nothing would show a
//! regression in four of ten cases.

use crate::Micros;
use crate::verdict::baseline;
use crate::verdict::cells::{Measure, Series};
use crate::verdict::controls::Common;
use crate::verdict::decide::margin;
use crate::verdict::estimate::estimate;
use crate::verdict::evidence::ChangeEvidence;
use crate::verdict::finding::{ShownEffect, SideEffect};
use crate::verdict::interval::Effect;
use crate::verdict::timeline::Timeline;

/// The most neighbours that are looked at, by their time before and after.
pub const MOST: usize = 20;

/// The worst proven regression among the neighbours.
pub fn worst(
    timeline: &Timeline,
    evidence: &ChangeEvidence,
    common: Option<&Common>,
    since: Option<Micros>,
    alpha: f64,
) -> Option<SideEffect> {
    let rewritten = evidence.rewritten_as.unwrap_or_default();
    let is_measured = |hash: i64| {
        hash == evidence.target.query_hash || rewritten.iter().any(|new| new.query_hash == hash)
    };
    let mut neighbours: Vec<(f64, i64, Series)> = evidence
        .neighbours
        .iter()
        .filter(|history| !is_measured(history.query_hash))
        .map(|history| {
            let series = Series::new(timeline, history);
            let days = crate::verdict::timeline::OLDEST_DAY..timeline.days_after;
            (series.sum(timeline, days).time_ms, history.query_hash, series)
        })
        .collect();
    neighbours.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    neighbours.dedup_by_key(|neighbour| neighbour.1);
    neighbours.truncate(MOST);
    let effects: Vec<(i64, Effect)> = neighbours
        .iter()
        .filter_map(|(_, hash, series)| {
            let measure = Measure::TimePerCall;
            let days = baseline::days(timeline, evidence, series, measure, since);
            let mut found = estimate(timeline, series, measure, &days, common).ok()?;
            if let Some(event) = evidence.circumstances.event_after(since)
                && !found.is_controlled
            {
                let days = baseline::days(timeline, evidence, series, measure, Some(event.at));
                found = estimate(timeline, series, measure, &days, None).ok()?;
            }
            Some((*hash, found.effect))
        })
        .collect();
    let each = alpha / effects.len().max(1) as f64;
    effects
        .iter()
        .filter(|(_, effect)| effect.interval(each).0 > 0.0 && effect.theta >= margin())
        .max_by(|a, b| a.1.theta.total_cmp(&b.1.theta))
        .map(|(hash, effect)| SideEffect { query_hash: *hash, effect: ShownEffect::from(effect) })
}
