//! SQL text that a person hands over: parsed by the server's own parser, never planned or run.

use std::ffi::CString;
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

use crate::error::{Error, Result};

const HINT: &str =
    "Give one SELECT, INSERT, UPDATE or DELETE, without a second statement after it.";

/// Refuses a text that is not exactly one statement: SQLSTATE 42601 where it does not parse, 22023 where it holds none or
/// several.
pub fn require_one_statement(name: &str, sql: &str) -> Result<()> {
    let text =
        CString::new(sql).map_err(|_| Error::invalid(format!("{name} holds a zero byte"), HINT))?;
    match statements(&text) {
        Ok(1) => Ok(()),
        Ok(count) => {
            Err(Error::invalid(format!("{name} must be exactly one statement, not {count}"), HINT))
        }
        // The parser's own words: they name the place, and the position would count from the start of another text.
        Err(words) => Err(Error::Syntax {
            message: format!("{name} does not parse: {words}"),
            hint: HINT.to_owned(),
        }),
    }
}

/// How many statements a text holds, or what is wrong with it.
fn statements(text: &CString) -> std::result::Result<i32, String> {
    let parsed = AssertUnwindSafe(|| {
        // SAFETY: the parser copies what it needs into the current memory context and raises an ordinary
        // ERROR on bad input; the list it returns is valid (or null, for no statement) until that
        // context goes, which outlives this call.
        #[expect(unsafe_code, reason = "pgrx has no wrapper for the raw parser")]
        unsafe {
            let list = pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
            Ok(if list.is_null() { 0 } else { (*list).length })
        }
    });
    // SAFETY: the process's own pointer. The parser leaves it where it was, an ERROR in the context of errors.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the current context's pointer")]
    let context = unsafe { pg_sys::CurrentMemoryContext };
    // No subtransaction: the raw parser allocates memory and does nothing else that an abort would have to undo.
    let found = PgTryBuilder::new(parsed)
        .catch_when(PgSqlErrorCode::ERRCODE_SYNTAX_ERROR, |caught| match caught {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => {
                Err(report.message().to_owned())
            }
            CaughtError::RustPanic { .. } => caught.rethrow(),
        })
        .execute();
    // SAFETY: what it was, and the context has outlived the call.
    #[expect(unsafe_code, reason = "pgrx has no wrapper for the current context's pointer")]
    unsafe {
        pg_sys::CurrentMemoryContext = context;
    }
    found
}
