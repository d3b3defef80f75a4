//! What the server knows of a setting: how it can be set, and whether it takes a value. Asked, never guessed, and nothing
//! is set.
//!
//! Trap: asked for each suggestion of a whole aggregation. pg_settings takes half a millisecond, so it is read once a statement.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;

use optimizer_core::Micros;
use optimizer_core::setting_scope::obstacle;
use pgrx::prelude::*;

use crate::error::{Raised, Result};
use crate::row::column;

/// By its name in small letters: how it can be set.
type Contexts = HashMap<String, String>;

thread_local! {
    static KNOWN: RefCell<Option<(Micros, Contexts)>> = const { RefCell::new(None) };
}

/// How a setting can be set, as pg_settings has it; null for one that the server does not know.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn setting_context(setting_name: &str) -> std::result::Result<Option<String>, Raised> {
    Ok(context(setting_name)?)
}

/// Why a setting cannot be set to a value at a scope, in a few words; null where it can.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn setting_obstacle(
    setting_name: &str,
    value: &str,
    scope: &str,
) -> std::result::Result<Option<String>, Raised> {
    let context = context(setting_name)?;
    Ok(obstacle(setting_name, context.as_deref(), scope, || takes(setting_name, value))
        .map(str::to_owned))
}

fn context(setting_name: &str) -> Result<Option<String>> {
    let name = setting_name.to_lowercase();
    let statement = statement_started_at();
    let kept = KNOWN.with_borrow(|known| {
        known
            .as_ref()
            .filter(|(of, _)| *of == statement)
            .map(|(_, contexts)| contexts.get(&name).cloned())
    });
    if let Some(context) = kept {
        return Ok(context);
    }
    let contexts = read()?;
    let context = contexts.get(&name).cloned();
    KNOWN.set(Some((statement, contexts)));
    Ok(context)
}

fn read() -> Result<Contexts> {
    Spi::connect(|client| {
        client
            .select(
                "/* optimizer_workflow: settings */ SELECT lower(name), context FROM pg_settings",
                None,
                &[],
            )?
            .map(|row| Ok((column(&row, 1)?, column(&row, 2)?)))
            .collect()
    })
}

fn statement_started_at() -> Micros {
    // SAFETY: reads a variable of this process that is set before a statement begins.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the start of the statement")]
    unsafe {
        pg_sys::GetCurrentStatementStartTimestamp()
    }
}

/// The server's own check, the one that ALTER SYSTEM SET makes; below any level that is shown. ALTER ROLE ... SET would also take
/// a tablespace or a text search configuration that is not there: such advice waits until it is.
/// Trap: asked of an unknown name with a dot in it, the server would make a placeholder of that name.
/// Trap: asked as ALTER ROLE does (PGC_S_TEST), the server says what is not there as a NOTICE, whatever the level.
fn takes(setting_name: &str, value: &str) -> bool {
    let (Ok(name), Ok(value)) = (CString::new(setting_name), CString::new(value)) else {
        return false;
    };
    // SAFETY: two C strings that outlive the call; without changeVal nothing is set, and below ERROR a value that is not
    // taken is the result 0.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for checking a value of a setting")]
    let result = unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_POSTMASTER,
            pg_sys::GucSource::PGC_S_FILE,
            pg_sys::GucAction::GUC_ACTION_SET,
            false,
            PgLogLevel::DEBUG5 as i32,
            false,
        )
    };
    result != 0
}
