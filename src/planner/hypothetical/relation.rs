//! What the planner sees of a relation's indexes while it plans for us: those that a planning asks for, as they would be.
//!
//! Trap: HypoPG adds all of its indexes in a hook of its own. Ours has to run after that, and puts right what HypoPG leaves wrong: sizes, and
//! expressions and conditions that only fit the first relation of a query. What it leaves of an index of another method is turned into one of GIN.

use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::OnceLock;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::{Inverted, Made};

/// Leaf pages under one page of the level above; a key of 8 bytes gives some 290. No setting.
const FANOUT: f64 = 290.0;

thread_local! {
    /// While planning here: the indexes that are seen.
    static SEEN: RefCell<Option<Vec<Made>>> = const { RefCell::new(None) };
}

/// From now on plannings see these, or what everybody sees.
pub(super) fn see(indexes: Option<Vec<Made>>) {
    SEEN.set(indexes);
}

/// The hook that was there before ours.
static BEFORE: OnceLock<pg_sys::get_relation_info_hook_type> = OnceLock::new();

/// Once per process, after HypoPG's library was loaded: the last hook that was set is called first, and ours calls HypoPG's before it does its own.
pub(super) fn install() {
    BEFORE.get_or_init(|| {
        // SAFETY: hooks are plain variables of this single-threaded process, to be set at any time and chained.
        unsafe {
            let before = pg_sys::get_relation_info_hook;
            pg_sys::get_relation_info_hook = Some(relation_hook);
            before
        }
    });
}

unsafe extern "C-unwind" fn relation_hook(
    root: *mut pg_sys::PlannerInfo,
    relation: pg_sys::Oid,
    is_parent: bool,
    info: *mut pg_sys::RelOptInfo,
) {
    // SAFETY: the hook that was there, with the arguments it expects; no destructors here, its errors jump over this frame.
    unsafe {
        if let Some(Some(hook)) = BEFORE.get() {
            hook(root, relation, is_parent, info);
        }
        leave_what_is_seen(info);
    }
}

/// Takes off what is hypothetical and not ours, and puts our sizes in.
#[pg_guard]
unsafe extern "C-unwind" fn leave_what_is_seen(info: *mut pg_sys::RelOptInfo) {
    SEEN.with_borrow(|seen| {
        let Some(seen) = seen else { return };
        // SAFETY: the planner's own list of a relation's indexes, in its memory context.
        unsafe {
            let mut left = PgList::<pg_sys::IndexOptInfo>::new();
            for index in PgList::<pg_sys::IndexOptInfo>::from_pg((*info).indexlist).iter_ptr() {
                let ours = seen.iter().find(|made| made.oid == (*index).indexoid);
                if let Some(made) = ours {
                    adapt(index, (*info).relid);
                    if let Some(bytes) = made.bytes_per_row {
                        resize(index, bytes);
                    }
                    if let Some(inverted) = made.inverted {
                        turn(index, inverted);
                    }
                } else if (*index).hypothetical {
                    continue;
                }
                left.push(index);
            }
            (*info).indexlist = left.into_pg();
        }
    });
}

/// Expressions and condition as the server prepares those of an index that is there: folded, and with the relation's number in the query. HypoPG leaves
/// them with number 1, so that they would fit the first relation of a query only.
unsafe fn adapt(index: *mut pg_sys::IndexOptInfo, relation: pg_sys::Index) {
    // SAFETY: an entry of the planner's list; the lists hold expressions, and copies of them are changed.
    unsafe {
        let Ok(number) = c_int::try_from(relation) else { return };
        let adapted = |list: *mut pg_sys::List| -> *mut pg_sys::List {
            let copy = pg_sys::copyObjectImpl(list.cast()).cast::<pg_sys::Node>();
            let folded = pg_sys::eval_const_expressions(std::ptr::null_mut(), copy);
            if number != 1 {
                pg_sys::ChangeVarNodes(folded, 1, number, 0);
            }
            folded.cast()
        };
        if !(*index).indpred.is_null() {
            (*index).indpred = adapted((*index).indpred);
        }
        if !(*index).indexprs.is_null() {
            (*index).indexprs = adapted((*index).indexprs);
            (*index).indextlist = adapted((*index).indextlist);
        }
    }
}

unsafe fn resize(index: *mut pg_sys::IndexOptInfo, bytes_per_row: f64) {
    // SAFETY: an entry of the planner's list.
    unsafe {
        let pages = ((*index).tuples * bytes_per_row / f64::from(pg_sys::BLCKSZ)).ceil().max(1.0);
        // At most what a relation may have; the float lies below.
        (*index).pages = pages.min(f64::from(u32::MAX - 1)) as pg_sys::BlockNumber;
        (*index).tree_height = (pages.ln() / FANOUT.ln()).ceil().max(0.0) as c_int;
    }
}

/// Makes one of GIN of an index of another method over the same key.
unsafe fn turn(index: *mut pg_sys::IndexOptInfo, inverted: Inverted) {
    // SAFETY: an entry of the planner's list with at least one key, in the planner's memory; what GIN cannot do is taken away as get_relation_info()
    // leaves it for a method without an order.
    unsafe {
        let gin = pg_sys::GIN_AM_OID;
        let method = pg_sys::GetIndexAmRoutineByAmId(gin, false);
        (*index).relam = gin;
        *(*index).opfamily = inverted.family;
        *(*index).opcintype = inverted.input_type;
        // No options; GIN's estimate looks at the list without asking whether there is one.
        let columns = usize::try_from((*index).ncolumns).unwrap_or(1);
        (*index).opclassoptions = pg_sys::palloc0(columns * size_of::<*mut pg_sys::bytea>()).cast();
        (*index).sortopfamily = std::ptr::null_mut();
        (*index).reverse_sort = std::ptr::null_mut();
        (*index).nulls_first = std::ptr::null_mut();
        if !(*index).canreturn.is_null() {
            *(*index).canreturn = false;
        }
        (*index).amcanorderbyop = (*method).amcanorderbyop;
        (*index).amoptionalkey = (*method).amoptionalkey;
        (*index).amsearcharray = (*method).amsearcharray;
        (*index).amsearchnulls = (*method).amsearchnulls;
        (*index).amhasgettuple = (*method).amgettuple.is_some();
        (*index).amhasgetbitmap = (*method).amgetbitmap.is_some();
        (*index).amcanparallel = (*method).amcanparallel;
        (*index).amcanmarkpos = false;
        (*index).unique = false;
        (*index).tree_height = -1;
        // On 15 the planner keeps it without its arguments.
        #[cfg(feature = "pg15")]
        {
            (*index).amcostestimate = std::mem::transmute::<
                pg_sys::amcostestimate_function,
                Option<unsafe extern "C-unwind" fn()>,
            >((*method).amcostestimate);
        }
        #[cfg(not(feature = "pg15"))]
        {
            (*index).amcostestimate = (*method).amcostestimate;
        }
    }
}
