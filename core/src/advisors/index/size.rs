//! How large an index will be, and what it costs to keep.
//!
//! A btree's leaf entry is a key with its header, or, where equal keys are stored once, a list of row numbers under one
//! key. Leaving the latter out is why hypothetical sizes are about three times what is built. Tests build an index and hold
//! its size against what is said here.

use super::definition::{Candidate, Key, KeyOf, Method};
use super::facts::Table;

/// Bytes of a page that entries may take: 8192 less header, line pointers are counted with the entry.
const PAGE_BYTES: f64 = 8_150.0;
/// fillfactor of a btree's leaves.
const LEAF_FILL: f64 = 0.9;
/// Header of an entry and its line pointer, bytes.
const ENTRY_BYTES: f64 = 12.0;
/// A row's number in a list of them, bytes.
const ROW_NUMBER_BYTES: f64 = 6.0;
/// Most row numbers under one key: a list takes a sixth of a page at most (BTMaxItemSize / 2).
const LONGEST_LIST: f64 = 220.0;
/// What an unknown expression's value takes, and how many there are: as the planner assumes.
const EXPRESSION_WIDTH: f64 = 16.0;
const EXPRESSION_DISTINCT: f64 = 200.0;
/// Share of the rows that a partial index's condition leaves when nothing says more.
const PARTIAL_SHARE: f64 = 0.1;
/// Pages of the table that a BRIN entry stands for.
const PAGES_PER_RANGE: f64 = 128.0;
/// GIN: bytes for a row number in a posting list, compressed, and keys of a document or array.
const GIN_ROW_BYTES: f64 = 2.0;
const GIN_KEYS_PER_ROW: f64 = 8.0;

/// What is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub bytes: f64,
    /// Rows of the table that it holds.
    pub rows: f64,
}

/// Size of the index.
pub fn size(candidate: &Candidate, table: &Table) -> Size {
    let share = match &candidate.predicate {
        Some(predicate) => table.share_where(predicate).unwrap_or(PARTIAL_SHARE).clamp(0.0, 1.0),
        None => 1.0,
    };
    let rows = table.rows * share;
    let bytes = match candidate.method {
        Method::Brin => table.pages / PAGES_PER_RANGE * 32.0 * candidate.keys.len() as f64,
        Method::Gin => rows * GIN_KEYS_PER_ROW * GIN_ROW_BYTES * 1.3,
        Method::Btree => btree_bytes(candidate, table, rows),
    };
    // One page of its own, whatever it holds, and one to begin with.
    Size { bytes: bytes.max(0.0) + 2.0 * 8192.0, rows }
}

fn btree_bytes(candidate: &Candidate, table: &Table, rows: f64) -> f64 {
    let key_width: f64 = candidate.keys.iter().map(|key| width(key, table)).sum();
    let carried: f64 = candidate
        .includes
        .iter()
        .filter_map(|number| table.column(*number))
        .map(|column| column.width)
        .sum();
    let entry = aligned(key_width + carried) + ENTRY_BYTES;
    let deduplicates = candidate.includes.is_empty()
        && candidate.keys.iter().all(|key| {
            key.number().and_then(|number| table.column(number)).is_some_and(|c| c.deduplicates)
        });
    let different = distinct(candidate, table).min(rows).max(1.0);
    let leaves = if deduplicates && different < rows / 2.0 {
        let lists = different.max(rows / LONGEST_LIST);
        lists * entry + rows * ROW_NUMBER_BYTES
    } else {
        rows * entry
    };
    leaves / LEAF_FILL * (8192.0 / PAGE_BYTES)
}

/// Different keys: the product of the columns', as far as there are rows.
pub fn distinct(candidate: &Candidate, table: &Table) -> f64 {
    let product: f64 = candidate
        .keys
        .iter()
        .map(|key| match &key.what {
            KeyOf::Column(number) => table.column(*number).map_or(1.0, |column| column.distinct),
            KeyOf::Expression(_) => EXPRESSION_DISTINCT,
        })
        .product();
    product.clamp(1.0, table.rows.max(1.0))
}

fn width(key: &Key, table: &Table) -> f64 {
    match &key.what {
        KeyOf::Column(number) => table.column(*number).map_or(8.0, |column| column.width),
        KeyOf::Expression(_) => EXPRESSION_WIDTH,
    }
}

fn aligned(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

/// Adding one entry, ms. A guess: a cached btree some 8 us, GIN with its pending list about five
/// times that, BRIN next to nothing. Its order matters, not its last digit. No setting.
const BTREE_ENTRY_MS: f64 = 0.008;
const GIN_ENTRY_MS: f64 = 0.04;
const BRIN_ENTRY_MS: f64 = 0.0005;

/// What an hour of the table's writes costs more with the index, ms. `updated` are the columns that updates are known to set:
/// an index over one of them makes those updates touch every index of the table (no HOT).
pub fn write_ms_per_hour(candidate: &Candidate, table: &Table, updated: &[i16], held: f64) -> f64 {
    let entry = match candidate.method {
        Method::Btree => BTREE_ENTRY_MS,
        Method::Gin => GIN_ENTRY_MS,
        Method::Brin => BRIN_ENTRY_MS,
    };
    let mut entries = table.inserts_per_hour + table.updates_per_hour * (1.0 - table.hot_share);
    if loses_hot(candidate, updated) {
        // The updates that were HOT now make entries in all indexes.
        entries += table.updates_per_hour * table.hot_share * (table.indexes.len() as f64 + 1.0);
    }
    entries * held.clamp(0.0, 1.0) * entry
}

/// Whether updates set a column of the index.
pub fn loses_hot(candidate: &Candidate, updated: &[i16]) -> bool {
    candidate.method != Method::Brin
        && candidate
            .keys
            .iter()
            .filter_map(Key::number)
            .chain(candidate.includes.iter().copied())
            .any(|number| updated.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::orders;
    use super::*;

    fn megabytes(candidate: &Candidate) -> f64 {
        size(candidate, &orders()).bytes / 1e6
    }

    #[test]
    fn a_unique_key_takes_a_whole_entry_and_a_repeated_one_a_row_number() {
        let unique = megabytes(&Candidate::btree(1, vec![Key::column(1)]));
        let repeated = megabytes(&Candidate::btree(1, vec![Key::column(10)]));
        assert!((20.0..25.0).contains(&unique), "{unique}");
        assert!((6.0..8.0).contains(&repeated), "{repeated}");
    }

    #[test]
    fn what_is_carried_along_is_never_stored_once() {
        let covering = Candidate { includes: vec![5], ..Candidate::btree(1, vec![Key::column(3)]) };
        assert!(megabytes(&covering) > 3.0 * megabytes(&Candidate::btree(1, vec![Key::column(3)])));
    }

    #[test]
    fn a_brin_index_is_tiny_and_a_partial_one_as_small_as_its_rows() {
        let brin = Candidate { method: Method::Brin, ..Candidate::btree(1, vec![Key::column(4)]) };
        assert!(megabytes(&brin) < 0.1);
        let partial = Candidate {
            predicate: Some("shipped_at IS NOT NULL".into()),
            ..Candidate::btree(1, vec![Key::column(1)])
        };
        // 5 % of the rows.
        assert_eq!(size(&partial, &orders()).rows.round(), 50_000.0);
        assert!(megabytes(&partial) < megabytes(&Candidate::btree(1, vec![Key::column(1)])) / 15.0);
    }

    #[test]
    fn an_index_over_what_updates_set_costs_the_hot_updates() {
        let table = orders();
        let index = Candidate::btree(1, vec![Key::column(3)]);
        let (quiet, loud) = (
            write_ms_per_hour(&index, &table, &[5], 1.0),
            write_ms_per_hour(&index, &table, &[3], 1.0),
        );
        // 1000 inserts and 250 updates; then 250 more in two indexes.
        assert!((quiet - 1250.0 * BTREE_ENTRY_MS).abs() < 1e-9);
        assert!((loud - 1750.0 * BTREE_ENTRY_MS).abs() < 1e-9);
        assert_eq!(write_ms_per_hour(&index, &table, &[3], 0.0), 0.0);
    }
}
