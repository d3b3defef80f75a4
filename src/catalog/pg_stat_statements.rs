//! Where pg_stat_statements lives, what its version offers, and one reading of it.
//!
//! The extension may sit in any schema and may be older than its library, so its columns are looked
//! up in the catalog each time; its name is the only thing put into SQL text, quoted by the server.

use optimizer_core::counters::{Counters, Reading, StatementKey};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::{SpiClient, SpiHeapTupleData};

use crate::error::{Error, Result};
use crate::row::{column, nullable};
use crate::time::{now, to_micros};

const SOURCE: &str = include_str!("../../sql/queries/pg_stat_statements_source.sql");
const READ_STATEMENTS: &str = include_str!("../../sql/queries/read_statements.sql");

/// A pg_stat_statements that can be read.
#[derive(Debug, Clone)]
pub struct Source {
    schema: String,
    has_stats_since: bool,
}

/// One statement in two readings; `None` where the reading has no such entry.
#[derive(Debug, Clone)]
pub struct StatementPair {
    pub key: StatementKey,
    pub before: Option<Counters>,
    pub after: Option<Counters>,
}

/// One reading of all entries of this database.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub reading: Reading,
    /// The same, read again after the entries: what happened meanwhile counts for both intervals.
    pub reading_after: Reading,
    pub statements_seen: i64,
    /// Entries whose text has not been read yet.
    pub unread_texts: i64,
    /// Entries that differ from the last sample.
    pub changed: Vec<StatementPair>,
}

impl Source {
    /// The installed pg_stat_statements, or what has to be done to get one.
    pub fn find(client: &SpiClient) -> Result<Source> {
        let table = client.select(SOURCE, Some(1), &[])?.first();
        let preloaded: bool = table.get_one()?.unwrap_or(false);
        let (schema, has_info) = (table.get::<String>(2)?, table.get::<bool>(3)?.unwrap_or(false));
        let has_stats_since = table.get::<bool>(4)?.unwrap_or(false);
        let computes_ids = table.get::<bool>(5)?.unwrap_or(false);
        if !preloaded {
            return Err(Error::wrong_state(
                "pg_stat_statements is not loaded",
                "In postgresql.conf, then restart the server: \
                 shared_preload_libraries = 'pg_stat_statements, optimizer_workflow'",
            ));
        }
        let Some(schema) = schema else {
            return Err(Error::wrong_state(
                "extension pg_stat_statements is not installed in this database",
                "CREATE EXTENSION pg_stat_statements;",
            ));
        };
        if !has_info {
            return Err(Error::wrong_state(
                "extension pg_stat_statements is older than version 1.9",
                "ALTER EXTENSION pg_stat_statements UPDATE;",
            ));
        }
        if !computes_ids {
            return Err(Error::wrong_state(
                "compute_query_id is off: statements have no query hash",
                "ALTER SYSTEM SET compute_query_id = 'auto'; SELECT pg_reload_conf();",
            ));
        }
        Ok(Source { schema, has_stats_since })
    }

    /// The schema it lives in, quoted.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// `text` with our placeholders filled in.
    pub fn fill(&self, text: &str) -> String {
        let stats_since =
            if self.has_stats_since { "s.stats_since" } else { "NULL::pg_catalog.timestamptz" };
        text.replace("{pg_stat_statements}", &format!("{}.pg_stat_statements", self.schema))
            .replace("{stats_since}", stats_since)
    }

    /// Reads all entries of this database that differ from the last sample.
    pub fn read(&self, client: &mut SpiClient) -> Result<Snapshot> {
        let reading = self.read_info(client)?;
        let mut snapshot = Snapshot {
            reading,
            reading_after: reading,
            statements_seen: 0,
            unread_texts: 0,
            changed: Vec::new(),
        };
        for row in client.update(self.fill(READ_STATEMENTS).as_str(), None, &[])? {
            snapshot.statements_seen = column(&row, 1)?;
            snapshot.unread_texts = column(&row, 2)?;
            if let Some(query_hash) = nullable::<i64>(&row, 3)? {
                snapshot.changed.push(StatementPair {
                    key: StatementKey {
                        query_hash,
                        user_oid: column::<Oid>(&row, 4)?.to_u32(),
                        toplevel: column(&row, 5)?,
                    },
                    after: counters(&row, 6)?,
                    before: counters(&row, 15)?,
                });
            }
        }
        snapshot.reading_after = self.read_info(client)?;
        Ok(snapshot)
    }

    fn read_info(&self, client: &mut SpiClient) -> Result<Reading> {
        let sampled_at = now();
        let sql = format!(
            "/* optimizer_workflow: reading */ SELECT stats_reset, dealloc \
             FROM {}.pg_stat_statements_info()",
            self.schema
        );
        let table = client.update(sql.as_str(), Some(1), &[])?.first();
        let (stats_reset, dealloc) = table.get_two::<TimestampWithTimeZone, i64>()?;
        Ok(Reading {
            sampled_at,
            stats_reset: to_micros(stats_reset.ok_or(Error::MissingColumn(1))?),
            dealloc: dealloc.unwrap_or_default(),
        })
    }
}

/// The nine counters that start at column `first`; `None` when they are null.
fn counters(row: &SpiHeapTupleData, first: usize) -> Result<Option<Counters>> {
    let Some(calls) = nullable(row, first)? else { return Ok(None) };
    Ok(Some(Counters {
        calls,
        total_exec_time_ms: column(row, first + 1)?,
        min_exec_time_ms: column(row, first + 2)?,
        max_exec_time_ms: column(row, first + 3)?,
        stddev_exec_time_ms: column(row, first + 4)?,
        rows: column(row, first + 5)?,
        shared_blks_hit: column(row, first + 6)?,
        shared_blks_read: column(row, first + 7)?,
        stats_since: nullable::<TimestampWithTimeZone>(row, first + 8)?.map(to_micros),
    }))
}
