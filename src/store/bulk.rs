//! Plans for statements that join whole tables.
//!
//! Trap: a table that was just filled looks empty to the planner, and a nested loop over it that was
//! planned for one row runs for hours over a hundred thousand. Hash joins are right at every size.

use pgrx::spi::SpiClient;

use crate::error::Result;

/// Memory for one sort, hash table or function result, kB: joining 100,000 queries with five
/// suggestions each fits into it, and so do 20,000 statements with their texts; in the server's default
/// of 4 MB they go through temporary files. A larger work_mem stays.
const WORK_MEM_KB: i64 = 64 * 1024;

const SET: &str = "/* optimizer_workflow: bulk */ \
    SELECT set_config('enable_nestloop', $1, true), set_config('work_mem', $2, true)";

/// Runs `work` without nested loops and with memory for its hash tables, then puts both settings back;
/// an error does that by ending the transaction.
pub fn in_bulk<T>(
    client: &mut SpiClient,
    work: impl FnOnce(&mut SpiClient) -> Result<T>,
) -> Result<T> {
    let row = client
        .select(
            "/* optimizer_workflow: bulk */ SELECT current_setting('enable_nestloop'), \
             current_setting('work_mem'), pg_size_bytes(current_setting('work_mem')) / 1024",
            Some(1),
            &[],
        )?
        .first();
    let (nestloop, work_mem, kilobytes) = row.get_three::<String, String, i64>()?;
    let ours = format!("{}kB", kilobytes.unwrap_or(0).max(WORK_MEM_KB));
    client.update(SET, None, &["off".into(), ours.into()])?;
    let done = work(client)?;
    client.update(SET, None, &[nestloop.into(), work_mem.into()])?;
    Ok(done)
}
