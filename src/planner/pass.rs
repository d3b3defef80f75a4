//! One pass over the statements that are to be planned: the most expensive first, for a bounded time.
//!
//! Promises: nothing but an error of our own SQL or a cancel ends it; each statement ends in a row of `query_plans`, with its plan or with a reason
//! that `status()` counts. One plan for each, with no parameter known: what 5,000 statements can afford.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use optimizer_core::Micros;
use optimizer_core::plan::Planned;
use optimizer_core::plan::skipped::{Reason, Skipped};
use optimizer_core::statement::opening::without_prepare;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::catalog::planner_settings::Session;
use crate::error::Result;
use crate::planner::{Depth, Statement, plan};
use crate::row::{column, nullable};
use crate::store::plans;
use crate::time::now;

const STATEMENTS: &str = include_str!("../../sql/queries/statements_to_plan.sql");

/// Statements between two writes. 200 take some 200 ms.
const CHUNK: i64 = 200;

/// Letters of a detail that are kept.
const MOST_LETTERS: usize = 500;

/// A statement to plan.
struct Asked {
    query_hash: i64,
    text: String,
    role: Option<pg_sys::Oid>,
    read_at: TimestampWithTimeZone,
}

/// What became of it.
pub struct Outcome {
    pub query_hash: i64,
    pub read_at: TimestampWithTimeZone,
    pub plan: std::result::Result<Planned, Skipped>,
}

/// Plans until that moment, at least one statement. Returns how many were planned or given up, and whether there are more.
pub fn run(until: Micros) -> Result<(usize, bool)> {
    let mut sessions = BTreeMap::new();
    let mut done = 0;
    loop {
        let chunk = Spi::connect_mut(asked)?;
        let size = chunk.len();
        let mut outcomes = Vec::with_capacity(size);
        for statement in chunk {
            if !outcomes.is_empty() && now() >= until {
                break;
            }
            pgrx::check_for_interrupts!();
            outcomes.push(outcome(statement, &mut sessions)?);
        }
        done += outcomes.len();
        let is_whole = outcomes.len() == size;
        if !outcomes.is_empty() {
            Spi::connect_mut(|client| plans::keep(client, outcomes))?;
        }
        if is_whole && i64::try_from(size).is_ok_and(|size| size < CHUNK) {
            return Ok((done, false));
        }
        if now() >= until {
            return Ok((done, true));
        }
    }
}

fn asked(client: &mut SpiClient) -> Result<Vec<Asked>> {
    client
        .update(STATEMENTS, None, &[CHUNK.into()])?
        .map(|row| {
            Ok(Asked {
                query_hash: column(&row, 1)?,
                text: column(&row, 2)?,
                role: nullable(&row, 3)?,
                read_at: column(&row, 4)?,
            })
        })
        .collect()
}

fn outcome(asked: Asked, sessions: &mut BTreeMap<u32, Session>) -> Result<Outcome> {
    let plan = match asked.role {
        None => Err(Skipped::new(Reason::RoleUnknown, "nobody knows which role runs it")),
        Some(role) => {
            let session = match sessions.entry(role.to_u32()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(Spi::connect(|client| Session::of(client, role))?)
                }
            };
            planned(&asked.text, role, session)
        }
    };
    let plan = plan.map_err(|skipped| {
        Skipped::new(skipped.reason, skipped.detail.chars().take(MOST_LETTERS).collect::<String>())
    });
    Ok(Outcome { query_hash: asked.query_hash, read_at: asked.read_at, plan })
}

fn planned(
    text: &str,
    role: pg_sys::Oid,
    session: &Session,
) -> std::result::Result<Planned, Skipped> {
    let statement = Statement {
        text: without_prepare(text),
        role,
        search_path: &session.search_path,
        settings: &session.settings,
    };
    plan(&statement, Depth::Generic)
}
