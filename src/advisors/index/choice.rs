//! The choice among all that was tried, and the suggestions that follow from it.
//!
//! Promises: one definition is one text for every query that it helps; what an index does that is there by now, or one that was made for the query and
//! did not help, is not suggested. A cancel, or the worker's end, ends it within a moment.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use optimizer_core::advisors::index::candidates::FEWEST_ROWS;
use optimizer_core::advisors::index::definition::Candidate;
use optimizer_core::advisors::index::predict::{Evidence, Prediction, predict};
use optimizer_core::advisors::index::redundant::is_redundant;
use optimizer_core::advisors::index::select::{
    Chosen, Demand, HARM, Offer, Priced, choose, cost_ms_per_hour,
};
use optimizer_core::advisors::index::size::{size, write_ms_per_hour};
use optimizer_core::advisors::index::trial::{Together, Trial};
use optimizer_core::statement::shape::Oid;
use pgrx::prelude::*;

use crate::advisors::index::LEAST_SHARE;
use crate::advisors::index::tables::{Known, known};
use crate::error::Result;
use crate::fingerprint;
use crate::row::{column, nullable};
use crate::store::index_advice;

pub use rows::Suggestion;

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
            pgrx::check_for_interrupts!();
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
        } else if load.trial.before.may_get_slower(&set.after) {
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

    fn chosen(&self) -> Chosen {
        let total: f64 = self
            .loads
            .iter()
            .map(|load| load.calls_per_hour * load.mean_exec_time_ms / load.share.max(1e-9))
            .fold(0.0, f64::max);
        let tables_bytes: f64 =
            self.tables.values().map(|known| known.table.pages * PAGE_BYTES).sum();
        choose(&self.priced, &self.asked, tables_bytes, total * LEAST_SHARE, &|| {
            pgrx::check_for_interrupts!();
        })
    }
}
