//! Work into buckets, and which part of each bucket was observed.

use optimizer_core::MICROS_PER_SECOND;
use optimizer_core::Micros;
use optimizer_core::buckets::{Bucket, Grid, split};
use optimizer_core::statistics::Work;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::SpiClient;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::fingerprint;
use crate::row::column;
use crate::settings;
use crate::time::{from_micros, to_micros};

const ADD_METRICS: &str = include_str!("../../sql/queries/add_metrics.sql");
const ADD_COVERAGE: &str = include_str!("../../sql/queries/add_coverage.sql");
const SAMPLED_OF: &str = include_str!("../../sql/queries/sampled_of_buckets.sql");
const ADD_INGESTED_COVERAGE: &str = include_str!("../../sql/queries/add_ingested_coverage.sql");

/// How time is cut into buckets from `moment` on. Buckets that begin later have no say: a clock that
/// was ahead may have left some.
pub fn grid(client: &mut SpiClient, moment: Micros) -> Result<Grid> {
    let table = client.update(
        "/* optimizer_workflow: newest bucket */ SELECT bucket_start, bucket_width_seconds \
         FROM optimizer.sampling_coverage WHERE bucket_start <= $1 \
         ORDER BY bucket_start DESC LIMIT 1",
        Some(1),
        &[from_micros(moment)?.into()],
    )?;
    let last = if table.is_empty() {
        None
    } else {
        let (start, width) = table.first().get_two::<TimestampWithTimeZone, i32>()?;
        start.zip(width).map(|(start, width)| Bucket {
            start: to_micros(start),
            width: Micros::from(width) * MICROS_PER_SECOND,
        })
    };
    Ok(Grid::new(settings::bucket_width_seconds(), last))
}

/// Work on its way into buckets, one entry per query and bucket.
#[derive(Debug, Default)]
pub struct BucketWork {
    rows: BTreeMap<(i64, Micros), (Work, Micros, bool)>,
    full: BTreeSet<Micros>,
}

impl BucketWork {
    /// Takes no work for the buckets that start there.
    pub fn except(full: BTreeSet<Micros>) -> BucketWork {
        BucketWork { full, ..BucketWork::default() }
    }

    /// Adds work that was done in an interval that ended at `end`, over `parts`: its buckets with
    /// the microseconds of the interval that lie in each.
    pub fn add(
        &mut self,
        query_hash: i64,
        work: &Work,
        lossy: bool,
        parts: &[(Bucket, Micros)],
        end: Micros,
    ) {
        let lengths: Vec<Micros> = parts.iter().map(|(_, inside)| *inside).collect();
        for ((bucket, _), share) in parts.iter().zip(split(work, &lengths)) {
            if share.calls == 0 && !lossy || self.full.contains(&bucket.start) {
                continue;
            }
            let until = bucket.end().min(end);
            let row = self.rows.entry((query_hash, bucket.start)).or_insert((
                Work::default(),
                until,
                false,
            ));
            *row = (row.0.plus(&share), row.1.max(until), row.2 || lossy);
        }
    }

    pub fn forget(&mut self, query_hashes: &[i64]) {
        self.rows.retain(|(hash, _), _| !query_hashes.contains(hash));
    }

    /// Writes all of it; returns how many buckets were written to.
    pub fn write(self, client: &mut SpiClient) -> Result<i32> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        let mut columns = Columns::default();
        for ((query_hash, start), (work, until, lossy)) in &self.rows {
            columns.query_hash.push(*query_hash);
            columns.bucket_start.push(from_micros(*start)?);
            columns.counted_until.push(from_micros(*until)?);
            columns.calls.push(work.calls);
            columns.total.push(work.total_exec_time_ms);
            columns.spread.push(work.sum_squared_deviation_ms2);
            columns.rows.push(work.rows);
            columns.hit.push(work.shared_blks_hit);
            columns.read.push(work.shared_blks_read);
            columns.lossy.push(*lossy);
        }
        client.update(
            ADD_METRICS,
            None,
            &[
                columns.query_hash.into(),
                columns.bucket_start.into(),
                columns.counted_until.into(),
                columns.calls.into(),
                columns.total.into(),
                columns.spread.into(),
                columns.rows.into(),
                columns.hit.into(),
                columns.read.into(),
                columns.lossy.into(),
            ],
        )?;
        Ok(i32::try_from(self.rows.len()).unwrap_or(i32::MAX))
    }
}

#[derive(Default)]
struct Columns {
    query_hash: Vec<i64>,
    bucket_start: Vec<TimestampWithTimeZone>,
    counted_until: Vec<TimestampWithTimeZone>,
    calls: Vec<i64>,
    total: Vec<f64>,
    spread: Vec<f64>,
    rows: Vec<i64>,
    hit: Vec<i64>,
    read: Vec<i64>,
    lossy: Vec<bool>,
}

/// The starts of those of `parts` whose bucket has been observed so far that they do not fit in.
pub fn full_buckets(
    client: &mut SpiClient,
    parts: &[(Bucket, Micros)],
) -> Result<BTreeSet<Micros>> {
    let starts: Vec<_> =
        parts.iter().map(|(bucket, _)| from_micros(bucket.start)).collect::<Result<_>>()?;
    let mut full = BTreeSet::new();
    for row in client.update(SAMPLED_OF, None, &[starts.into()])? {
        let start = to_micros(column(&row, 1)?);
        let width = Micros::from(column::<i32>(&row, 2)?) * MICROS_PER_SECOND;
        let sampled = (column::<f64>(&row, 3)? * MICROS_PER_SECOND as f64) as Micros;
        let bucket = Bucket { start, width };
        if parts.iter().any(|(of, inside)| of.start == start && !bucket.has_room(sampled, *inside))
        {
            full.insert(start);
        }
    }
    Ok(full)
}

/// Adds sampled time to the buckets it lies in, but for the `full` ones.
pub fn cover(
    client: &mut SpiClient,
    parts: &[(Bucket, Micros)],
    full: &BTreeSet<Micros>,
) -> Result<()> {
    let mut starts = Vec::new();
    let mut widths = Vec::new();
    let mut seconds = Vec::new();
    for (bucket, inside) in parts.iter().filter(|(bucket, _)| !full.contains(&bucket.start)) {
        starts.push(from_micros(bucket.start)?);
        widths.push(i32::try_from(bucket.width / MICROS_PER_SECOND).unwrap_or(i32::MAX));
        seconds.push(*inside as f64 / MICROS_PER_SECOND as f64);
    }
    client.update(ADD_COVERAGE, None, &[starts.into(), widths.into(), seconds.into()])?;
    Ok(())
}

/// Adds the work of one interval that another collector saw end at `collected_at`.
pub fn ingest(
    client: &mut SpiClient,
    query_hash: i64,
    collected_at: Micros,
    work: &Work,
) -> Result<()> {
    // The interval ended there: on a boundary, the bucket before it.
    let bucket = grid(client, collected_at - 1)?.bucket_at(collected_at - 1);
    let width = i32::try_from(bucket.width / MICROS_PER_SECOND).unwrap_or(i32::MAX);
    client.update(
        ADD_INGESTED_COVERAGE,
        None,
        &[from_micros(bucket.start)?.into(), width.into()],
    )?;
    let mut rows = BucketWork::default();
    rows.add(query_hash, work, false, &[(bucket, bucket.width)], collected_at);
    rows.write(client)?;
    Ok(())
}

/// Keeps a query's text, unless it is known.
pub fn keep_text(client: &mut SpiClient, query_hash: i64, text: &str, by: &str) -> Result<()> {
    client.update(
        "/* optimizer_workflow: text */ \
         INSERT INTO optimizer.query_texts (query_hash, query, fingerprint, ingested_by) \
         SELECT $1, $2, coalesce(optimizer.statement_fingerprint($2), $3), $4 \
         WHERE NOT EXISTS (SELECT FROM optimizer.query_texts WHERE query_hash = $1) \
         ON CONFLICT (query_hash) DO NOTHING",
        None,
        &[query_hash.into(), text.into(), fingerprint::prefix().into(), by.into()],
    )?;
    Ok(())
}
