//! Conditions: what WHERE, ON, HAVING and row security compare.
#![expect(unsafe_code, reason = "the trees are C")]

use std::ffi::c_char;

use optimizer_core::statement::shape::{
    Clause, Column, Join, Operator, Predicate, Strategy, Term, TypeClass, Value, pattern_has_prefix,
};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag;

use crate::reader::levels::Levels;
use crate::reader::terms::{as_var, type_class};
use crate::reader::tree::{cast, members, string, tag};

/// What is around a condition.
#[derive(Debug, Clone, Copy)]
struct Around {
    scope: usize,
    clause: Clause,
    is_negated: bool,
    or_group: Option<usize>,
}

impl Levels {
    /// Reads a condition, null for none.
    ///
    /// # Safety
    /// An expression of the scope's query, or null.
    pub unsafe fn condition(&mut self, scope: usize, node: *mut pg_sys::Node, clause: Clause) {
        // SAFETY: as promised by the caller.
        unsafe {
            self.part(node, Around { scope, clause, is_negated: false, or_group: None });
        }
    }

    unsafe fn part(&mut self, node: *mut pg_sys::Node, around: Around) {
        if node.is_null() {
            return;
        }
        // SAFETY: an expression of the scope's query; each cast follows the node's tag.
        unsafe {
            pg_sys::check_stack_depth();
            match tag(node) {
                NodeTag::T_BoolExpr => self.logic(node.cast(), around),
                NodeTag::T_OpExpr => {
                    let operation = node.cast::<pg_sys::OpExpr>();
                    let arguments = members::<pg_sys::Node>((*operation).args);
                    if let [left, right] = arguments[..] {
                        self.comparison((*operation).opno, left, right, around);
                    } else {
                        self.whole(node, Strategy::Other, around);
                    }
                }
                NodeTag::T_ScalarArrayOpExpr => self.list(node.cast(), around),
                NodeTag::T_RowCompareExpr => {
                    let rows = node.cast::<pg_sys::RowCompareExpr>();
                    self.row((*rows).opnos, (*rows).largs, (*rows).rargs, around);
                }
                NodeTag::T_NullTest => {
                    let test = node.cast::<pg_sys::NullTest>();
                    let strategy = if (*test).nulltesttype == pg_sys::NullTestType::IS_NULL {
                        Strategy::IsNull
                    } else {
                        Strategy::IsNotNull
                    };
                    self.whole((*test).arg.cast(), strategy, around);
                }
                NodeTag::T_BooleanTest => {
                    let test = node.cast::<pg_sys::BooleanTest>();
                    self.whole((*test).arg.cast(), Strategy::Boolean, around);
                }
                NodeTag::T_SubLink => self.link(node.cast(), around),
                NodeTag::T_Var => self.whole(node, Strategy::Boolean, around),
                NodeTag::T_Const | NodeTag::T_Param => {}
                _ => self.whole(node, Strategy::Other, around),
            }
        }
    }

    unsafe fn logic(&mut self, logic: *mut pg_sys::BoolExpr, around: Around) {
        // SAFETY: a node of that tag.
        unsafe {
            let mut below = around;
            match (*logic).boolop {
                pg_sys::BoolExprType::NOT_EXPR => below.is_negated = !around.is_negated,
                pg_sys::BoolExprType::OR_EXPR => {
                    let level = &self.levels[around.scope];
                    let next = level.predicates.iter().filter_map(|p| p.or_group).max();
                    below.or_group = around.or_group.or(Some(next.map_or(0, |last| last + 1)));
                }
                _ => {}
            }
            for argument in members::<pg_sys::Node>((*logic).args) {
                self.part(argument, below);
            }
        }
    }

    /// `left operator right`
    unsafe fn comparison(
        &mut self,
        operator: pg_sys::Oid,
        left: *mut pg_sys::Node,
        right: *mut pg_sys::Node,
        around: Around,
    ) {
        // SAFETY: expressions of the scope's query.
        unsafe {
            let (in_left, in_right) =
                (self.inside(around.scope, left), self.inside(around.scope, right));
            let of_two_tables = in_left.is_of_this_level()
                && in_right.is_of_this_level()
                && (in_left.sources() != in_right.sources() || in_left.sources().is_empty());
            let crosses = in_left.is_of_this_level() && in_right.has_outer
                || in_right.is_of_this_level() && in_left.has_outer;
            if of_two_tables || crosses {
                let operator = operator_of(operator, pg_sys::exprType(left));
                let join = Join {
                    left: self.any_term(around.scope, left),
                    right: self.any_term(around.scope, right),
                    strategy: operator.1,
                    operator: operator.0,
                    clause: around.clause,
                    crosses_levels: crosses,
                };
                if join.left != Term::Other || join.right != Term::Other {
                    self.levels[around.scope].joins.push(join);
                }
            } else if in_left.is_of_this_level() {
                self.compared(operator, left, right, around);
            } else if in_right.is_of_this_level() {
                // `$1 = column`: the other way round, when there is an operator for that.
                let commutator = pg_sys::get_commutator(operator);
                if commutator == pg_sys::InvalidOid {
                    self.whole(right, Strategy::Other, around);
                } else {
                    self.compared(commutator, right, left, around);
                }
            }
        }
    }

    /// A term, an outer column too.
    unsafe fn any_term(&self, scope: usize, node: *mut pg_sys::Node) -> Term {
        // SAFETY: an expression of the scope's query.
        unsafe {
            match as_var(node).and_then(|var| self.column(scope, var)) {
                Some(column) => Term::Column(column),
                None => self.term(scope, node),
            }
        }
    }

    unsafe fn compared(
        &mut self,
        operator: pg_sys::Oid,
        term: *mut pg_sys::Node,
        other: *mut pg_sys::Node,
        around: Around,
    ) {
        // SAFETY: expressions of the scope's query.
        unsafe {
            let is_immutable = is_immutable(operator);
            let (operator, mut strategy) = operator_of(operator, pg_sys::exprType(term));
            let mut value = self.value(around.scope, other);
            if value == Value::Term
                && is_immutable
                && let Term::Column(column) = self.term(around.scope, other)
                && self.term(around.scope, term) != Term::Column(column.clone())
            {
                value = Value::Column(column);
            }
            if let (Strategy::Like, Value::Constant(pattern)) = (strategy, &value)
                && pattern_has_prefix(pattern)
            {
                strategy = Strategy::LikePrefix;
            }
            let term = self.term(around.scope, term);
            self.note(term, strategy, Some(operator), value, around);
        }
    }

    /// `term = ANY (list)`, IN with values.
    unsafe fn list(&mut self, list: *mut pg_sys::ScalarArrayOpExpr, around: Around) {
        // SAFETY: a node of that tag; it has two arguments.
        unsafe {
            let arguments = members::<pg_sys::Node>((*list).args);
            let [left, right] = arguments[..] else { return };
            let (operator, strategy) = operator_of((*list).opno, pg_sys::exprType(left));
            let strategy = match (strategy, (*list).useOr) {
                (Strategy::Equal, true) => Strategy::InList,
                (Strategy::NotEqual, false) => Strategy::NotInList,
                (Strategy::Equal | Strategy::NotEqual, _) => Strategy::Other,
                (other, _) => other,
            };
            if self.inside(around.scope, left).is_of_this_level() {
                let (term, value) =
                    (self.term(around.scope, left), self.value(around.scope, right));
                self.note(term, strategy, Some(operator), value, around);
            } else {
                // `$1 = ANY (column)`: the column holds an array.
                let (term, value) =
                    (self.term(around.scope, right), self.value(around.scope, left));
                self.note(term, Strategy::Array, Some(operator), value, around);
            }
        }
    }

    /// `(a, b) > ($1, $2)`: column by column, the first one as the index sees it.
    unsafe fn row(
        &mut self,
        operators: *mut pg_sys::List,
        left: *mut pg_sys::List,
        right: *mut pg_sys::List,
        around: Around,
    ) {
        // SAFETY: three lists of one length, the first one of oids.
        unsafe {
            let pairs =
                members::<pg_sys::Node>(left).into_iter().zip(members::<pg_sys::Node>(right));
            for (place, (left, right)) in pairs.enumerate() {
                let place = i32::try_from(place).unwrap_or(i32::MAX);
                let operator = pgrx::PgList::<pg_sys::Oid>::from_pg(operators)
                    .get_oid(usize::try_from(place).unwrap_or(usize::MAX));
                if let Some(operator) = operator {
                    self.comparison(operator, left, right, around);
                }
            }
        }
    }

    /// EXISTS, IN (SELECT ..), and values from sub-queries that are conditions by themselves.
    unsafe fn link(&mut self, link: *mut pg_sys::SubLink, around: Around) {
        // SAFETY: a node of that tag; its test compares terms of this level with the sub-query's columns.
        unsafe {
            let inner = self.subquery(around.scope, link);
            let Some(operation) = cast::<pg_sys::OpExpr>((*link).testexpr, NodeTag::T_OpExpr)
            else {
                return;
            };
            let arguments = members::<pg_sys::Node>((*operation).args);
            let [left, right] = arguments[..] else { return };
            let term = self.term(around.scope, left);
            if term == Term::Other {
                return;
            }
            let (operator, strategy) = operator_of((*operation).opno, pg_sys::exprType(left));
            if let Some(column) = inner.and_then(|inner| self.column_of(inner, right)) {
                self.levels[around.scope].joins.push(Join {
                    left: term.clone(),
                    right: Term::Column(column),
                    operator: operator.clone(),
                    strategy,
                    clause: around.clause,
                    crosses_levels: true,
                });
            }
            let strategy =
                if strategy == Strategy::Equal { Strategy::InSubquery } else { Strategy::Other };
            let value = Value::Expression { parameters: Vec::new() };
            self.note(term, strategy, Some(operator), value, around);
        }
    }

    /// The column of a sub-query that a test stands for.
    unsafe fn column_of(&self, inner: usize, test: *mut pg_sys::Node) -> Option<Column> {
        // SAFETY: an expression of a sub-query's test: its parameters are the sub-query's columns.
        unsafe {
            let mut node = test;
            while let Some(relabel) = cast::<pg_sys::RelabelType>(node, NodeTag::T_RelabelType) {
                node = (*relabel).arg.cast();
            }
            let param = cast::<pg_sys::Param>(node, NodeTag::T_Param)?;
            if (*param).paramkind != pg_sys::ParamKind::PARAM_SUBLINK {
                return None;
            }
            let targets = members::<pg_sys::TargetEntry>((*self.scopes[inner].query).targetList);
            let target = targets
                .into_iter()
                .find(|target| i32::from((**target).resno) == (*param).paramid)?;
            self.column(inner, as_var((*target).expr.cast())?)
        }
    }

    /// A condition that is about one term.
    unsafe fn whole(&mut self, node: *mut pg_sys::Node, strategy: Strategy, around: Around) {
        // SAFETY: an expression of the scope's query.
        let term = unsafe { self.term(around.scope, node) };
        self.note(term, strategy, None, Value::Absent, around);
    }

    fn note(
        &mut self,
        term: Term,
        strategy: Strategy,
        operator: Option<Operator>,
        value: Value,
        around: Around,
    ) {
        self.levels[around.scope].predicates.push(Predicate {
            term,
            strategy,
            operator,
            value,
            clause: around.clause,
            is_negated: around.is_negated,
            or_group: around.or_group,
        });
    }
}

unsafe fn is_immutable(operator: pg_sys::Oid) -> bool {
    // SAFETY: reads the catalog's cache.
    unsafe {
        pg_sys::func_volatile(pg_sys::get_opcode(operator))
            == pg_sys::PROVOLATILE_IMMUTABLE as c_char
    }
}

/// The operator and what it means for a term of that type.
unsafe fn operator_of(operator: pg_sys::Oid, term_type: pg_sys::Oid) -> (Operator, Strategy) {
    // SAFETY: reads the catalog's cache.
    unsafe {
        let name = string(pg_sys::get_opname(operator));
        let class = if name.starts_with(['@', '<', '&', '?', '>', '-']) {
            type_class(term_type)
        } else {
            TypeClass::Plain
        };
        let strategy = Strategy::of_operator(&name, class);
        (Operator { oid: operator.to_u32(), name, term_type: term_type.to_u32() }, strategy)
    }
}
