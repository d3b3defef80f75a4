//! What queries did, bucket by bucket, as the verdict wants it. Each query is read once.

use std::collections::{HashMap, HashSet};

use optimizer_core::verdict::{Bucket, Cell, QueryHistory};
use optimizer_core::{MICROS_PER_SECOND, Micros};
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::column;
use crate::store::sight::Sight;
use crate::time::from_micros;

const READ_BUCKETS: &str = include_str!("../../sql/queries/read_buckets.sql");
const READ_CELLS: &str = include_str!("../../sql/queries/read_cells.sql");

/// Queries that are held between looks. 2,000 of 35 days of hours are some 90 MB, and neighbours come back from look to look.
const MOST_QUERIES: usize = 2_000;

/// A stretch of time, and the queries that were asked for in it.
#[derive(Debug)]
pub struct History {
    sight: Sight,
    first: Micros,
    last: Micros,
    pub buckets: Vec<Bucket>,
    cells: HashMap<i64, Vec<Cell>>,
}

impl History {
    /// Buckets that start between `first` and `last`; no query yet.
    pub fn read(
        client: &mut SpiClient,
        sight: Sight,
        (first, last): (Micros, Micros),
    ) -> Result<History> {
        let bounds = [from_micros(first)?.into(), from_micros(last)?.into()];
        let table = sight.rows(client, READ_BUCKETS, &bounds)?;
        let mut buckets = Vec::new();
        for row in table {
            let starts: Vec<i64> = column(&row, 1)?;
            let widths: Vec<i32> = column(&row, 2)?;
            let shares: Vec<f64> = column(&row, 3)?;
            let hours: Vec<i32> = column(&row, 4)?;
            let weekends: Vec<bool> = column(&row, 5)?;
            for ((((start, width), share), hour), weekend) in
                starts.into_iter().zip(widths).zip(shares).zip(hours).zip(weekends)
            {
                buckets.push(Bucket {
                    start,
                    width: Micros::from(width) * MICROS_PER_SECOND,
                    observed_share: share,
                    hour_of_day: u8::try_from(hour).unwrap_or(0),
                    is_weekend: weekend,
                });
            }
        }
        Ok(History { sight, first, last, buckets, cells: HashMap::new() })
    }

    /// From when to when it reaches.
    pub fn stretch(&self) -> (Micros, Micros) {
        (self.first, self.last)
    }

    /// Whether it reaches from `first` to `last`.
    pub fn covers(&self, first: Micros, last: Micros) -> bool {
        self.first <= first && last <= self.last
    }

    /// Reads those of the queries that are not here yet.
    pub fn fetch(
        &mut self,
        client: &mut SpiClient,
        hashes: impl Iterator<Item = i64>,
    ) -> Result<()> {
        let mut missing: Vec<i64> = hashes.filter(|hash| !self.cells.contains_key(hash)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        // Kept when all of it is here: after an error in between nothing looks as if it had been read.
        let mut read: HashMap<i64, Vec<Cell>> =
            missing.iter().map(|hash| (*hash, Vec::new())).collect();
        let arguments =
            [missing.into(), from_micros(self.first)?.into(), from_micros(self.last)?.into()];
        let table = self.sight.rows(client, READ_CELLS, &arguments)?;
        for row in table {
            let starts: Vec<i64> = column(&row, 2)?;
            let calls: Vec<i64> = column(&row, 3)?;
            let times: Vec<f64> = column(&row, 4)?;
            let rows: Vec<i64> = column(&row, 5)?;
            let blocks: Vec<i64> = column(&row, 6)?;
            let lossy: Vec<bool> = column(&row, 7)?;
            let numbers = calls.into_iter().zip(times).zip(rows).zip(blocks).zip(lossy);
            let cells = starts.into_iter().zip(numbers).map(
                |(start, ((((calls, total_exec_time_ms), rows), shared_blks), lossy))| Cell {
                    start,
                    calls,
                    total_exec_time_ms,
                    rows,
                    shared_blks,
                    lossy,
                },
            );
            read.insert(column(&row, 1)?, cells.collect());
        }
        self.cells.extend(read);
        Ok(())
    }

    /// Lets go of all but some queries when more than [`MOST_QUERIES`] are here.
    pub fn keep_small(&mut self, kept: impl Iterator<Item = i64>) {
        if self.cells.len() > MOST_QUERIES {
            let kept: HashSet<i64> = kept.collect();
            self.cells.retain(|hash, _| kept.contains(hash));
        }
    }

    /// A query that was fetched; without cells when it did not run, or was not fetched.
    pub fn of(&self, query_hash: i64) -> QueryHistory<'_> {
        QueryHistory { query_hash, cells: self.cells.get(&query_hash).map_or(&[], Vec::as_slice) }
    }
}
