//! How often the verdict is wrong here.

use pgrx::default;
use pgrx::prelude::*;

use crate::api::argument::required;
use crate::error::{Error, Raised, Result};
use crate::store::self_check;

/// Most trials of one call: each takes about a millisecond, and people wait for them.
const MOST_TRIALS: i32 = 10_000;

/// Judges changes that nobody made, at random moments of the past, and says how often that gave a verdict.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn self_check(
    trials: default!(Option<i32>, 100),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(trials, i32),
            name!(improved, i32),
            name!(not_improved, i32),
            name!(regressed, i32),
            name!(inconclusive, i32),
            name!(false_verdict_rate, Option<f64>),
            name!(rate_low, Option<f64>),
            name!(rate_high, Option<f64>),
            name!(message, String),
        ),
    >,
    Raised,
> {
    let asked = checked(trials)?;
    let tally = Spi::connect_mut(|client| self_check::run(client, asked))?;
    let rate = tally.false_rate();
    let message = match rate {
        None => "too little history: a query that nobody changed is needed, with three days of 24 buckets before a \
                 moment and the time to measure_deadline after it"
            .to_owned(),
        Some(_) if tally.inconclusive == tally.trials() => {
            "every trial ended inconclusive: that says nothing yet of how often a verdict is wrong here".to_owned()
        }
        Some((rate, low, high)) => format!(
            "{:.1} % of changes that nobody made ended improved or regressed (95 % interval {:.1} % to {:.1} %)",
            rate * 100.0,
            low * 100.0,
            high * 100.0
        ),
    };
    Ok(TableIterator::once((
        tally.trials(),
        tally.improved,
        tally.not_improved,
        tally.regressed,
        tally.inconclusive,
        rate.map(|(rate, _, _)| rate),
        rate.map(|(_, low, _)| low),
        rate.map(|(_, _, high)| high),
        message,
    )))
}

fn checked(trials: Option<i32>) -> Result<i32> {
    let trials = required("trials", trials)?;
    if (1..=MOST_TRIALS).contains(&trials) {
        return Ok(trials);
    }
    Err(Error::invalid(
        format!("trials must be between 1 and {MOST_TRIALS}, not {trials}"),
        "Give a number such as trials => 100.",
    ))
}
