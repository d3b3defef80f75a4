//! `report_html()`: one page to mail to a colleague.

use optimizer_core::report;
use pgrx::default;
use pgrx::prelude::*;

use crate::api::argument::required;
use crate::catalog;
use crate::error::{Error, Raised, Result};

/// Most days of a report: ten years, longer than buckets are kept.
const MOST_DAYS: i32 = 3_650;

/// One self-contained HTML page over the last `days` days.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn report_html(days: default!(Option<i32>, 30)) -> std::result::Result<String, Raised> {
    let days = checked(days)?;
    let document = Spi::connect(|client| catalog::report::read(client, days))?;
    Ok(report::page(&document))
}

fn checked(days: Option<i32>) -> Result<i32> {
    let days = required("days", days)?;
    if (1..=MOST_DAYS).contains(&days) {
        return Ok(days);
    }
    Err(Error::invalid(
        format!("days must be between 1 and {MOST_DAYS}, not {days}"),
        "Give a number such as days => 30.",
    ))
}
