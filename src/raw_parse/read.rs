//! The raw parse tree's nodes as [`Tree`]s: which fields of which node say something.
//!
//! Left out: places in the text, what only analysis fills in, and `funcformat` and `row_format`, which
//! say how a thing was spelled. A node that is not listed makes the whole tree unreadable, so that two
//! texts are never alike because of something that was not looked at.
//! Trap: the fields are those of PostgreSQL 15 to 18; whoever adds a version compares the structs.

use std::ffi::{CStr, c_char};

use optimizer_core::fingerprint::MAX_DEPTH;
use optimizer_core::fingerprint::tree::{Constant, Tree};
use pgrx::pg_sys::{self, NodeTag};

/// The elements of a list of nodes.
///
/// # Safety
/// `list` is null or a valid list of pointers, and lives as long as what is returned.
pub unsafe fn list<'a>(list: *mut pg_sys::List) -> &'a [*mut pg_sys::Node] {
    // SAFETY: by contract; ListCell is a union of the size of a pointer.
    unsafe {
        match list.as_ref() {
            Some(list) if list.length > 0 => std::slice::from_raw_parts(
                list.elements.cast(),
                usize::try_from(list.length).unwrap_or(0),
            ),
            _ => &[],
        }
    }
}

/// The tree under a RawStmt. That of PREPARE is the statement it prepares: pg_stat_statements keeps what
/// EXECUTE runs under the text of the PREPARE. None where it holds something that is not known here.
///
/// # Safety
/// `raw` is a RawStmt that the raw parser has just made.
pub unsafe fn statement(raw: *mut pg_sys::Node) -> Option<Tree> {
    // SAFETY: by contract; the tag says which struct it is.
    unsafe {
        let statement = (*raw.cast::<pg_sys::RawStmt>()).stmt;
        if (*statement).type_ == NodeTag::T_PrepareStmt {
            return node((*statement.cast::<pg_sys::PrepareStmt>()).query, 0);
        }
        node(statement, 0)
    }
}

/// What a field can be. `depth` counts the nodes above it.
trait Field {
    /// # Safety
    /// A pointer is null or points to a valid node, list or string of the tree.
    unsafe fn tree(self, depth: usize) -> Option<Tree>;
}

impl Field for bool {
    unsafe fn tree(self, _depth: usize) -> Option<Tree> {
        Some(number(i64::from(self)))
    }
}

impl Field for u32 {
    unsafe fn tree(self, _depth: usize) -> Option<Tree> {
        Some(number(i64::from(self)))
    }
}

impl Field for i32 {
    unsafe fn tree(self, _depth: usize) -> Option<Tree> {
        Some(number(i64::from(self)))
    }
}

impl Field for c_char {
    unsafe fn tree(self, _depth: usize) -> Option<Tree> {
        Some(number(i64::from(self)))
    }
}

impl Field for *mut c_char {
    unsafe fn tree(self, _depth: usize) -> Option<Tree> {
        // SAFETY: by contract.
        Some(if self.is_null() { Tree::Absent } else { Tree::Text(unsafe { string(self) }) })
    }
}

impl Field for *mut pg_sys::List {
    unsafe fn tree(self, depth: usize) -> Option<Tree> {
        // SAFETY: by contract.
        unsafe {
            let items = list(self);
            if items.is_empty() {
                return Some(Tree::Absent);
            }
            items.iter().map(|item| node(*item, depth)).collect::<Option<Vec<_>>>().map(Tree::List)
        }
    }
}

macro_rules! nodes {
    ($($kind:ident),* $(,)?) => {
        $(impl Field for *mut pg_sys::$kind {
            unsafe fn tree(self, depth: usize) -> Option<Tree> {
                // SAFETY: by contract; each of them begins with its tag.
                unsafe { node(self.cast(), depth) }
            }
        })*
    };
}

nodes!(
    Node,
    Expr,
    Alias,
    CTECycleClause,
    CTESearchClause,
    InferClause,
    IntoClause,
    OnConflictClause,
    RangeVar,
    SelectStmt,
    TypeName,
    WindowDef,
    WithClause,
);
#[cfg(feature = "pg18")]
nodes!(ReturningClause);

fn number(value: i64) -> Tree {
    if value == 0 { Tree::Absent } else { Tree::Number(value) }
}

unsafe fn string(text: *const c_char) -> String {
    // SAFETY: by contract of the callers; the parser's strings end with a zero byte.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The listed fields of a node of one kind. A function each, so that the recursion does not carry the
/// stack of all of them.
macro_rules! fields {
    ($node:expr, $depth:expr, $kind:ident: $($field:ident),*) => {{
        #[inline(never)]
        unsafe fn fields(it: &pg_sys::$kind, depth: usize) -> Option<Tree> {
            // SAFETY: the fields of a valid node.
            unsafe {
                Some(Tree::node(
                    stringify!($kind),
                    [$((stringify!($field), it.$field.tree(depth)?)),*],
                ))
            }
        }
        fields(&*$node.cast::<pg_sys::$kind>(), $depth)
    }};
}

/// # Safety
/// `node` is null or a valid node of a raw parse tree.
unsafe fn node(node: *mut pg_sys::Node, depth: usize) -> Option<Tree> {
    // SAFETY: by contract.
    unsafe {
        if node.is_null() {
            return Some(Tree::Absent);
        }
        if depth > MAX_DEPTH || pg_sys::stack_is_too_deep() {
            return None;
        }
        leaf(node).or_else(|| inner(node, depth + 1))
    }
}

/// # Safety
/// A valid node.
unsafe fn leaf(node: *mut pg_sys::Node) -> Option<Tree> {
    // SAFETY: the tag says which struct it is.
    unsafe {
        Some(match (*node).type_ {
            NodeTag::T_String => Tree::Text(string((*node.cast::<pg_sys::String>()).sval)),
            NodeTag::T_Integer => Tree::Number(i64::from((*node.cast::<pg_sys::Integer>()).ival)),
            NodeTag::T_Float => Tree::Text(string((*node.cast::<pg_sys::Float>()).fval)),
            NodeTag::T_Boolean => Tree::Text((*node.cast::<pg_sys::Boolean>()).boolval.to_string()),
            NodeTag::T_A_Const => Tree::Constant(constant(&*node.cast::<pg_sys::A_Const>())?),
            NodeTag::T_ParamRef => Tree::Parameter,
            NodeTag::T_A_Star => Tree::node("A_Star", []),
            NodeTag::T_SetToDefault => Tree::node("SetToDefault", []),
            #[cfg(any(feature = "pg17", feature = "pg18"))]
            NodeTag::T_MergeSupportFunc => Tree::node("MergeSupportFunc", []),
            _ => return None,
        })
    }
}

/// # Safety
/// A valid node.
unsafe fn inner(node: *mut pg_sys::Node, d: usize) -> Option<Tree> {
    // SAFETY: the tag says which struct it is.
    unsafe {
        match (*node).type_ {
            NodeTag::T_List => node.cast::<pg_sys::List>().tree(d).map(|items| match items {
                Tree::Absent => Tree::List(Vec::new()),
                items => items,
            }),
            // Statements and their clauses.
            NodeTag::T_SelectStmt => fields!(node, d, SelectStmt: distinctClause, intoClause,
                targetList, fromClause, whereClause, groupClause, groupDistinct, havingClause,
                windowClause, valuesLists, sortClause, limitOffset, limitCount, limitOption,
                lockingClause, withClause, op, all, larg, rarg),
            #[cfg(not(feature = "pg18"))]
            NodeTag::T_InsertStmt => fields!(node, d, InsertStmt: relation, cols, selectStmt,
                onConflictClause, returningList, withClause, override_),
            #[cfg(not(feature = "pg18"))]
            NodeTag::T_UpdateStmt => {
                fields!(node, d, UpdateStmt: relation, targetList, whereClause,
                fromClause, returningList, withClause)
            }
            #[cfg(not(feature = "pg18"))]
            NodeTag::T_DeleteStmt => {
                fields!(node, d, DeleteStmt: relation, usingClause, whereClause,
                returningList, withClause)
            }
            #[cfg(feature = "pg18")]
            NodeTag::T_InsertStmt => fields!(node, d, InsertStmt: relation, cols, selectStmt,
                onConflictClause, returningClause, withClause, override_),
            #[cfg(feature = "pg18")]
            NodeTag::T_UpdateStmt => {
                fields!(node, d, UpdateStmt: relation, targetList, whereClause,
                fromClause, returningClause, withClause)
            }
            #[cfg(feature = "pg18")]
            NodeTag::T_DeleteStmt => {
                fields!(node, d, DeleteStmt: relation, usingClause, whereClause,
                returningClause, withClause)
            }
            #[cfg(any(feature = "pg15", feature = "pg16"))]
            NodeTag::T_MergeStmt => fields!(node, d, MergeStmt: relation, sourceRelation,
                joinCondition, mergeWhenClauses, withClause),
            #[cfg(feature = "pg17")]
            NodeTag::T_MergeStmt => fields!(node, d, MergeStmt: relation, sourceRelation,
                joinCondition, mergeWhenClauses, returningList, withClause),
            #[cfg(feature = "pg18")]
            NodeTag::T_MergeStmt => fields!(node, d, MergeStmt: relation, sourceRelation,
                joinCondition, mergeWhenClauses, returningClause, withClause),
            #[cfg(any(feature = "pg15", feature = "pg16"))]
            NodeTag::T_MergeWhenClause => fields!(node, d, MergeWhenClause: matched, commandType,
                override_, condition, targetList, values),
            #[cfg(any(feature = "pg17", feature = "pg18"))]
            NodeTag::T_MergeWhenClause => fields!(node, d, MergeWhenClause: matchKind, commandType,
                override_, condition, targetList, values),
            #[cfg(feature = "pg18")]
            NodeTag::T_ReturningClause => fields!(node, d, ReturningClause: options, exprs),
            #[cfg(feature = "pg18")]
            NodeTag::T_ReturningOption => fields!(node, d, ReturningOption: option, value),
            NodeTag::T_OnConflictClause => fields!(node, d, OnConflictClause: action, infer,
                targetList, whereClause),
            NodeTag::T_InferClause => {
                fields!(node, d, InferClause: indexElems, whereClause, conname)
            }
            NodeTag::T_WithClause => fields!(node, d, WithClause: ctes, recursive),
            NodeTag::T_CommonTableExpr => fields!(node, d, CommonTableExpr: ctename, aliascolnames,
                ctematerialized, ctequery, search_clause, cycle_clause),
            NodeTag::T_CTESearchClause => fields!(node, d, CTESearchClause: search_col_list,
                search_breadth_first, search_seq_column),
            NodeTag::T_CTECycleClause => fields!(node, d, CTECycleClause: cycle_col_list,
                cycle_mark_column, cycle_mark_value, cycle_mark_default, cycle_path_column),
            NodeTag::T_IntoClause => fields!(node, d, IntoClause: rel, colNames, accessMethod,
                options, onCommit, tableSpaceName, skipData),
            NodeTag::T_LockingClause => fields!(node, d, LockingClause: lockedRels, strength,
                waitPolicy),
            NodeTag::T_SortBy => fields!(node, d, SortBy: node, sortby_dir, sortby_nulls, useOp),
            NodeTag::T_GroupingSet => fields!(node, d, GroupingSet: kind, content),
            NodeTag::T_WindowDef => fields!(node, d, WindowDef: name, refname, partitionClause,
                orderClause, frameOptions, startOffset, endOffset),
            NodeTag::T_ResTarget => fields!(node, d, ResTarget: name, indirection, val),
            NodeTag::T_MultiAssignRef => fields!(node, d, MultiAssignRef: source, colno, ncolumns),
            // What stands in FROM. A database's own name before a schema says nothing.
            NodeTag::T_RangeVar => fields!(node, d, RangeVar: schemaname, relname, inh,
                relpersistence, alias),
            NodeTag::T_RangeSubselect => fields!(node, d, RangeSubselect: lateral, subquery, alias),
            NodeTag::T_RangeFunction => fields!(node, d, RangeFunction: lateral, ordinality,
                is_rowsfrom, functions, alias, coldeflist),
            NodeTag::T_RangeTableSample => {
                fields!(node, d, RangeTableSample: relation, method, args,
                repeatable)
            }
            NodeTag::T_RangeTableFunc => {
                fields!(node, d, RangeTableFunc: lateral, docexpr, rowexpr,
                namespaces, columns, alias)
            }
            NodeTag::T_RangeTableFuncCol => fields!(node, d, RangeTableFuncCol: colname, typeName,
                for_ordinality, is_not_null, colexpr, coldefexpr),
            NodeTag::T_JoinExpr => fields!(node, d, JoinExpr: jointype, isNatural, larg, rarg,
                usingClause, join_using_alias, quals, alias),
            NodeTag::T_Alias => fields!(node, d, Alias: aliasname, colnames),
            NodeTag::T_ColumnDef => fields!(node, d, ColumnDef: colname, typeName),
            // Expressions.
            NodeTag::T_ColumnRef => fields!(node, d, ColumnRef: fields),
            NodeTag::T_A_Expr => fields!(node, d, A_Expr: kind, name, lexpr, rexpr),
            NodeTag::T_A_Indices => fields!(node, d, A_Indices: is_slice, lidx, uidx),
            NodeTag::T_A_Indirection => fields!(node, d, A_Indirection: arg, indirection),
            NodeTag::T_A_ArrayExpr => fields!(node, d, A_ArrayExpr: elements),
            NodeTag::T_TypeCast => fields!(node, d, TypeCast: arg, typeName),
            NodeTag::T_TypeName => fields!(node, d, TypeName: names, setof, pct_type, typmods,
                arrayBounds),
            NodeTag::T_CollateClause => fields!(node, d, CollateClause: arg, collname),
            NodeTag::T_FuncCall => {
                fields!(node, d, FuncCall: funcname, args, agg_order, agg_filter,
                over, agg_within_group, agg_star, agg_distinct, func_variadic)
            }
            NodeTag::T_NamedArgExpr => fields!(node, d, NamedArgExpr: arg, name),
            NodeTag::T_BoolExpr => fields!(node, d, BoolExpr: boolop, args),
            NodeTag::T_SubLink => fields!(node, d, SubLink: subLinkType, testexpr, operName,
                subselect),
            NodeTag::T_CaseExpr => fields!(node, d, CaseExpr: arg, args, defresult),
            NodeTag::T_CaseWhen => fields!(node, d, CaseWhen: expr, result),
            NodeTag::T_CoalesceExpr => fields!(node, d, CoalesceExpr: args),
            NodeTag::T_MinMaxExpr => fields!(node, d, MinMaxExpr: op, args),
            NodeTag::T_NullTest => fields!(node, d, NullTest: arg, nulltesttype),
            NodeTag::T_BooleanTest => fields!(node, d, BooleanTest: arg, booltesttype),
            NodeTag::T_RowExpr => fields!(node, d, RowExpr: args),
            NodeTag::T_SQLValueFunction => fields!(node, d, SQLValueFunction: op, typmod),
            NodeTag::T_GroupingFunc => fields!(node, d, GroupingFunc: args),
            NodeTag::T_CurrentOfExpr => fields!(node, d, CurrentOfExpr: cursor_name),
            NodeTag::T_XmlExpr => fields!(node, d, XmlExpr: op, name, named_args, arg_names, args,
                xmloption),
            NodeTag::T_XmlSerialize => fields!(node, d, XmlSerialize: xmloption, expr, typeName),
            // CREATE INDEX.
            NodeTag::T_IndexStmt => fields!(node, d, IndexStmt: idxname, relation, accessMethod,
                tableSpace, indexParams, indexIncludingParams, options, whereClause, unique,
                nulls_not_distinct, concurrent, if_not_exists),
            NodeTag::T_IndexElem => fields!(node, d, IndexElem: name, expr, collation, opclass,
                opclassopts, ordering, nulls_ordering),
            NodeTag::T_DefElem => fields!(node, d, DefElem: defnamespace, defname, arg),
            _ => None,
        }
    }
}

/// # Safety
/// A valid node.
unsafe fn constant(node: &pg_sys::A_Const) -> Option<Constant> {
    if node.isnull {
        return Some(Constant::Null);
    }
    // SAFETY: the tag of the value says which member of the union it is.
    unsafe {
        let value = &node.val;
        Some(match value.node.type_ {
            NodeTag::T_Integer => Constant::Integer(i64::from(value.ival.ival)),
            NodeTag::T_Float => Constant::Decimal(string(value.fval.fval)),
            NodeTag::T_Boolean => Constant::Boolean(value.boolval.boolval),
            NodeTag::T_String => Constant::Text(string(value.sval.sval)),
            NodeTag::T_BitString => Constant::Bits(string(value.bsval.bsval)),
            _ => return None,
        })
    }
}
