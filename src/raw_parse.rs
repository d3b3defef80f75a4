//! The server's raw parser on a text that may be anything: its parse tree as plain data, or nothing.
//!
//! No catalogs are read, no lock is taken, nothing of the text is looked up, planned or run.
//! Trap: the scanner follows settings of the session (`standard_conforming_strings`), and what is made
//! of the tree is said to be immutable: the settings are put to their defaults for the time of the call.
#![expect(unsafe_code, reason = "pgrx has no wrapper for the raw parser and its trees")]

mod read;

use std::ffi::CString;
use std::panic::AssertUnwindSafe;

use optimizer_core::fingerprint::tree::Tree;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgMemoryContexts, PgSqlErrorCode, PgTryBuilder, pg_sys};

/// The tree of a text that is exactly one statement. None for any other text, for one that does not
/// parse, one that nests too deeply, and one with a node that [`read`] does not know.
pub fn one_statement(sql: &str) -> Option<Tree> {
    let text = CString::new(sql).ok()?;
    let mut own = PgMemoryContexts::new("optimizer_workflow raw parse");
    let parsed = AssertUnwindSafe(|| {
        let _settings = DefaultScanner::set();
        // SAFETY: the text ends with a zero byte and outlives the call; the list and all it points to
        // lie in `own`, which outlives the reading; what is read is copied out of it.
        unsafe {
            own.switch_to(|_| {
                let list =
                    pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
                match read::list(list) {
                    [only] => read::statement(*only),
                    _ => None,
                }
            })
        }
    });
    // SAFETY: the process's own pointer. An ERROR inside leaves it in `own`, which is about to go.
    let context = unsafe { pg_sys::CurrentMemoryContext };
    // No subtransaction: the raw parser allocates memory and does nothing else that an abort would have
    // to undo; pgrx has put back the error stacks, and PgTryBuilder flushes the error.
    let tree = PgTryBuilder::new(parsed).catch_others(if_about_the_text).execute();
    // SAFETY: what it was, and it has outlived the call: `own` is its child.
    unsafe { pg_sys::CurrentMemoryContext = context };
    tree
}

/// Swallows an error of the text; a cancel, a lack of memory or a bug goes on.
fn if_about_the_text(caught: CaughtError) -> Option<Tree> {
    let code = match &caught {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => {
            report.sql_error_code()
        }
        CaughtError::RustPanic { .. } => caught.rethrow(),
    };
    match code {
        PgSqlErrorCode::ERRCODE_QUERY_CANCELED
        | PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN
        | PgSqlErrorCode::ERRCODE_CRASH_SHUTDOWN
        | PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY
        | PgSqlErrorCode::ERRCODE_INTERNAL_ERROR => caught.rethrow(),
        _ => None,
    }
}

/// The scanner's settings at their defaults until it is dropped.
struct DefaultScanner {
    standard_conforming_strings: bool,
    escape_string_warning: bool,
    backslash_quote: i32,
}

impl DefaultScanner {
    fn set() -> DefaultScanner {
        // SAFETY: plain variables of this process, read by the scanner when it starts; nothing that
        // looks at settings runs until they are put back.
        unsafe {
            let before = DefaultScanner {
                standard_conforming_strings: pg_sys::standard_conforming_strings,
                escape_string_warning: pg_sys::escape_string_warning,
                backslash_quote: pg_sys::backslash_quote,
            };
            pg_sys::standard_conforming_strings = true;
            pg_sys::escape_string_warning = false;
            pg_sys::backslash_quote = BACKSLASH_QUOTE_SAFE_ENCODING;
            before
        }
    }
}

/// BACKSLASH_QUOTE_SAFE_ENCODING of parser/parser.h, the default.
const BACKSLASH_QUOTE_SAFE_ENCODING: i32 = 2;

impl Drop for DefaultScanner {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe {
            pg_sys::standard_conforming_strings = self.standard_conforming_strings;
            pg_sys::escape_string_warning = self.escape_string_warning;
            pg_sys::backslash_quote = self.backslash_quote;
        }
    }
}
