//! SQL text that a person hands over: parsed by the server's own parser, never planned or run.

use std::ffi::CString;

use pgrx::pg_sys;

use crate::error::{Error, Result};

/// Refuses a text that is not exactly one statement: SQLSTATE 42601 from the parser itself where it
/// does not parse, 22023 where it holds none or several.
pub fn require_one_statement(name: &str, sql: &str) -> Result<()> {
    let hint = "Give one SELECT, INSERT, UPDATE or DELETE, without a second statement after it.";
    let text =
        CString::new(sql).map_err(|_| Error::invalid(format!("{name} holds a zero byte"), hint))?;
    // SAFETY: the parser copies what it needs into the current memory context and raises an ordinary
    // ERROR on bad input; the list it returns is valid (or null, for no statement) until that
    // context goes, which outlives this call.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the raw parser")]
    let statements = unsafe {
        let list = pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        if list.is_null() { 0 } else { (*list).length }
    };
    if statements == 1 {
        return Ok(());
    }
    Err(Error::invalid(format!("{name} must be exactly one statement, not {statements}"), hint))
}
