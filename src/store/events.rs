//! The ledger of what else happened: one look at the server, its settings and the catalog, against what
//! the last look saw; and the recommendations that somebody seems to have followed.
//!
//! The first look only sees. Trap: what the event trigger has noted is found in the catalog as well, and
//! must not become two events. Trigger and DDL commit together, so the events that are visible before the
//! catalog is compared are settled by it, and those that come meanwhile by the next look.

use optimizer_core::Micros;
use optimizer_core::events::server::{ServerEvent, ServerReading, server_events};
use optimizer_core::schedule::Step;
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::spi::SpiClient;

use crate::catalog::server_state::{read_server, read_settings};
use crate::error::{Error, Result};
use crate::row::{column, nullable};
use crate::store::bulk::in_bulk;
use crate::store::lock::{Lock, try_step};
use crate::time::{from_micros, now, to_micros};

const SEEN_SERVER: &str = include_str!("../../sql/queries/seen_event_server.sql");
const KEEP_SERVER: &str = include_str!("../../sql/queries/keep_event_server.sql");
const OPEN_TRIGGER: &str = include_str!("../../sql/queries/open_event_trigger.sql");
const SETTLE: &str = include_str!("../../sql/queries/settle_events.sql");
const OFFER: &str = include_str!("../../sql/queries/offer_from_events.sql");

/// What finds events, each with the insert that writes them down.
macro_rules! found {
    ($file:literal) => {
        concat!(
            include_str!(concat!("../../sql/queries/found_", $file, "_events.sql")),
            include_str!("../../sql/queries/add_events.sql")
        )
    };
}
const SERVER_EVENTS: &str = found!("server");
const SETTING_EVENTS: &str = found!("setting");
const INDEX_EVENTS: &str = found!("index");
const TABLE_EVENTS: &str = found!("table");
const ANALYZE_EVENTS: &str = found!("analyze");
const IMPLEMENTATION_EVENTS: &str = found!("implementation");

/// Comparing the catalog is done again after this many times as long as it took, so that it costs at
/// most 0.5 % of a core however large the catalog is.
const CATALOG_PAUSE_FACTOR: f64 = 200.0;

struct Seen {
    reading: ServerReading,
    catalog_looked_at: Option<Micros>,
    is_catalog_due: bool,
    is_another_hour: bool,
}

/// Takes one look. Returns how many events it wrote down, `None` for the first one, which only sees.
pub fn look(client: &mut SpiClient) -> Result<Option<i64>> {
    let noted = see(client)?;
    if Lock::Recommendations.try_take(client)? {
        refresh_offers(client)?;
    }
    Ok(noted)
}

/// Takes the first look where there was none: what follows some advice is only seen by whoever knows how things were when it was given.
pub fn see_first(client: &mut SpiClient) -> Result<()> {
    // The lock of the step is only taken where there is something to do: it is held to the end of the transaction.
    if seen(client)?.is_none() && try_step(client, Step::Events as i32)? && seen(client)?.is_none()
    {
        see(client)?;
    }
    Ok(())
}

fn see(client: &mut SpiClient) -> Result<Option<i64>> {
    let seen = seen(client)?;
    let reading = read_server(client)?;
    let before = seen.as_ref().map(|seen| seen.reading.looked_at);
    let mut noted = 0;
    if let Some(seen) = &seen {
        noted += note_server(client, &server_events(&seen.reading, &reading))?;
    }
    noted += note_settings(client, before, reading.looked_at)?;
    keep(client, &reading)?;
    if seen.as_ref().is_none_or(|seen| seen.is_catalog_due) {
        let before = seen.as_ref().and_then(|seen| seen.catalog_looked_at);
        noted += compare_catalog(client, before)?;
    }
    noted += add(client, ANALYZE_EVENTS, &moments(before, reading.looked_at)?)?;
    if seen.as_ref().is_none_or(|seen| seen.is_another_hour) {
        client.update(OPEN_TRIGGER, None, &[seen.is_some().into()])?;
    }
    Ok(seen.map(|_| noted))
}

fn seen(client: &mut SpiClient) -> Result<Option<Seen>> {
    let table = client.update(SEEN_SERVER, Some(1), &[CATALOG_PAUSE_FACTOR.into()])?;
    let Some(row) = table.into_iter().next() else { return Ok(None) };
    let moment = |ordinal| -> Result<Option<Micros>> {
        Ok(nullable::<TimestampWithTimeZone>(&row, ordinal)?.map(to_micros))
    };
    Ok(Some(Seen {
        reading: ServerReading {
            looked_at: to_micros(column(&row, 1)?),
            started_at: to_micros(column(&row, 2)?),
            cumulative_reset_at: moment(3)?,
            statements_reset_at: moment(4)?,
            system_identifier: nullable(&row, 5)?,
            timeline: column(&row, 6)?,
            version_num: column(&row, 7)?,
            version: column(&row, 8)?,
        },
        catalog_looked_at: moment(9)?,
        is_catalog_due: column(&row, 10)?,
        is_another_hour: column(&row, 11)?,
    }))
}

fn keep(client: &mut SpiClient, reading: &ServerReading) -> Result<()> {
    client.update(
        KEEP_SERVER,
        None,
        &[
            from_micros(reading.looked_at)?.into(),
            from_micros(reading.started_at)?.into(),
            reading.cumulative_reset_at.map(from_micros).transpose()?.into(),
            reading.statements_reset_at.map(from_micros).transpose()?.into(),
            reading.system_identifier.into(),
            reading.timeline.into(),
            reading.version_num.into(),
            reading.version.as_str().into(),
        ],
    )?;
    Ok(())
}

fn note_server(client: &mut SpiClient, events: &[ServerEvent]) -> Result<i64> {
    let mut noted = 0;
    for event in events {
        noted += add(
            client,
            SERVER_EVENTS,
            &[
                event.occurred_after.map(from_micros).transpose()?.into(),
                from_micros(event.occurred_at)?.into(),
                event.event_type.into(),
                event.action.into(),
                event.old_value.as_deref().into(),
                event.new_value.as_deref().into(),
                event.detail.into(),
            ],
        )?;
    }
    Ok(noted)
}

fn note_settings(client: &mut SpiClient, before: Option<Micros>, now: Micros) -> Result<i64> {
    let settings = read_settings(client)?;
    let before = before.map(from_micros).transpose()?;
    add(
        client,
        SETTING_EVENTS,
        &[
            settings.names.into(),
            settings.values.into(),
            settings.counting.into(),
            before.into(),
            from_micros(now)?.into(),
        ],
    )
}

/// Indexes and tables against what the last look at them saw.
fn compare_catalog(client: &mut SpiClient, before: Option<Micros>) -> Result<i64> {
    let started = now();
    let settled = unsettled(client)?;
    let noted = in_bulk(client, |client| {
        let arguments = moments(before, started)?;
        Ok(add(client, INDEX_EVENTS, &arguments)? + add(client, TABLE_EVENTS, &arguments)?)
    })?;
    if !settled.is_empty() {
        client.update(SETTLE, None, &[settled.into()])?;
    }
    let took_ms = (now() - started) as f64 / 1000.0;
    client.update(
        "/* optimizer_workflow: look */ UPDATE optimizer.seen_server \
         SET catalog_looked_at = $1, catalog_look_ms = $2",
        None,
        &[from_micros(started)?.into(), took_ms.into()],
    )?;
    Ok(noted)
}

fn unsettled(client: &mut SpiClient) -> Result<Vec<i64>> {
    client
        .update(
            "/* optimizer_workflow: unsettled */ SELECT id FROM optimizer.system_events \
             WHERE NOT settled",
            None,
            &[],
        )?
        .map(|row| column(&row, 1))
        .collect()
}

fn moments<'a>(before: Option<Micros>, now: Micros) -> Result<[DatumWithOid<'a>; 2]> {
    Ok([before.map(from_micros).transpose()?.into(), from_micros(now)?.into()])
}

fn add(client: &mut SpiClient, sql: &str, arguments: &[DatumWithOid]) -> Result<i64> {
    let written = client.update(sql, None, arguments)?.len();
    Ok(i64::try_from(written).unwrap_or(i64::MAX))
}

/// Finds the open recommendations that somebody seems to have followed. The caller holds
/// [`Lock::Recommendations`].
pub fn refresh_offers(client: &mut SpiClient) -> Result<()> {
    client.update(OFFER, None, &[])?;
    Ok(())
}

/// When something was done, as the ledger saw it.
#[derive(Debug, Clone, Copy)]
pub struct SeenAt {
    pub at: Micros,
    /// It was after that; the same moment where the ledger knows it.
    pub not_before: Micros,
}

/// When the recommendation was followed, as the ledger saw it.
pub fn looks_implemented_at(client: &mut SpiClient, id: i64) -> Result<Option<SeenAt>> {
    let table = client.update(
        "/* optimizer_workflow: looks implemented */ SELECT l.looks_implemented_at, \
         coalesce(e.occurred_after, l.looks_implemented_at) \
         FROM optimizer.looks_implemented l LEFT JOIN optimizer.system_events e ON e.id = l.event_id \
         WHERE l.recommendation_id = $1",
        Some(1),
        &[id.into()],
    )?;
    match table.into_iter().next() {
        Some(row) => Ok(Some(SeenAt {
            at: to_micros(column(&row, 1)?),
            not_before: to_micros(column(&row, 2)?),
        })),
        None => Ok(None),
    }
}

/// Notes that implementations were recorded or reverted by `actor`, and what they touch.
pub fn note_implementations(
    client: &mut SpiClient,
    ids: &[i64],
    action: &str,
    actor: &str,
) -> Result<()> {
    if ids.is_empty() {
        return Err(Error::MissingColumn(1));
    }
    add(client, IMPLEMENTATION_EVENTS, &[ids.to_vec().into(), action.into(), actor.into()])?;
    Ok(())
}
