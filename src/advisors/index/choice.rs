//! The choice among all that was tried, and the suggestions that follow from it.
//!
//! Promises: one definition is one text for every query that it helps; what an index does that is there by now, or one that was made for the query and
//! did not help, is not suggested.

use std::collections::{BTreeMap, BTreeSet};

use optimizer_core::advisors::index::candidates::FEWEST_ROWS;
use optimizer_core::advisors::index::definition::Candidate;
use optimizer_core::advisors::index::predict::{Evidence, Prediction, predict};
use optimizer_core::advisors::index::redundant::is_redundant;
use optimizer_core::advisors::index::search::{Together, Trial};
use optimizer_core::advisors::index::select::{
    Chosen, Demand, HARM, Help, Offer, Priced, choose, cost_ms_per_hour,
};
use optimizer_core::advisors::index::size::{loses_hot, size, write_ms_per_hour};
use optimizer_core::advisors::index::words::{Said, reasoning};
use optimizer_core::statement::shape::Oid;
use pgrx::prelude::*;

use crate::advisors::index::LEAST_SHARE;
use crate::advisors::index::tables::{Known, known};
use crate::error::Result;
use crate::fingerprint;
use crate::row::{column, nullable};
use crate::store::index_advice;

const DEMANDS: &str = include_str!("../../../sql/queries/index_demands.sql");

/// Promises below which nothing is suggested, percent: no verdict could see them. No setting.
const LEAST_IMPROVEMENT: f64 = 10.0;
/// The same of what is suggested already: a promise moves with the share of blocks found in memory, and shall not come and go. No setting.
const LEAST_OF_CURRENT: f64 = 8.0;

/// What each column beyond the first takes from a saving: a wider index has to bring more than that. It is larger, and more updates touch
/// it. No setting.
const OF_EACH_COLUMN: f64 = 0.02;

/// Bytes of a page.
const PAGE_BYTES: f64 = 8192.0;

/// A query that indexes would help, and its load.
struct Load {
    query_hash: i64,
    trial: Trial,
    calls_per_hour: f64,
    mean_exec_time_ms: f64,
    share: f64,
    rows_per_call: Option<f64>,
    has_parameters: bool,
    hit_share: Option<f64>,
}

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

/// A candidate of the pool.
struct Entry {
    candidate: Candidate,
    definition: String,
    bytes: f64,
    write_ms_per_hour: f64,
}

/// Chooses and keeps the suggestions: how many were added, renewed and withdrawn.
pub fn run() -> Result<(i64, i64, i64)> {
    // What this transaction has written is only seen by an update.
    let loads = Spi::connect_mut(|client| -> Result<Vec<Load>> {
        client
            .update(DEMANDS, None, &[LEAST_SHARE.into()])?
            .map(|row| {
                // What cannot be read was kept by other rules: it is tried again when its ground changes.
                let Ok(trial) = serde_json::from_str(&column::<String>(&row, 2)?) else {
                    return Ok(None);
                };
                Ok(Some(Load {
                    query_hash: column(&row, 1)?,
                    trial,
                    calls_per_hour: column(&row, 3)?,
                    mean_exec_time_ms: column(&row, 4)?,
                    share: column(&row, 5)?,
                    rows_per_call: nullable(&row, 6)?,
                    has_parameters: column(&row, 7)?,
                    hit_share: nullable(&row, 8)?,
                }))
            })
            .filter_map(Result::transpose)
            .collect()
    })?;
    let relations: BTreeSet<Oid> = loads
        .iter()
        .flat_map(|load| &load.trial.candidates)
        .map(|candidate| candidate.relation)
        .collect();
    let tables = known(&relations)?;
    let failures = Spi::connect_mut(index_advice::failures)?;
    let current = current_definitions()?;
    let suggestions = Choice::of(&loads, &tables, &failures, &current).suggestions();
    Spi::connect_mut(|client| index_advice::keep_suggestions(client, suggestions))
}

const fn least_improvement(is_current: bool) -> f64 {
    if is_current { LEAST_OF_CURRENT } else { LEAST_IMPROVEMENT }
}

/// What is suggested now.
fn current_definitions() -> Result<BTreeSet<String>> {
    Spi::connect_mut(|client| {
        client
            .update(
                "/* optimizer_workflow: suggested now */ SELECT DISTINCT definition FROM optimizer.index_suggestions WHERE made_by = 'builtin'",
                None,
                &[],
            )?
            .map(|row| column(&row, 1))
            .collect()
    })
}

/// The pool, what each query makes of it, and what was chosen.
struct Choice<'a> {
    loads: &'a [Load],
    tables: &'a BTreeMap<Oid, Known>,
    pool: Vec<Entry>,
    /// By demand: the load, and by offer its set and its promise.
    demands: Vec<(usize, Vec<(&'a Together, Prediction)>)>,
    priced: Vec<Priced>,
    asked: Vec<Demand>,
}

impl<'a> Choice<'a> {
    fn of(
        loads: &'a [Load],
        tables: &'a BTreeMap<Oid, Known>,
        failures: &BTreeSet<(i64, String)>,
        current: &BTreeSet<String>,
    ) -> Choice<'a> {
        let mut choice = Choice {
            loads,
            tables,
            pool: Vec::new(),
            demands: Vec::new(),
            priced: Vec::new(),
            asked: Vec::new(),
        };
        let mut places: BTreeMap<Candidate, usize> = BTreeMap::new();
        for (at, load) in loads.iter().enumerate() {
            // The check of a foreign key runs beside the statement's own plan: one does not take the place of the other.
            let (checks, plans): (Vec<_>, Vec<_>) =
                load.trial.sets.iter().chain(&load.trial.risks).partition(|set| set.is_foreign_key);
            choice.add_demand(at, &plans, failures, current, &mut places);
            for check in checks {
                choice.add_demand(at, &[check], failures, current, &mut places);
            }
        }
        choice
    }

    fn add_demand(
        &mut self,
        at: usize,
        sets: &[&'a Together],
        failures: &BTreeSet<(i64, String)>,
        current: &BTreeSet<String>,
        places: &mut BTreeMap<Candidate, usize>,
    ) {
        let load = &self.loads[at];
        let (mut offers, mut kept) = (Vec::new(), Vec::new());
        for set in sets.iter().copied() {
            let Some(members) = self.members(load, set, current, places) else { continue };
            let prediction = self.prediction(load, set);
            let saving = if self.failed(load, &members, failures) {
                // The planner would take it all the same.
                0.0
            } else {
                self.expected_saving(load, set, &members, &prediction)
            };
            offers.push(Offer { members, plan_cost: set.after.cost, saving });
            kept.push((set, prediction));
        }
        if !offers.is_empty() {
            self.asked.push(Demand {
                query_hash: load.query_hash,
                time_ms_per_hour: load.calls_per_hour * load.mean_exec_time_ms,
                offers,
            });
            self.demands.push((at, kept));
        }
    }

    /// Share of the query's time, less for wide indexes; 0 where no verdict could see it, below 0 where harm is expected.
    fn expected_saving(
        &self,
        load: &Load,
        set: &Together,
        members: &[usize],
        prediction: &Prediction,
    ) -> f64 {
        let is_current = members.iter().all(|member| self.priced[*member].is_current);
        if prediction.improvement_percent >= least_improvement(is_current) {
            let columns: usize =
                members.iter().map(|member| self.pool[*member].candidate.columns() - 1).sum();
            prediction.improvement_percent / 100.0 * (1.0 - OF_EACH_COLUMN * columns as f64)
        } else if load.trial.before.gives_up_workers_for_lookups(&set.after) {
            HARM
        } else {
            0.0
        }
    }

    /// Whether one of them was made for the query and did not help.
    fn failed(&self, load: &Load, members: &[usize], failures: &BTreeSet<(i64, String)>) -> bool {
        // One fingerprint for each pair of query and index: a parse of some 20 us.
        !failures.is_empty()
            && members.iter().any(|place| {
                fingerprint::of_index(&self.pool[*place].definition)
                    .is_some_and(|made| failures.contains(&(load.query_hash, made)))
            })
    }

    /// Places of the set's members in the pool; None where one of them is out of the question.
    fn members(
        &mut self,
        load: &Load,
        set: &Together,
        current: &BTreeSet<String>,
        places: &mut BTreeMap<Candidate, usize>,
    ) -> Option<Vec<usize>> {
        let mut members = Vec::new();
        for member in &set.members {
            let candidate = load.trial.candidates.get(*member)?;
            let place = match places.get(candidate) {
                Some(place) => *place,
                None => {
                    let place = self.add(candidate, current)?;
                    places.insert(candidate.clone(), place);
                    place
                }
            };
            members.push(place);
        }
        Some(members)
    }

    /// Puts a candidate into the pool, where its table still wants it.
    fn add(&mut self, candidate: &Candidate, current: &BTreeSet<String>) -> Option<usize> {
        let known = self.tables.get(&candidate.relation)?;
        let table = &known.table;
        if table.rows < FEWEST_ROWS || is_redundant(candidate, table) {
            return None;
        }
        let definition = candidate.create(table, |name| known.names.contains(name))?;
        let size = size(candidate, table);
        let bare = Candidate { includes: Vec::new(), ..candidate.clone() };
        let bare_bytes = optimizer_core::advisors::index::size::size(&bare, table).bytes;
        let held = if table.rows > 0.0 { size.rows / table.rows } else { 1.0 };
        let writes = write_ms_per_hour(candidate, table, &known.updated, held);
        self.priced.push(Priced {
            candidate: candidate.clone(),
            cost_ms_per_hour: cost_ms_per_hour(writes, size.bytes),
            bare_bytes,
            carried_bytes: size.bytes - bare_bytes,
            is_current: current.contains(&definition),
        });
        self.pool.push(Entry {
            candidate: candidate.clone(),
            definition,
            bytes: size.bytes,
            write_ms_per_hour: writes,
        });
        Some(self.pool.len() - 1)
    }

    fn prediction(&self, load: &Load, set: &Together) -> Prediction {
        let table_rows = set
            .members
            .iter()
            .filter_map(|member| load.trial.candidates.get(*member))
            .filter_map(|candidate| self.tables.get(&candidate.relation))
            .map(|known| known.table.rows)
            .fold(0.0, f64::max);
        predict(&Evidence {
            before: &load.trial.before,
            after: &set.after,
            saving: load.trial.saving(&set.after),
            saving_cached: load.trial.saving_cached(set),
            hit_share: load.hit_share,
            saving_on_flash: load.trial.saving_on_flash(),
            has_parameters: load.has_parameters,
            is_foreign_key: set.is_foreign_key,
            table_rows,
            measured_rows_per_call: load.rows_per_call,
            mean_exec_time_ms: Some(load.mean_exec_time_ms),
        })
    }

    /// A row for each query and index that helps it.
    fn suggestions(&self) -> Vec<Suggestion> {
        let total: f64 = self
            .loads
            .iter()
            .map(|load| load.calls_per_hour * load.mean_exec_time_ms / load.share.max(1e-9))
            .fold(0.0, f64::max);
        let tables_bytes: f64 =
            self.tables.values().map(|known| known.table.pages * PAGE_BYTES).sum();
        let Chosen { helps, harms, .. } =
            choose(&self.priced, &self.asked, tables_bytes, total * LEAST_SHARE);
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
        let mut rows: Vec<Suggestion> =
            helps.iter().flat_map(|help| self.rows_of(help, &helped, &harmed)).collect();
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
