//! A table of orders, for the tests of this advisor.

use super::facts::{ColumnFacts, ColumnKind, Index, Table};

pub fn column(number: i16, name: &str, distinct: f64) -> ColumnFacts {
    ColumnFacts {
        number,
        name: name.into(),
        width: 8.0,
        distinct,
        correlation: Some(0.0),
        has_btree: true,
        deduplicates: true,
        is_plain_type: true,
        has_statistics: true,
        most_common_share: 1.0 / distinct,
        ..ColumnFacts::default()
    }
}

/// 1 million orders with a primary key: id, customer_id, status, placed_at, amount, note, tags, payload, shipped_at, is_paid.
pub fn orders() -> Table {
    let text =
        |column: ColumnFacts| ColumnFacts { kind: ColumnKind::Text, is_collated: true, ..column };
    let of_kind = |column: ColumnFacts, kind| ColumnFacts { kind, has_btree: false, ..column };
    Table {
        oid: 1,
        schema: "shop".into(),
        name: "orders".into(),
        rows: 1e6,
        pages: 15_000.0,
        columns: vec![
            column(1, "id", 1e6),
            column(2, "customer_id", 50_000.0),
            text(column(3, "status", 5.0)),
            ColumnFacts { correlation: Some(0.99), ..column(4, "placed_at", 9e5) },
            column(5, "amount", 1e5),
            ColumnFacts { width: 60.0, ..text(column(6, "note", 9e5)) },
            of_kind(column(7, "tags", 100.0), ColumnKind::Array),
            of_kind(column(8, "payload", 1e6), ColumnKind::Json),
            ColumnFacts { null_share: 0.95, ..column(9, "shipped_at", 4e4) },
            ColumnFacts {
                kind: ColumnKind::Boolean,
                width: 1.0,
                most_common_share: 0.98,
                ..column(10, "is_paid", 2.0)
            },
        ],
        indexes: vec![Index {
            oid: 90,
            name: "shop.orders_pkey".into(),
            method: "btree".into(),
            keys: vec![1],
            is_unique: true,
            is_valid: true,
            is_ordinary: true,
            ..Index::default()
        }],
        inserts_per_hour: 1000.0,
        updates_per_hour: 500.0,
        deletes_per_hour: 0.0,
        hot_share: 0.5,
        ..Table::default()
    }
}
