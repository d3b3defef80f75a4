//! One step of maintenance. `run_maintenance()` itself is SQL (sql/maintenance.sql): it runs each
//! step in a subtransaction, so that a failing one takes nothing else with it.

use optimizer_core::maintenance::is_due;
use optimizer_core::schedule::Step;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::api::{measurement, metrics};
use crate::catalog::pg_stat_statements::Source;
use crate::error::{Error, Raised, Result};
use crate::store::lock::{self, Lock};
use crate::store::{events, purge, recommendations, rewrites, sampler};
use crate::time::{now, to_micros};
use crate::{advisors, planner, progress, reader, role, settings};

/// Looks taken in one step: each is some milliseconds.
const LOOKS_PER_STEP: i64 = 200;

/// For reading and planning statements within one step, ms: with the rest of the step it stays within the 2 s that a step may take.
const ADVICE_BUDGET_MS: i64 = 1500;

/// Refuses what no step could do anything about: an unknown step, a caller that may not, a server
/// that takes no writes. For `run_maintenance()` alone.
#[pg_extern(parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn check_maintenance(only_step: Option<&str>) -> std::result::Result<(), Raised> {
    lock::begin_writing(c"run_maintenance()")?;
    role::require_read_all_stats("run maintenance")?;
    only_step.map_or(Ok(()), |name| step_named(name).map(|_| ()))?;
    Ok(())
}

fn step_named(name: &str) -> Result<Step> {
    Step::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
        Error::invalid(
            format!("only_step \"{name}\" is unknown"),
            format!("Use one of: {}.", names.join(", ")),
        )
    })
}

/// Runs one step if it is due and nobody else is at it; says what it did. A detail that ends with
/// "more" wants to be called again. For `run_maintenance()` alone.
#[pg_extern(parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn run_maintenance_step(step: &str) -> std::result::Result<String, Raised> {
    Ok(run(step_named(step)?)?)
}

fn run(step: Step) -> Result<String> {
    let taken = Spi::connect(|client| lock::try_step(client, step as i32))?;
    if !taken {
        return Ok("running elsewhere".to_owned());
    }
    let last_run = Spi::connect(|client| last_run(client, step))?;
    if !is_due(last_run, now(), interval_seconds(step)) {
        return Ok("not due".to_owned());
    }
    // Its name alone: a step that was asked for by name is none of six.
    progress::report(|| format!("step {}", step.name()));
    match step {
        Step::Purge => {
            let (deleted, more) = Spi::connect_mut(purge::run)?;
            Ok(with_more(format!("{deleted} rows deleted"), more))
        }
        Step::Sample => {
            let sample = metrics::sample()?;
            Ok(format!(
                "{} statements seen, {} changed, {} buckets written",
                sample.statements_seen, sample.statements_changed, sample.buckets_written
            ))
        }
        Step::Advise => {
            let until = now() + ADVICE_BUDGET_MS * 1000;
            let (read, more_to_read) = reader::pass::run(until)?;
            let (planned, more_to_plan) =
                if more_to_read { (0, false) } else { planner::pass::run(until)? };
            // What is not read yet cannot be tried; each has its part of the step's time.
            let advice = if more_to_read || more_to_plan {
                advisors::index::Done::default()
            } else {
                advisors::index::run(None, until)?
            };
            // Last: the sampler's lock stays until the transaction ends, and sampling never waits behind advice.
            let (texts, own) = Spi::connect_mut(|client| {
                Lock::Sampler.wait(client)?;
                let source = Source::find(client)?;
                rewrites::renew_fingerprints(client)?;
                sampler::read_texts(client, &source)
            })?;
            let texts = texts - own.len();
            let detail = format!(
                "{read} statements read, {planned} planned, indexes tried for {}, {texts} texts new",
                advice.tried
            );
            Ok(with_more(detail, more_to_read || more_to_plan || advice.more || texts > 0))
        }
        Step::Aggregate => {
            let written = Spi::connect_mut(|client| recommendations::aggregate(client, None, 0.0))?;
            Ok(format!(
                "{} recommendations added, {} updated, {} expired",
                written.inserted, written.updated, written.expired
            ))
        }
        Step::Events => Ok(match Spi::connect_mut(events::look)? {
            None => "first look: nothing to compare with".to_owned(),
            Some(noted) => format!("{noted} events noted"),
        }),
        Step::Measure => {
            let (looks, more) = measurement::take_due_looks(LOOKS_PER_STEP)?;
            Ok(with_more(format!("{} looks taken", looks.len()), more))
        }
    }
}

fn with_more(detail: String, more: bool) -> String {
    if more { format!("{detail}, more") } else { detail }
}

/// How often a step runs. What is cheap when there is nothing to do runs with every sample.
fn interval_seconds(step: Step) -> i32 {
    match step {
        Step::Sample | Step::Events | Step::Measure => settings::sample_interval_seconds(),
        Step::Purge => settings::bucket_width_seconds(),
        Step::Advise | Step::Aggregate => settings::advise_interval_seconds(),
    }
}

/// When a step last came to its end: one that wants more, or has failed, is due at the next call.
fn last_run(client: &SpiClient, step: Step) -> Result<Option<optimizer_core::Micros>> {
    let table = client.select(
        "/* optimizer_workflow: last run */ SELECT last_run_at FROM optimizer.maintenance_runs \
         WHERE step = $1 AND detail NOT LIKE '%more' AND detail NOT LIKE 'failed:%'",
        Some(1),
        &[step.name().into()],
    )?;
    if table.is_empty() {
        return Ok(None);
    }
    Ok(table.first().get_one::<TimestampWithTimeZone>()?.map(to_micros))
}
