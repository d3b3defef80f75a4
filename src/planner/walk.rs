//! Every query and every comparison in an analysed tree, subqueries and CTEs included.
//!
//! Trap: the walker runs between frames of the server, where an ERROR jumps: it only collects pointers.
#![expect(unsafe_code, reason = "pgrx does not bind the tree walkers")]

use std::ffi::{c_int, c_void};

use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

mod server {
    use pgrx::pg_sys::{Node, Query};
    use std::ffi::{c_int, c_void};

    pub type Walker = unsafe extern "C-unwind" fn(*mut Node, *mut c_void) -> bool;

    unsafe extern "C-unwind" {
        // 16 renamed both and put macros in their places.
        #[cfg_attr(not(feature = "pg15"), link_name = "query_tree_walker_impl")]
        pub unsafe fn query_tree_walker(
            query: *mut Query,
            walker: Walker,
            context: *mut c_void,
            flags: c_int,
        ) -> bool;
        #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
        pub unsafe fn expression_tree_walker(
            node: *mut Node,
            walker: Walker,
            context: *mut c_void,
        ) -> bool;
    }
}

/// What a tree holds. The pointers live as long as the tree.
#[derive(Default)]
pub struct Found {
    /// Each query, outer ones first.
    pub queries: Vec<*mut pg_sys::Query>,
    pub comparisons: Vec<FoundComparison>,
    open: Vec<*mut pg_sys::Query>,
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
    let context: *mut c_void = (&raw mut found).cast();
    // SAFETY: the walker raises at most an ordinary ERROR (stack depth), which the boundary carries; `found` stands outside of it.
    unsafe { pg_guard_ffi_boundary(|| visit(query.cast(), context)) };
    found
}

unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: a node's tag says what it is; `context` is the Found of `walk`, which nobody else holds meanwhile.
    unsafe {
        let found: *mut Found = context.cast();
        match (*node).type_ {
            NodeTag::T_Query => {
                let query: *mut pg_sys::Query = node.cast();
                (*found).queries.push(query);
                (*found).open.push(query);
                server::query_tree_walker(query, visit, context, 0 as c_int);
                (*found).open.pop();
                return false;
            }
            NodeTag::T_OpExpr => {
                let comparison: *mut pg_sys::OpExpr = node.cast();
                note(found, (*comparison).opno, (*comparison).args, false);
            }
            NodeTag::T_ScalarArrayOpExpr => {
                let comparison: *mut pg_sys::ScalarArrayOpExpr = node.cast();
                if (*comparison).useOr {
                    note(found, (*comparison).opno, (*comparison).args, true);
                }
            }
            _ => {}
        }
        server::expression_tree_walker(node, visit, context)
    }
}

unsafe fn note(found: *mut Found, operator: pg_sys::Oid, arguments: *mut pg_sys::List, any: bool) {
    // SAFETY: as above; a list of two pointers, read in place.
    unsafe {
        if arguments.is_null() || (*arguments).length != 2 {
            return;
        }
        let left = (*(*arguments).elements).ptr_value.cast();
        let right = (*(*arguments).elements.add(1)).ptr_value.cast();
        let within = (*found).open.clone();
        (*found).comparisons.push(FoundComparison { within, operator, left, right, any });
    }
}
