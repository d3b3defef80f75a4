//! What a statement does besides what it says: foreign keys, triggers, functions with code of their own.

use std::collections::BTreeSet;

use optimizer_core::statement::shape::{RelationUse, Unknown, UnknownBecause};

use crate::catalog::relation_facts::Facts;
use crate::reader::Reading;

/// Bits of tgtype.
const ON_INSERT: i32 = 4;
const ON_DELETE: i32 = 8;
const ON_UPDATE: i32 = 16;

impl Reading {
    /// The relations it writes to.
    pub fn written(&self) -> impl Iterator<Item = u32> {
        self.shape.writes.iter().map(|write| write.relation)
    }

    /// Whether it names relations, and all of them are the system's.
    pub fn is_catalog_only(&self, facts: &Facts) -> bool {
        !self.shape.relations.is_empty() && self.users_relations(facts).next().is_none()
    }

    /// The relations that are not the system's.
    pub fn users_relations<'a>(
        &'a self,
        facts: &'a Facts,
    ) -> impl Iterator<Item = &'a RelationUse> {
        self.shape.relations.iter().filter(|relation| {
            facts.relations.get(&relation.relation).is_none_or(|fact| !fact.is_system)
        })
    }

    /// Whether one of its relations is temporary: the session's own, and nobody else's.
    pub fn is_temporary(&self, facts: &Facts) -> bool {
        self.shape.relations.iter().any(|relation| {
            facts.relations.get(&relation.relation).is_some_and(|fact| fact.is_temporary)
        })
    }

    /// Adds what `facts` say, and says whether that is all.
    pub fn complete(&mut self, facts: &Facts) {
        let mut unknown = BTreeSet::new();
        let mut note = |why, name: &str| {
            unknown.insert(Unknown { why, name: name.to_owned() });
        };
        for function in &self.functions {
            if let Some(name) = facts.opaque.get(function) {
                note(UnknownBecause::Function, name);
            }
        }
        let mut by_key = Vec::new();
        for write in &self.shape.writes {
            let fact = facts.relations.get(&write.relation);
            let events = [
                (write.inserts, ON_INSERT),
                (write.updates, ON_UPDATE),
                (write.deletes, ON_DELETE),
            ]
            .into_iter()
            .filter_map(|(happens, event)| happens.then_some(event))
            .fold(0, |events, event| events | event);
            if fact.is_some_and(|fact| fact.trigger_events & events != 0) {
                note(UnknownBecause::Trigger, &write.name);
            }
            for name in facts.opaque_in_writes.get(&write.relation).into_iter().flatten() {
                note(UnknownBecause::Function, name);
            }
            for key in facts.foreign_keys.get(&write.relation).into_iter().flatten() {
                let updates_key =
                    write.updates && key.columns.iter().any(|column| write.sets.contains(column));
                let is_at_work =
                    updates_key || if key.is_referred_to { write.inserts } else { write.deletes };
                if is_at_work {
                    let mut relation = key.relation.clone();
                    relation.is_written = updates_key && key.is_written_by_update
                        || write.deletes && key.is_written_by_delete;
                    by_key.push(relation);
                }
            }
        }
        for relation in &mut self.shape.relations {
            if let Some(fact) = facts.relations.get(&relation.relation) {
                relation.topmost = fact.topmost;
            }
            if relation.relkind == 'f' {
                note(UnknownBecause::ForeignTable, &relation.name);
            }
        }
        for key in by_key {
            match self.shape.relations.iter_mut().find(|known| known.relation == key.relation) {
                Some(known) => {
                    known.is_read |= key.is_read;
                    known.is_written |= key.is_written;
                }
                None => self.shape.relations.push(key),
            }
        }
        self.shape.complete = unknown.is_empty();
        self.shape.unknown = unknown.into_iter().collect();
    }
}
