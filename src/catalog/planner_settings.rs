//! What a session of a role begins with, as far as plans depend on it.

use std::ffi::CString;

use pgrx::pg_sys;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::row::column;

const SETTINGS: &str = include_str!("../../sql/queries/planner_settings.sql");

/// What a session of a role begins with.
pub struct Session {
    pub search_path: String,
    pub settings: Vec<(CString, CString)>,
}

impl Session {
    pub fn of(client: &SpiClient, role: pg_sys::Oid) -> Result<Session> {
        let mut session = Session { search_path: String::new(), settings: Vec::new() };
        for row in client.select(SETTINGS, None, &[role.into()])? {
            let (name, value): (String, String) = (column(&row, 1)?, column(&row, 2)?);
            if name == "search_path" {
                // The caller's temporary tables come last instead of first.
                let path = if value.is_empty() { String::new() } else { format!("{value}, ") };
                session.search_path = format!("{path}pg_temp");
            } else if let (Ok(name), Ok(value)) = (CString::new(name), CString::new(value)) {
                session.settings.push((name, value));
            }
        }
        Ok(session)
    }
}
