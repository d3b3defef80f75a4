//! Other queries that lived through the same days: what moved them too was not the change.
//!
//! Chosen by what they are, never by how alike their level was: choosing look-alikes before the change
//! brings regression to the mean back in. The trap: a statement that touches no data (BEGIN, SELECT 1)
//! does not move when the machine does, and as a control would make every upgrade look like a success.

use std::collections::HashMap;

use crate::statistics::{median, sample_variance};
use crate::verdict::blocks::day_value;
use crate::verdict::cells::{Measure, Series};
use crate::verdict::evidence::{Candidate, ChangeEvidence, StatementKind};
use crate::verdict::levels::Levels;
use crate::verdict::model::{LOADING, PRIOR_SD_UNCONTROLLED};
use crate::verdict::timeline::{OLDEST_DAY, Timeline};

/// Fewest controls, in all and with a value on a day: the median of four moves with each of them.
pub const MIN_CONTROLS: usize = 5;
/// The most that are used, by total time; more make the median hardly steadier.
pub const MOST_CONTROLS: usize = 20;
/// The most on one relation: it may have a story of its own.
const MOST_PER_RELATION: usize = 3;
/// A control must be valid in this share of the days.
const MIN_VALID_SHARE: f64 = 0.8;
/// A control reads data: at least this many shared blocks per call.
const MIN_BLOCKS_PER_CALL: f64 = 1.0;

/// The chosen queries, and which days they were chosen for.
#[derive(Debug, Default)]
pub struct Controls {
    series: Vec<Series>,
    days: Vec<i64>,
}

/// What the controls did in one measure.
#[derive(Debug)]
pub struct Common {
    /// C of each day, from [`OLDEST_DAY`] on.
    by_day: Vec<Option<f64>>,
    /// s0^2, the prior variance of a day's value around the model.
    pub prior_variance: f64,
    pub controls: usize,
}

impl Common {
    /// C_d: the median of the controls' own Z_d.
    pub fn at(&self, day: i64) -> Option<f64> {
        usize::try_from(day - OLDEST_DAY).ok().and_then(|i| self.by_day.get(i).copied().flatten())
    }
}

impl Controls {
    /// Chooses for these days (baseline and after); fewer than [`MIN_CONTROLS`] are none.
    pub fn choose(timeline: &Timeline, evidence: &ChangeEvidence, days: &[i64]) -> Controls {
        let mut offered: Vec<(f64, &Candidate, Series)> = evidence
            .candidates
            .iter()
            .filter(|candidate| is_suitable(candidate, evidence))
            .filter_map(|candidate| {
                let series = Series::new(timeline, &candidate.history);
                let sum = series.sum(timeline, days.iter().copied());
                let valid = days
                    .iter()
                    .filter(|day| series.is_valid(timeline, **day, Measure::TimePerCall))
                    .count();
                let is_usable = sum.blocks >= MIN_BLOCKS_PER_CALL * sum.calls
                    && valid > 0
                    && valid as f64 >= MIN_VALID_SHARE * days.len() as f64;
                is_usable.then_some((sum.time_ms, candidate, series))
            })
            .collect();
        // Equal times in the order of their hash, so that the same evidence gives the same controls.
        offered.sort_by(|a, b| {
            b.0.total_cmp(&a.0).then(a.1.history.query_hash.cmp(&b.1.history.query_hash))
        });
        offered.dedup_by_key(|offer| offer.1.history.query_hash);
        let mut on_relation: HashMap<u32, usize> = HashMap::new();
        let mut series = Vec::new();
        for (_, candidate, its_series) in offered {
            let is_crowded = |relation: &u32| {
                on_relation.get(relation).is_some_and(|count| *count >= MOST_PER_RELATION)
            };
            if candidate.relations.iter().any(is_crowded) {
                continue;
            }
            for relation in candidate.relations {
                *on_relation.entry(*relation).or_default() += 1;
            }
            series.push(its_series);
            if series.len() == MOST_CONTROLS {
                break;
            }
        }
        if series.len() < MIN_CONTROLS {
            series.clear();
        }
        Controls { series, days: days.to_vec() }
    }

    /// What they did in `measure`, their own levels learned from `baseline`; `None` without controls.
    pub fn common(
        &self,
        timeline: &Timeline,
        measure: Measure,
        baseline: &[i64],
    ) -> Option<Common> {
        let days: Vec<i64> = self.days.iter().chain(baseline).copied().collect();
        let length = usize::try_from(timeline.days_after - OLDEST_DAY).ok()?;
        let place = |day: i64| usize::try_from(day - OLDEST_DAY).ok().filter(|i| *i < length);
        let values: Vec<Vec<Option<f64>>> = self
            .series
            .iter()
            .filter_map(|series| {
                let own: Vec<i64> = baseline
                    .iter()
                    .copied()
                    .filter(|day| series.is_valid(timeline, *day, measure))
                    .collect();
                let levels = Levels::learn(timeline, series, measure, &own)?;
                let mut values = vec![None; length];
                for day in &days {
                    if let Some(value) = place(*day).and_then(|i| values.get_mut(i))
                        && value.is_none()
                    {
                        *value = day_value(timeline, series, measure, &levels, *day);
                    }
                }
                Some(values)
            })
            .collect();
        if values.len() < MIN_CONTROLS {
            return None;
        }
        let by_day: Vec<Option<f64>> = (0..length)
            .map(|i| {
                let mut of_day: Vec<f64> = values.iter().filter_map(|value| value[i]).collect();
                if of_day.len() < MIN_CONTROLS { None } else { median(&mut of_day) }
            })
            .collect();
        let mut variances: Vec<f64> = values
            .iter()
            .filter_map(|value| {
                let apart: Vec<f64> = baseline
                    .iter()
                    .filter_map(|day| place(*day))
                    .filter_map(|i| value[i].zip(by_day[i]).map(|(z, c)| z - LOADING * c))
                    .collect();
                sample_variance(&apart)
            })
            .collect();
        let prior_variance = median(&mut variances).unwrap_or(PRIOR_SD_UNCONTROLLED.powi(2));
        Some(Common { by_day, prior_variance, controls: values.len() })
    }
}

/// What can be said of a candidate without its cells.
fn is_suitable(candidate: &Candidate, evidence: &ChangeEvidence) -> bool {
    let rewritten = evidence.rewritten_as.unwrap_or_default();
    let is_measured = |hash: i64| {
        hash == evidence.target.query_hash || rewritten.iter().any(|new| new.query_hash == hash)
    };
    let is_touched = |relation: &u32| {
        evidence.target_relations.contains(relation) || evidence.change_relations.contains(relation)
    };
    candidate.kind != StatementKind::Other
        && candidate.reads_relation
        && !candidate.relations.is_empty()
        && !candidate.is_changed
        && !is_measured(candidate.history.query_hash)
        && !candidate.relations.iter().any(is_touched)
}
