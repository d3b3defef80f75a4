//! Facts of tables, as `index_tables.sql` says them.

use std::collections::{BTreeMap, BTreeSet};

use optimizer_core::advisors::index::facts::Table;
use optimizer_core::advisors::index::foreign_keys::ForeignKey;
use optimizer_core::statement::shape::Oid;
use pgrx::pg_sys;
use pgrx::prelude::*;
use serde::Deserialize;

use crate::error::Result;
use crate::row::column;

const TABLES: &str = include_str!("../../../sql/queries/index_tables.sql");
const FOREIGN_KEYS: &str = include_str!("../../../sql/queries/index_foreign_keys.sql");

/// A table, and what is only needed to write the suggestion down.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Known {
    #[serde(flatten)]
    pub table: Table,
    /// Columns that updates are known to set.
    pub updated: Vec<i16>,
    /// Relations of its schema that are called much like it.
    pub names: BTreeSet<String>,
}

/// The tables among `relations`: no views, nothing of the system's or of ours.
pub fn known(relations: &BTreeSet<Oid>) -> Result<BTreeMap<Oid, Known>> {
    if relations.is_empty() {
        return Ok(BTreeMap::new());
    }
    let documents: Vec<String> = Spi::connect_mut(|client| {
        client
            .update(TABLES, None, &[oids(relations).into()])?
            .map(|row| column(&row, 2))
            .collect::<Result<_>>()
    })?;
    documents
        .iter()
        .map(|document| {
            let known: Known = serde_json::from_str(document)?;
            Ok((known.table.oid, known))
        })
        .collect()
}

/// Foreign keys that refer to these tables.
pub fn foreign_keys(to: &BTreeSet<Oid>) -> Result<Vec<ForeignKey>> {
    if to.is_empty() {
        return Ok(Vec::new());
    }
    Spi::connect_mut(|client| {
        client
            .update(FOREIGN_KEYS, None, &[oids(to).into()])?
            .map(|row| {
                Ok(ForeignKey {
                    from: column::<pg_sys::Oid>(&row, 1)?.to_u32(),
                    columns: column(&row, 2)?,
                    to: column::<pg_sys::Oid>(&row, 3)?.to_u32(),
                    referenced: column(&row, 4)?,
                })
            })
            .collect()
    })
}

fn oids(relations: &BTreeSet<Oid>) -> Vec<pg_sys::Oid> {
    relations.iter().map(|oid| pg_sys::Oid::from(*oid)).collect()
}
