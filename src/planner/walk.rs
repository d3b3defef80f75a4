//! Every query and every comparison in an analysed tree, subqueries and CTEs included.
#![expect(unsafe_code, reason = "the trees are C")]

use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::tree::{Below, cast, inner_queries, members, walk_query};

/// What a tree holds. The pointers live as long as the tree.
#[derive(Default)]
pub struct Found {
    /// Each query, outer ones first.
    pub queries: Vec<*mut pg_sys::Query>,
    pub comparisons: Vec<FoundComparison>,
}

/// `a op b` or `a op ANY (b)`, with the queries it stands in, the innermost last.
pub struct FoundComparison {
    pub within: Vec<*mut pg_sys::Query>,
    pub operator: pg_sys::Oid,
    pub left: *mut pg_sys::Node,
    pub right: *mut pg_sys::Node,
    /// `op ANY`
    pub any: bool,
}

/// Walks through `query`.
///
/// # Safety
/// Inside `sandbox::run_as`; `query` is an analysed tree.
pub unsafe fn walk(query: *mut pg_sys::Query) -> Found {
    let mut found = Found::default();
    // SAFETY: as promised by the caller.
    unsafe { enter(&mut found, query, &[]) };
    found
}

unsafe fn enter(found: &mut Found, query: *mut pg_sys::Query, around: &[*mut pg_sys::Query]) {
    // SAFETY: as promised by the caller of `walk`.
    unsafe {
        pg_sys::check_stack_depth();
        found.queries.push(query);
        let within = [around, &[query]].concat();
        walk_query(query, |node| {
            found.comparisons.extend(comparison(node, &within));
            Below::Walk
        });
        for inner in inner_queries(query) {
            enter(found, inner, &within);
        }
    }
}

unsafe fn comparison(
    node: *mut pg_sys::Node,
    within: &[*mut pg_sys::Query],
) -> Option<FoundComparison> {
    // SAFETY: a valid node; each cast follows its tag.
    unsafe {
        let (operator, arguments, any) =
            if let Some(plain) = cast::<pg_sys::OpExpr>(node, NodeTag::T_OpExpr) {
                ((*plain).opno, (*plain).args, false)
            } else {
                let list = cast::<pg_sys::ScalarArrayOpExpr>(node, NodeTag::T_ScalarArrayOpExpr)?;
                if !(*list).useOr {
                    return None;
                }
                ((*list).opno, (*list).args, true)
            };
        let [left, right] = members::<pg_sys::Node>(arguments)[..] else { return None };
        Some(FoundComparison { within: within.to_vec(), operator, left, right, any })
    }
}
