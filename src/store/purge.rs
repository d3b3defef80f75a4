//! Throws out what is older than `retention`, a batch at a time.

use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::settings;

const PURGE: &str = include_str!("../../sql/queries/purge.sql");

/// Rows deleted from one table in one call: some 100 ms, so that a step stays short.
const BATCH_ROWS: i64 = 20_000;

/// Deletes at most a batch per table. Returns how many rows went, and whether more may be left.
pub fn run(client: &mut SpiClient) -> Result<(i64, bool)> {
    let retention = f64::from(settings::retention_seconds());
    let table = client.update(PURGE, Some(1), &[retention.into(), BATCH_ROWS.into()])?.first();
    let (deleted, largest) = table.get_two::<i64, i64>()?;
    Ok((deleted.unwrap_or(0), largest.unwrap_or(0) >= BATCH_ROWS))
}
