//! Foreign keys without an index on the referencing side: each DELETE of a referenced row, and each UPDATE of its key, reads
//! the whole referencing table. No plan shows that.

use serde::{Deserialize, Serialize};

use super::candidates::FEWEST_ROWS;
use super::definition::{Candidate, Key};
use super::facts::{Index, Table};
use crate::statement::shape::{Oid, Shape};

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The table that references, and its columns.
    pub from: Oid,
    pub columns: Vec<i16>,
    /// The table that is referenced, and its columns.
    pub to: Oid,
    pub referenced: Vec<i16>,
}

/// Reading a table without an index, ms: per page in the cache and per row. A guess: 10,000 rows on 100 pages take 0.7 ms. No setting.
const PAGE_MS: f64 = 0.001;
const ROW_MS: f64 = 0.000_06;
/// Most of a statement's time that the checks are taken for. No setting.
const MOST_SHARE: f64 = 0.95;

/// What an index on the referencing side would save of the statement's time, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Unindexed {
    pub candidate: Candidate,
    pub saving: f64,
}

/// The keys that `shape` makes the server check without an index. `from` finds the referencing tables.
pub fn unindexed<'a>(
    shape: &Shape,
    keys: &[ForeignKey],
    from: impl Fn(Oid) -> Option<&'a Table>,
    mean_exec_time_ms: f64,
) -> Vec<Unindexed> {
    let mut found: Vec<Unindexed> = Vec::new();
    for write in &shape.writes {
        for key in keys.iter().filter(|key| key.to == write.relation) {
            let is_checked = write.deletes
                || write.updates && key.referenced.iter().any(|column| write.sets.contains(column));
            let Some(table) = from(key.from).filter(|table| table.rows >= FEWEST_ROWS) else {
                continue;
            };
            if !is_checked
                || mean_exec_time_ms <= 0.0
                || table.indexes.iter().any(|i| finds(i, key))
            {
                continue;
            }
            let reading_ms = table.pages * PAGE_MS + table.rows * ROW_MS;
            let candidate =
                Candidate::btree(key.from, key.columns.iter().copied().map(Key::column).collect());
            if found.iter().all(|known| known.candidate != candidate) {
                let saving = (reading_ms / mean_exec_time_ms).min(MOST_SHARE);
                found.push(Unindexed { candidate, saving });
            }
        }
    }
    found
}

/// Whether the index finds the rows of one key: its columns come first, in any order.
fn finds(index: &Index, key: &ForeignKey) -> bool {
    index.method == "btree"
        && index.is_valid
        && !index.is_partial
        && index.keys.len() >= key.columns.len()
        && index.keys[..key.columns.len()].iter().all(|column| key.columns.contains(column))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::orders;
    use super::*;
    use crate::statement::shape::Write;

    fn write(deletes: bool, sets: &[i16]) -> Shape {
        let write = Write {
            relation: 5,
            name: "shop.customers".into(),
            inserts: false,
            updates: !deletes,
            deletes,
            sets: sets.to_vec(),
            has_on_conflict: false,
        };
        Shape { writes: vec![write], ..Shape::default() }
    }

    fn found(shape: &Shape, table: &Table) -> Vec<Unindexed> {
        taking(100.0, shape, table)
    }

    fn taking(mean_exec_time_ms: f64, shape: &Shape, table: &Table) -> Vec<Unindexed> {
        let key = ForeignKey { from: 1, columns: vec![2], to: 5, referenced: vec![1] };
        let elsewhere = ForeignKey { columns: vec![3], to: 6, ..key.clone() };
        let keys = [key.clone(), elsewhere, key];
        unindexed(shape, &keys, |oid| (oid == 1).then_some(table), mean_exec_time_ms)
    }

    #[test]
    fn a_delete_reads_the_referencing_table() {
        let table = orders();
        let found = found(&write(true, &[]), &table);
        // Once, and not what references another table.
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].candidate, Candidate::btree(1, vec![Key::column(2)]));
        // 15 ms for the pages, 60 for the rows.
        assert!((found[0].saving - 0.75).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn an_update_does_so_when_it_sets_the_key_only() {
        let table = orders();
        assert_eq!(found(&write(false, &[1]), &table).len(), 1);
        assert_eq!(found(&write(false, &[3]), &table), []);
    }

    #[test]
    fn the_checks_are_not_all_of_a_statement_and_nothing_of_one_without_a_time() {
        let table = orders();
        let saving = |mean| taking(mean, &write(true, &[]), &table).first().map(|key| key.saving);
        assert_eq!((saving(10.0), saving(0.0)), (Some(MOST_SHARE), None));
    }

    #[test]
    fn an_index_that_begins_with_the_key_is_enough() {
        let with = |index: Index| {
            found(&write(true, &[]), &Table { indexes: vec![index], ..orders() }).len()
        };
        let index = |keys: &[i16]| Index {
            method: "btree".into(),
            keys: keys.to_vec(),
            is_valid: true,
            ..Index::default()
        };
        assert_eq!((with(index(&[2, 3])), with(index(&[3, 2]))), (0, 1));
        assert_eq!(with(Index { is_partial: true, ..index(&[2]) }), 1);
        assert_eq!(with(Index { is_valid: false, ..index(&[2]) }), 1);
        assert_eq!(with(Index { method: "hash".into(), ..index(&[2]) }), 1);
    }

    #[test]
    fn a_small_table_is_read_in_no_time() {
        assert_eq!(found(&write(true, &[]), &Table { rows: 999.0, ..orders() }), []);
        assert_eq!(found(&write(true, &[]), &Table { rows: 1000.0, ..orders() }).len(), 1);
    }
}
