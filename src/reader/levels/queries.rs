//! What can be said of a query, or of a part of it, without what surrounds it.

use optimizer_core::statement::shape::Origin;
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::tree::{cast, members, string};

/// Whether conditions from outside stop at the query: they are about its result, not about its rows.
pub unsafe fn is_barrier(query: *mut pg_sys::Query) -> bool {
    // SAFETY: a valid query.
    unsafe {
        (*query).hasAggs
            || (*query).hasWindowFuncs
            || (*query).hasTargetSRFs
            || !(*query).groupClause.is_null()
            || !(*query).groupingSets.is_null()
            || !(*query).distinctClause.is_null()
            || !(*query).limitCount.is_null()
            || !(*query).limitOffset.is_null()
            || !(*query).setOperations.is_null()
            || (*query).commandType != pg_sys::CmdType::CMD_SELECT
    }
}

/// Every operation in the tree of a set operation.
pub unsafe fn is_union_all(node: *mut pg_sys::Node) -> bool {
    // SAFETY: a node of a set operation's tree: an operation or a reference to an arm.
    unsafe {
        match cast::<pg_sys::SetOperationStmt>(node, NodeTag::T_SetOperationStmt) {
            Some(operation) => {
                (*operation).op == pg_sys::SetOperation::SETOP_UNION
                    && (*operation).all
                    && is_union_all((*operation).larg)
                    && is_union_all((*operation).rarg)
            }
            None => true,
        }
    }
}

/// A view's query names the view itself before anything else, up to 15; later its entry does.
pub unsafe fn subselect_origin(
    query: *mut pg_sys::Query,
    entry: *mut pg_sys::RangeTblEntry,
) -> Origin {
    // SAFETY: a valid query and an entry of it that is a sub-select.
    unsafe {
        let is_view = |entry: *mut pg_sys::RangeTblEntry| {
            u8::try_from((*entry).relkind) == Ok(pg_sys::RELKIND_VIEW)
        };
        if is_view(entry) && (*entry).relid != pg_sys::InvalidOid {
            return Origin::View((*entry).relid.to_u32());
        }
        let first = members::<pg_sys::RangeTblEntry>((*(*entry).subquery).rtable).first().copied();
        if let Some(old) = first
            && (*old).rtekind == pg_sys::RTEKind::RTE_RELATION
            && is_view(old)
            && string((*(*old).eref).aliasname) == "old"
        {
            return Origin::View((*old).relid.to_u32());
        }
        if (*query).setOperations.is_null() { Origin::Subselect } else { Origin::Arm }
    }
}

/// Places of the range table in FROM, from 1, and whether an outer join may leave them empty.
pub unsafe fn in_from(node: *mut pg_sys::Node, is_nullable: bool, found: &mut Vec<(usize, bool)>) {
    // SAFETY: a node of a join tree; each cast follows its tag.
    unsafe {
        pg_sys::check_stack_depth();
        if let Some(reference) = cast::<pg_sys::RangeTblRef>(node, NodeTag::T_RangeTblRef) {
            found.extend(usize::try_from((*reference).rtindex).ok().map(|at| (at, is_nullable)));
        } else if let Some(from) = cast::<pg_sys::FromExpr>(node, NodeTag::T_FromExpr) {
            for member in members::<pg_sys::Node>((*from).fromlist) {
                in_from(member, is_nullable, found);
            }
        } else if let Some(join) = cast::<pg_sys::JoinExpr>(node, NodeTag::T_JoinExpr) {
            let (left, right) = match (*join).jointype {
                pg_sys::JoinType::JOIN_LEFT => (false, true),
                pg_sys::JoinType::JOIN_RIGHT => (true, false),
                pg_sys::JoinType::JOIN_FULL => (true, true),
                _ => (false, false),
            };
            in_from((*join).larg, is_nullable || left, found);
            in_from((*join).rarg, is_nullable || right, found);
        }
    }
}

/// The columns that an UPDATE's target list sets. Rewriting may have added generated ones.
pub unsafe fn set_columns(targets: *mut pg_sys::List) -> Vec<i16> {
    // SAFETY: a target list or null.
    unsafe {
        members::<pg_sys::TargetEntry>(targets)
            .into_iter()
            .filter(|target| !(**target).resjunk)
            .map(|target| (*target).resno)
            .collect()
    }
}

/// Schema and name, quoted where they must be.
pub unsafe fn relation_name(relation: pg_sys::Oid) -> String {
    // SAFETY: reads the catalog's cache; a relation that is gone gives null.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        if name.is_null() {
            return relation.to_u32().to_string();
        }
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        string(pg_sys::quote_qualified_identifier(schema, name))
    }
}

/// Whether the role may do what the query does with its relations.
pub unsafe fn may_run(query: *mut pg_sys::Query) -> bool {
    // SAFETY: a valid query after rewriting; nothing is raised.
    #[cfg(feature = "pg15")]
    unsafe {
        pg_sys::ExecCheckRTPerms((*query).rtable, false)
    }
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        pg_sys::ExecCheckPermissions((*query).rtable, (*query).rteperminfos, false)
    }
}
