//! What is known of a table: its size, its columns' statistics, its indexes, how often it is written.
//!
//! Trap: names are as they stand in SQL, quoted where they must be. Numbers of columns are attribute numbers; 0 in an
//! index's keys is an expression.

use serde::{Deserialize, Serialize};

use crate::statement::shape::Oid;

/// Operators that put two values in order.
pub const ORDERS: [&str; 4] = ["<", "<=", ">", ">="];
/// Between conditions of a partial index.
pub const AND: &str = " AND ";
/// Share of the rows in which one column is before another. No statistics say it: it lies between the third that the planner assumes
/// (DEFAULT_INEQ_SEL) and TPC-H's lineitem, where l_commitdate is before l_receiptdate in 63 % of the rows. No setting.
const SHARE_OF_COMPARED: f64 = 0.5;

/// A table, as `index_tables.sql` says it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub oid: Oid,
    pub schema: String,
    /// Without its schema.
    pub name: String,
    /// relkind is p: an index on it is built without CONCURRENTLY.
    pub is_partitioned: bool,
    /// With its partitions.
    pub rows: f64,
    pub pages: f64,
    pub columns: Vec<ColumnFacts>,
    pub indexes: Vec<Index>,
    /// Rows per hour: as measured of the last 24 buckets, or the mean since the counters were reset where that is more.
    pub inserts_per_hour: f64,
    pub updates_per_hour: f64,
    pub deletes_per_hour: f64,
    /// Share of the updates that touched no index (HOT), 0 to 1.
    pub hot_share: f64,
    /// Where the operator classes of pg_trgm are, if anywhere.
    pub trigram_schema: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnFacts {
    pub number: i16,
    pub name: String,
    pub kind: ColumnKind,
    /// Mean bytes of a value.
    pub width: f64,
    /// Different values; at least 1.
    pub distinct: f64,
    pub null_share: f64,
    /// Of the most common value.
    pub most_common_share: f64,
    /// The most common values as the server writes them, and their shares.
    #[serde(default)]
    pub common: Vec<(String, f64)>,
    /// Of its order with that of the rows, -1 to 1; none without statistics.
    pub correlation: Option<f64>,
    /// It can be a key of a btree.
    pub has_btree: bool,
    /// Equal keys are stored once (btree deduplication).
    pub deduplicates: bool,
    /// The server's own type or an enum: reading a constant of it runs nobody's code.
    pub is_plain_type: bool,
    /// Its collation is not C: prefixes of LIKE need an operator class of their own.
    pub is_collated: bool,
    pub has_statistics: bool,
}

/// The families of types that decide the access method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    #[default]
    Plain,
    Text,
    Boolean,
    Json,
    Array,
    TextSearch,
}

/// An index that is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub oid: Oid,
    /// With its schema.
    pub name: String,
    pub method: String,
    pub keys: Vec<i16>,
    pub includes: Vec<i16>,
    pub is_unique: bool,
    pub is_valid: bool,
    pub is_partial: bool,
    pub has_expressions: bool,
    /// Default order, operator classes and collations.
    pub is_ordinary: bool,
}

impl Table {
    /// Schema and name.
    pub fn qualified(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    pub fn column(&self, number: i16) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.number == number)
    }

    /// Share of the rows that the condition of a partial index leaves.
    pub fn share_where(&self, predicate: &str) -> Option<f64> {
        let of_one = self.columns.iter().find_map(|column| column.share_where(predicate));
        of_one.or_else(|| {
            let conditions = i32::try_from(predicate.split(AND).count()).ok()?;
            self.compares_columns(predicate).then(|| SHARE_OF_COMPARED.powi(conditions))
        })
    }

    /// Whether the condition compares columns with others: `shipped > promised`, or several such.
    pub fn compares_columns(&self, predicate: &str) -> bool {
        predicate.split(AND).all(|condition| self.compares_two(condition))
    }

    fn compares_two(&self, predicate: &str) -> bool {
        let rest = |column: &ColumnFacts| {
            let rest = predicate.strip_prefix(column.name.as_str())?.strip_prefix(' ')?;
            rest.split_once(' ').filter(|(operator, _)| ORDERS.contains(operator))
        };
        self.columns
            .iter()
            .filter_map(rest)
            .any(|(_, other)| self.columns.iter().any(|column| column.name == other))
    }

    pub fn writes_per_hour(&self) -> f64 {
        self.inserts_per_hour + self.updates_per_hour + self.deletes_per_hour
    }
}

impl ColumnFacts {
    /// Share of the rows that have this value: as counted, or an equal part of what is left.
    pub fn share_of(&self, value: &str) -> f64 {
        if let Some((_, share)) = self.common.iter().find(|(known, _)| known == value) {
            return *share;
        }
        let counted: f64 = self.common.iter().map(|(_, share)| share).sum();
        let others = self.distinct - self.common.len() as f64;
        ((1.0 - self.null_share - counted).max(0.0) / others.max(1.0)).min(1.0)
    }

    /// Share of the rows that a condition on this column leaves, of the conditions that partial indexes have here.
    pub fn share_where(&self, predicate: &str) -> Option<f64> {
        let rest = predicate.strip_prefix("NOT ");
        if rest.unwrap_or(predicate) == self.name {
            // Which of the two is common nobody says; the rarer one pays.
            return Some((1.0 - self.most_common_share - self.null_share).max(0.0));
        }
        match predicate.strip_prefix(self.name.as_str())? {
            " IS NULL" => Some(self.null_share),
            " IS NOT NULL" => Some(1.0 - self.null_share),
            other => {
                let value = other.strip_prefix(" = '")?.strip_suffix('\'')?;
                Some(self.share_of(&value.replace("''", "'")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::orders;
    use super::*;

    #[test]
    fn conditions_between_columns_leave_half_each_and_others_what_statistics_say() {
        let table = orders();
        let share = |predicate: &str| table.share_where(predicate);
        assert_eq!(share("placed_at < shipped_at"), Some(SHARE_OF_COMPARED));
        assert_eq!(share("id >= amount AND placed_at < shipped_at"), Some(0.25));
        assert_eq!(share("placed_at < nothing"), None);
        assert_eq!(share("placed_at = shipped_at"), None);
        assert_eq!(share("placed_at < shipped_at AND status = 'open'"), None);
        assert_eq!(share("shipped_at IS NULL"), Some(0.95));
    }
}
