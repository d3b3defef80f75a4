//! What else was changed around an implementation: other implementations, and DDL of whoever.

use std::collections::HashSet;

use optimizer_core::Micros;
use optimizer_core::verdict::Earlier;
use optimizer_core::verdict::timeline::DAY;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::{column, nullable};
use crate::store::sight::Sight;
use crate::time::{from_micros, to_micros};

const READ_CHANGES: &str = include_str!("../../sql/queries/read_changes.sql");

/// Who made a change.
enum Made {
    /// A revert is one, too.
    Implementation {
        id: i64,
        recorded_with: i64,
        recommendation_id: i64,
        query_hash: i64,
        implemented_at: Micros,
    },
    Ddl {
        is_index: bool,
        fingerprint: Option<String>,
        is_dropped: bool,
        name: String,
    },
}

/// A change, and the topmost tables it touches. It was made between `since` and `at`; where its moment is known they are one.
pub struct Change {
    since: Micros,
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
    /// The tables that the change itself is made to.
    pub change_relations: Vec<u32>,
    pub index_fingerprint: Option<String>,
    /// The index that is to go, as its advice writes it.
    pub dropped_index: Option<String>,
    /// It is known which DDL it is made by, if any.
    pub is_told: bool,
    pub bucket_width: Micros,
}

/// The changes of others in a stretch of time.
#[derive(Default)]
pub struct Others {
    pub queries: HashSet<i64>,
    pub relations: HashSet<u32>,
    /// Those on the same query or its relations from a moment on, in words, with their implementation.
    pub confounding: Vec<(String, Option<i64>)>,
    /// The last one there before that moment.
    pub earlier: Option<Earlier>,
}

/// Every change between two moments, in their order.
pub fn read(
    client: &mut SpiClient,
    sight: Sight,
    (first, last): (Micros, Micros),
) -> Result<Vec<Change>> {
    sight
        .rows(client, READ_CHANGES, &[from_micros(first)?.into(), from_micros(last)?.into()])?
        .map(|row| {
            let moment = |ordinal| column::<TimestampWithTimeZone>(&row, ordinal).map(to_micros);
            let made = match nullable::<i64>(&row, 3)? {
                Some(recorded_with) => Made::Implementation {
                    recorded_with,
                    recommendation_id: column(&row, 4)?,
                    query_hash: column(&row, 5)?,
                    implemented_at: moment(11)?,
                    id: column(&row, 12)?,
                },
                None => Made::Ddl {
                    is_index: column(&row, 7)?,
                    fingerprint: nullable(&row, 8)?,
                    is_dropped: column(&row, 9)?,
                    name: nullable(&row, 13)?.unwrap_or_default(),
                },
            };
            let relations: Vec<Oid> = column(&row, 6)?;
            Ok(Change {
                since: moment(1)?,
                at: moment(2)?,
                made,
                relations: relations.into_iter().map(|oid| oid.to_u32()).collect(),
                words: column(&row, 10)?,
            })
        })
        .collect()
}

impl Change {
    /// When it was there.
    pub fn at(&self) -> Micros {
        self.at
    }

    /// Whether it may have been made between two moments.
    pub fn is_within(&self, first: Micros, last: Micros) -> bool {
        self.at >= first && self.since <= last
    }

    pub fn relations(&self) -> &[u32] {
        &self.relations
    }

    /// Whether it touches one of these tables.
    pub fn touches(&self, relations: &[u32]) -> bool {
        self.relations.iter().any(|relation| relations.contains(relation))
    }
}

/// Those of others between two moments, as seen from one implementation.
pub fn of_others(
    changes: &[Change],
    this: &This,
    (first, last): (Micros, Micros),
    confounding_from: Micros,
) -> Others {
    let mut others = Others::default();
    let within = changes.iter().filter(|change| change.is_within(first, last));
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
            // In the order of their moments.
            others.earlier = Some(Earlier { at: change.at, words: change.words.clone() });
        } else {
            let implementation = match change.made {
                Made::Implementation { id, .. } => Some(id),
                Made::Ddl { .. } => None,
            };
            others.confounding.push((change.words.clone(), implementation));
        }
    }
    others
}

impl This {
    /// Whether a change is this very one: recorded with it, taken down and recorded again, or its own DDL.
    fn is(&self, change: &Change) -> bool {
        match &change.made {
            Made::Implementation { recorded_with, recommendation_id, implemented_at, .. } => {
                *recorded_with == self.recorded_with
                    || (*recommendation_id, *implemented_at)
                        == (self.recommendation_id, self.changed_at)
            }
            // Advice that names no index and no setting may be followed by any DDL: what was done at that moment is it.
            Made::Ddl { .. } if !self.is_told => self.is_near(change, self.bucket_width),
            // A day: an index that is built for hours, or recorded hours after it was made, is the one that was recorded.
            Made::Ddl { is_index, fingerprint, is_dropped, name } => {
                let same = match (&self.index_fingerprint, &self.dropped_index) {
                    (Some(own), _) => {
                        !is_dropped
                            && fingerprint.as_ref() == Some(own)
                            && (self.change_relations.is_empty()
                                || change
                                    .relations
                                    .iter()
                                    .any(|r| self.change_relations.contains(r)))
                    }
                    (None, Some(own)) => *is_dropped && is_named(name, own),
                    (None, None) => false,
                };
                *is_index && same && self.is_near(change, DAY * self.bucket_width)
            }
        }
    }

    /// Whether a change may have been made that close to the moment of this one.
    fn is_near(&self, change: &Change, distance: Micros) -> bool {
        change.since.saturating_sub(distance) <= self.changed_at
            && self.changed_at <= change.at.saturating_add(distance)
    }

    fn is_touched_by(&self, change: &Change) -> bool {
        let is_own_query = match change.made {
            Made::Implementation { query_hash, .. } => self.queries.contains(&query_hash),
            Made::Ddl { .. } => false,
        };
        is_own_query || change.relations.iter().any(|relation| self.relations.contains(relation))
    }
}

/// Whether a schema-qualified name is what somebody wrote, with its schema or without.
fn is_named(name: &str, written: &str) -> bool {
    let written = written.trim();
    let written = if written.contains('"') { written.to_owned() } else { written.to_lowercase() };
    name == written || name.strip_suffix(&written).is_some_and(|schema| schema.ends_with('.'))
}
