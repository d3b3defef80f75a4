//! `status()`: what works, what is missing, and what to type to mend it.

use optimizer_core::MICROS_PER_SECOND;
use optimizer_core::name_list::listed_names;
use optimizer_core::settings_fit::{Times, misfits};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::catalog::pg_stat_statements::Source;
use crate::error::{Error, Raised, Result};
use crate::row::{column, nullable};
use crate::settings;
use crate::store::looks;
use crate::time::now;
use crate::worker::{self, WorkerStatus, in_recovery};

const STATUS: &str = include_str!("../../sql/queries/status.sql");

/// item, ok, detail, hint
type Item = (String, bool, String, Option<String>);

/// What works, what is missing, and how to mend it.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn status() -> std::result::Result<
    TableIterator<
        'static,
        (name!(item, String), name!(ok, bool), name!(detail, String), name!(hint, Option<String>)),
    >,
    Raised,
> {
    let items = Spi::connect(|client| -> Result<Vec<Item>> {
        let mut items = vec![statements(client), worker_item(is_listed(client)?), times()];
        for row in client.select(
            STATUS,
            None,
            &[
                f64::from(settings::sample_interval_seconds()).into(),
                f64::from(looks::schedule().measure_deadline_seconds).into(),
            ],
        )? {
            items.push((column(&row, 1)?, column(&row, 2)?, column(&row, 3)?, nullable(&row, 4)?));
        }
        Ok(items)
    })?;
    Ok(TableIterator::new(items))
}

fn item(name: &str, ok: bool, detail: impl Into<String>, hint: Option<&str>) -> Item {
    (name.to_owned(), ok, detail.into(), hint.map(str::to_owned))
}

fn statements(client: &SpiClient) -> Item {
    let name = "pg_stat_statements";
    match Source::find(client) {
        Ok(source) => item(name, true, format!("readable, in schema {}", source.schema()), None),
        Err(Error::WrongState { message, hint }) => (name.to_owned(), false, message, Some(hint)),
        Err(other) => item(name, false, other.to_string(), None),
    }
}

/// Whether `optimizer_workflow.databases` lets the worker come here.
fn is_listed(client: &SpiClient) -> Result<bool> {
    let names = settings::databases().map_or_else(Vec::new, |list| listed_names(&list));
    let here = client
        .select("/* optimizer_workflow: here */ SELECT current_database()::text", Some(1), &[])?
        .first()
        .get_one::<String>()?;
    Ok(names.is_empty() || here.is_some_and(|here| names.contains(&here)))
}

fn worker_item(is_listed: bool) -> Item {
    let name = "background worker";
    let by_hand = "The same by hand or from pg_cron: \
                   SELECT * FROM optimizer.run_maintenance();";
    let Some(worker) = worker::snapshot() else {
        let hint = format!(
            "Add optimizer_workflow to shared_preload_libraries in postgresql.conf and restart \
             the server. {by_hand}"
        );
        return (name.to_owned(), false, "not preloaded".to_owned(), Some(hint));
    };
    if in_recovery() {
        return item(name, true, "this is a standby: the worker starts when it is promoted", None);
    }
    if !settings::enabled() {
        return item(
            name,
            false,
            "switched off",
            Some("ALTER SYSTEM SET optimizer_workflow.enabled = on; SELECT pg_reload_conf();"),
        );
    }
    if !is_listed {
        return item(
            name,
            false,
            "this database is not in optimizer_workflow.databases",
            Some(
                "Add it, or serve each database that has the extension: \
                 ALTER SYSTEM SET optimizer_workflow.databases = ''; SELECT pg_reload_conf();",
            ),
        );
    }
    if worker.failures_in_a_row > 0 {
        let place = worker
            .failed_step
            .map_or("while connecting".to_owned(), |step| format!("in step \"{step}\""));
        let detail = format!("died {place}, {} times in a row", worker.failures_in_a_row);
        return item(name, false, detail, Some("The server log says why; it is tried again."));
    }
    if worker.launcher_pid.is_some() {
        return item(name, true, running_detail(&worker), None);
    }
    item(
        name,
        false,
        "launcher is not running",
        Some("It starts again within 10 s; if it does not, see the server log."),
    )
}

fn running_detail(worker: &WorkerStatus) -> String {
    match worker.last_cycle_finished_at {
        None => "launcher is running; it has not been in this database yet".to_owned(),
        Some(finished_at) => {
            let ago = (now() - finished_at) / MICROS_PER_SECOND;
            if ago < 0 {
                return "launcher is running; the clock has been set back since its worker was here"
                    .to_owned();
            }
            format!("launcher is running; its worker left this database {ago} s ago")
        }
    }
}

fn times() -> Item {
    let schedule = settings::measurement_schedule();
    let found = misfits(&Times {
        sample_interval: settings::sample_interval_seconds(),
        bucket_width: settings::bucket_width_seconds(),
        retention: settings::retention_seconds(),
        measure_after: schedule.measure_after_seconds,
        measure_deadline: schedule.measure_deadline_seconds,
    });
    if found.is_empty() {
        return item("settings", true, "the times fit together", None);
    }
    item(
        "settings",
        false,
        found.join("; "),
        Some("SELECT name, setting, unit FROM pg_settings WHERE name LIKE 'optimizer_workflow.%';"),
    )
}
