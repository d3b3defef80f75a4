//! One reading of pg_stat_statements: cumulative counters, as they are.

use crate::Micros;

/// Which entry of pg_stat_statements a reading belongs to, within one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementKey {
    /// pg_stat_statements' queryid: any number but 0, negative half the time.
    pub query_hash: i64,
    pub user_oid: u32,
    pub toplevel: bool,
}

/// The cumulative counters of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counters {
    pub calls: i64,
    pub total_exec_time_ms: f64,
    pub min_exec_time_ms: f64,
    pub max_exec_time_ms: f64,
    /// Population standard deviation over all calls, ms.
    pub stddev_exec_time_ms: f64,
    pub rows: i64,
    pub shared_blks_hit: i64,
    pub shared_blks_read: i64,
    /// When the entry began to count; only PostgreSQL 17 and later say.
    pub stats_since: Option<Micros>,
}

/// What a reading of all entries says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub sampled_at: Micros,
    /// When all entries were last reset.
    pub stats_reset: Micros,
    /// How often the least used entries were thrown out, since that reset.
    pub dealloc: i64,
}
