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
        && !is_measured(candidate.history.query_hash)
        && !candidate.relations.iter().any(is_touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::verdict::evidence::{Cell, QueryHistory};
    use crate::verdict::fixture::{ALL, at, candidates, cell, evidence, kept, timeline, wobbling};

    const DAYS: [i64; 6] = [-5, -4, -3, -2, 0, 1];
    const BASELINE: [i64; 4] = [-5, -4, -3, -2];

    /// How many of these are chosen.
    fn chosen(candidates: Vec<Candidate<'static>>) -> usize {
        let evidence = ChangeEvidence { candidates: kept(candidates), ..evidence(10.0) };
        Controls::choose(&timeline(&evidence), &evidence, &DAYS).series.len()
    }

    /// Whether a candidate is still taken after a change to it, five others being there.
    fn taken(change: impl FnOnce(&mut Candidate<'static>)) -> bool {
        let mut offered = candidates(6, 1.0);
        assert_eq!(chosen(offered.clone()), 6);
        change(&mut offered[5]);
        chosen(offered) == 6
    }

    fn with_cells(change: fn(Cell) -> Cell) -> QueryHistory<'static> {
        let cells = wobbling(6, 5.0, 5.0).into_iter().map(change).collect();
        QueryHistory { query_hash: 6, cells: kept(cells) }
    }

    #[test]
    fn only_statements_that_read_a_table_are_controls() {
        for kind in [StatementKind::Insert, StatementKind::Update, StatementKind::Delete] {
            assert!(taken(|c| c.kind = kind));
        }
        assert!(!taken(|c| c.kind = StatementKind::Other));
        assert!(!taken(|c| c.relations = &[]));
        assert!(!taken(|c| c.reads_relation = false));
        assert!(!taken(
            |c| c.history = with_cells(|cell| Cell { shared_blks: cell.calls - 1, ..cell })
        ));
        assert!(taken(|c| c.history = with_cells(|cell| Cell { shared_blks: cell.calls, ..cell })));
    }

    #[test]
    fn what_the_change_may_have_touched_is_no_control() {
        assert!(!taken(|c| c.relations = &[77, 1]));
        assert!(!taken(|c| c.history.query_hash = -1));
        let mut rewrite = evidence(10.0);
        rewrite.rewritten_as = Some(kept(vec![QueryHistory { query_hash: 3, cells: &[] }]));
        rewrite.candidates = kept(candidates(6, 1.0));
        rewrite.target_relations = &[];
        rewrite.change_relations = &[];
        assert_eq!(Controls::choose(&timeline(&rewrite), &rewrite, &DAYS).series.len(), 5);
        rewrite.change_relations = &[101];
        assert_eq!(Controls::choose(&timeline(&rewrite), &rewrite, &DAYS).series.len(), 0);
    }

    #[test]
    fn four_are_none_and_twenty_the_most() {
        assert_eq!(chosen(candidates(4, 1.0)), 0);
        assert_eq!(chosen(candidates(5, 1.0)), 5);
        assert_eq!(chosen(candidates(30, 1.0)), 20);
        // One query offered five times is one.
        assert_eq!(chosen(vec![candidates(1, 1.0)[0]; 5]), 0);
    }

    #[test]
    fn no_more_than_three_share_a_relation() {
        let mut offered = candidates(9, 1.0);
        offered[..5].iter_mut().for_each(|c| c.relations = &[500, 501]);
        assert_eq!(chosen(offered.clone()), 7);
        offered[5].relations = &[501, 502];
        assert_eq!(chosen(offered), 6);
    }

    #[test]
    fn the_costliest_come_first() {
        let mut offered = candidates(21, 1.0);
        for candidate in &mut offered[..20] {
            candidate.relations = &[500];
        }
        let costly = wobbling(1, 900.0, 900.0);
        offered[7].history = QueryHistory { query_hash: 8, cells: kept(costly) };
        let evidence = ChangeEvidence { candidates: kept(offered), ..evidence(10.0) };
        let timeline = timeline(&evidence);
        // Three of the twenty on one relation, and the one beside them: too few, but the order shows in
        // what a fifth and sixth would join.
        assert!(Controls::choose(&timeline, &evidence, &DAYS).series.is_empty());
        let mut more = candidates(24, 1.0);
        more[..20].copy_from_slice(&evidence.candidates[..20]);
        let evidence = ChangeEvidence { candidates: kept(more), ..evidence };
        let controls = Controls::choose(&timeline, &evidence, &DAYS);
        assert_eq!(controls.series.len(), 7);
        assert!(controls.series[0].sum(&timeline, [-2]).time_ms > 500_000.0);
    }

    #[test]
    fn a_control_runs_on_four_days_of_five() {
        // Six days need 4.8: five are enough, four are not.
        assert!(taken(|c| {
            let rare = wobbling(6, 5.0, 5.0).into_iter().filter(|c| c.start < at(24));
            c.history = QueryHistory { query_hash: 6, cells: kept(rare.collect()) };
        }));
        assert!(!taken(|c| {
            let rare = wobbling(6, 5.0, 5.0).into_iter().filter(|c| c.start < at(0));
            c.history = QueryHistory { query_hash: 6, cells: kept(rare.collect()) };
        }));
    }

    fn common(factors: &[f64]) -> Option<Common> {
        let mut offered = candidates(factors.len() as i64, 1.0);
        for (candidate, factor) in offered.iter_mut().zip(factors) {
            let cells = ALL.map(|hour| cell(hour, 60, if hour < 0 { 5.0 } else { 5.0 * factor }));
            candidate.history.cells = kept(cells.collect());
        }
        let evidence = ChangeEvidence { candidates: kept(offered), ..evidence(10.0) };
        let timeline = timeline(&evidence);
        Controls::choose(&timeline, &evidence, &DAYS).common(
            &timeline,
            Measure::TimePerCall,
            &BASELINE,
        )
    }

    #[test]
    fn what_is_common_is_the_median_of_the_controls() {
        let common = common(&[0.5, 0.75, 0.75, 0.8, 40.0]).unwrap();
        assert_eq!(common.controls, 5);
        assert!((common.at(0).unwrap() - 0.75_f64.ln()).abs() < 1e-9);
        assert!(common.at(-3).unwrap().abs() < 1e-9);
        assert_eq!(common.at(-6), None);
        assert_eq!(common.at(-900), None);
        assert_eq!(common.at(2), None);
        // Controls that never scatter have no variance.
        assert!(common.prior_variance < 1e-18);
    }

    #[test]
    fn a_day_on_which_fewer_than_five_have_a_value_has_none() {
        let mut offered = candidates(5, 1.0);
        let rest = offered[0].history.cells.iter().filter(|c| c.start < at(24));
        offered[0].history.cells = kept(rest.copied().collect());
        let evidence = ChangeEvidence { candidates: kept(offered), ..evidence(10.0) };
        let timeline = timeline(&evidence);
        let common = Controls::choose(&timeline, &evidence, &DAYS)
            .common(&timeline, Measure::TimePerCall, &BASELINE)
            .unwrap();
        assert!(common.at(0).is_some());
        assert_eq!(common.at(1), None);
    }

    #[test]
    fn the_prior_variance_is_the_median_of_what_controls_scatter_around_their_loading() {
        let evidence = evidence(10.0);
        let timeline = timeline(&evidence);
        let controls = Controls::choose(&timeline, &evidence, &DAYS);
        let common = controls.common(&timeline, Measure::TimePerCall, &BASELINE).unwrap();
        let mut variances: Vec<f64> = controls
            .series
            .iter()
            .map(|series| {
                let levels =
                    Levels::learn(&timeline, series, Measure::TimePerCall, &BASELINE).unwrap();
                let apart: Vec<f64> = BASELINE
                    .iter()
                    .map(|day| {
                        let z = day_value(&timeline, series, Measure::TimePerCall, &levels, *day);
                        z.unwrap() - 0.8 * common.at(*day).unwrap()
                    })
                    .collect();
                sample_variance(&apart).unwrap()
            })
            .collect();
        assert_eq!(common.prior_variance, median(&mut variances).unwrap());
        assert!(common.prior_variance > 1e-5);
    }
}
