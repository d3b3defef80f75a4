//! What tests of the reader stand on: a shop, statements by name, and a short form of what was read. Long because the
//! short form has a line for each part of a shape.

use std::fmt::Write;

use std::ffi::{CStr, CString};
use std::time::Duration;

use optimizer_core::statement::lexer::{Kind, tokens};
use optimizer_core::statement::shape::{
    Clause, Column, Distinct, Level, Origin, Predicate, Shape, Term, Value,
};

use pgrx::pg_sys;

use crate::pg_test::in_database::ground::{one, run};
use crate::reader::analysis::{analyse, raw_statements};
use crate::sandbox::{Limits, run_as};

/// The shop, for this database alone.
pub fn ground() {
    run("CREATE EXTENSION pg_stat_statements SCHEMA public");
    run(include_str!("../reading/ground.sql"));
    run(&format!(
        "ALTER DATABASE {} SET search_path = shop, public",
        one::<String>("SELECT quote_ident(current_database())")
    ));
    run("SET LOCAL pg_stat_statements.track = 'none'; SELECT pg_stat_statements_reset()");
}

/// Runs a statement so that pg_stat_statements sees it.
pub fn run_counted(statement: &str) {
    run("SET LOCAL pg_stat_statements.track = 'all'");
    run(statement);
    run("SET LOCAL pg_stat_statements.track = 'none'");
}

/// Name and text of each statement of the table.
pub fn statements() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in include_str!("../reading/statements.sql").lines().skip(1) {
        match line.strip_prefix("-- ") {
            Some(name) => found.push((name.to_owned(), String::new())),
            None => found.last_mut().unwrap().1 = line.trim_end_matches(';').to_owned(),
        }
    }
    found
}

/// Texts are taken from pg_stat_statements and read.
pub fn read_what_ran() {
    run("SELECT optimizer.take_sample();
         UPDATE optimizer.sampler_state SET texts_read_at = NULL");
    pass();
}

/// The advise step until it wants no more; how many statements it read.
pub fn pass() -> i64 {
    let mut read = 0;
    loop {
        let detail = one::<String>("SELECT optimizer.run_maintenance_step('advise')");
        let count = detail.split(' ').next().unwrap();
        read += count.parse::<i64>().unwrap_or_else(|_| panic!("{detail}"));
        if !detail.ends_with("more") {
            return read;
        }
    }
}

/// A text as another collector would bring it, run by whoever runs the test.
pub fn given(query_hash: i64, text: &str) {
    given_as(query_hash, text, &one::<String>("SELECT current_user::text"));
}

pub fn given_as(query_hash: i64, text: &str, role: &str) {
    pgrx::Spi::run_with_args(
        "INSERT INTO optimizer.query_texts (query_hash, query) VALUES ($1, $2)
         ON CONFLICT (query_hash) DO UPDATE SET query = excluded.query",
        &[query_hash.into(), text.into()],
    )
    .unwrap();
    run(&format!("DELETE FROM optimizer.query_readings WHERE query_hash = {query_hash}"));
    run(&format!(
        "INSERT INTO optimizer.sampler_counters
         VALUES ({query_hash}, '{role}'::regrole, true, 1, 1, 1, 1, 1, 1, 1, 1) ON CONFLICT DO NOTHING"
    ));
}

/// Why a statement could not be read, or `read`.
pub fn reason(query_hash: i64) -> String {
    one(&format!(
        "SELECT coalesce(reason, state) FROM optimizer.query_readings WHERE query_hash = {query_hash}"
    ))
}

pub fn shape_of(query_hash: i64) -> Shape {
    let json = one::<String>(&format!(
        "SELECT shape::text FROM optimizer.query_readings WHERE query_hash = {query_hash}"
    ));
    serde_json::from_str(&json).unwrap()
}

/// What was read of the statement that ends with its name as a comment.
pub fn summary_of(name: &str) -> String {
    let hash = one::<i64>(&format!(
        "SELECT query_hash FROM optimizer.query_texts WHERE position('/* {name} */' IN query) > 0"
    ));
    let reading = one::<String>(&format!(
        "SELECT concat_ws(' ', reason, detail, nullif(array_to_string(assumptions, ', '), ''))
         FROM optimizer.query_readings WHERE query_hash = {hash}"
    ));
    let mut out = String::new();
    if !reading.is_empty() {
        writeln!(out, "({reading})").unwrap();
    }
    if one::<String>(&format!(
        "SELECT state FROM optimizer.query_readings WHERE query_hash = {hash}"
    )) == "read"
    {
        out.push_str(&summary(&shape_of(hash)));
    }
    out
}

pub fn summary(shape: &Shape) -> String {
    let mut out = shape.kind.name().to_owned();
    for unknown in &shape.unknown {
        write!(out, " unknown: {:?} {}", unknown.why, unknown.name).unwrap();
    }
    if shape.locks_rows {
        out.push_str(" locks rows");
    }
    out.push('\n');
    for relation in &shape.relations {
        write!(out, "{}", relation.name).unwrap();
        for (is, word) in [
            (relation.is_read, " read"),
            (relation.is_written, " written"),
            (relation.by_foreign_key, " by key"),
            (relation.topmost != relation.relation, " partition"),
            (relation.relkind == 'v', " view"),
        ] {
            if is {
                out.push_str(word);
            }
        }
        out.push_str("; ");
    }
    if !shape.relations.is_empty() {
        out.truncate(out.len() - 2);
        out.push('\n');
    }
    for write in &shape.writes {
        write!(out, "writes {}", write.name).unwrap();
        for (is, word) in [
            (write.inserts, " inserts"),
            (write.updates, " updates"),
            (write.deletes, " deletes"),
            (write.has_on_conflict, " on conflict"),
        ] {
            if is {
                out.push_str(word);
            }
        }
        if !write.sets.is_empty() {
            write!(out, " sets {:?}", write.sets).unwrap();
        }
        out.push('\n');
    }
    // The system's own views change from version to version.
    if shape
        .relations
        .iter()
        .all(|r| r.name.starts_with("pg_catalog.") || r.name.starts_with("information_schema."))
    {
        return if shape.relations.is_empty() { out } else { "of the system\n".to_owned() };
    }
    for (place, level) in shape.levels.iter().enumerate() {
        let said = said(shape, level);
        if !said.is_empty() {
            writeln!(out, "{place} {}: {said}", origin(level)).unwrap();
        }
    }
    out
}

fn origin(level: &Level) -> String {
    match &level.origin {
        Origin::View(_) => "view".to_owned(),
        Origin::Cte { name, is_recursive } => {
            format!("cte {name}{}", if *is_recursive { " recursive" } else { "" })
        }
        Origin::Expression { kind } => format!("{kind:?}").to_lowercase(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn said(shape: &Shape, level: &Level) -> String {
    let mut parts = Vec::new();
    for source in &level.sources {
        let columns: Vec<String> = source.columns.iter().map(i16::to_string).collect();
        let flags = [
            (source.is_target, " target"),
            (source.is_nullable, " nullable"),
            (source.is_only, " only"),
        ];
        let flags: String = flags.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
        parts.push(format!("from {}({}){flags}", source.alias, columns.join(" ")));
    }
    for predicate in &level.predicates {
        parts.push(predicate_said(shape, predicate));
    }
    for join in &level.joins {
        let crosses = if join.crosses_levels { " across" } else { "" };
        let clause = clause(join.clause);
        parts.push(format!(
            "{clause}join {} {} {}{crosses}",
            term(shape, &join.left),
            join.operator.name,
            term(shape, &join.right)
        ));
    }
    for key in &level.sort {
        let way = if key.is_descending { " desc" } else { "" };
        let odd = if key.nulls_first != key.is_descending { " odd nulls" } else { "" };
        parts.push(format!("order {}{way}{odd}", term(shape, &key.term)));
    }
    for key in &level.group {
        parts.push(format!("group {}", term(shape, key)));
    }
    for window in &level.windows {
        let partition: Vec<String> = window.partition.iter().map(|t| term(shape, t)).collect();
        let sort: Vec<String> = window.sort.iter().map(|key| term(shape, &key.term)).collect();
        parts.push(format!("window by {} order {}", partition.join(" "), sort.join(" ")));
    }
    match &level.distinct {
        Distinct::None => {}
        Distinct::All => parts.push("distinct".to_owned()),
        Distinct::On(terms) => parts.push(format!(
            "distinct on {}",
            terms.iter().map(|t| term(shape, t)).collect::<Vec<_>>().join(" ")
        )),
    }
    for (is, word) in [
        (level.has_aggregates, "aggregates"),
        (level.has_window_functions, "windows"),
        (level.has_grouping_sets, "grouping sets"),
    ] {
        if is {
            parts.push(word.to_owned());
        }
    }
    match level.set_operation_is_union_all {
        Some(true) => parts.push("union all".to_owned()),
        Some(false) => parts.push("set operation".to_owned()),
        None => {}
    }
    if !level.limit.is_absent() {
        parts.push(format!("limit {}", value(&level.limit)));
    }
    if !level.offset.is_absent() {
        parts.push(format!("offset {}", value(&level.offset)));
    }
    if !level.targets.is_empty() {
        let columns: Vec<String> = level.targets.iter().map(|c| column(shape, c)).collect();
        parts.push(format!("returns {}", columns.join(" ")));
    }
    parts.join("; ")
}

fn predicate_said(shape: &Shape, predicate: &Predicate) -> String {
    let mut out = clause(predicate.clause).to_owned();
    if predicate.is_negated {
        out.push_str("not ");
    }
    write!(
        out,
        "{} {}",
        term(shape, &predicate.term),
        serde_json::to_value(predicate.strategy).unwrap().as_str().unwrap()
    )
    .unwrap();
    if let Some(operator) = &predicate.operator {
        write!(out, " {}", operator.name).unwrap();
    }
    if !predicate.value.is_absent() {
        write!(out, " {}", value(&predicate.value)).unwrap();
    }
    if let Some(group) = predicate.or_group {
        write!(out, " (or {group})").unwrap();
    }
    out
}

const fn clause(clause: Clause) -> &'static str {
    match clause {
        Clause::Where => "",
        Clause::On => "on ",
        Clause::OuterOn => "outer on ",
        Clause::Having => "having ",
        Clause::RowSecurity => "policy ",
    }
}

fn term(shape: &Shape, term: &Term) -> String {
    match term {
        Term::Column(c) => column(shape, c),
        Term::Expression { text, is_immutable, .. } => {
            format!("`{text}`{}", if *is_immutable { "" } else { "?" })
        }
        Term::Other => "something".to_owned(),
    }
}

fn column(shape: &Shape, column: &Column) -> String {
    let source = shape
        .levels
        .iter()
        .flat_map(|level| &level.sources)
        .find(|source| source.number == column.source);
    let barrier = if column.is_behind_barrier { "|" } else { "" };
    format!("{barrier}{}.{}", source.map_or("?", |source| &source.alias), column.name)
}

fn value(value: &Value) -> String {
    match value {
        Value::Absent => String::new(),
        Value::Parameter(number) => format!("${number}"),
        Value::Constant(text) => format!("'{text}'"),
        Value::Null => "null".to_owned(),
        Value::List { elements, parameters } => format!("list of {elements} {parameters:?}"),
        Value::Expression { parameters } => format!("expression {parameters:?}"),
        Value::Column(other) => other.name.clone(),
        Value::Term => "term".to_owned(),
    }
}

/// Where mutations come from: xorshift, the same on every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Numbers and texts become `$1`, `$2`, as pg_stat_statements would have it in most places.
pub fn parameters_for_numbers(text: &str) -> String {
    let (mut out, mut number) = (String::new(), 0);
    for token in tokens(text) {
        if matches!(token.kind, Kind::Number | Kind::Text) {
            number += 1;
            write!(out, "${number}").unwrap();
        } else {
            out.push_str(token.of(text));
        }
    }
    out
}

/// One token left out, doubled, swapped, nested or replaced; a piece of another text; letters from anywhere.
pub fn mutated(text: &str, others: &[String], random: &mut Random) -> String {
    let tokens = tokens(text);
    let mut pieces: Vec<String> = tokens.iter().map(|token| token.of(text).to_owned()).collect();
    if pieces.is_empty() {
        return "SELECT".to_owned();
    }
    let at = random.below(pieces.len());
    match random.below(8) {
        0 => {
            pieces.remove(at);
        }
        1 => pieces.insert(at, pieces[random.below(pieces.len())].clone()),
        2 => {
            let other = random.below(pieces.len());
            pieces.swap(at, other);
        }
        3 => {
            let depth = random.below(300);
            pieces[at] = format!("{}{}{}", "(".repeat(depth), pieces[at], ")".repeat(depth));
        }
        4 => pieces[at] = format!("(SELECT {} FROM ({text}) AS q)", pieces[at]),
        5 => {
            let letters = [
                "🙂",
                "é",
                "\u{202e}",
                "\u{feff}",
                "'",
                "\"",
                "$$",
                "/*",
                "--",
                "\\",
                "U&'",
                "$99999999999",
                "$0",
                "\u{1}",
            ];
            pieces.insert(at, letters[random.below(letters.len())].to_owned());
        }
        6 => {
            let other = &others[random.below(others.len())];
            pieces.truncate(at);
            pieces.push(other.chars().skip(random.below(other.chars().count())).collect());
        }
        _ => {
            pieces[at] = [
                "$1",
                "$65535",
                "$65536",
                "NULL",
                "interval $1",
                "date$2",
                "*",
                "CAST(",
                "::",
                "lateral",
            ][random.below(10)]
            .to_owned()
        }
    }
    pieces.concat()
}

/// The analysed trees of a valid text: as the server makes them, and on the reader's way. Places in the text do not count.
#[expect(unsafe_code, reason = "the parser is called as the reader calls it, inside the sandbox")]
pub fn trees(text: &str) -> (String, String) {
    let repaired = optimizer_core::statement::repair::repair(text);
    let (plain, ours) = (CString::new(text).unwrap(), CString::new(repaired.as_ref()).unwrap());
    let limits = Limits { lock_timeout: Duration::from_secs(1), time: Duration::from_secs(5) };
    // SAFETY: inside the sandbox; the strings that leave it are copies.
    let tree = |text: &CString, is_changed: bool| unsafe {
        run_as(pg_sys::GetUserId(), c"shop, public", &limits, || {
            let raw = raw_statements(text)[0];
            if is_changed {
                crate::reader::restore_targets(raw);
            }
            let query = analyse(text, raw, &[]).query;
            let written =
                CStr::from_ptr(pg_sys::nodeToString(query.cast())).to_string_lossy().into_owned();
            let mut out = String::new();
            for (place, piece) in written.split(":location ").enumerate() {
                let skipped =
                    if place == 0 { 0 } else { piece.find([' ', '}']).unwrap_or(piece.len()) };
                out.push_str(&piece[skipped..]);
            }
            out
        })
        .unwrap()
    };
    (tree(&plain, false), tree(&ours, true))
}
