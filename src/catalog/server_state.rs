//! The server as it is now: what the ledger of events compares with the last look.
//!
//! Trap: pg_settings shows a session its own values. What the whole server has is the reset value of a
//! setting, unless this session's database, role or client gave that; only the settings themselves
//! say where it came from (`reset_source`), so they are asked.

use std::ffi::CStr;

use optimizer_core::events::server::ServerReading;
use optimizer_core::events::setting::{counts, with_unit};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::spi::SpiClient;

use crate::catalog::pg_stat_statements::Source;
use crate::error::{Error, Result};
use crate::row::{column, nullable};
use crate::time::to_micros;

const SERVER_READING: &str = include_str!("../../sql/queries/event_server_reading.sql");

/// The settings of the server, as far as this session can tell.
#[derive(Debug, Default)]
pub struct ServerSettings {
    pub names: Vec<String>,
    /// As SHOW writes them; one for each name.
    pub values: Vec<String>,
    /// Those that say something about speed, in whatever scope they are set.
    pub counting: Vec<String>,
}

/// What the server says about itself.
pub fn read_server(client: &mut SpiClient) -> Result<ServerReading> {
    let statements_reset_at = match Source::find(client) {
        Ok(source) => statements_reset(client, &source)?,
        Err(Error::WrongState { .. }) => None,
        Err(other) => return Err(other),
    };
    let table = client.update(SERVER_READING, Some(1), &[])?;
    let row = table.into_iter().next().ok_or(Error::MissingColumn(1))?;
    Ok(ServerReading {
        looked_at: to_micros(column(&row, 1)?),
        started_at: to_micros(column(&row, 2)?),
        cumulative_reset_at: nullable(&row, 3)?.map(to_micros),
        statements_reset_at,
        system_identifier: nullable(&row, 4)?,
        timeline: column(&row, 5)?,
        version_num: column(&row, 6)?,
        version: column(&row, 7)?,
    })
}

fn statements_reset(
    client: &mut SpiClient,
    source: &Source,
) -> Result<Option<optimizer_core::Micros>> {
    let sql = format!(
        "/* optimizer_workflow: reading */ SELECT stats_reset FROM {}.pg_stat_statements_info()",
        source.schema()
    );
    let table = client.update(sql.as_str(), Some(1), &[])?.first();
    Ok(table.get_one::<TimestampWithTimeZone>()?.map(to_micros))
}

/// The settings that say something about speed.
pub fn read_settings(client: &mut SpiClient) -> Result<ServerSettings> {
    let mut settings = ServerSettings::default();
    let mut known = Vec::new();
    for (name, is_known) in listed_settings() {
        if is_known {
            known.push(name.clone());
        }
        settings.counting.push(name);
    }
    let table = client.update(
        "/* optimizer_workflow: settings */ SELECT name, reset_val, unit FROM pg_settings \
         WHERE name = ANY ($1) AND reset_val IS NOT NULL",
        None,
        &[known.into()],
    )?;
    for row in table {
        let (value, unit): (String, Option<String>) = (column(&row, 2)?, nullable(&row, 3)?);
        settings.names.push(column(&row, 1)?);
        settings.values.push(with_unit(&value, unit.as_deref()));
    }
    Ok(settings)
}

/// Names of the settings that count, and whether this session's reset value is that of the server.
#[expect(unsafe_code, reason = "the source of a reset value has no SQL function")]
fn listed_settings() -> Vec<(String, bool)> {
    let mut listed = Vec::new();
    let (variables, count) = variables();
    for place in 0..count {
        // SAFETY: core's array holds `count` pointers to settings that live as long as the process,
        // and nothing here can define another one meanwhile.
        let setting = unsafe { &**variables.add(place) };
        // SAFETY: a setting's name is a zero-terminated string that is never freed.
        let name = unsafe { CStr::from_ptr(setting.name) }.to_string_lossy();
        if is_about_speed(setting) && counts(&name) {
            listed.push((name.to_lowercase(), is_of_server(setting.reset_source)));
        }
    }
    listed
}

#[cfg(feature = "pg15")]
#[expect(unsafe_code, reason = "pgrx has no wrapper for the list of settings")]
fn variables() -> (*mut *mut pg_sys::config_generic, usize) {
    // SAFETY: both only return what core keeps.
    unsafe {
        let count = pg_sys::GetNumConfigOptions();
        (pg_sys::get_guc_variables(), usize::try_from(count).unwrap_or(0))
    }
}

#[cfg(not(feature = "pg15"))]
#[expect(unsafe_code, reason = "pgrx has no wrapper for the list of settings")]
fn variables() -> (*mut *mut pg_sys::config_generic, usize) {
    let mut count = 0;
    // SAFETY: writes the number of elements of the array that it allocates in the current memory context.
    let variables = unsafe { pg_sys::get_guc_variables(&mut count) };
    (variables, usize::try_from(count).unwrap_or(0))
}

/// Left out: what cannot be set in a file (the state of a session or of the build), what no library has
/// defined, and the groups that say where the server lies, whom it lets in, what it logs and how it
/// writes dates. Replication and recovery are left out too: their values hold passwords.
fn is_about_speed(setting: &pg_sys::config_generic) -> bool {
    use pg_sys::config_group::*;
    let flags = u32::try_from(setting.flags).unwrap_or(0);
    let is_left_out = matches!(
        setting.group,
        UNGROUPED
            | FILE_LOCATIONS
            | CONN_AUTH_AUTH
            | CONN_AUTH_SSL
            | WAL_ARCHIVING
            | WAL_ARCHIVE_RECOVERY
            | WAL_RECOVERY_TARGET
            | REPLICATION_STANDBY
            | LOGGING_WHERE
            | LOGGING_WHEN
            | LOGGING_WHAT
            | PROCESS_TITLE
            | CLIENT_CONN_LOCALE
            | CLIENT_CONN_OTHER
            | ERROR_HANDLING_OPTIONS
            | PRESET_OPTIONS
            | DEVELOPER_OPTIONS
    );
    !is_left_out && flags & (pg_sys::GUC_DISALLOW_IN_FILE | pg_sys::GUC_CUSTOM_PLACEHOLDER) == 0
}

/// Whether a value with this source holds for the whole server.
fn is_of_server(source: pg_sys::GucSource::Type) -> bool {
    source <= pg_sys::GucSource::PGC_S_ARGV || source == pg_sys::GucSource::PGC_S_OVERRIDE
}
