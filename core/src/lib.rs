//! The decisions of `optimizer_workflow`: how counters become work, how advice is scored, what a
//! before/after comparison says, and how far advice can be trusted afterwards.
//!
//! No PostgreSQL types, no clock and no I/O: whatever time it is comes in as an argument. Times are
//! microseconds since 2000-01-01 00:00 UTC ([`Micros`]), the server's own representation of
//! `timestamptz`; durations of statements are milliseconds as `f64`, as pg_stat_statements has them.
#![forbid(unsafe_code)]

pub mod advisors;
pub mod buckets;
pub mod counters;
pub mod delta;
pub mod error;
pub mod events;
pub mod fingerprint;
pub mod index_text;
pub mod learning;
pub mod maintenance;
pub mod measurement;
pub mod name_list;
pub mod performance_model;
pub mod plan;
pub mod progress;
pub mod query_hashes;
pub mod report;
pub mod schedule;
pub mod score;
pub mod setting_scope;
pub mod settings_fit;
pub mod sql_text;
pub mod statement;
pub mod statistics;
pub mod verdict;

/// A moment, or a length of time, in microseconds; moments count from 2000-01-01 00:00 UTC.
pub type Micros = i64;

/// Microseconds in one second.
pub const MICROS_PER_SECOND: Micros = 1_000_000;
