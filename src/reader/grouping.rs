//! Expressions that name a target again: GROUP BY, ORDER BY, DISTINCT ON, PARTITION BY.
//!
//! In `SELECT date_trunc('day', t) .. GROUP BY date_trunc('day', t)` the second expression is the first one to the server: only the first has a place
//! in the tree, so pg_stat_statements replaces the constant there alone, and `SELECT date_trunc($1, t) .. GROUP BY date_trunc('day', t)` no longer
//! says what it said (42803). A constant that is left there is always such a one, so the expression is put back to what it equals but for constants
//! and parameters.
//! Where it was no target by itself (`SELECT date_trunc($1, t) + $2 .. GROUP BY date_trunc($3, t)`), each got a number of its own: once analysis has
//! failed, equal expressions get the numbers of the grouped one.
#![expect(unsafe_code, reason = "raw trees are C")]

use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::tree::{Below, cast, members, string, tag, walk_raw};

/// Puts repeated targets back.
///
/// # Safety
/// A valid raw statement, which is changed.
pub unsafe fn restore_targets(raw: *mut pg_sys::RawStmt) {
    // SAFETY: as promised by the caller; each cast follows the node's tag.
    unsafe {
        walk_raw((*raw).stmt, |node| {
            if let Some(select) = cast::<pg_sys::SelectStmt>(node, NodeTag::T_SelectStmt) {
                restore_in(select);
            }
            Below::Walk
        });
    }
}

/// A target that may be repeated.
struct Target {
    node: *mut pg_sys::Node,
    form: String,
    form_without_constants: String,
    has_parameter: bool,
}

/// Two targets may be the same but for constants (`extract(year ..), extract(month ..)`): each expression takes the next one that is not taken.
unsafe fn restore_in(select: *mut pg_sys::SelectStmt) {
    // SAFETY: a valid SelectStmt. A target's expression is put into a second place: analysis reads raw trees and does not change them.
    unsafe {
        let mut targets: Option<Vec<Target>> = None;
        let mut taken: Vec<(String, usize)> = Vec::new();
        for place in repeating_places(select) {
            if tag(*place) == NodeTag::T_A_Const || !has_constant(*place) {
                continue;
            }
            let targets = targets.get_or_insert_with(|| {
                members::<pg_sys::ResTarget>((*select).targetList)
                    .into_iter()
                    .map(|target| Target {
                        node: (*target).val,
                        form: without_places((*target).val),
                        form_without_constants: without_constants((*target).val),
                        has_parameter: !parameters((*target).val).is_empty(),
                    })
                    .collect()
            });
            let form = without_places(*place);
            if targets.iter().any(|target| target.form == form) {
                continue;
            }
            let known = taken.iter().find(|(known, _)| *known == form).map(|(_, at)| *at);
            let wanted = without_constants(*place);
            let next = || {
                targets.iter().enumerate().position(|(at, target)| {
                    target.has_parameter
                        && target.form_without_constants == wanted
                        && !taken.iter().any(|(_, taken)| *taken == at)
                })
            };
            if let Some(at) = known.or_else(next) {
                *place = targets[at].node;
                taken.push((form, at));
            }
        }
    }
}

/// Where the expressions stand that may repeat a target.
unsafe fn repeating_places(select: *mut pg_sys::SelectStmt) -> Vec<*mut *mut pg_sys::Node> {
    let mut places = Vec::new();
    // SAFETY: a valid SelectStmt; each cast follows the node's tag.
    unsafe {
        cells((*select).groupClause, &mut places);
        cells((*select).distinctClause, &mut places);
        sort_keys((*select).sortClause, &mut places);
        let mut windows = members::<pg_sys::WindowDef>((*select).windowClause);
        for target in members::<pg_sys::ResTarget>((*select).targetList) {
            walk_raw((*target).val, |node| {
                if let Some(call) = cast::<pg_sys::FuncCall>(node, NodeTag::T_FuncCall) {
                    if !(*call).over.is_null() {
                        windows.push((*call).over);
                    }
                } else if let Some(grouping) =
                    cast::<pg_sys::GroupingFunc>(node, NodeTag::T_GroupingFunc)
                {
                    cells((*grouping).args, &mut places);
                } else if tag(node) == NodeTag::T_SelectStmt {
                    return Below::Skip;
                }
                Below::Walk
            });
        }
        for window in windows {
            cells((*window).partitionClause, &mut places);
            sort_keys((*window).orderClause, &mut places);
        }
    }
    places
}

/// The members of a list, those of grouping sets inside included.
unsafe fn cells(list: *mut pg_sys::List, places: &mut Vec<*mut *mut pg_sys::Node>) {
    if list.is_null() {
        return;
    }
    // SAFETY: a list of nodes; DISTINCT without ON is a list of one null.
    unsafe {
        for at in 0..usize::try_from((*list).length).unwrap_or(0) {
            let place =
                (&raw mut (*(*list).elements.add(at)).ptr_value).cast::<*mut pg_sys::Node>();
            if let Some(set) = cast::<pg_sys::GroupingSet>(*place, NodeTag::T_GroupingSet) {
                cells((*set).content, places);
            } else if let Some(row) = cast::<pg_sys::RowExpr>(*place, NodeTag::T_RowExpr) {
                cells((*row).args, places);
            } else if !(*place).is_null() {
                places.push(place);
            }
        }
    }
}

unsafe fn sort_keys(list: *mut pg_sys::List, places: &mut Vec<*mut *mut pg_sys::Node>) {
    // SAFETY: a list of SortBy.
    unsafe {
        for key in members::<pg_sys::SortBy>(list) {
            places.push(&raw mut (*key).node);
        }
    }
}

unsafe fn has_constant(node: *mut pg_sys::Node) -> bool {
    let mut found = false;
    // SAFETY: a valid raw node.
    unsafe {
        walk_raw(node, |node| {
            found |= tag(node) == NodeTag::T_A_Const;
            Below::Walk
        });
    }
    found
}

/// Gives parameters in expressions that equal a grouped one the numbers that stand there.
///
/// # Safety
/// A valid raw statement, which is changed.
pub unsafe fn unify_parameters(raw: *mut pg_sys::RawStmt) {
    // SAFETY: as promised by the caller; each cast follows the node's tag.
    unsafe {
        walk_raw((*raw).stmt, |node| {
            if let Some(select) = cast::<pg_sys::SelectStmt>(node, NodeTag::T_SelectStmt) {
                unify_in(select);
            }
            Below::Walk
        });
    }
}

unsafe fn unify_in(select: *mut pg_sys::SelectStmt) {
    // SAFETY: a valid SelectStmt; each cast follows the node's tag. Only numbers of parameters change.
    unsafe {
        let mut grouped = Vec::new();
        cells((*select).groupClause, &mut grouped);
        cells((*select).distinctClause, &mut grouped);
        let grouped: Vec<(NodeTag, String, Vec<*mut pg_sys::ParamRef>)> = grouped
            .into_iter()
            .map(|place| (tag(*place), without_constants(*place), parameters(*place)))
            .filter(|(_, _, parameters)| !parameters.is_empty())
            .collect();
        if grouped.is_empty() {
            return;
        }
        let mut unify = |node: *mut pg_sys::Node| {
            let same = grouped
                .iter()
                .filter(|(kind, ..)| *kind == tag(node))
                .find(|(_, form, _)| *form == without_constants(node));
            if let Some((_, _, numbers)) = same {
                for (here, there) in parameters(node).into_iter().zip(numbers) {
                    (*here).number = (**there).number;
                }
                return Below::Skip;
            }
            if tag(node) == NodeTag::T_SelectStmt { Below::Skip } else { Below::Walk }
        };
        for target in members::<pg_sys::ResTarget>((*select).targetList) {
            walk_raw((*target).val, &mut unify);
        }
        walk_raw((*select).havingClause, &mut unify);
        for key in members::<pg_sys::SortBy>((*select).sortClause) {
            walk_raw((*key).node, &mut unify);
        }
    }
}

/// Its parameters, in their order.
unsafe fn parameters(node: *mut pg_sys::Node) -> Vec<*mut pg_sys::ParamRef> {
    let mut found = Vec::new();
    // SAFETY: a valid raw node.
    unsafe {
        walk_raw(node, |node| {
            found.extend(cast::<pg_sys::ParamRef>(node, NodeTag::T_ParamRef));
            Below::Walk
        });
    }
    found
}

/// The expression in the server's own notation, with `?` for constants and parameters, without places.
unsafe fn without_constants(node: *mut pg_sys::Node) -> String {
    // SAFETY: a valid raw node.
    let written = unsafe { string(pg_sys::nodeToString(node.cast())) };
    optimizer_core::statement::notation::without_constants(&written)
}

/// The same with its constants.
unsafe fn without_places(node: *mut pg_sys::Node) -> String {
    // SAFETY: a valid raw node.
    let written = unsafe { string(pg_sys::nodeToString(node.cast())) };
    optimizer_core::statement::notation::without_places(&written)
}
