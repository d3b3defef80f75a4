//! The indexes that could help a statement, from what it compares, joins, sorts and groups by.
//!
//! Every column's uses are gathered by source, over all levels (a view's and a sub-select's conditions are about the
//! table behind them). The list is generous: the planner says which of them it would use.
//!
//! Trap: a column seen through an aggregate, DISTINCT, LIMIT or a set operation cannot be checked inside, so an index on
//! it helps nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{Candidate, Key, KeyOf, Method};
use super::facts::{AND, ColumnFacts, ColumnKind, ORDERS, Table};
use super::redundant::is_redundant;
use crate::statement::shape::{
    Clause, Column, Distinct, Level, Oid, Predicate, Shape, SortKey, StatementKind, Strategy, Term,
    Value,
};

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

/// What a statement does with one table in one place.
#[derive(Debug, Default)]
struct Uses<'a> {
    equal: Vec<Key>,
    joined: Vec<Key>,
    ranges: Vec<Key>,
    /// Of an OR: each by itself.
    either: Vec<Key>,
    /// What alone would be an index of another kind: GIN.
    inverted: Vec<Candidate>,
    /// Conditions that hold whatever the parameters are, and the share of rows they leave.
    constant: Vec<(String, f64, Option<i16>)>,
    sorts: Vec<Vec<&'a SortKey>>,
    groups: Vec<Vec<Key>>,
}

/// The indexes that could help `shape`, each once, those of the most selective columns first.
pub fn candidates(shape: &Shape, tables: &BTreeMap<Oid, Table>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for source in shape.levels.iter().flat_map(|level| &level.sources) {
        let Some(table) = tables.get(&source.relation).filter(|table| table.rows >= FEWEST_ROWS)
        else {
            continue;
        };
        let uses = uses(shape, source.number, table);
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

fn uses<'a>(shape: &'a Shape, source: usize, table: &Table) -> Uses<'a> {
    let mut uses = Uses::default();
    for level in &shape.levels {
        for predicate in &level.predicates {
            note_predicate(&mut uses, predicate, source, table);
        }
        for join in &level.joins {
            for (side, other) in [(&join.left, &join.right), (&join.right, &join.left)] {
                if join.strategy == Strategy::Equal
                    && other.columns().iter().all(|column| column.source != source)
                    && let Some(key) = key(side, source, table)
                {
                    push(&mut uses.joined, key);
                }
            }
        }
        note_order(&mut uses, level, source, table);
    }
    for list in [&mut uses.equal, &mut uses.joined] {
        // The most selective first; the order of the text between equals.
        list.sort_by(|a, b| distinct(b, table).total_cmp(&distinct(a, table)));
    }
    uses
}

fn note_predicate(uses: &mut Uses, predicate: &Predicate, source: usize, table: &Table) {
    if !matches!(predicate.clause, Clause::Where | Clause::On | Clause::OuterOn) {
        return;
    }
    let Some(key) = key(&predicate.term, source, table) else {
        note_inverted(uses, predicate, source, table);
        return;
    };
    if predicate.or_group.is_none() {
        uses.constant.extend(constant(predicate, source, table));
    }
    if predicate.is_negated || predicate.value.is_of_the_row() {
        return;
    }
    let place = match predicate.strategy {
        _ if predicate.or_group.is_some() => {
            let is_indexable = matches!(
                predicate.strategy,
                Strategy::Equal | Strategy::InList | Strategy::Range | Strategy::LikePrefix
            );
            if is_indexable {
                push(&mut uses.either, key);
            } else {
                note_inverted(uses, predicate, source, table);
            }
            return;
        }
        Strategy::Equal | Strategy::InList | Strategy::IsNull | Strategy::Boolean => {
            &mut uses.equal
        }
        Strategy::InSubquery => &mut uses.joined,
        Strategy::Range | Strategy::IsNotNull => &mut uses.ranges,
        Strategy::LikePrefix => {
            let class = pattern_class(&predicate.term, table);
            push(&mut uses.ranges, Key { operator_class: class, ..key });
            return;
        }
        _ => {
            note_inverted(uses, predicate, source, table);
            return;
        }
    };
    push(place, key);
}

/// What GIN answers.
fn note_inverted(uses: &mut Uses, predicate: &Predicate, source: usize, table: &Table) {
    if predicate.is_negated || predicate.value.is_of_the_row() {
        return;
    }
    let mut is_expression = false;
    let (what, kind) = match &predicate.term {
        Term::Column(column) if is_of(column, source) => {
            let Some(facts) = table.column(column.attnum) else { return };
            (KeyOf::Column(column.attnum), facts.kind)
        }
        Term::Expression { text, columns, is_immutable: true }
            if columns.iter().all(|column| is_of(column, source)) =>
        {
            let kind = match predicate.strategy {
                Strategy::FullText => ColumnKind::TextSearch,
                Strategy::Like | Strategy::Pattern => ColumnKind::Text,
                Strategy::JsonContains | Strategy::JsonKey | Strategy::JsonPath => ColumnKind::Json,
                _ => return,
            };
            is_expression = true;
            (KeyOf::Expression(text.clone()), kind)
        }
        _ => return,
    };
    let operator = predicate.operator.as_ref().map_or("", |operator| operator.name.as_str());
    let class = match (predicate.strategy, kind) {
        (Strategy::JsonContains, ColumnKind::Json) if operator == "@>" => {
            Some("jsonb_path_ops".to_owned())
        }
        (Strategy::JsonKey | Strategy::JsonPath, ColumnKind::Json) => None,
        // `$1 = ANY (column)` is no operator of GIN.
        (Strategy::Array, ColumnKind::Array) if operator != "=" => None,
        (Strategy::FullText, ColumnKind::TextSearch) => None,
        (Strategy::Like | Strategy::Pattern, ColumnKind::Text) => match &table.trigram_schema {
            Some(schema) => Some(format!("{schema}.gin_trgm_ops")),
            None => return,
        },
        _ => return,
    };
    // Of an expression nobody knows the type any more: its class says it.
    let class = class.or_else(|| is_expression.then(|| default_class(kind).to_owned()));
    let key = Key { what, operator_class: class, is_descending: false, has_other_nulls: false };
    let candidate = Candidate { method: Method::Gin, ..Candidate::btree(table.oid, vec![key]) };
    if !uses.inverted.contains(&candidate) {
        uses.inverted.push(candidate);
    }
}

/// The operator class that GIN takes for a type when none is named.
pub const fn default_class(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Json => "jsonb_ops",
        ColumnKind::TextSearch => "tsvector_ops",
        _ => "array_ops",
    }
}

/// A condition without parameters, as SQL, with the share of rows it leaves and the column it fixes to one value.
fn constant(
    predicate: &Predicate,
    source: usize,
    table: &Table,
) -> Option<(String, f64, Option<i16>)> {
    let Term::Column(column) = &predicate.term else { return None };
    if !is_of(column, source) {
        return None;
    }
    let facts = table.column(column.attnum)?;
    let name = &facts.name;
    let (text, fixed) = match (predicate.strategy, &predicate.value) {
        (Strategy::IsNull, _) if !predicate.is_negated => (format!("{name} IS NULL"), true),
        (Strategy::IsNotNull, _) if !predicate.is_negated => (format!("{name} IS NOT NULL"), false),
        // By itself: true, or false under NOT.
        (Strategy::Boolean, _) if predicate.is_negated => (format!("NOT {name}"), true),
        (Strategy::Boolean, _) => (name.clone(), true),
        // A backslash means itself in a standard string.
        (Strategy::Equal, Value::Constant(value))
            if !predicate.is_negated && facts.is_plain_type && value.len() < 200 =>
        {
            (format!("{name} = '{}'", value.replace('\'', "''")), true)
        }
        (Strategy::Range, Value::Column(other)) if !predicate.is_negated => {
            (compared(column, predicate, other, source, table)?, false)
        }
        _ => return None,
    };
    let share = table.share_where(&text)?;
    Some((text, share, fixed.then_some(column.attnum)))
}

/// A column before or after another one, the one with the lower number first: `a < b` and `b > a` are one condition.
fn compared(
    column: &Column,
    predicate: &Predicate,
    other: &Column,
    source: usize,
    table: &Table,
) -> Option<String> {
    let operator = predicate.operator.as_ref()?.name.as_str();
    let at = ORDERS.iter().position(|known| *known == operator)?;
    let facts = |column: &Column| table.column(column.attnum).filter(|facts| facts.is_plain_type);
    let (one, two) = (facts(column)?, facts(other).filter(|_| is_of(other, source))?);
    Some(if column.attnum <= other.attnum {
        format!("{} {operator} {}", one.name, two.name)
    } else {
        format!("{} {} {}", two.name, ORDERS[(at + 2) % 4], one.name)
    })
}

fn note_order<'a>(uses: &mut Uses<'a>, level: &'a Level, source: usize, table: &Table) {
    let mut sort: Vec<&SortKey> = Vec::new();
    for one in &level.sort {
        match key(&one.term, source, table) {
            Some(_) => sort.push(one),
            None => break,
        }
    }
    if !sort.is_empty() {
        uses.sorts.push(sort);
    }
    let mut grouped = |terms: &[Term]| {
        let keys: Option<Vec<Key>> = terms.iter().map(|term| key(term, source, table)).collect();
        if let Some(keys) = keys.filter(|keys| (1..=MOST_KEYS).contains(&keys.len())) {
            uses.groups.push(keys);
        }
    };
    if !level.has_grouping_sets {
        grouped(&level.group);
    }
    if let Distinct::On(terms) = &level.distinct {
        grouped(terms);
    }
    // min() and max() of a column are an index's ends.
    if level.has_aggregates && level.group.is_empty() {
        for target in level.targets.iter().filter(|target| is_of(target, source)) {
            grouped(&[Term::Column(target.clone())]);
        }
    }
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

/// A term as a key of a btree, where it is one of that source.
fn key(term: &Term, source: usize, table: &Table) -> Option<Key> {
    match term {
        Term::Column(column) if is_of(column, source) => table
            .column(column.attnum)
            .filter(|column| column.has_btree)
            .map(|column| Key::column(column.number)),
        Term::Expression { text, columns, is_immutable: true }
            if columns.iter().all(|column| is_of(column, source)) =>
        {
            Some(Key::expression(text.clone()))
        }
        _ => None,
    }
}

fn is_of(column: &Column, source: usize) -> bool {
    column.source == source && !column.is_behind_barrier && column.attnum > 0
}

/// For LIKE with a prefix: the class that compares letter by letter, unless the collation does.
fn pattern_class(term: &Term, table: &Table) -> Option<String> {
    let needs_one = match term {
        Term::Column(column) => table.column(column.attnum).is_some_and(|c| c.is_collated),
        _ => true,
    };
    needs_one.then(|| "text_pattern_ops".to_owned())
}

fn distinct(key: &Key, table: &Table) -> f64 {
    key.number().and_then(|number| table.column(number)).map_or(200.0, |column| column.distinct)
}

fn push(list: &mut Vec<Key>, key: Key) {
    if list.iter().all(|known| known.what != key.what) {
        list.push(key);
    }
}

#[cfg(test)]
mod tests;
