//! What belongs to relations and functions without standing in any statement: partitions' roots, triggers,
//! foreign keys, code. Asked for many at once.

use std::collections::{BTreeMap, BTreeSet};

use optimizer_core::statement::shape::RelationUse;
use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::{column, nullable};

const FACTS: &str = include_str!("../../sql/queries/relation_facts.sql");
const FOREIGN_KEYS: &str = include_str!("../../sql/queries/foreign_keys_of.sql");
const OPAQUE: &str = include_str!("../../sql/queries/opaque_functions.sql");

/// Of one relation.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    pub topmost: u32,
    pub is_system: bool,
    pub is_temporary: bool,
    /// Events that fire a trigger of somebody's own, as bits of tgtype.
    pub trigger_events: i32,
}

/// One side of a foreign key, seen from a relation that is written to.
#[derive(Debug, Clone)]
pub struct ForeignKey {
    /// The other relation.
    pub relation: RelationUse,
    /// The columns of the key in the written relation.
    pub columns: Vec<i16>,
    /// An UPDATE of the key, a DELETE, writes to the other relation (CASCADE, SET NULL).
    pub is_written_by_update: bool,
    pub is_written_by_delete: bool,
    /// The written relation refers to it; otherwise the other way round.
    pub is_referred_to: bool,
}

/// Everything about a set of relations and functions.
#[derive(Debug, Default)]
pub struct Facts {
    pub relations: BTreeMap<u32, Fact>,
    pub foreign_keys: BTreeMap<u32, Vec<ForeignKey>>,
    /// Functions that may read or write anything, with their names.
    pub opaque: BTreeMap<u32, String>,
    /// Those that writing to a relation may call.
    pub opaque_in_writes: BTreeMap<u32, BTreeSet<String>>,
}

/// Looks all of them up.
pub fn facts(
    client: &mut SpiClient,
    relations: &BTreeSet<u32>,
    written: &BTreeSet<u32>,
    functions: &BTreeSet<u32>,
) -> Result<Facts> {
    let oids = |set: &BTreeSet<u32>| set.iter().map(|oid| Oid::from(*oid)).collect::<Vec<Oid>>();
    let mut facts = Facts::default();
    for row in client.update(FACTS, None, &[oids(relations).into()])? {
        let fact = Fact {
            topmost: column::<Oid>(&row, 2)?.to_u32(),
            is_system: column(&row, 3)?,
            is_temporary: column(&row, 4)?,
            trigger_events: column(&row, 5)?,
        };
        facts.relations.insert(column::<Oid>(&row, 1)?.to_u32(), fact);
    }
    for row in client.update(FOREIGN_KEYS, None, &[oids(written).into()])? {
        let key = ForeignKey {
            columns: column(&row, 2)?,
            is_referred_to: column(&row, 3)?,
            is_written_by_update: column(&row, 4)?,
            is_written_by_delete: column(&row, 5)?,
            relation: RelationUse {
                relation: column::<Oid>(&row, 6)?.to_u32(),
                is_read: true,
                is_written: false,
                name: column(&row, 7)?,
                relkind: column::<String>(&row, 8)?.chars().next().unwrap_or(' '),
                topmost: column::<Oid>(&row, 9)?.to_u32(),
                by_foreign_key: true,
            },
        };
        facts.foreign_keys.entry(column::<Oid>(&row, 1)?.to_u32()).or_default().push(key);
    }
    for row in client.update(OPAQUE, None, &[oids(functions).into(), oids(written).into()])? {
        let name = column::<String>(&row, 3)?;
        match nullable::<Oid>(&row, 1)? {
            None => {
                facts.opaque.insert(column::<Oid>(&row, 2)?.to_u32(), name);
            }
            Some(relation) => {
                facts.opaque_in_writes.entry(relation.to_u32()).or_default().insert(name);
            }
        }
    }
    Ok(facts)
}
