//! What a query does with its rows: order, groups, DISTINCT, windows, limit, targets.

use optimizer_core::statement::shape::{Column, Distinct, SortKey, Term, Value, Window};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use super::Levels;
use super::queries::is_union_all;
use crate::reader::tree::{cast, members, string};

impl Levels {
    /// Order, groups, DISTINCT, limit, targets.
    pub(super) unsafe fn read_order(&mut self, scope: usize) {
        // SAFETY: the scope's query is valid; sort and group clauses name entries of its target list.
        unsafe {
            let query = self.scopes[scope].query;
            let term_of = |levels: &Levels, clause: *mut pg_sys::SortGroupClause| {
                let target = pg_sys::get_sortgroupclause_tle(clause, (*query).targetList);
                levels.term(scope, (*target).expr.cast())
            };
            let sort_of = |levels: &Levels, keys: *mut pg_sys::List| {
                members::<pg_sys::SortGroupClause>(keys)
                    .into_iter()
                    .map(|key| SortKey {
                        term: term_of(levels, key),
                        is_descending: string(pg_sys::get_opname((*key).sortop)) == ">",
                        nulls_first: (*key).nulls_first,
                    })
                    .collect::<Vec<SortKey>>()
            };
            let sort = sort_of(self, (*query).sortClause);
            let windows = members::<pg_sys::WindowClause>((*query).windowClause)
                .into_iter()
                .map(|window| Window {
                    partition: members::<pg_sys::SortGroupClause>((*window).partitionClause)
                        .into_iter()
                        .map(|key| term_of(self, key))
                        .collect(),
                    sort: sort_of(self, (*window).orderClause),
                })
                .collect();
            let group: Vec<Term> = members::<pg_sys::SortGroupClause>((*query).groupClause)
                .into_iter()
                .map(|key| term_of(self, key))
                .collect();
            let distinct = members::<pg_sys::SortGroupClause>((*query).distinctClause);
            let distinct = if distinct.is_empty() {
                Distinct::None
            } else if (*query).hasDistinctOn {
                Distinct::On(distinct.into_iter().map(|key| term_of(self, key)).collect())
            } else {
                Distinct::All
            };
            let mut targets: Vec<Column> = Vec::new();
            for list in [(*query).targetList, (*query).returningList] {
                for target in members::<pg_sys::TargetEntry>(list) {
                    if !(*target).resjunk {
                        for column in self.inside(scope, (*target).expr.cast()).columns {
                            if !targets.contains(&column) {
                                targets.push(column);
                            }
                        }
                    }
                }
            }
            let (limit, offset) =
                (self.limit(scope, (*query).limitCount), self.limit(scope, (*query).limitOffset));
            let level = &mut self.levels[scope];
            level.sort = sort;
            level.windows = windows;
            level.group = group;
            level.distinct = distinct;
            level.targets = targets;
            level.limit = limit;
            level.offset = offset;
            level.has_aggregates = (*query).hasAggs;
            level.has_window_functions = (*query).hasWindowFuncs;
            level.has_grouping_sets = !(*query).groupingSets.is_null();
            level.set_operation_is_union_all = cast::<pg_sys::SetOperationStmt>(
                (*query).setOperations,
                NodeTag::T_SetOperationStmt,
            )
            .map(|operation| is_union_all(operation.cast()));
        }
    }

    /// LIMIT ALL and LIMIT NULL are none.
    unsafe fn limit(&self, scope: usize, node: *mut pg_sys::Node) -> Value {
        // SAFETY: an expression of the scope's query or null.
        match unsafe { self.value(scope, node) } {
            Value::Null => Value::Absent,
            value => value,
        }
    }
}
