//! What a statement does with one table: which of its columns it compares, joins, sorts and groups by.

use super::super::definition::{Candidate, Key, KeyOf, Method, default_class};
use super::super::facts::{ColumnKind, ORDERS, Table};
use super::MOST_KEYS;
use crate::statement::shape::{
    Clause, Column, Distinct, Level, Predicate, Shape, SortKey, Strategy, Term, Value,
};

/// What a statement does with one table in one place.
#[derive(Debug, Default)]
pub struct Uses<'a> {
    pub equal: Vec<Key>,
    pub joined: Vec<Key>,
    pub ranges: Vec<Key>,
    /// Of an OR: each by itself.
    pub either: Vec<Key>,
    /// What alone would be an index of another kind: GIN.
    pub inverted: Vec<Candidate>,
    /// Conditions that hold whatever the parameters are, and the share of rows they leave.
    pub constant: Vec<(String, f64, Option<i16>)>,
    pub sorts: Vec<Vec<&'a SortKey>>,
    pub groups: Vec<Vec<Key>>,
}

impl<'a> Uses<'a> {
    /// Over all levels of the statement.
    pub fn of(shape: &'a Shape, source: usize, table: &Table) -> Uses<'a> {
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

/// A term as a key of a btree, where it is one of that source.
pub fn key(term: &Term, source: usize, table: &Table) -> Option<Key> {
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

pub fn push(list: &mut Vec<Key>, key: Key) {
    if list.iter().all(|known| known.what != key.what) {
        list.push(key);
    }
}
