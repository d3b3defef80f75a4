//! `take_sample()` and `ingest_query_metrics()`: how work gets into the buckets.

use optimizer_core::MICROS_PER_SECOND;
use optimizer_core::error::in_range;
use optimizer_core::statistics::Work;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::default;
use pgrx::prelude::*;

use crate::api::argument::{query_hash as checked_query_hash, required};
use crate::error::{Error, Raised, Result};
use crate::store::implementations::moment;
use crate::store::lock::begin_writing;
use crate::store::{metrics, sampler};
use crate::time::now;
use crate::{role, worker};

/// How far another collector's clock may be ahead, seconds.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// The most of anything that one interval can hold: 1e15 ms are 30,000 years. Sums over all buckets
/// that are kept stay far from where bigint and float8 end.
const MOST: f64 = 1e15;

/// Less than this is none, ms: a femtosecond. SQL raises an error where a product of float8 underflows, and one such time
/// would keep all recommendations from being scored.
const LEAST_MS: f64 = 1e-12;

/// Takes one sample of this database's statements, now.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn take_sample() -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(statements_seen, i32),
            name!(statements_changed, i32),
            name!(buckets_written, i32),
            name!(sample_ms, f64),
        ),
    >,
    Raised,
> {
    begin_writing(c"take_sample()")?;
    let started = now();
    let sample = sample()?;
    let sample_ms = (now() - started) as f64 / 1000.0;
    Ok(TableIterator::once((
        sample.statements_seen,
        sample.statements_changed,
        sample.buckets_written,
        sample_ms,
    )))
}

/// A sample, after the caller's rights were checked.
pub fn sample() -> Result<sampler::Sample> {
    role::require_read_all_stats("take a sample")?;
    Spi::connect_mut(sampler::take)
}

/// Adds the work of one interval that ended at `collected_at`, from any other collector.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
#[expect(clippy::too_many_arguments, reason = "the SQL interface's argument list")]
fn ingest_query_metrics(
    query_hash: Option<i64>,
    collected_at: Option<TimestampWithTimeZone>,
    calls: Option<i64>,
    total_exec_time_ms: Option<f64>,
    stddev_exec_time_ms: default!(Option<f64>, 0),
    rows: default!(Option<i64>, 0),
    shared_blks_hit: default!(Option<i64>, 0),
    shared_blks_read: default!(Option<i64>, 0),
    query_text: default!(Option<&str>, "NULL"),
) -> std::result::Result<(), Raised> {
    begin_writing(c"ingest_query_metrics()")?;
    let query_hash = checked_query_hash("query_hash", query_hash)?;
    let collected_at = moment(required("collected_at", collected_at)?, "collected_at")?;
    if collected_at > now() + CLOCK_TOLERANCE_SECONDS * MICROS_PER_SECOND {
        return Err(Error::invalid(
            "collected_at lies in the future",
            "Give the moment at which the interval ended, for instance now().",
        )
        .into());
    }
    let work = ingested_work(
        (required("calls", calls)?, required("total_exec_time_ms", total_exec_time_ms)?),
        required("stddev_exec_time_ms", stddev_exec_time_ms)?,
        (
            required("rows", rows)?,
            required("shared_blks_hit", shared_blks_hit)?,
            required("shared_blks_read", shared_blks_read)?,
        ),
    )?;
    Spi::connect_mut(|client| {
        metrics::ingest(client, query_hash, collected_at, &work)?;
        let by = role::outer_user();
        query_text.map_or(Ok(()), |text| metrics::keep_text(client, query_hash, text, &by))
    })?;
    Ok(())
}

fn ingested_work(
    (calls, total_exec_time_ms): (i64, f64),
    stddev_exec_time_ms: f64,
    (rows, shared_blks_hit, shared_blks_read): (i64, i64, i64),
) -> Result<Work> {
    let count = |name, value: i64| in_range(name, value as f64, 0.0, MOST).map(|_| value);
    let time = |name, value: f64| {
        in_range(name, value, 0.0, MOST).map(|ms| if ms < LEAST_MS { 0.0 } else { ms })
    };
    let spread = time("stddev_exec_time_ms", stddev_exec_time_ms)?.powi(2);
    let work = Work {
        calls: count("calls", calls)?,
        total_exec_time_ms: time("total_exec_time_ms", total_exec_time_ms)?,
        sum_squared_deviation_ms2: spread * calls as f64,
        rows: count("rows", rows)?,
        shared_blks_hit: count("shared_blks_hit", shared_blks_hit)?,
        shared_blks_read: count("shared_blks_read", shared_blks_read)?,
    };
    if work.calls == 0 && work != Work::default() {
        return Err(Error::invalid(
            "calls is 0, but there is work",
            "An interval without calls has no time, rows or blocks: give 0 for all of them.",
        ));
    }
    Ok(work)
}

/// Called at the end of the extension's script: the background worker need not wait for its next
/// look around to find this database.
#[pg_extern(parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn announce_database() {
    worker::announce_database();
}
