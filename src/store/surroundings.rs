//! What many looks have in common: the observed hours, who may be compared with, how much time each query takes.
//!
//! Trap: a look is taken in a subtransaction of its own, called from SQL, so nothing can be handed through to it. What the looks of one call share
//! waits in this thread for as long as [`Kept`] lives; a look that finds nothing there reads for itself.

use std::cell::RefCell;
use std::collections::HashMap;

use optimizer_core::Micros;
use optimizer_core::verdict::{Candidate, StatementKind, controls};
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::column;
use crate::store::changes::{self, Change};
use crate::store::history::History;
use crate::store::sight::Sight;
use crate::time::{from_micros, now};

const READ_POOL: &str = include_str!("../../sql/queries/read_pool.sql");
const READ_TIMES: &str = include_str!("../../sql/queries/read_times.sql");

/// How far back the time is summed up that ranks queries, in buckets: a week of hours has every hour of every day.
pub const RANKED_BUCKETS: i64 = 7 * 24;

/// Queries on one relation that are offered as controls. Twice what core takes of one: some are not valid in enough days.
const OFFERED_PER_RELATION: usize = 6;

/// Queries offered as controls in all. Five times what core takes: not all of them run on enough days. Reading and weighing
/// them is most of what a look costs.
const OFFERED: usize = 5 * controls::MOST_CONTROLS;

/// A query that may be compared with.
pub struct PoolQuery {
    pub query_hash: i64,
    pub kind: StatementKind,
    pub reads_relation: bool,
    pub relations: Vec<u32>,
}

pub struct Surroundings {
    pub history: History,
    /// All that may be compared with, the costliest first.
    pub pool: Vec<PoolQuery>,
    time_ms: HashMap<i64, f64>,
    changes: Option<Vec<Change>>,
}

impl Surroundings {
    /// Everything between two buckets but the histories of queries.
    pub fn read(
        client: &mut SpiClient,
        sight: Sight,
        (first, last): (Micros, Micros),
        bucket_width: Micros,
    ) -> Result<Surroundings> {
        let history = History::read(client, sight, (first, last))?;
        // The stretch of several looks may end in the future.
        let ranked_since = last.min(now()).saturating_sub(RANKED_BUCKETS * bucket_width);
        let mut time_ms = HashMap::new();
        for row in sight.rows(client, READ_TIMES, &[from_micros(ranked_since)?.into()])? {
            time_ms.insert(column::<i64>(&row, 1)?, column::<f64>(&row, 2)?);
        }
        let pool = read_pool(client, sight, &time_ms)?;
        Ok(Surroundings { history, pool, time_ms, changes: None })
    }

    /// Every change in the stretch, read when it is first asked for.
    pub fn changes(&mut self, client: &mut SpiClient) -> Result<&[Change]> {
        let changes = match self.changes.take() {
            Some(known) => known,
            None => changes::read(client, Sight::Latest, self.history.stretch())?,
        };
        Ok(self.changes.insert(changes))
    }

    /// Which of the pool are offered as controls, of those that are suitable; the costliest first. What is not suitable
    /// takes nobody's place.
    pub fn offered(&self, is_suitable: impl Fn(&PoolQuery) -> bool) -> Vec<usize> {
        let mut on_relation: HashMap<u32, usize> = HashMap::new();
        let mut is_next = |query: &PoolQuery| {
            let is_crowded = |relation| {
                on_relation.get(relation).is_some_and(|count| *count >= OFFERED_PER_RELATION)
            };
            if !is_suitable(query) || query.relations.iter().any(is_crowded) {
                return false;
            }
            for relation in &query.relations {
                *on_relation.entry(*relation).or_default() += 1;
            }
            true
        };
        let places = self.pool.iter().enumerate().filter(|(_, query)| is_next(query));
        places.map(|(place, _)| place).take(OFFERED).collect()
    }

    /// Some of the pool as core weighs them.
    pub fn candidates(&self, places: &[usize]) -> Vec<Candidate<'_>> {
        places
            .iter()
            .filter_map(|place| self.pool.get(*place))
            .map(|query| Candidate {
                history: self.history.of(query.query_hash),
                kind: query.kind,
                relations: &query.relations,
                reads_relation: query.reads_relation,
            })
            .collect()
    }

    /// The `most` costliest of some queries.
    pub fn costliest(&self, hashes: impl IntoIterator<Item = i64>, most: usize) -> Vec<i64> {
        let mut ranked: Vec<(f64, i64)> = hashes
            .into_iter()
            .filter_map(|hash| self.time_ms.get(&hash).map(|time| (*time, hash)))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.into_iter().take(most).map(|(_, hash)| hash).collect()
    }
}

fn read_pool(
    client: &mut SpiClient,
    sight: Sight,
    time_ms: &HashMap<i64, f64>,
) -> Result<Vec<PoolQuery>> {
    let mut ranked: Vec<(f64, PoolQuery)> = Vec::new();
    for row in sight.rows(client, READ_POOL, &[])? {
        let query_hash: i64 = column(&row, 1)?;
        let Some(time) = time_ms.get(&query_hash) else { continue };
        let relations: Vec<pgrx::pg_sys::Oid> = column(&row, 4)?;
        ranked.push((
            *time,
            PoolQuery {
                query_hash,
                kind: match column::<String>(&row, 2)?.as_str() {
                    "select" => StatementKind::Select,
                    "insert" => StatementKind::Insert,
                    "update" => StatementKind::Update,
                    "delete" => StatementKind::Delete,
                    _ => StatementKind::Other,
                },
                reads_relation: column(&row, 3)?,
                relations: relations.into_iter().map(|relation| relation.to_u32()).collect(),
            },
        ));
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.query_hash.cmp(&b.1.query_hash)));
    Ok(ranked.into_iter().map(|(_, query)| query).collect())
}

thread_local! {
    static KEPT: RefCell<Option<Surroundings>> = const { RefCell::new(None) };
}

/// Keeps surroundings for the looks that follow, until it is dropped; by an error, too.
#[must_use]
pub struct Kept(());

impl Kept {
    pub fn keep(surroundings: Surroundings) -> Kept {
        KEPT.set(Some(surroundings));
        Kept(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.set(None);
    }
}

/// Runs `work` with what is kept where that reaches from `first` to `last`, else with what is read now.
pub fn with<R>(
    client: &mut SpiClient,
    (first, last): (Micros, Micros),
    bucket_width: Micros,
    work: impl FnOnce(&mut SpiClient, &mut Surroundings) -> Result<R>,
) -> Result<R> {
    let mut kept = PutBack(KEPT.take());
    match &mut kept.0 {
        Some(surroundings) if surroundings.history.covers(first, last) => {
            work(client, surroundings)
        }
        _ => {
            let mut own = Surroundings::read(client, Sight::Latest, (first, last), bucket_width)?;
            work(client, &mut own)
        }
    }
}

/// What is kept, taken out while it is used and put back on every way out: a look that raises an error must not cost the others their reading.
struct PutBack(Option<Surroundings>);

impl Drop for PutBack {
    fn drop(&mut self) {
        if let Some(surroundings) = self.0.take() {
            KEPT.set(Some(surroundings));
        }
    }
}
