//! One pass over the statements that are to be read: the most expensive first, for a bounded time.
//!
//! Promises: nothing but an error of our own SQL or a cancel ends it; each statement ends in a row of `query_readings`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;

use optimizer_core::Micros;
use optimizer_core::statement::reason::Unread;
use pgrx::prelude::*;

use crate::catalog::readable_statements::{
    Statement, names_in_several_schemas, statements, temporary_names,
};
use crate::catalog::relation_facts::{Facts, facts};
use crate::error::Result;
use crate::reader::{LONGEST_TEXT, Reading, Reason, read, unqualified_names};
use crate::store::bulk::in_bulk;
use crate::store::readings;
use crate::time::now;

/// Statements between two looks at the clock. 500 take some 300 ms; which ones are next costs 50 to 100 ms to find.
const CHUNK: i64 = 500;

/// Letters of a server's message that are kept.
const MOST_LETTERS: usize = 500;

/// What became of one statement.
pub struct Outcome {
    pub statement: Statement,
    pub reading: std::result::Result<Reading, Reason>,
}

/// Reads until that moment, at least one statement. Returns how many were read or given up, and whether there are more.
pub fn run(until: Micros) -> Result<(usize, bool)> {
    let mut done = 0;
    loop {
        let chunk = Spi::connect_mut(|client| {
            in_bulk(client, |client| statements(client, CHUNK, LONGEST_TEXT))
        })?;
        let is_last = i64::try_from(chunk.len()).is_ok_and(|length| length < CHUNK);
        let size = chunk.len();
        let taken = read_chunk(chunk, until)?;
        done += taken;
        if is_last && taken == size {
            return Ok((done, false));
        }
        if now() >= until {
            return Ok((done, true));
        }
    }
}

/// Reads a chunk until `until`, at least one statement of it, and keeps what was read.
fn read_chunk(chunk: Vec<Statement>, until: Micros) -> Result<usize> {
    if chunk.is_empty() {
        return Ok(0);
    }
    let roles: BTreeSet<u32> =
        chunk.iter().filter_map(|statement| Some(statement.user_oid?.to_u32())).collect();
    let roles = roles.into_iter().map(pg_sys::Oid::from).collect();
    let several = Spi::connect_mut(|client| names_in_several_schemas(client, roles))?;
    let mut outcomes = Vec::with_capacity(chunk.len());
    for statement in chunk {
        if !outcomes.is_empty() && now() >= until {
            break;
        }
        pgrx::check_for_interrupts!();
        let reading = outcome(&statement, &several);
        outcomes.push(Outcome { statement, reading });
    }
    Spi::connect_mut(|client| {
        only_temporary(client, &mut outcomes)?;
        let facts = facts_of(client, &outcomes)?;
        for outcome in &mut outcomes {
            finish(outcome, &facts);
        }
        in_bulk(client, |client| readings::keep(client, &outcomes, &facts))
    })?;
    Ok(outcomes.len())
}

fn outcome(
    statement: &Statement,
    several: &BTreeSet<(u32, String)>,
) -> std::result::Result<Reading, Reason> {
    let Some(text) = &statement.text else { return Err(Reason::new(Unread::TooLong, "")) };
    if text == "<insufficient privilege>" {
        return Err(Reason::new(Unread::TextMissing, ""));
    }
    let Some(role) = statement.user_oid else { return Err(Reason::new(Unread::RoleUnknown, "")) };
    if !statement.user_is_there {
        return Err(Reason::new(Unread::RoleGone, role.to_u32().to_string()));
    }
    let reading = read(text, role, &path(statement))?;
    match reading
        .unqualified
        .iter()
        .find(|name| several.contains(&(role.to_u32(), (*name).clone())))
    {
        Some(name) => Err(Reason::new(Unread::RelationAmbiguous, name.clone())),
        None => Ok(reading),
    }
}

/// The role's search_path, with this session's temporary tables last instead of first.
fn path(statement: &Statement) -> CString {
    let path = statement.search_path.as_deref().unwrap_or_default();
    let path = if path.is_empty() { "pg_temp".to_owned() } else { format!("{path}, pg_temp") };
    CString::new(path).unwrap_or_default()
}

/// Tells relations that only other sessions have from those that are gone.
fn only_temporary(client: &mut pgrx::spi::SpiClient, outcomes: &mut [Outcome]) -> Result<()> {
    let mut names = BTreeMap::new();
    for (place, outcome) in outcomes.iter().enumerate() {
        if let (Err(reason), Some(text), Some(role)) =
            (&outcome.reading, &outcome.statement.text, outcome.statement.user_oid)
            && reason.why == Unread::RelationGone
        {
            names.insert(place, unqualified_names(text, role, &path(&outcome.statement)));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let all: BTreeSet<String> = names.values().flatten().cloned().collect();
    let temporary = temporary_names(client, all.into_iter().collect())?;
    for (place, names) in names {
        if let Some(name) = names.iter().find(|name| temporary.contains(*name)) {
            outcomes[place].reading = Err(Reason::new(Unread::RelationTemporary, name.clone()));
        }
    }
    Ok(())
}

fn facts_of(client: &mut pgrx::spi::SpiClient, outcomes: &[Outcome]) -> Result<Facts> {
    let (mut relations, mut written, mut functions) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for reading in outcomes.iter().filter_map(|outcome| outcome.reading.as_ref().ok()) {
        relations.extend(reading.shape.relations.iter().map(|relation| relation.relation));
        written.extend(reading.written());
        functions.extend(&reading.functions);
    }
    facts(client, &relations, &written, &functions)
}

fn finish(outcome: &mut Outcome, facts: &Facts) {
    match &mut outcome.reading {
        Ok(reading) if reading.is_temporary(facts) => {
            outcome.reading = Err(Reason::new(Unread::RelationTemporary, ""));
        }
        Ok(reading) => reading.complete(facts),
        Err(reason) => reason.detail = reason.detail.chars().take(MOST_LETTERS).collect(),
    }
}
