//! A text as the server understands it: parsed, analysed, rewritten.
//!
//! Trap: analysis opens relations, resolves names under the search_path of the moment and folds nothing yet, but type input functions of literals do
//! run, and with them what they ask (CHECK of a domain): only inside `sandbox::run_as`, and for texts of others only while `guard::enter` stands.
#![expect(unsafe_code, reason = "pgrx has no wrapper for the parser")]

use std::ffi::{CStr, c_int};

use pgrx::{PgList, pg_sys};

/// One statement after analysis. The pointers live in the memory context it was made in.
pub struct Analysed {
    /// As the parser's analysis leaves it, views not yet replaced.
    pub query: *mut pg_sys::Query,
    /// After rewriting: none for an INSTEAD NOTHING rule, several for ALSO rules. Just the query itself for a utility statement.
    pub rewritten: Vec<*mut pg_sys::Query>,
    /// Type of $1, $2 and so on; InvalidOid where a number is not used or nothing tells its type.
    pub parameter_types: Vec<pg_sys::Oid>,
}

/// The raw trees of a text; an error of the parser is raised as such.
///
/// # Safety
/// The trees live in the current memory context.
pub unsafe fn raw_statements(text: &CStr) -> Vec<*mut pg_sys::RawStmt> {
    // SAFETY: the parser copies what it needs into the current memory context.
    unsafe {
        let list = pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        PgList::<pg_sys::RawStmt>::from_pg(list).iter_ptr().collect()
    }
}

/// Analyses and rewrites one raw tree of `text`. `known_types` are those of the first parameters; InvalidOid leaves one to be inferred.
///
/// # Safety
/// Inside `sandbox::run_as`; `raw` is a tree of `text` and is used up.
pub unsafe fn analyse(
    text: &CStr,
    raw: *mut pg_sys::RawStmt,
    known_types: &[pg_sys::Oid],
) -> Analysed {
    // SAFETY: a palloc'd array of parameter types that the parser may enlarge (variable_paramref_hook repallocs it), and its length beside it; the trees
    // are valid and in the current memory context; relations stay locked until the subtransaction ends, so rewriting may rely on them.
    unsafe {
        let mut count = known_types.len() as c_int;
        let mut types: *mut pg_sys::Oid = std::ptr::null_mut();
        if count > 0 {
            types = pg_sys::palloc(size_of_val(known_types)).cast();
            std::ptr::copy_nonoverlapping(known_types.as_ptr(), types, known_types.len());
        }
        let query = pg_sys::parse_analyze_varparams(
            raw,
            text.as_ptr(),
            &raw mut types,
            &raw mut count,
            std::ptr::null_mut(),
        );
        let parameter_types = (0..usize::try_from(count).unwrap_or(0))
            .map(|place| match *types.add(place) {
                pg_sys::UNKNOWNOID => pg_sys::InvalidOid,
                known => known,
            })
            .collect();
        let rewritten = if (*query).commandType == pg_sys::CmdType::CMD_UTILITY {
            vec![query]
        } else {
            // Rewriting scribbles on its input.
            let copy = pg_sys::copyObjectImpl(query.cast()).cast();
            PgList::<pg_sys::Query>::from_pg(pg_sys::pg_rewrite_query(copy)).iter_ptr().collect()
        };
        Analysed { query, rewritten, parameter_types }
    }
}
