//! What a statement does, in plain structs: the reader in the extension fills them from the server's own
//! trees, advisors work on them, and `optimizer.query_readings` keeps them as JSON.
//!
//! A statement is a list of [`Level`]s: the outermost query and every query inside it (sub-selects, CTEs, views,
//! arms of UNION, sub-queries in expressions), each with its own sources, predicates, order and limit.
//! Oids are of the database that was read, with names beside them for people; they are only good while the
//! reading is (see its signature).
//!
//! One file, though a long one: it is the document that is kept, field by field.
//!
//! Trap: a text is read after rewriting. A view's predicates and those of row security are there too, each with the
//! level or the clause that says so, and an INSERT may stand for several statements (rules).

use serde::{Deserialize, Serialize};

/// Oid of a relation, a type, an operator or a function.
pub type Oid = u32;

/// One statement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    pub kind: StatementKind,
    /// Everything that it reads and writes is listed. Never true when anything in [`Shape::unknown`] is.
    pub complete: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// Each relation once, views and what lies behind them.
    pub relations: Vec<RelationUse>,
    pub levels: Vec<Level>,
    /// Tables written to, in the order of the rewritten statements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Write>,
    /// FOR UPDATE, FOR SHARE and their kin.
    #[serde(skip_serializing_if = "is_false")]
    pub locks_rows: bool,
    /// Parameters by number, with the type the server gave them (0 where there is none).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameter_types: Vec<Oid>,
}

/// What a statement is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    #[default]
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    Utility,
}

impl StatementKind {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            StatementKind::Select => "select",
            StatementKind::Insert => "insert",
            StatementKind::Update => "update",
            StatementKind::Delete => "delete",
            StatementKind::Merge => "merge",
            StatementKind::Utility => "utility",
        }
    }
}

/// Something that may read or write what nobody can see from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unknown {
    pub why: UnknownBecause,
    /// The function or the table, with its schema.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownBecause {
    /// A function that runs code of its own: SQL, PL/pgSQL, C that may run SQL.
    Function,
    /// A table with triggers, of which one fires.
    Trigger,
    /// What a foreign table reads lies on another server.
    ForeignTable,
}

/// A relation and what becomes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RelationUse {
    pub relation: Oid,
    /// Schema and name, quoted where they must be.
    pub name: String,
    pub relkind: char,
    pub is_read: bool,
    pub is_written: bool,
    /// Only named by a foreign key that a write checks or follows.
    #[serde(skip_serializing_if = "is_false")]
    pub by_foreign_key: bool,
    /// The topmost table that it is a partition of; itself when it is none.
    pub topmost: Oid,
}

/// One query of the statement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Level {
    pub origin: Origin,
    /// The level it stands in, a place in [`Shape::levels`]; none for the outermost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub predicates: Vec<Predicate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    /// In their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<SortKey>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<Term>,
    /// The windows of its window functions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// What it returns: plain columns, and the columns that its expressions use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Column>,
    #[serde(skip_serializing_if = "is_false")]
    pub has_aggregates: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub has_window_functions: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub has_grouping_sets: bool,
    #[serde(skip_serializing_if = "Distinct::is_none")]
    pub distinct: Distinct,
    #[serde(skip_serializing_if = "Value::is_absent")]
    pub limit: Value,
    #[serde(skip_serializing_if = "Value::is_absent")]
    pub offset: Value,
    /// UNION, INTERSECT or EXCEPT of its sub-selects; `true` in one that is a plain UNION ALL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_operation_is_union_all: Option<bool>,
}

/// Where a level comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    Statement,
    /// A sub-select in FROM.
    Subselect,
    /// One arm of a set operation.
    Arm,
    View(Oid),
    Cte {
        name: String,
        is_recursive: bool,
    },
    /// A sub-query in an expression.
    Expression {
        kind: SubqueryKind,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubqueryKind {
    Exists,
    /// IN and = ANY.
    Any,
    All,
    Value,
    Array,
}

/// A table, or what stands for one, in FROM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// Its place among the sources of all levels: what a [`Column`] names.
    pub number: usize,
    pub relation: Oid,
    pub name: String,
    pub alias: String,
    /// It is what an INSERT, UPDATE, DELETE or MERGE changes.
    #[serde(skip_serializing_if = "is_false")]
    pub is_target: bool,
    /// Its rows may be missing: the null-extended side of an outer join.
    #[serde(skip_serializing_if = "is_false")]
    pub is_nullable: bool,
    /// ONLY: without its children.
    #[serde(skip_serializing_if = "is_false")]
    pub is_only: bool,
    /// Every column of it that the statement uses anywhere, by number; 0 is the whole row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<i16>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Column {
    pub source: usize,
    pub relation: Oid,
    pub attnum: i16,
    pub name: String,
    /// Seen through a sub-select with aggregates, DISTINCT, LIMIT, a window or a set operation: what holds for
    /// the column outside need not be checked inside.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_behind_barrier: bool,
}

/// What is compared, sorted or grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    Column(Column),
    /// An expression over columns of one table, as the server writes it: `lower(email)`.
    Expression {
        text: String,
        columns: Vec<Column>,
        /// Only immutable functions: one could index it.
        is_immutable: bool,
    },
    /// Over several tables or none, or too odd to write down.
    Other,
}

impl Term {
    /// The columns it is made of.
    pub fn columns(&self) -> &[Column] {
        match self {
            Term::Column(column) => std::slice::from_ref(column),
            Term::Expression { columns, .. } => columns,
            Term::Other => &[],
        }
    }
}

/// What a term is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing: a null test, a boolean column, no limit.
    #[default]
    Absent,
    Parameter(u32),
    /// As the server writes it.
    Constant(String),
    Null,
    /// A list of that many; parameters among them by number.
    List {
        elements: usize,
        parameters: Vec<u32>,
    },
    /// Something without columns of its level: `now() - $1`, an outer column, a sub-query.
    Expression {
        parameters: Vec<u32>,
    },
    /// Another column of the same table, by an immutable operator.
    Column(Column),
    /// Another term over columns of the same level.
    Term,
}

impl Value {
    pub const fn is_absent(&self) -> bool {
        matches!(self, Value::Absent)
    }

    /// Other rows have other values: no scan of an index begins at one of them.
    pub const fn is_of_the_row(&self) -> bool {
        matches!(self, Value::Column(_) | Value::Term)
    }
}

/// One condition. Conditions of one level hold together (AND), but for those with the same `or_group`,
/// of which one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    pub term: Term,
    pub strategy: Strategy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    #[serde(default, skip_serializing_if = "Value::is_absent")]
    pub value: Value,
    pub clause: Clause,
    /// Under NOT.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_negated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or_group: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    pub oid: Oid,
    pub name: String,
    /// Type of the term's side.
    pub term_type: Oid,
}

/// What a condition does with its term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    Equal,
    NotEqual,
    /// `<`, `<=`, `>`, `>=`; BETWEEN is two of them.
    Range,
    /// `= ANY`, IN with values.
    InList,
    NotInList,
    /// LIKE with a pattern that is not known.
    Like,
    /// LIKE with a pattern that begins with plain text.
    LikePrefix,
    /// ILIKE, and the regular expressions.
    Pattern,
    IsNull,
    IsNotNull,
    /// A boolean column by itself, IS TRUE and its kin.
    Boolean,
    /// `@>` and `<@` of jsonb.
    JsonContains,
    /// `?`, `?|`, `?&`
    JsonKey,
    /// `@?` and `@@` of jsonb.
    JsonPath,
    /// `@>`, `<@` and `&&` of arrays.
    Array,
    /// The same, and their kin, of ranges and multiranges.
    RangeType,
    /// `@@` of tsvector.
    FullText,
    /// `IN (SELECT ..)`, `= ANY (SELECT ..)`
    InSubquery,
    Other,
}

impl Strategy {
    /// By the name of an operator of pg_catalog and what it takes on its left.
    pub fn of_operator(name: &str, left: TypeClass) -> Strategy {
        match (name, left) {
            ("=", _) => Strategy::Equal,
            ("<>", _) => Strategy::NotEqual,
            ("<" | "<=" | ">" | ">=", _) => Strategy::Range,
            ("~~", _) => Strategy::Like,
            ("~~*" | "~" | "~*", _) => Strategy::Pattern,
            ("@>" | "<@", TypeClass::Json) => Strategy::JsonContains,
            ("?" | "?|" | "?&", TypeClass::Json) => Strategy::JsonKey,
            ("@?" | "@@", TypeClass::Json) => Strategy::JsonPath,
            ("@@" | "@@@", TypeClass::TextSearch) => Strategy::FullText,
            ("@>" | "<@" | "&&", TypeClass::Array) => Strategy::Array,
            ("@>" | "<@" | "&&" | "<<" | ">>" | "-|-" | "&<" | "&>", TypeClass::Range) => {
                Strategy::RangeType
            }
            _ => Strategy::Other,
        }
    }
}

/// The families of types that give an operator's name its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeClass {
    Json,
    TextSearch,
    Array,
    Range,
    Plain,
}

/// Whether a LIKE pattern begins with plain text.
pub fn pattern_has_prefix(pattern: &str) -> bool {
    !pattern.is_empty() && !pattern.starts_with(['%', '_'])
}

/// Where a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clause {
    Where,
    /// ON of an inner join: the same as WHERE.
    On,
    /// ON of an outer join.
    OuterOn,
    Having,
    /// A policy of row security.
    RowSecurity,
}

/// Two columns that are compared with each other, of one level or of a level and one around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    pub left: Term,
    pub right: Term,
    pub operator: Operator,
    pub strategy: Strategy,
    pub clause: Clause,
    /// One side is of a level around this one, or of a sub-query (IN).
    #[serde(default, skip_serializing_if = "is_false")]
    pub crosses_levels: bool,
}

/// One key of ORDER BY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortKey {
    pub term: Term,
    pub is_descending: bool,
    pub nulls_first: bool,
}

/// PARTITION BY and ORDER BY of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub partition: Vec<Term>,
    pub sort: Vec<SortKey>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distinct {
    #[default]
    None,
    All,
    On(Vec<Term>),
}

impl Distinct {
    pub const fn is_none(&self) -> bool {
        matches!(self, Distinct::None)
    }
}

/// A table that is written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    pub relation: Oid,
    pub name: String,
    pub inserts: bool,
    pub updates: bool,
    pub deletes: bool,
    /// The columns that an UPDATE sets, by number.
    pub sets: Vec<i16>,
    pub has_on_conflict: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_means_what_its_left_side_makes_of_it() {
        for (name, class, strategy) in [
            ("=", TypeClass::Plain, Strategy::Equal),
            (">=", TypeClass::Range, Strategy::Range),
            ("@>", TypeClass::Json, Strategy::JsonContains),
            ("@>", TypeClass::Array, Strategy::Array),
            ("@>", TypeClass::Range, Strategy::RangeType),
            ("@>", TypeClass::Plain, Strategy::Other),
            ("@@", TypeClass::TextSearch, Strategy::FullText),
            ("@@", TypeClass::Json, Strategy::JsonPath),
            ("<->", TypeClass::Plain, Strategy::Other),
        ] {
            assert_eq!(Strategy::of_operator(name, class), strategy, "{name} {class:?}");
        }
    }

    #[test]
    fn only_plain_text_at_the_start_makes_a_prefix() {
        assert!(pattern_has_prefix("abc%"));
        assert!(pattern_has_prefix("a"));
        for pattern in ["", "%a", "_a"] {
            assert!(!pattern_has_prefix(pattern), "{pattern}");
        }
    }
}
