//! One pass over the statements whose indexes are to be tried: the most expensive first, for a bounded time.
//!
//! Promises: each statement ends in a row of `index_trials` with the ground it rests on, so that it is looked at again only when that is another one.
//! Trap: hypothetical indexes are the session's: they are made for one statement and gone before the next.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::time::Duration;

use optimizer_core::Micros;
use optimizer_core::advisors::index::candidates::candidates;
use optimizer_core::advisors::index::definition::Candidate;
use optimizer_core::advisors::index::facts::Table;
use optimizer_core::advisors::index::foreign_keys::{ForeignKey, unindexed};
use optimizer_core::advisors::index::search::search;
use optimizer_core::advisors::index::size::size;
use optimizer_core::advisors::index::trial::{Figures, Together, Trial};
use optimizer_core::plan::MadeUp;
use optimizer_core::plan::skipped::{Reason, Skipped};
use optimizer_core::statement::opening::without_prepare;
use optimizer_core::statement::shape::{Oid, Shape};
use pgrx::prelude::*;

use crate::advisors::index::LEAST_SHARE;
use crate::advisors::index::tables::{Known, foreign_keys, known};
use crate::catalog::planner_settings::Session;
use crate::error::Result;
use crate::planner::explore::explore;
use crate::planner::hypothetical::{Hypopg, Wanted, settle};
use crate::planner::{LONGEST_TEXT, Statement};
use crate::row::column;
use crate::sandbox::Limits;
use crate::store::index_advice;
use crate::time::now;

const STATEMENTS: &str = include_str!("../../../sql/queries/index_statements.sql");

/// Rules of the advisor: what was tried by others is tried anew. Raised whenever candidates or the search change.
const VERSION: i64 = 4;

/// Statements between two writes. No setting.
const CHUNK: i64 = 100;

/// Making one index up: parsing and looking at the catalog.
const LIMITS: Limits =
    Limits { lock_timeout: Duration::from_millis(100), time: Duration::from_millis(200) };

/// Of one statement, all plannings together, microseconds: joins of many tables take some 10 ms each. No setting.
const SEARCH: Micros = 1_000_000;

/// A statement to try.
struct Asked {
    query_hash: i64,
    text: String,
    role: pg_sys::Oid,
    ground: i64,
    shape: Shape,
    mean_exec_time_ms: f64,
}

/// What came of one.
pub struct Outcome {
    pub query_hash: i64,
    pub ground: i64,
    pub word: &'static str,
    pub trial: Option<Trial>,
}

/// How far a pass came.
pub struct Tried {
    pub tried: usize,
    pub more: bool,
}

/// Tries statements until that moment, at least one.
pub fn run(hypopg: Hypopg, only_query: Option<i64>, until: Micros) -> Result<Tried> {
    if let Some(query_hash) = only_query {
        Spi::connect_mut(|client| index_advice::forget_trial(client, query_hash))?;
    }
    let mut sessions = BTreeMap::new();
    let mut tried = 0;
    loop {
        let chunk = asked(only_query)?;
        let size = chunk.len();
        let tables = tables_of(&chunk)?;
        let keys = foreign_keys(&written(&chunk))?;
        let mut outcomes = Vec::with_capacity(size);
        for statement in chunk {
            if !outcomes.is_empty() && now() >= until {
                break;
            }
            pgrx::check_for_interrupts!();
            outcomes.push(outcome(hypopg, &statement, &tables, &keys, &mut sessions)?);
        }
        tried += outcomes.len();
        let is_whole = outcomes.len() == size;
        if !outcomes.is_empty() {
            Spi::connect_mut(|client| index_advice::keep_trials(client, outcomes))?;
        }
        if is_whole && i64::try_from(size).is_ok_and(|size| size < CHUNK) {
            return Ok(Tried { tried, more: false });
        }
        if now() >= until {
            return Ok(Tried { tried, more: true });
        }
    }
}

fn asked(only_query: Option<i64>) -> Result<Vec<Asked>> {
    Spi::connect_mut(|client| {
        client
            .update(
                STATEMENTS,
                None,
                &[only_query.into(), LEAST_SHARE.into(), CHUNK.into(), VERSION.into()],
            )?
            .map(|row| {
                Ok(Asked {
                    query_hash: column(&row, 1)?,
                    text: column(&row, 2)?,
                    role: column(&row, 3)?,
                    ground: column(&row, 4)?,
                    shape: serde_json::from_str(&column::<String>(&row, 5)?)?,
                    mean_exec_time_ms: column(&row, 6)?,
                })
            })
            .collect()
    })
}

/// The tables that the statements name, and those that foreign keys make them read.
fn tables_of(chunk: &[Asked]) -> Result<BTreeMap<Oid, Known>> {
    let relations: BTreeSet<Oid> = chunk
        .iter()
        .flat_map(|asked| &asked.shape.relations)
        .map(|relation| relation.relation)
        .collect();
    known(&relations)
}

fn written(chunk: &[Asked]) -> BTreeSet<Oid> {
    chunk.iter().flat_map(|asked| &asked.shape.writes).map(|write| write.relation).collect()
}

fn outcome(
    hypopg: Hypopg,
    asked: &Asked,
    known: &BTreeMap<Oid, Known>,
    keys: &[ForeignKey],
    sessions: &mut BTreeMap<u32, Session>,
) -> Result<Outcome> {
    let tables: BTreeMap<Oid, Table> = asked
        .shape
        .relations
        .iter()
        .filter_map(|used| Some((used.relation, known.get(&used.relation)?.table.clone())))
        .collect();
    let found = candidates(&asked.shape, &tables);
    let checked = unindexed(&asked.shape, keys, |oid| tables.get(&oid), asked.mean_exec_time_ms);
    let (word, trial) = if found.is_empty() && checked.is_empty() {
        ("no_candidate", None)
    } else {
        let session = match sessions.entry(asked.role.to_u32()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(Spi::connect(|client| Session::of(client, asked.role))?)
            }
        };
        match tried(hypopg, asked, found, &tables, session)? {
            Ok(mut trial) => {
                for one in checked {
                    add_foreign_key(&mut trial, one.candidate, one.saving);
                }
                if !trial.is_finite() {
                    // A role may set its planner's costs to whatever it likes.
                    ("not_finite", None)
                } else if trial.sets.is_empty() && trial.is_cut_short {
                    (Reason::TimedOut.word(), None)
                } else if trial.sets.is_empty() && !trial.risks.is_empty() {
                    ("at_risk", Some(trial.trimmed()))
                } else if trial.sets.is_empty() {
                    ("not_helped", None)
                } else {
                    ("helped", Some(trial.trimmed()))
                }
            }
            Err(Some(skipped)) => (skipped.reason.word(), None),
            // A lock, a limit, HypoPG switched off or gone: nothing is known of the indexes.
            Err(None) => ("not_made", None),
        }
    };
    Ok(Outcome { query_hash: asked.query_hash, ground: asked.ground, word, trial })
}

fn tried(
    hypopg: Hypopg,
    asked: &Asked,
    found: Vec<Candidate>,
    tables: &BTreeMap<Oid, Table>,
    session: &Session,
) -> Result<std::result::Result<Trial, Option<Skipped>>> {
    if asked.text.len() > LONGEST_TEXT {
        return Ok(Err(Some(Skipped::new(Reason::TextTooLong, ""))));
    }
    let Ok(search_path) = CString::new(session.search_path.as_str()) else {
        return Ok(Err(Some(Skipped::new(Reason::NotReadable, ""))));
    };
    let (mut kept, mut wanted, mut made_up) = (Vec::new(), Vec::new(), Vec::new());
    for candidate in found {
        let Some(table) = tables.get(&candidate.relation) else { continue };
        let Some(tail) = candidate.tail(table) else { continue };
        let size = size(&candidate, table);
        wanted.push(Wanted {
            statement: format!("CREATE INDEX {}", candidate.stand_in(table).unwrap_or(tail)),
            inverted_class: candidate.inverted_class(table),
            bytes_per_row: (size.rows > 0.0).then_some(size.bytes / size.rows),
        });
        made_up.push(MadeUp {
            name: format!("new index ({})", candidate.key_names(table).join(", ")),
            share_of_rows: if table.rows > 0.0 { size.rows / table.rows } else { 1.0 },
        });
        kept.push(candidate);
    }
    let indexes = hypopg.make(&wanted, asked.role, &search_path, &LIMITS);
    let made: BTreeSet<usize> = indexes.made().map(|(place, _)| place).collect();
    if made.is_empty() && !kept.is_empty() {
        return Ok(Err(None));
    }
    let statement = Statement {
        text: without_prepare(&asked.text),
        role: asked.role,
        search_path: &session.search_path,
        settings: &session.settings,
    };
    let over = now() + SEARCH;
    let outcome = explore(&statement, &indexes, &made_up, &mut |ask| {
        search(&kept, &made, &mut *ask, || now() >= over)
    });
    drop(indexes);
    settle()?;
    Ok(outcome.map_err(Some))
}

/// What the check of a foreign key takes: no plan has it.
fn add_foreign_key(trial: &mut Trial, candidate: Candidate, saving: f64) {
    trial.candidates.push(candidate);
    let after = Figures { cost: trial.before.cost * (1.0 - saving), ..trial.before.clone() };
    let members = vec![trial.candidates.len() - 1];
    trial.sets.push(Together { is_foreign_key: true, ..Together::of(members, after) });
}
