//! An index that could be made, and its CREATE INDEX.
//!
//! Promises: the same index is the same text for every query that it helps, so that they are one action; and it has a
//! name, so that what takes it back can be said.

use serde::{Deserialize, Serialize};

use super::facts::{ColumnKind, Table};
use crate::statement::shape::Oid;

/// An index that could be made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Candidate {
    pub relation: Oid,
    pub method: Method,
    pub keys: Vec<Key>,
    /// Columns that are only carried along, for index-only scans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<i16>,
    /// The condition of a partial index, as SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Btree,
    Gin,
    Brin,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Method::Btree => "btree",
            Method::Gin => "gin",
            Method::Brin => "brin",
        }
    }
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub what: KeyOf,
    /// With its schema where it is no built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_class: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_descending: bool,
    /// As said by the key itself: the default is last when ascending, first when descending.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_other_nulls: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOf {
    Column(i16),
    /// As the server writes it.
    Expression(String),
}

impl Key {
    pub const fn column(number: i16) -> Key {
        Key {
            what: KeyOf::Column(number),
            operator_class: None,
            is_descending: false,
            has_other_nulls: false,
        }
    }

    pub const fn expression(text: String) -> Key {
        Key {
            what: KeyOf::Expression(text),
            operator_class: None,
            is_descending: false,
            has_other_nulls: false,
        }
    }

    #[must_use]
    pub fn with_class(mut self, class: impl Into<String>) -> Key {
        self.operator_class = Some(class.into());
        self
    }

    pub const fn number(&self) -> Option<i16> {
        match self.what {
            KeyOf::Column(number) => Some(number),
            KeyOf::Expression(_) => None,
        }
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

/// Bytes of a name that the server keeps (NAMEDATALEN - 1).
const LONGEST_NAME: usize = 63;

impl Candidate {
    pub const fn btree(relation: Oid, keys: Vec<Key>) -> Candidate {
        Candidate { relation, method: Method::Btree, keys, includes: Vec::new(), predicate: None }
    }

    /// Columns and expressions, those that are only carried along included.
    pub const fn columns(&self) -> usize {
        self.keys.len() + self.includes.len()
    }

    /// `ON schema.table USING method (keys) ...`, without the name of the index.
    pub fn tail(&self, table: &Table) -> Option<String> {
        let keys: Option<Vec<String>> = self.keys.iter().map(|key| key.sql(table)).collect();
        let mut out =
            format!("ON {} USING {} ({})", table.qualified(), self.method.name(), keys?.join(", "));
        if !self.includes.is_empty() {
            let names: Option<Vec<&str>> = self
                .includes
                .iter()
                .map(|number| Some(table.column(*number)?.name.as_str()))
                .collect();
            out.push_str(&format!(" INCLUDE ({})", names?.join(", ")));
        }
        if let Some(predicate) = &self.predicate {
            out.push_str(&format!(" WHERE {predicate}"));
        }
        Some(out)
    }

    /// The operator class of a GIN index, named or not.
    pub fn inverted_class(&self, table: &Table) -> Option<String> {
        let key = self.keys.first().filter(|_| self.method == Method::Gin)?;
        key.operator_class
            .clone()
            .or_else(|| Some(default_class(table.column(key.number()?)?.kind).to_owned()))
    }

    /// An index of another method over the same key, which can be made up where GIN cannot: it is there to be turned into one.
    pub fn stand_in(&self, table: &Table) -> Option<String> {
        let class = self.inverted_class(table)?;
        // Documents may be wider than a btree takes; tsvector cannot be hashed.
        let method = if class == "tsvector_ops" { "btree" } else { "hash" };
        let key = Key { operator_class: None, ..self.keys.first()?.clone() };
        Some(format!("ON {} USING {method} ({})", table.qualified(), key.sql(table)?))
    }

    /// What a person types. `taken` says whether the schema has a relation of that name already.
    pub fn create(&self, table: &Table, taken: impl Fn(&str) -> bool) -> Option<String> {
        let concurrently = if table.is_partitioned { "" } else { "CONCURRENTLY " };
        let tail = self.tail(table)?;
        let name = self.name(table, &tail, taken);
        Some(format!("CREATE INDEX {concurrently}{name} {tail}"))
    }

    /// Columns and expressions in their order, for people.
    pub fn key_names(&self, table: &Table) -> Vec<String> {
        self.keys
            .iter()
            .filter_map(|key| match &key.what {
                KeyOf::Column(number) => Some(table.column(*number)?.name.clone()),
                KeyOf::Expression(text) => Some(text.clone()),
            })
            .collect()
    }

    /// `table_column_column_idx`, as the server would call it; what would not be unique or fit gets a digest.
    fn name(&self, table: &Table, tail: &str, taken: impl Fn(&str) -> bool) -> String {
        let mut parts = vec![bare(&table.name)];
        for key in &self.keys {
            parts.push(match &key.what {
                KeyOf::Column(number) => {
                    table.column(*number).map_or_else(String::new, |column| bare(&column.name))
                }
                KeyOf::Expression(_) => "expr".to_owned(),
            });
        }
        let is_plain = self.includes.is_empty()
            && self.predicate.is_none()
            && self.method == Method::Btree
            && self.keys.iter().all(|key| key.number().is_some() && key.operator_class.is_none());
        let plain = format!("{}_idx", parts.join("_"));
        if is_plain && plain.len() <= LONGEST_NAME && !taken(&plain) {
            return quoted(&plain);
        }
        // 32 bits are plenty among the indexes of one table.
        let digest = format!("_{:08x}_idx", fnv(tail) as u32);
        let mut stem = parts.join("_");
        while stem.len() + digest.len() > LONGEST_NAME {
            stem.pop();
        }
        quoted(&format!("{stem}{digest}"))
    }
}

impl Key {
    fn sql(&self, table: &Table) -> Option<String> {
        let mut out = match &self.what {
            KeyOf::Column(number) => table.column(*number)?.name.clone(),
            KeyOf::Expression(text) => format!("({text})"),
        };
        if let Some(class) = &self.operator_class {
            out.push(' ');
            out.push_str(class);
        }
        if self.is_descending {
            out.push_str(" DESC");
        }
        if self.has_other_nulls {
            out.push_str(if self.is_descending { " NULLS LAST" } else { " NULLS FIRST" });
        }
        Some(out)
    }
}

/// A name without the quotes it has in SQL.
pub fn bare(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// Quoted unless it is plain: lower case letters, digits, underscores. It ends with `_idx`, so it is no keyword.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c == '_' || c.is_ascii_lowercase())
        && name.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// FNV-1a, as for the shapes of plans. Not secret, only short.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::orders;
    use super::*;

    fn create(candidate: &Candidate, table: &Table) -> String {
        candidate.create(table, |name| name == "orders_status_idx").unwrap()
    }

    #[test]
    fn an_index_has_the_name_that_the_server_would_give_it() {
        let table = orders();
        let two = Candidate::btree(1, vec![Key::column(2), Key::column(4)]);
        assert_eq!(
            create(&two, &table),
            "CREATE INDEX CONCURRENTLY orders_customer_id_placed_at_idx ON shop.orders USING btree (customer_id, placed_at)"
        );
    }

    #[test]
    fn a_name_that_is_taken_or_says_too_little_gets_a_digest() {
        let table = orders();
        let taken = create(&Candidate::btree(1, vec![Key::column(3)]), &table);
        assert!(taken.starts_with("CREATE INDEX CONCURRENTLY orders_status_"), "{taken}");
        assert!(!taken.contains("orders_status_idx"), "{taken}");
        let plain = Candidate::btree(1, vec![Key::column(2)]);
        let partial = Candidate { predicate: Some("status = 'open'".into()), ..plain.clone() };
        let covering = Candidate { includes: vec![5], ..plain };
        let (partial, covering) = (create(&partial, &table), create(&covering, &table));
        assert!(partial.ends_with("(customer_id) WHERE status = 'open'"), "{partial}");
        assert!(covering.ends_with("(customer_id) INCLUDE (amount)"), "{covering}");
        assert_ne!(partial.split(' ').nth(3), covering.split(' ').nth(3));
    }

    #[test]
    fn a_long_name_keeps_within_what_the_server_keeps() {
        let mut table = orders();
        table.name = "\"Großartige Bestellungen aus dem vergangenen Geschäftsjahr\"".into();
        let text = create(&Candidate::btree(1, vec![Key::column(2), Key::column(3)]), &table);
        let name = text.split("CONCURRENTLY ").nth(1).unwrap().split(" ON ").next().unwrap();
        assert!(bare(name).len() <= LONGEST_NAME && name.starts_with('"'), "{name}");
    }

    #[test]
    fn order_nulls_and_operator_classes_are_written() {
        let table = orders();
        let descending = Key { is_descending: true, has_other_nulls: true, ..Key::column(4) };
        let candidate = Candidate::btree(
            1,
            vec![
                Key::expression("lower(status)".into()).with_class("text_pattern_ops"),
                descending,
            ],
        );
        assert_eq!(
            candidate.tail(&table).unwrap(),
            "ON shop.orders USING btree ((lower(status)) text_pattern_ops, placed_at DESC NULLS LAST)"
        );
    }

    #[test]
    fn a_partitioned_table_is_not_indexed_concurrently() {
        let table = Table { is_partitioned: true, ..orders() };
        let text = create(&Candidate::btree(1, vec![Key::column(2)]), &table);
        assert!(text.starts_with("CREATE INDEX orders_customer_id_idx ON"), "{text}");
    }

    #[test]
    fn gin_has_a_stand_in_over_the_same_key() {
        let table = orders();
        let gin = |key| Candidate { method: Method::Gin, ..Candidate::btree(1, vec![key]) };
        let document = gin(Key::column(8).with_class("jsonb_path_ops"));
        assert_eq!(document.stand_in(&table).unwrap(), "ON shop.orders USING hash (payload)");
        assert_eq!(document.inverted_class(&table).unwrap(), "jsonb_path_ops");
        assert_eq!(gin(Key::column(7)).inverted_class(&table).unwrap(), "array_ops");
        assert_eq!(Candidate::btree(1, vec![Key::column(7)]).stand_in(&table), None);
    }

    #[test]
    fn a_column_that_is_gone_makes_no_text() {
        assert_eq!(Candidate::btree(1, vec![Key::column(99)]).tail(&orders()), None);
    }
}
