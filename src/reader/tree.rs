//! The server's trees, walked with closures.
//!
//! Trap: an ERROR may be raised at any node (stack depth, a missing catalog row). Only the outermost call is guarded, by pgrx: a guard at each node
//! takes so much stack that trees of 500 nodes in a row, which the server reads easily, would be too deep. So an ERROR jumps over the frames of [`step`],
//! which hold nothing that must be dropped.
#![expect(unsafe_code, reason = "the trees and their walkers are C")]

use std::ffi::{CStr, c_char, c_void};

use pgrx::{PgList, pg_guard, pg_sys};

use pg_sys::NodeTag;

/// What to do with what is below a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    Walk,
    Skip,
}

type Visit<'a> = dyn FnMut(*mut pg_sys::Node) -> Below + 'a;

/// The walkers: of analysed expressions, of raw trees.
#[derive(Clone, Copy)]
enum Trees {
    Analysed,
    Raw,
}

/// The server's walkers, without pgrx's guard.
mod server {
    use pgrx::pg_sys::Node;
    use std::ffi::c_void;

    pub type Walker = unsafe extern "C-unwind" fn(*mut Node, *mut c_void) -> bool;

    unsafe extern "C-unwind" {
        #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
        pub unsafe fn expression_tree_walker(
            node: *mut Node,
            walker: Walker,
            context: *mut c_void,
        ) -> bool;
        #[cfg_attr(not(feature = "pg15"), link_name = "raw_expression_tree_walker_impl")]
        pub unsafe fn raw_expression_tree_walker(
            node: *mut Node,
            walker: Walker,
            context: *mut c_void,
        ) -> bool;
    }
}

struct Walk<'a, 'b> {
    visit: &'a mut Visit<'b>,
    trees: Trees,
}

/// The closure alone: a panic of it becomes the server's ERROR here, before it meets C.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: the context is the Walk of the outermost call, which is still running.
    unsafe { ((*context.cast::<Walk>()).visit)(node) == Below::Walk }
}

unsafe extern "C-unwind" fn step(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the context is the Walk of the outermost call, alive until that returns; the server's walkers call with valid nodes of a tree.
    unsafe {
        if !visit(node, context) {
            return false;
        }
        match (*context.cast::<Walk>()).trees {
            Trees::Analysed => server::expression_tree_walker(node, step, context),
            Trees::Raw => server::raw_expression_tree_walker(node, step, context),
        }
    }
}

/// The outermost call.
unsafe fn begin(node: *mut pg_sys::Node, walk: &mut Walk) {
    // SAFETY: the guard takes an ERROR of anything below; no frame in between holds anything to drop.
    unsafe {
        let context = std::ptr::from_mut(walk).cast::<c_void>();
        pg_sys::ffi::pg_guard_ffi_boundary(|| step(node, context));
    }
}

/// Visits `node` and what is below it. A Query inside (a sub-query of an expression) is visited, never entered.
///
/// # Safety
/// A node of an analysed tree, or null.
pub unsafe fn walk(node: *mut pg_sys::Node, mut visit: impl FnMut(*mut pg_sys::Node) -> Below) {
    let mut inside = |node| {
        let below = visit(node);
        // SAFETY: a valid node.
        if unsafe { tag(node) } == NodeTag::T_Query { Below::Skip } else { below }
    };
    let mut walk = Walk { visit: &mut inside, trees: Trees::Analysed };
    // SAFETY: as promised by the caller.
    unsafe { begin(node, &mut walk) };
}

/// Visits every expression of one query, and the queries that stand in them, but not what its FROM and WITH hold.
///
/// # Safety
/// A valid query.
pub unsafe fn walk_query(
    query: *mut pg_sys::Query,
    mut visit: impl FnMut(*mut pg_sys::Node) -> Below,
) {
    let mut inside = |node| {
        let below = visit(node);
        // SAFETY: a valid node.
        if unsafe { tag(node) } == NodeTag::T_Query { Below::Skip } else { below }
    };
    let mut walk = Walk { visit: &mut inside, trees: Trees::Analysed };
    let flags = pg_sys::QTW_IGNORE_RC_SUBQUERIES | pg_sys::QTW_IGNORE_JOINALIASES;
    // SAFETY: as promised by the caller.
    unsafe {
        pg_sys::query_tree_walker(query, Some(step), (&raw mut walk).cast(), flags as i32);
    }
}

/// The queries that stand in a query: in its FROM, its WITH and its expressions, not those within them.
///
/// # Safety
/// A valid query.
pub unsafe fn inner_queries(query: *mut pg_sys::Query) -> Vec<*mut pg_sys::Query> {
    // SAFETY: as promised by the caller; each cast follows the node's tag.
    unsafe {
        let mut inner: Vec<*mut pg_sys::Query> = members::<pg_sys::RangeTblEntry>((*query).rtable)
            .into_iter()
            .filter(|entry| (**entry).rtekind == pg_sys::RTEKind::RTE_SUBQUERY)
            .map(|entry| (*entry).subquery)
            .collect();
        inner.extend(
            members::<pg_sys::CommonTableExpr>((*query).cteList)
                .into_iter()
                .filter_map(|cte| cast((*cte).ctequery, NodeTag::T_Query)),
        );
        walk_query(query, |node| {
            inner.extend(cast::<pg_sys::Query>(node, NodeTag::T_Query));
            Below::Walk
        });
        inner
    }
}

/// Visits a raw tree.
///
/// # Safety
/// A node of a raw tree, or null.
pub unsafe fn walk_raw(node: *mut pg_sys::Node, mut visit: impl FnMut(*mut pg_sys::Node) -> Below) {
    let mut walk = Walk { visit: &mut visit, trees: Trees::Raw };
    // SAFETY: as promised by the caller.
    unsafe { begin(node, &mut walk) };
}

/// # Safety
/// A valid node.
pub unsafe fn tag(node: *const pg_sys::Node) -> NodeTag {
    // SAFETY: every node begins with its tag.
    unsafe { (*node).type_ }
}

/// The node as that type, when its tag says so.
///
/// # Safety
/// A valid node or null, and `T` is the struct of `wanted`.
pub unsafe fn cast<T>(node: *mut pg_sys::Node, wanted: NodeTag) -> Option<*mut T> {
    // SAFETY: as promised by the caller.
    (!node.is_null() && unsafe { tag(node) } == wanted).then_some(node.cast())
}

/// The members of a list of pointers.
///
/// # Safety
/// A valid list of `T` or null (an empty list).
pub unsafe fn members<T>(list: *mut pg_sys::List) -> Vec<*mut T> {
    // SAFETY: as promised by the caller.
    unsafe { PgList::<T>::from_pg(list) }.iter_ptr().collect()
}

/// A C string of the server, which is UTF-8 as every database that has this extension.
///
/// # Safety
/// A valid string or null.
pub unsafe fn string(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as promised by the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The functions that a node itself calls.
///
/// # Safety
/// A valid node of an analysed tree, after operators were given their functions or not.
pub unsafe fn functions(node: *mut pg_sys::Node, found: &mut Vec<u32>) {
    #[pg_guard]
    unsafe extern "C-unwind" fn note(function: pg_sys::Oid, context: *mut c_void) -> bool {
        // SAFETY: the context is `found`, alive during the call.
        unsafe { (*context.cast::<Vec<u32>>()).push(function.to_u32()) };
        false
    }
    // SAFETY: as promised by the caller; the checker keeps nothing.
    unsafe {
        // Looking at an operator's function is setting it, which the planner would do next.
        pg_sys::check_functions_in_node(node, Some(note), std::ptr::from_mut(found).cast());
    }
}
