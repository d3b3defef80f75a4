//! The indexes that could help a statement, from what it compares, joins, sorts and groups by.
//!
//! Every column's uses are gathered by source, over all levels (a view's and a sub-select's conditions are about the
//! table behind them). The list is generous: the planner says which of them it would use.
//!
//! Trap: a column seen through an aggregate, DISTINCT, LIMIT or a set operation cannot be checked inside, so an index on
//! it helps nobody.

mod uses;

use std::collections::{BTreeMap, BTreeSet};

use self::uses::{Uses, key};
use super::definition::{Candidate, Key, Method};
use super::facts::{AND, ColumnFacts, Table};
use super::redundant::is_redundant;
use crate::statement::shape::{Oid, Shape, SortKey, StatementKind};

/// Rows of a table below which nothing is suggested: a sequential scan of 1,000 rows takes about 0.1 ms. No setting.
pub const FEWEST_ROWS: f64 = 1_000.0;
/// Keys of one index: more hardly narrow anything down, and each makes it larger. No setting.
const MOST_KEYS: usize = 3;
/// Keys that are tried, each by itself, with a condition between two columns. No setting.
const MOST_OF_COMPARED: usize = 4;
/// Columns that are carried along, and their bytes: wider ones copy the table. No setting.
const MOST_INCLUDED: usize = 4;
const MOST_INCLUDED_BYTES: f64 = 64.0;
/// Candidates per source and statement: planning with each costs a planning. No setting.
const MOST_PER_SOURCE: usize = 16;
const MOST: usize = 40;
/// Share of the rows up to which a partial index is one: it has to leave most of them out. No setting.
pub const LARGEST_PARTIAL_SHARE: f64 = 0.25;
/// BRIN: from how many pages on (80 MB), and how closely the rows must lie in the column's order.
const BRIN_PAGES: f64 = 10_000.0;
const BRIN_CORRELATION: f64 = 0.9;

/// The indexes that could help `shape`, each once, those of the most selective columns first.
pub fn candidates(shape: &Shape, tables: &BTreeMap<Oid, Table>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for source in shape.levels.iter().flat_map(|level| &level.sources) {
        let Some(table) = tables.get(&source.relation).filter(|table| table.rows >= FEWEST_ROWS)
        else {
            continue;
        };
        let uses = Uses::of(shape, source.number, table);
        let mut own = of_source(&uses, table);
        if shape.kind == StatementKind::Select {
            own.extend(covering(&own, &source.columns, table));
        }
        own.retain(|candidate| !is_redundant(candidate, table));
        let mut taken = 0;
        for candidate in own {
            if taken == MOST_PER_SOURCE {
                break;
            }
            if !found.contains(&candidate) {
                found.push(candidate);
                taken += 1;
            }
        }
    }
    found.truncate(MOST);
    found
}

fn of_source(uses: &Uses, table: &Table) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |keys: Vec<Key>| {
        let mut distinct_keys: Vec<Key> = Vec::new();
        for key in keys {
            if distinct_keys.iter().all(|known| known.what != key.what) {
                distinct_keys.push(key);
            }
        }
        distinct_keys.truncate(MOST_KEYS);
        let candidate = Candidate::btree(table.oid, distinct_keys);
        if !candidate.keys.is_empty() && !found.contains(&candidate) {
            found.push(candidate);
        }
    };
    let joined = |parts: &[&[Key]]| -> Vec<Key> { parts.concat() };
    let all_equal = &uses.equal;
    if all_equal.len() > 1 {
        add(all_equal.clone());
        if all_equal.len() == 2 {
            add(vec![all_equal[1].clone(), all_equal[0].clone()]);
        }
    }
    for range in &uses.ranges {
        if !all_equal.is_empty() {
            add(joined(&[
                &all_equal[..all_equal.len().min(MOST_KEYS - 1)],
                std::slice::from_ref(range),
            ]));
        }
    }
    for sort in &uses.sorts {
        let sort = order_keys(sort, table);
        if !all_equal.is_empty() {
            add(joined(&[all_equal, &sort]));
        }
        add(sort);
    }
    for join in &uses.joined {
        add(vec![join.clone()]);
        if let Some(first) = all_equal.first() {
            add(joined(&[std::slice::from_ref(join), all_equal]));
            add(vec![first.clone(), join.clone()]);
        }
        if let Some(range) = uses.ranges.first() {
            add(vec![join.clone(), range.clone()]);
        }
    }
    if uses.joined.len() > 1 {
        add(uses.joined.clone());
    }
    for one in all_equal.iter().chain(&uses.ranges).chain(&uses.either) {
        add(vec![one.clone()]);
    }
    for group in &uses.groups {
        add(group.clone());
        if let Some(first) = all_equal.first() {
            add(joined(&[std::slice::from_ref(first), group]));
        }
    }
    let mut special = partial(uses, table);
    special.extend(uses.inverted.iter().cloned());
    special.extend(brin(uses, table));
    // The special ones are few; they come before the many ways to combine columns.
    special.extend(found);
    special
}

/// Indexes of the rows that a constant condition leaves.
fn partial(uses: &Uses, table: &Table) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(of_compared(uses, table));
    for (predicate, share, fixed) in &uses.constant {
        if table.compares_columns(predicate) {
            continue;
        }
        if *share > LARGEST_PARTIAL_SHARE || *share < 0.0 {
            continue;
        }
        let others = |keys: &[Key]| -> Vec<Key> {
            keys.iter().filter(|key| fixed.is_none() || key.number() != *fixed).cloned().collect()
        };
        let equal = others(&uses.equal);
        let tail: Vec<Key> = match (uses.sorts.first(), others(&uses.ranges).first()) {
            (Some(sort), _) => order_keys(sort, table),
            (None, Some(range)) => vec![range.clone()],
            (None, None) => Vec::new(),
        };
        let mut keys = equal;
        keys.extend(tail);
        if keys.is_empty() {
            keys.extend(others(&uses.joined).first().cloned());
        }
        if keys.is_empty() {
            // Nothing else is asked for: the condition itself is what finds the rows.
            keys.extend(fixed.map(Key::column));
        }
        keys.dedup_by(|a, b| a.what == b.what);
        keys.truncate(MOST_KEYS);
        if !keys.is_empty() {
            found.push(Candidate {
                predicate: Some(predicate.clone()),
                ..Candidate::btree(table.oid, keys)
            });
        }
    }
    found
}

/// Indexes of the rows in which one column is before another: they spare the rows themselves, whatever is asked of them otherwise. With each such
/// condition by itself, and with all of them.
fn of_compared(uses: &Uses, table: &Table) -> Vec<Candidate> {
    let conditions = uses.constant.iter().map(|(predicate, _, _)| predicate);
    let conditions: BTreeSet<&str> = conditions
        .filter(|predicate| table.compares_columns(predicate))
        .map(String::as_str)
        .collect();
    let mut sets: Vec<String> =
        conditions.iter().map(|condition| (*condition).to_owned()).collect();
    if conditions.len() > 1 {
        sets.push(conditions.into_iter().collect::<Vec<_>>().join(AND));
    }
    let single = uses.equal.iter().chain(&uses.joined).chain(&uses.ranges);
    let mut keys: Vec<Vec<Key>> =
        single.take(MOST_OF_COMPARED).map(|key| vec![key.clone()]).collect();
    if let (Some(equal), Some(range)) = (uses.equal.first(), uses.ranges.first()) {
        keys.insert(0, vec![equal.clone(), range.clone()]);
    }
    let with = |predicate: &String| {
        let predicate = predicate.clone();
        keys.iter().map(move |keys| Candidate {
            predicate: Some(predicate.clone()),
            ..Candidate::btree(table.oid, keys.clone())
        })
    };
    sets.iter().rev().flat_map(with).collect()
}

fn brin(uses: &Uses, table: &Table) -> Option<Candidate> {
    let is_sorted = |column: &ColumnFacts| {
        column.correlation.is_some_and(|correlation| correlation.abs() >= BRIN_CORRELATION)
    };
    if table.pages < BRIN_PAGES {
        return None;
    }
    let range = uses.ranges.iter().find(|key| {
        key.operator_class.is_none()
            && key.number().and_then(|number| table.column(number)).is_some_and(is_sorted)
    })?;
    Some(Candidate { method: Method::Brin, ..Candidate::btree(table.oid, vec![range.clone()]) })
}

/// The most promising ones once more, carrying the other columns that the statement uses of the table.
fn covering(found: &[Candidate], used: &[i16], table: &Table) -> Vec<Candidate> {
    // 0 is the whole row, negative ones are the server's own.
    if used.is_empty() || used.iter().any(|number| *number <= 0) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for base in found.iter().filter(|base| {
        base.method == Method::Btree && base.keys.iter().all(|key| key.number().is_some())
    }) {
        let keys: BTreeSet<i16> = base.keys.iter().filter_map(Key::number).collect();
        let includes: Vec<i16> =
            used.iter().copied().filter(|number| !keys.contains(number)).collect();
        let bytes: f64 =
            includes.iter().filter_map(|number| table.column(*number)).map(|c| c.width).sum();
        if (1..=MOST_INCLUDED).contains(&includes.len()) && bytes <= MOST_INCLUDED_BYTES {
            out.push(Candidate { includes, ..base.clone() });
        }
        if out.len() == MOST_PER_SOURCE / 4 {
            break;
        }
    }
    out
}

/// Keys in the order that is asked for, turned round as a whole where that makes them the default.
fn order_keys(sort: &[&SortKey], table: &Table) -> Vec<Key> {
    // Backwards an index gives every key's opposite order, nulls included.
    let is_backward = sort.iter().all(|key| key.is_descending);
    sort.iter()
        .take(MOST_KEYS)
        .filter_map(|sort| {
            let source = sort.term.columns().first()?.source;
            let mut key = key(&sort.term, source, table)?;
            key.is_descending = sort.is_descending != is_backward;
            let nulls_first = sort.nulls_first != is_backward;
            key.has_other_nulls = nulls_first != key.is_descending;
            Some(key)
        })
        .collect()
}

#[cfg(test)]
mod tests;
