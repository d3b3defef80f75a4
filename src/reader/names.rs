//! Names of relations as the text has them.
#![expect(unsafe_code, reason = "raw trees are C")]

use std::collections::BTreeSet;

use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::tree::{Below, cast, string, walk_raw};

/// The relations that a raw tree names without a schema, but for its own CTEs.
///
/// # Safety
/// A valid raw statement.
pub unsafe fn unqualified(raw: *mut pg_sys::RawStmt) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut ctes = BTreeSet::new();
    // SAFETY: as promised by the caller; each cast follows the node's tag.
    unsafe {
        walk_raw((*raw).stmt, |node| {
            if let Some(relation) = cast::<pg_sys::RangeVar>(node, NodeTag::T_RangeVar) {
                if (*relation).schemaname.is_null() {
                    names.insert(string((*relation).relname));
                }
            } else if let Some(cte) =
                cast::<pg_sys::CommonTableExpr>(node, NodeTag::T_CommonTableExpr)
            {
                ctes.insert(string((*cte).ctename));
            }
            Below::Walk
        });
    }
    // A name that is both is taken for the CTE: it then leads to no candidates.
    names.difference(&ctes).cloned().collect()
}
