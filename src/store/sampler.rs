//! One sample: read the counters, turn them into work, write the work and the new baseline.

use optimizer_core::buckets::{MAX_INTERVAL_BUCKETS, is_lossy_length};
use optimizer_core::counters::{Counters, Reading};
use optimizer_core::delta::{Interval, statement_delta};
use optimizer_core::{MICROS_PER_SECOND, Micros};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::Oid;
use pgrx::spi::SpiClient;

use crate::catalog::pg_stat_statements::{Snapshot, Source, StatementPair};
use crate::error::Result;
use crate::fingerprint;
use crate::settings;
use crate::store::bulk::in_bulk;
use crate::store::lock::Lock;
use crate::store::metrics::{self, BucketWork};
use crate::store::rewrites;
use crate::time::{from_micros, now, to_micros};

const READ_TEXTS: &str = include_str!("../../sql/queries/read_texts.sql");
const FORGET_OWN: &str = include_str!("../../sql/queries/forget_own.sql");
const KEEP_READING: &str = include_str!("../../sql/queries/keep_reading.sql");
const KEEP_COUNTERS: &str = include_str!("../../sql/queries/keep_counters.sql");
const DROP_COUNTERS: &str = include_str!("../../sql/queries/drop_counters.sql");

/// Reading texts reads pg_stat_statements' whole file, however few are new. It is done again after
/// this many times as long as it took, so that it costs at most 0.5 % of a core.
const TEXT_PAUSE_FACTOR: f64 = 200.0;

/// What a sample did.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub statements_seen: i32,
    pub statements_changed: i32,
    pub buckets_written: i32,
}

struct SamplerState {
    reading: Reading,
    texts_read_at: Option<Micros>,
    texts_read_ms: Option<f64>,
}

/// Takes one sample of this database's statements.
pub fn take(client: &mut SpiClient) -> Result<Sample> {
    Lock::Sampler.wait(client)?;
    let source = Source::find(client)?;
    // What pg_stat_statements returns is larger than the server's default of work_mem.
    in_bulk(client, |client| take_from(client, &source))
}

fn take_from(client: &mut SpiClient, source: &Source) -> Result<Sample> {
    let state = read_state(client)?;
    let snapshot = source.read(client)?;
    let width = Micros::from(settings::bucket_width_seconds()) * MICROS_PER_SECOND;

    let mut work = BucketWork::default();
    let mut changed = 0;
    let interval = interval_of(state.as_ref(), &snapshot, MAX_INTERVAL_BUCKETS * width);
    if let Some(interval) = &interval {
        let parts = metrics::grid(client, interval.start)?.covering(interval.start, interval.end);
        let full = metrics::full_buckets(client, &parts)?;
        metrics::cover(client, &parts, &full)?;
        work = BucketWork::except(full);
        let long = is_lossy_length(interval.end - interval.start, width);
        for pair in &snapshot.changed {
            let delta = statement_delta(interval, pair.before.as_ref(), pair.after.as_ref());
            let done = delta.work.unwrap_or_default();
            changed += i32::from(done.calls > 0);
            if done.calls > 0 || delta.lossy {
                work.add(pair.key.query_hash, &done, delta.lossy || long, &parts, interval.end);
            }
        }
    }

    keep_reading(client, &snapshot.reading)?;
    keep_counters(client, &snapshot.changed)?;
    if snapshot.unread_texts > 0 && texts_are_due(state.as_ref()) {
        let (_, own) = read_texts(client, source)?;
        work.forget(&own);
    }
    let buckets_written = work.write(client)?;
    Ok(Sample {
        statements_seen: i32::try_from(snapshot.statements_seen).unwrap_or(i32::MAX),
        statements_changed: changed,
        buckets_written,
    })
}

/// The interval that this sample adds, `None` where it only sets a baseline.
fn interval_of(
    state: Option<&SamplerState>,
    snapshot: &Snapshot,
    longest: Micros,
) -> Option<Interval> {
    // Reset while it was being read: what was read is of both sides.
    if snapshot.reading.stats_reset != snapshot.reading_after.stats_reset {
        return None;
    }
    let current = Reading { dealloc: snapshot.reading_after.dealloc, ..snapshot.reading };
    Interval::between(state.map(|state| &state.reading), &current, longest).ok()
}

fn read_state(client: &mut SpiClient) -> Result<Option<SamplerState>> {
    let table = client.update(
        "/* optimizer_workflow: last sample */ \
         SELECT sampled_at, stats_reset, dealloc, texts_read_at, texts_read_ms \
         FROM optimizer.sampler_state",
        Some(1),
        &[],
    )?;
    if table.is_empty() {
        return Ok(None);
    }
    let row = table.first();
    let moment = |ordinal| -> Result<Option<Micros>> {
        Ok(row.get::<TimestampWithTimeZone>(ordinal)?.map(to_micros))
    };
    let (Some(sampled_at), Some(stats_reset)) = (moment(1)?, moment(2)?) else { return Ok(None) };
    Ok(Some(SamplerState {
        reading: Reading { sampled_at, stats_reset, dealloc: row.get(3)?.unwrap_or_default() },
        texts_read_at: moment(4)?,
        texts_read_ms: row.get(5)?,
    }))
}

fn keep_reading(client: &mut SpiClient, reading: &Reading) -> Result<()> {
    client.update(
        KEEP_READING,
        None,
        &[
            from_micros(reading.sampled_at)?.into(),
            from_micros(reading.stats_reset)?.into(),
            reading.dealloc.into(),
        ],
    )?;
    Ok(())
}

fn keep_counters(client: &mut SpiClient, changed: &[StatementPair]) -> Result<()> {
    let (present, gone): (Vec<_>, Vec<_>) = changed.iter().partition(|pair| pair.after.is_some());
    if !gone.is_empty() {
        client.update(
            DROP_COUNTERS,
            None,
            &[hashes(&gone).into(), users(&gone).into(), toplevels(&gone).into()],
        )?;
    }
    if present.is_empty() {
        return Ok(());
    }
    let after: Vec<Counters> = present.iter().filter_map(|pair| pair.after).collect();
    let since: Vec<Option<TimestampWithTimeZone>> = after
        .iter()
        .map(|counters| counters.stats_since.map(from_micros).transpose())
        .collect::<Result<_>>()?;
    let float = |of: fn(&Counters) -> f64| after.iter().map(of).collect::<Vec<f64>>();
    let whole = |of: fn(&Counters) -> i64| after.iter().map(of).collect::<Vec<i64>>();
    client.update(
        KEEP_COUNTERS,
        None,
        &[
            hashes(&present).into(),
            users(&present).into(),
            toplevels(&present).into(),
            whole(|c| c.calls).into(),
            float(|c| c.total_exec_time_ms).into(),
            float(|c| c.min_exec_time_ms).into(),
            float(|c| c.max_exec_time_ms).into(),
            float(|c| c.stddev_exec_time_ms).into(),
            whole(|c| c.rows).into(),
            whole(|c| c.shared_blks_hit).into(),
            whole(|c| c.shared_blks_read).into(),
            since.into(),
        ],
    )?;
    Ok(())
}

fn hashes(pairs: &[&StatementPair]) -> Vec<i64> {
    pairs.iter().map(|pair| pair.key.query_hash).collect()
}

fn users(pairs: &[&StatementPair]) -> Vec<Oid> {
    pairs.iter().map(|pair| Oid::from(pair.key.user_oid)).collect()
}

fn toplevels(pairs: &[&StatementPair]) -> Vec<bool> {
    pairs.iter().map(|pair| pair.key.toplevel).collect()
}

fn texts_are_due(state: Option<&SamplerState>) -> bool {
    let Some((at, took)) = state.and_then(|s| s.texts_read_at.zip(s.texts_read_ms)) else {
        return true;
    };
    let waited_ms = (now() - at) as f64 / 1000.0;
    // A clock that went back does not stop the reading.
    waited_ms < 0.0 || waited_ms >= took * TEXT_PAUSE_FACTOR
}

/// Reads the texts of statements that have none yet, and links those that are the new text of a
/// rewrite to it. Returns how many there were, and which of them
/// are our own, with nothing left of what was counted of those.
pub fn read_texts(client: &mut SpiClient, source: &Source) -> Result<(usize, Vec<i64>)> {
    let started = now();
    let mut own = Vec::new();
    let table =
        client.update(source.fill(READ_TEXTS).as_str(), None, &[fingerprint::prefix().into()])?;
    let texts = table.len();
    for row in table {
        if row.get::<bool>(2)? == Some(true) {
            own.extend(row.get::<i64>(1)?);
        }
    }
    if !own.is_empty() {
        client.update(FORGET_OWN, None, &[own.clone().into()])?;
    }
    rewrites::link(client)?;
    let took_ms = (now() - started) as f64 / 1000.0;
    client.update(
        "/* optimizer_workflow: texts */ UPDATE optimizer.sampler_state \
         SET texts_read_at = clock_timestamp(), texts_read_ms = $1",
        None,
        &[took_ms.into()],
    )?;
    Ok((texts, own))
}
