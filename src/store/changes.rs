//! What else was changed around an implementation: other implementations, and DDL of whoever.

use std::collections::HashSet;

use optimizer_core::Micros;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::{column, nullable};
use crate::time::{from_micros, to_micros};

const READ_CHANGES: &str = include_str!("../../sql/queries/read_changes.sql");

/// Who made a change.
enum Made {
    Implementation { recorded_with: i64, recommendation_id: i64, query_hash: i64 },
    Ddl { is_index: bool, fingerprint: Option<String>, is_dropped: bool },
}

/// A change, and the topmost tables it touches.
pub struct Change {
    at: Micros,
    made: Made,
    relations: Vec<u32>,
    words: String,
}

/// The implementation that the changes are seen from.
pub struct This {
    pub recorded_with: i64,
    pub recommendation_id: i64,
    pub changed_at: Micros,
    pub queries: Vec<i64>,
    pub relations: HashSet<u32>,
    pub index_fingerprint: Option<String>,
    pub drops_index: bool,
    /// Its ground says which DDL, or which setting, it is made by.
    pub is_told: bool,
    pub bucket_width: Micros,
}

/// The changes of others in a stretch of time.
#[derive(Default)]
pub struct Others {
    pub queries: HashSet<i64>,
    pub relations: HashSet<u32>,
    /// The first on the same query or its relations from a moment on, in words.
    pub confounding: Option<String>,
    /// The last one there before that moment.
    pub earlier_at: Option<Micros>,
}

/// Every change between two moments, in their order.
pub fn read(client: &mut SpiClient, (first, last): (Micros, Micros)) -> Result<Vec<Change>> {
    client
        .update(READ_CHANGES, None, &[from_micros(first)?.into(), from_micros(last)?.into()])?
        .map(|row| {
            let made = match nullable::<i64>(&row, 2)? {
                Some(recorded_with) => Made::Implementation {
                    recorded_with,
                    recommendation_id: column(&row, 3)?,
                    query_hash: column(&row, 4)?,
                },
                None => Made::Ddl {
                    is_index: column(&row, 6)?,
                    fingerprint: nullable(&row, 7)?,
                    is_dropped: column(&row, 8)?,
                },
            };
            let relations: Vec<Oid> = column(&row, 5)?;
            Ok(Change {
                at: to_micros(column::<TimestampWithTimeZone>(&row, 1)?),
                made,
                relations: relations.into_iter().map(|oid| oid.to_u32()).collect(),
                words: column(&row, 9)?,
            })
        })
        .collect()
}

/// Those of others between two moments, as seen from one implementation.
pub fn of_others(
    changes: &[Change],
    this: &This,
    (first, last): (Micros, Micros),
    confounding_from: Micros,
) -> Others {
    let mut others = Others::default();
    let within = changes.iter().filter(|change| (first..=last).contains(&change.at));
    for change in within {
        // What the same action changed elsewhere confounds nothing, and is no control either.
        if let Made::Implementation { query_hash, .. } = change.made {
            others.queries.insert(query_hash);
        }
        others.relations.extend(&change.relations);
        if this.is(change) {
            continue;
        }
        if !this.is_touched_by(change) {
            continue;
        }
        if change.at < confounding_from {
            others.earlier_at = others.earlier_at.max(Some(change.at));
        } else if others.confounding.is_none() {
            others.confounding = Some(change.words.clone());
        }
    }
    others
}

impl This {
    /// Whether a change is this very one: recorded with it, taken down and recorded again, or its own DDL.
    fn is(&self, change: &Change) -> bool {
        match &change.made {
            Made::Implementation { recorded_with, recommendation_id, .. } => {
                *recorded_with == self.recorded_with
                    || (*recommendation_id, change.at) == (self.recommendation_id, self.changed_at)
            }
            // Advice that names no index and no setting may be followed by any DDL: what was done at that moment is it.
            Made::Ddl { .. } if !self.is_told => {
                (change.at - self.changed_at).abs() <= self.bucket_width
            }
            Made::Ddl { is_index, fingerprint, is_dropped } => {
                let same = match (fingerprint, &self.index_fingerprint) {
                    (Some(one), Some(other)) => one == other,
                    _ => *is_dropped && self.drops_index,
                };
                *is_index && same
            }
        }
    }

    fn is_touched_by(&self, change: &Change) -> bool {
        let is_own_query = match change.made {
            Made::Implementation { query_hash, .. } => self.queries.contains(&query_hash),
            Made::Ddl { .. } => false,
        };
        is_own_query || change.relations.iter().any(|relation| self.relations.contains(relation))
    }
}
