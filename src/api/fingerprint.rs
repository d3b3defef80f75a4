//! When two texts mean the same: for matching an index that appeared with the advice to make it, and a
//! statement that appeared with the text that was to come.

use pgrx::prelude::*;

use crate::fingerprint;

/// Digest of a CREATE INDEX without its names; null for anything else.
#[pg_extern(immutable, strict, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn index_fingerprint(definition: &str) -> Option<String> {
    fingerprint::of_index(definition)
}

/// Digest of a statement in which constants and parameters are equal; null for what does not parse.
#[pg_extern(immutable, strict, parallel_safe)]
#[search_path(pg_catalog, pg_temp)]
fn statement_fingerprint(statement: &str) -> Option<String> {
    fingerprint::of_statement(statement)
}
