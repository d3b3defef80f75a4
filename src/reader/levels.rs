//! The queries of a statement, from the outermost in: sources, order, limit, targets. Conditions are in `conditions`.
//!
//! Trap: a query is visited where it is first met. What its Vars stand for is looked up through the scopes around it, so those come first.
#![expect(unsafe_code, reason = "the trees are C")]

mod order;
mod queries;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use optimizer_core::statement::shape::{
    Clause, Level, Origin, RelationUse, Shape, Source, SubqueryKind, Write,
};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::levels::queries::{
    in_from, is_barrier, may_run, relation_name, set_columns, subselect_origin,
};
use crate::reader::tree::{
    Below, cast, functions, inner_queries, members, string, tag, walk_query,
};

/// One query while it is read.
pub struct Scope {
    pub query: *mut pg_sys::Query,
    parent: Option<usize>,
    /// Its range table.
    pub entries: Vec<*mut pg_sys::RangeTblEntry>,
    /// The source of each entry that is a table in its FROM.
    pub sources: Vec<Option<usize>>,
    /// The scope of each entry that is a sub-select.
    subselects: Vec<Option<usize>>,
    /// The scopes of its CTEs, by name.
    ctes: Vec<(String, usize)>,
    is_barrier: bool,
}

/// What reading one statement has found.
#[derive(Default)]
pub struct Levels {
    pub scopes: Vec<Scope>,
    pub levels: Vec<Level>,
    /// Place of each source: its level and its number there.
    sources: Vec<(usize, usize)>,
    used: BTreeMap<usize, BTreeSet<i16>>,
    subqueries: HashMap<*mut pg_sys::Query, usize>,
    relations: BTreeMap<u32, RelationUse>,
    writes: Vec<Write>,
    locks_rows: bool,
    pub functions: Vec<u32>,
    /// A query reads or writes what the role may not.
    pub is_refused: bool,
}

impl Levels {
    /// Reads one rewritten query and everything in it.
    ///
    /// # Safety
    /// A valid query, inside the sandbox.
    pub unsafe fn read(&mut self, query: *mut pg_sys::Query) {
        // SAFETY: as promised by the caller.
        unsafe { self.enter(query, Origin::Statement, None) };
    }

    /// The views that an analysed query names: rewriting puts what lies behind in their place.
    ///
    /// # Safety
    /// A valid query.
    pub unsafe fn note_views(&mut self, query: *mut pg_sys::Query) {
        // SAFETY: as promised by the caller; each cast follows the node's tag.
        unsafe {
            pg_sys::check_stack_depth();
            let entries = members::<pg_sys::RangeTblEntry>((*query).rtable);
            let target = usize::try_from((*query).resultRelation).unwrap_or(0);
            for (place, entry) in entries.into_iter().enumerate() {
                if (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION
                    && u8::try_from((*entry).relkind) == Ok(pg_sys::RELKIND_VIEW)
                {
                    self.note_relation(entry, place + 1 != target, place + 1 == target);
                }
            }
            for inner in inner_queries(query) {
                self.note_views(inner);
            }
        }
    }

    /// What was found.
    pub fn finish(mut self, shape: &mut Shape) {
        for (source, columns) in self.used {
            let (level, place) = self.sources[source];
            self.levels[level].sources[place].columns = columns.into_iter().collect();
        }
        shape.levels = self.levels;
        shape.writes = self.writes;
        shape.locks_rows = self.locks_rows;
        shape.relations = self.relations.into_values().collect();
    }

    /// The scope that many steps up.
    pub fn scope_above(&self, mut scope: usize, levels_up: usize) -> Option<usize> {
        for _ in 0..levels_up {
            scope = self.scopes[scope].parent?;
        }
        Some(scope)
    }

    /// The scope of the sub-select or CTE at a place of the range table, and whether conditions stop there.
    ///
    /// # Safety
    /// A place of the scope's range table.
    pub unsafe fn inner(&self, scope: usize, place: usize) -> Option<(usize, bool)> {
        // SAFETY: as promised by the caller.
        unsafe {
            let entry = *self.scopes[scope].entries.get(place)?;
            let (inner, is_cte) = if (*entry).rtekind == pg_sys::RTEKind::RTE_CTE {
                let owner = self.scope_above(scope, (*entry).ctelevelsup as usize)?;
                let name = string((*entry).ctename);
                let cte = self.scopes[owner].ctes.iter().find(|(known, _)| *known == name)?;
                (cte.1, true)
            } else {
                ((*self.scopes[scope].subselects.get(place)?)?, false)
            };
            Some((inner, is_cte || self.scopes[inner].is_barrier))
        }
    }

    /// The scope of a sub-query in an expression, read when it is first met.
    ///
    /// # Safety
    /// A SubLink of the scope's query.
    pub unsafe fn subquery(&mut self, scope: usize, link: *mut pg_sys::SubLink) -> Option<usize> {
        // SAFETY: as promised by the caller; after analysis the sub-select is a Query.
        unsafe {
            let query = cast::<pg_sys::Query>((*link).subselect, NodeTag::T_Query)?;
            if let Some(known) = self.subqueries.get(&query) {
                return Some(*known);
            }
            let kind = match (*link).subLinkType {
                pg_sys::SubLinkType::EXISTS_SUBLINK => SubqueryKind::Exists,
                pg_sys::SubLinkType::ANY_SUBLINK => SubqueryKind::Any,
                pg_sys::SubLinkType::ALL_SUBLINK => SubqueryKind::All,
                pg_sys::SubLinkType::ARRAY_SUBLINK => SubqueryKind::Array,
                _ => SubqueryKind::Value,
            };
            Some(self.enter(query, Origin::Expression { kind }, Some(scope)))
        }
    }

    unsafe fn enter(
        &mut self,
        query: *mut pg_sys::Query,
        origin: Origin,
        parent: Option<usize>,
    ) -> usize {
        // SAFETY: a valid query; each cast follows the node's tag.
        unsafe {
            pg_sys::check_stack_depth();
            self.is_refused |= !may_run(query);
            let scope = self.scopes.len();
            let entries = members::<pg_sys::RangeTblEntry>((*query).rtable);
            self.levels.push(Level { origin, parent, ..Level::default() });
            self.scopes.push(Scope {
                query,
                parent,
                sources: vec![None; entries.len()],
                subselects: vec![None; entries.len()],
                ctes: Vec::new(),
                entries,
                is_barrier: is_barrier(query),
            });
            self.subqueries.insert(query, scope);
            self.enter_from(scope);
            self.enter_write(scope);
            for cte in members::<pg_sys::CommonTableExpr>((*query).cteList) {
                let name = string((*cte).ctename);
                if let Some(inner) = cast((*cte).ctequery, NodeTag::T_Query) {
                    let origin =
                        Origin::Cte { name: name.clone(), is_recursive: (*cte).cterecursive };
                    // A recursive one names itself: its scope is the next that is made.
                    let next = self.scopes.len();
                    self.scopes[scope].ctes.push((name, next));
                    self.enter(inner, origin, Some(scope));
                }
            }
            for place in 0..self.scopes[scope].entries.len() {
                let entry = self.scopes[scope].entries[place];
                if (*entry).rtekind == pg_sys::RTEKind::RTE_SUBQUERY {
                    let origin = subselect_origin(query, entry);
                    let inner = self.enter((*entry).subquery, origin, Some(scope));
                    self.scopes[scope].subselects[place] = Some(inner);
                }
            }
            self.read_expressions(scope);
            self.read_conditions(scope);
            self.read_order(scope);
            scope
        }
    }

    /// The tables of FROM.
    unsafe fn enter_from(&mut self, scope: usize) {
        // SAFETY: the scope's query is valid.
        unsafe {
            let query = self.scopes[scope].query;
            let mut found = Vec::new();
            if !(*query).jointree.is_null() {
                in_from((*query).jointree.cast(), false, &mut found);
            }
            // An INSERT's target is in no FROM, and neither is that of an UPDATE before planning, nor of a MERGE.
            let target = usize::try_from((*query).resultRelation).unwrap_or(0);
            if target > 0 && !found.iter().any(|(place, _)| *place == target) {
                found.push((target, false));
            }
            for (place, is_nullable) in found {
                let Some(entry) = self.scopes[scope].entries.get(place - 1).copied() else {
                    continue;
                };
                if (*entry).rtekind != pg_sys::RTEKind::RTE_RELATION {
                    continue;
                }
                let is_target = place == target;
                let is_insert = (*query).commandType == pg_sys::CmdType::CMD_INSERT;
                let number = self.sources.len();
                let level = &mut self.levels[scope];
                self.sources.push((scope, level.sources.len()));
                level.sources.push(Source {
                    number,
                    relation: (*entry).relid.to_u32(),
                    name: relation_name((*entry).relid),
                    alias: string((*(*entry).eref).aliasname),
                    is_target,
                    is_nullable,
                    is_only: !(*entry).inh,
                    columns: Vec::new(),
                });
                self.scopes[scope].sources[place - 1] = Some(number);
                let reads = !is_target || !is_insert || !(*query).onConflict.is_null();
                self.note_relation(entry, reads, is_target);
            }
            self.locks_rows |= (*query).hasForUpdate;
        }
    }

    unsafe fn note_relation(
        &mut self,
        entry: *mut pg_sys::RangeTblEntry,
        is_read: bool,
        is_written: bool,
    ) {
        // SAFETY: a valid entry of a relation that analysis has opened.
        unsafe {
            let relation = (*entry).relid.to_u32();
            let noted = self.relations.entry(relation).or_insert_with(|| RelationUse {
                relation,
                name: relation_name((*entry).relid),
                relkind: u8::try_from((*entry).relkind).map_or(' ', char::from),
                topmost: relation,
                ..RelationUse::default()
            });
            noted.is_read |= is_read;
            noted.is_written |= is_written;
        }
    }

    /// What it writes.
    unsafe fn enter_write(&mut self, scope: usize) {
        // SAFETY: the scope's query is valid.
        unsafe {
            let query = self.scopes[scope].query;
            let Some(entry) = usize::try_from((*query).resultRelation)
                .ok()
                .and_then(|target| self.scopes[scope].entries.get(target.checked_sub(1)?).copied())
            else {
                return;
            };
            let mut write = Write {
                relation: (*entry).relid.to_u32(),
                name: relation_name((*entry).relid),
                inserts: (*query).commandType == pg_sys::CmdType::CMD_INSERT,
                updates: (*query).commandType == pg_sys::CmdType::CMD_UPDATE,
                deletes: (*query).commandType == pg_sys::CmdType::CMD_DELETE,
                sets: Vec::new(),
                has_on_conflict: !(*query).onConflict.is_null(),
            };
            if write.updates {
                write.sets = set_columns((*query).targetList);
            }
            if write.has_on_conflict {
                let conflict = (*query).onConflict;
                write.updates = (*conflict).action == pg_sys::OnConflictAction::ONCONFLICT_UPDATE;
                write.sets = set_columns((*conflict).onConflictSet);
            }
            for action in members::<pg_sys::MergeAction>((*query).mergeActionList) {
                match (*action).commandType {
                    pg_sys::CmdType::CMD_INSERT => write.inserts = true,
                    pg_sys::CmdType::CMD_DELETE => write.deletes = true,
                    pg_sys::CmdType::CMD_UPDATE => {
                        write.updates = true;
                        write.sets.extend(set_columns((*action).targetList));
                    }
                    _ => {}
                }
            }
            self.writes.push(write);
        }
    }

    /// Columns that are used, functions, and the sub-queries in expressions.
    unsafe fn read_expressions(&mut self, scope: usize) {
        let (mut vars, mut links, mut called) = (Vec::new(), Vec::new(), Vec::new());
        // SAFETY: the scope's query is valid; each cast follows the node's tag.
        unsafe {
            walk_query(self.scopes[scope].query, |node| {
                if let Some(var) = cast::<pg_sys::Var>(node, NodeTag::T_Var) {
                    vars.push(var);
                } else if let Some(link) = cast::<pg_sys::SubLink>(node, NodeTag::T_SubLink) {
                    links.push(link);
                } else if tag(node) == NodeTag::T_Query {
                    return Below::Skip;
                }
                functions(node, &mut called);
                Below::Walk
            });
            self.functions.extend(called);
            for link in links {
                self.subquery(scope, link);
            }
            for var in vars {
                if let Some(column) = self.column(scope, var) {
                    self.used.entry(column.source).or_default().insert(column.attnum);
                } else if (*var).varattno == 0 {
                    self.use_whole_row(scope, var);
                }
            }
        }
    }

    unsafe fn use_whole_row(&mut self, scope: usize, var: *mut pg_sys::Var) {
        // SAFETY: a Var of the scope's query.
        let source = unsafe {
            self.scope_above(scope, (*var).varlevelsup as usize).and_then(|scope| {
                let place = usize::try_from((*var).varno).ok()?.checked_sub(1)?;
                *self.scopes[scope].sources.get(place)?
            })
        };
        if let Some(source) = source {
            self.used.entry(source).or_default().insert(0);
        }
    }

    unsafe fn read_conditions(&mut self, scope: usize) {
        // SAFETY: the scope's query is valid.
        unsafe {
            let query = self.scopes[scope].query;
            if !(*query).jointree.is_null() {
                self.conditions_of_from(scope, (*query).jointree.cast());
            }
            #[cfg(any(feature = "pg17", feature = "pg18"))]
            self.condition(scope, (*query).mergeJoinCondition, Clause::On);
            self.condition(scope, (*query).havingQual, Clause::Having);
            for entry in self.scopes[scope].entries.clone() {
                for policy in members::<pg_sys::Node>((*entry).securityQuals) {
                    self.condition(scope, policy, Clause::RowSecurity);
                }
            }
        }
    }

    unsafe fn conditions_of_from(&mut self, scope: usize, node: *mut pg_sys::Node) {
        // SAFETY: a node of the scope's join tree; each cast follows its tag.
        unsafe {
            if let Some(from) = cast::<pg_sys::FromExpr>(node, NodeTag::T_FromExpr) {
                for member in members::<pg_sys::Node>((*from).fromlist) {
                    self.conditions_of_from(scope, member);
                }
                self.condition(scope, (*from).quals, Clause::Where);
            } else if let Some(join) = cast::<pg_sys::JoinExpr>(node, NodeTag::T_JoinExpr) {
                self.conditions_of_from(scope, (*join).larg);
                self.conditions_of_from(scope, (*join).rarg);
                let clause = if (*join).jointype == pg_sys::JoinType::JOIN_INNER {
                    Clause::On
                } else {
                    Clause::OuterOn
                };
                self.condition(scope, (*join).quals, clause);
            }
        }
    }
}
