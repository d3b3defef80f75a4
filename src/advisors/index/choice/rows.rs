//! What was chosen as rows of `index_suggestions`: one for each query and index that helps it.

use std::collections::{BTreeMap, BTreeSet};

use optimizer_core::advisors::index::select::{Chosen, Help};
use optimizer_core::advisors::index::size::loses_hot;
use optimizer_core::advisors::index::words::{Said, reasoning};

use super::{Choice, least_improvement};

/// A row of `index_suggestions`.
pub struct Suggestion {
    pub query_hash: i64,
    pub relation: String,
    pub definition: String,
    pub columns: Vec<String>,
    pub access_method: &'static str,
    pub size_bytes: i64,
    pub reasoning: String,
    pub other_queries: Vec<i64>,
    pub improvement_percent: f64,
    pub confidence: f64,
    pub cost_before: Option<f64>,
    pub cost_after: Option<f64>,
}

impl Choice<'_> {
    /// A row for each query and index that helps it.
    pub(super) fn suggestions(&self) -> Vec<Suggestion> {
        let Chosen { helps, harms, .. } = self.chosen();
        let mut harmed: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for (index, demand) in harms {
            harmed.entry(index).or_default().push(self.loads[self.demands[demand].0].query_hash);
        }
        // By index: places of loads, each once, whatever it is helped with.
        let mut helped: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for help in &helps {
            for index in &help.served_by {
                helped.entry(*index).or_default().insert(self.demands[help.demand].0);
            }
        }
        let mut rows = Vec::new();
        for help in &helps {
            pgrx::check_for_interrupts!();
            rows.extend(self.rows_of(help, &helped, &harmed));
        }
        // Two members of a set may be served by one index.
        let mut seen = BTreeSet::new();
        rows.retain(|row| seen.insert((row.query_hash, row.definition.clone())));
        rows
    }

    fn rows_of(
        &self,
        help: &Help,
        helped: &BTreeMap<usize, BTreeSet<usize>>,
        harmed: &BTreeMap<usize, Vec<i64>>,
    ) -> Vec<Suggestion> {
        let Some((load_at, offers)) = self.demands.get(help.demand) else { return Vec::new() };
        let load = &self.loads[*load_at];
        let Some((set, whole)) = offers.get(help.offer) else { return Vec::new() };
        help.served_by
            .iter()
            .enumerate()
            .filter_map(|(at, index)| {
                let entry = self.pool.get(*index)?;
                let known = self.tables.get(&entry.candidate.relation)?;
                // What it brings by itself, where it does.
                let (set, prediction) = offers
                    .iter()
                    .find(|(other, alone)| {
                        other.members[..] == set.members[at..=at]
                            && alone.improvement_percent
                                >= least_improvement(self.priced[*index].is_current)
                    })
                    .map_or((set, whole), |(alone, prediction)| (alone, prediction));
                let together_with: Vec<String> = if set.members.len() > 1 {
                    help.served_by
                        .iter()
                        .filter(|other| *other != index)
                        .map(|other| self.pool[*other].definition.clone())
                        .collect()
                } else {
                    Vec::new()
                };
                let queries = helped.get(index)?;
                let said = Said {
                    table: &known.table,
                    prediction,
                    before: &load.trial.before,
                    after: &set.after,
                    is_foreign_key: set.is_foreign_key,
                    together_with: &together_with,
                    harmed: harmed.get(index).map_or(&[], Vec::as_slice),
                    queries: queries.len(),
                    share_of_total_time: queries.iter().map(|at| self.loads[*at].share).sum(),
                    calls_per_hour: load.calls_per_hour,
                    mean_exec_time_ms: load.mean_exec_time_ms,
                    size_bytes: entry.bytes,
                    write_ms_per_hour: entry.write_ms_per_hour,
                    loses_hot: loses_hot(&entry.candidate, &known.updated)
                        && known.table.updates_per_hour * known.table.hot_share > 0.0,
                };
                let cost = |cost: f64| (!set.is_foreign_key && cost > 0.0).then_some(cost);
                Some(Suggestion {
                    query_hash: load.query_hash,
                    relation: known.table.qualified(),
                    definition: entry.definition.clone(),
                    columns: entry.candidate.key_names(&known.table),
                    access_method: entry.candidate.method.name(),
                    size_bytes: entry.bytes as i64,
                    reasoning: reasoning(&said),
                    other_queries: queries
                        .iter()
                        .map(|at| self.loads[*at].query_hash)
                        .filter(|other| *other != load.query_hash)
                        .collect(),
                    improvement_percent: prediction.improvement_percent,
                    confidence: prediction.confidence,
                    cost_before: cost(load.trial.before.cost)
                        .filter(|_| cost(set.after.cost).is_some()),
                    cost_after: cost(set.after.cost),
                })
            })
            .collect()
    }
}
