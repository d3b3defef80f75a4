//! Expressions as plain terms and values.
//!
//! Trap: a Var may stand for a column of a join, a sub-select, a view or a CTE; it is followed down to the table's column, where there is one.
#![expect(unsafe_code, reason = "the trees are C")]

use std::collections::BTreeSet;

use optimizer_core::statement::shape::{Column, Term, TypeClass, Value};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::levels::{Levels, Scope};
use crate::reader::tree::{Below, cast, members, string, tag, walk};

/// Steps from a Var to a table: more than any view stands on others; a bound against a tree that turns in a circle.
const MOST_STEPS: usize = 100;

/// Letters of a constant that are kept.
const MOST_LETTERS: usize = 200;

/// The columns below an expression: those of its own level, whether there are others, and parameters.
#[derive(Debug, Default)]
pub struct Inside {
    pub columns: Vec<Column>,
    /// Something of this level that is no table's column.
    pub has_computed: bool,
    pub has_outer: bool,
    pub has_subquery: bool,
    pub parameters: Vec<u32>,
}

impl Inside {
    /// The sources of the columns.
    pub fn sources(&self) -> BTreeSet<usize> {
        self.columns.iter().map(|column| column.source).collect()
    }

    pub const fn is_of_this_level(&self) -> bool {
        !self.columns.is_empty() || self.has_computed
    }
}

impl Levels {
    /// The table's column that a Var stands for.
    ///
    /// # Safety
    /// A Var of the scope's query.
    pub unsafe fn column(&self, scope: usize, var: *mut pg_sys::Var) -> Option<Column> {
        // SAFETY: as promised by the caller.
        unsafe { self.column_within(scope, var, MOST_STEPS) }
    }

    unsafe fn column_within(
        &self,
        scope: usize,
        var: *mut pg_sys::Var,
        steps: usize,
    ) -> Option<Column> {
        // SAFETY: a Var of the scope's query; its range table holds what the Var names.
        unsafe {
            let steps = steps.checked_sub(1)?;
            let scope = self.scope_above(scope, (*var).varlevelsup as usize)?;
            let place = usize::try_from((*var).varno).ok()?.checked_sub(1)?;
            let attnum = (*var).varattno;
            let here: &Scope = &self.scopes[scope];
            let entry = *here.entries.get(place)?;
            match (*entry).rtekind {
                pg_sys::RTEKind::RTE_RELATION => {
                    let source = (*here.sources.get(place)?)?;
                    (attnum != 0).then(|| Column {
                        source,
                        relation: (*entry).relid.to_u32(),
                        attnum,
                        name: string(pg_sys::get_attname((*entry).relid, attnum, true)),
                        is_behind_barrier: false,
                    })
                }
                pg_sys::RTEKind::RTE_JOIN => {
                    let aliased = members::<pg_sys::Node>((*entry).joinaliasvars);
                    let node = *aliased.get(usize::try_from(attnum).ok()?.checked_sub(1)?)?;
                    self.column_within(scope, as_var(node)?, steps)
                }
                pg_sys::RTEKind::RTE_SUBQUERY | pg_sys::RTEKind::RTE_CTE => {
                    let (inner, is_barrier) = self.inner(scope, place)?;
                    let target =
                        members::<pg_sys::TargetEntry>((*self.scopes[inner].query).targetList)
                            .into_iter()
                            .find(|target| (**target).resno == attnum)?;
                    let column =
                        self.column_within(inner, as_var((*target).expr.cast())?, steps)?;
                    Some(Column {
                        is_behind_barrier: column.is_behind_barrier || is_barrier,
                        ..column
                    })
                }
                #[cfg(feature = "pg18")]
                pg_sys::RTEKind::RTE_GROUP => {
                    let grouped = members::<pg_sys::Node>((*entry).groupexprs);
                    let node = *grouped.get(usize::try_from(attnum).ok()?.checked_sub(1)?)?;
                    self.column_within(scope, as_var(node)?, steps)
                }
                _ => None,
            }
        }
    }

    /// What is in an expression.
    ///
    /// # Safety
    /// An expression of the scope's query, or null.
    pub unsafe fn inside(&self, scope: usize, node: *mut pg_sys::Node) -> Inside {
        let mut inside = Inside::default();
        // SAFETY: as promised by the caller; each cast follows the node's tag.
        unsafe {
            walk(node, |node| {
                if let Some(var) = cast::<pg_sys::Var>(node, NodeTag::T_Var) {
                    if (*var).varlevelsup > 0 {
                        inside.has_outer = true;
                    } else if let Some(column) = self.column(scope, var) {
                        if !inside.columns.contains(&column) {
                            inside.columns.push(column);
                        }
                    } else {
                        inside.has_computed = true;
                    }
                } else if let Some(param) = cast::<pg_sys::Param>(node, NodeTag::T_Param) {
                    inside.parameters.extend(external(param));
                } else if tag(node) == NodeTag::T_SubLink {
                    inside.has_subquery = true;
                }
                Below::Walk
            });
        }
        inside
    }

    /// The expression as a term.
    ///
    /// # Safety
    /// An expression of the scope's query.
    pub unsafe fn term(&self, scope: usize, node: *mut pg_sys::Node) -> Term {
        // SAFETY: as promised by the caller.
        unsafe {
            let node = bare(node);
            if let Some(var) = as_var(node) {
                return match self.column(scope, var) {
                    Some(column) if (*var).varlevelsup == 0 => Term::Column(column),
                    _ => {
                        self.grouped(scope, var).map_or(Term::Other, |node| self.term(scope, node))
                    }
                };
            }
            let inside = self.inside(scope, node);
            let is_of_one_table = inside.sources().len() == 1
                && !(inside.has_computed || inside.has_outer || inside.has_subquery);
            if !is_of_one_table {
                return Term::Other;
            }
            let Some(text) = self.deparsed(scope, node) else { return Term::Other };
            Term::Expression {
                text,
                is_immutable: inside.parameters.is_empty()
                    && !pg_sys::contain_mutable_functions(node),
                columns: inside.columns,
            }
        }
    }

    /// From 18 on: the expression that a Var of a grouped query stands for.
    #[cfg(feature = "pg18")]
    unsafe fn grouped(&self, scope: usize, var: *mut pg_sys::Var) -> Option<*mut pg_sys::Node> {
        // SAFETY: a Var of the scope's query.
        unsafe {
            let place = usize::try_from((*var).varno).ok()?.checked_sub(1)?;
            let entry = *self.scopes[scope].entries.get(place)?;
            let is_grouped =
                (*entry).rtekind == pg_sys::RTEKind::RTE_GROUP && (*var).varlevelsup == 0;
            let at = usize::try_from((*var).varattno).ok()?.checked_sub(1)?;
            members::<pg_sys::Node>((*entry).groupexprs)
                .get(at)
                .copied()
                .filter(|node| is_grouped && tag(*node) != NodeTag::T_Var)
        }
    }

    #[cfg(not(feature = "pg18"))]
    #[expect(clippy::unused_self, reason = "the same call as from 18 on")]
    unsafe fn grouped(&self, _scope: usize, _var: *mut pg_sys::Var) -> Option<*mut pg_sys::Node> {
        None
    }

    /// An expression over one table as the server writes it, without the table's name.
    unsafe fn deparsed(&self, scope: usize, node: *mut pg_sys::Node) -> Option<String> {
        let mut relation = None;
        // SAFETY: a copy is made for writing: each Var, which is followed to the table's column, becomes the Var that the deparser knows as a column of
        // the one table of its context.
        unsafe {
            let copy = pg_sys::copyObjectImpl(node.cast()).cast::<pg_sys::Node>();
            walk(copy, |node| {
                if let Some(var) = as_var(node)
                    && let Some(column) = self.column(scope, var)
                {
                    (*var).varno = 1;
                    (*var).varattno = column.attnum;
                    (*var).varnosyn = 0;
                    (*var).varattnosyn = 0;
                    #[cfg(not(any(feature = "pg15")))]
                    {
                        (*var).varnullingrels = std::ptr::null_mut();
                    }
                    relation = Some(column.relation);
                }
                Below::Walk
            });
            let context = pg_sys::deparse_context_for(c"t".as_ptr(), relation?.into());
            Some(string(pg_sys::deparse_expression(copy, context, false, false)))
        }
    }

    /// What a term is compared with.
    ///
    /// # Safety
    /// An expression of the scope's query, or null.
    pub unsafe fn value(&self, scope: usize, node: *mut pg_sys::Node) -> Value {
        // SAFETY: as promised by the caller; each cast follows the node's tag.
        unsafe {
            let node = uncast(node);
            if node.is_null() {
                return Value::Absent;
            }
            if let Some(param) = cast::<pg_sys::Param>(node, NodeTag::T_Param) {
                return external(param)
                    .map_or(Value::Expression { parameters: Vec::new() }, Value::Parameter);
            }
            if let Some(constant) = cast::<pg_sys::Const>(node, NodeTag::T_Const) {
                return constant_value(constant);
            }
            let inside = self.inside(scope, node);
            if let Some(array) = cast::<pg_sys::ArrayExpr>(node, NodeTag::T_ArrayExpr)
                && !inside.is_of_this_level()
            {
                return Value::List {
                    elements: members::<pg_sys::Node>((*array).elements).len(),
                    parameters: inside.parameters,
                };
            }
            if inside.is_of_this_level() {
                return Value::Term;
            }
            Value::Expression { parameters: inside.parameters }
        }
    }
}

/// # Safety
/// A valid node or null.
pub unsafe fn as_var(node: *mut pg_sys::Node) -> Option<*mut pg_sys::Var> {
    // SAFETY: as promised by the caller.
    unsafe { cast(bare(node), NodeTag::T_Var) }
}

/// `$n` of the text; other parameters are the tree's own.
unsafe fn external(param: *mut pg_sys::Param) -> Option<u32> {
    // SAFETY: a valid Param.
    unsafe {
        ((*param).paramkind == pg_sys::ParamKind::PARAM_EXTERN)
            .then(|| u32::try_from((*param).paramid).ok())
            .flatten()
    }
}

/// Without relabelling: varchar as text is still the column.
unsafe fn bare(mut node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: a valid node or null, as each argument is.
    unsafe {
        while let Some(relabel) = cast::<pg_sys::RelabelType>(node, NodeTag::T_RelabelType) {
            node = (*relabel).arg.cast();
        }
    }
    node
}

/// Without casts: of a parameter, it is still the parameter.
unsafe fn uncast(mut node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: a valid node or null, as each argument is; each cast follows the node's tag.
    unsafe {
        loop {
            node = bare(node);
            if let Some(io) = cast::<pg_sys::CoerceViaIO>(node, NodeTag::T_CoerceViaIO) {
                node = (*io).arg.cast();
            } else if let Some(array) =
                cast::<pg_sys::ArrayCoerceExpr>(node, NodeTag::T_ArrayCoerceExpr)
            {
                node = (*array).arg.cast();
            } else if let Some(call) = cast::<pg_sys::FuncExpr>(node, NodeTag::T_FuncExpr)
                && matches!(
                    (*call).funcformat,
                    pg_sys::CoercionForm::COERCE_IMPLICIT_CAST
                        | pg_sys::CoercionForm::COERCE_EXPLICIT_CAST
                )
            {
                let arguments = members::<pg_sys::Node>((*call).args);
                let Some(first) = arguments.first() else { return node };
                node = *first;
            } else {
                return node;
            }
        }
    }
}

unsafe fn constant_value(constant: *mut pg_sys::Const) -> Value {
    // SAFETY: a valid Const; its type's output function reads its value. Output functions are C, and this is the sandbox.
    unsafe {
        if (*constant).constisnull {
            return Value::Null;
        }
        let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo((*constant).consttype, &raw mut output, &raw mut is_varlena);
        let text = string(pg_sys::OidOutputFunctionCall(output, (*constant).constvalue));
        Value::Constant(text.chars().take(MOST_LETTERS).collect())
    }
}

/// What the type makes of an operator's name.
///
/// # Safety
/// Inside a transaction.
pub unsafe fn type_class(of: pg_sys::Oid) -> TypeClass {
    match of {
        pg_sys::JSONBOID | pg_sys::JSONOID => TypeClass::Json,
        pg_sys::TSVECTOROID | pg_sys::TSQUERYOID => TypeClass::TextSearch,
        pg_sys::ANYARRAYOID => TypeClass::Array,
        // SAFETY: reads the catalog's cache.
        _ => unsafe {
            if pg_sys::get_base_element_type(of) != pg_sys::InvalidOid {
                TypeClass::Array
            } else if matches!(
                u8::try_from(pg_sys::get_typtype(of)),
                Ok(pg_sys::TYPTYPE_RANGE | pg_sys::TYPTYPE_MULTIRANGE)
            ) {
                TypeClass::Range
            } else {
                TypeClass::Plain
            }
        },
    }
}
