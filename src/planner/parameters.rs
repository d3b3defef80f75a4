//! Values for a statement's parameters: from the statistics of the columns that they are compared with.
//!
//! Trap: values of a column that the role may not read, or that row security hides from it, stay out: a plan would tell something about them.
//! Trap: values are handed on as they are, or converted where a conversion cannot fail. Everything else is left unknown, as in the generic plan.
#![expect(unsafe_code, reason = "trees and statistics have no safe interface in pgrx")]

use std::collections::BTreeMap;
use std::ffi::c_int;

use optimizer_core::plan::samples::{
    Candidate, Comparison, Place, Sample, candidates, combine, pattern_of, spread,
};
use pgrx::pg_sys::NodeTag;
use pgrx::{FromDatum, IntoDatum, PgList, pg_sys};

use crate::planner::statistics::{converted, is_convertible, is_plain, may_read, slot, statistics};
use crate::planner::walk::FoundComparison;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub relation: pg_sys::Oid,
    pub number: pg_sys::AttrNumber,
    /// Read together with partitions or children.
    pub with_children: bool,
}

/// A parameter and how it is compared with which column.
#[derive(Clone, Copy, Debug)]
struct Compared {
    number: usize,
    /// The parameter's own type: of a list for `Among`.
    type_of: pg_sys::Oid,
    comparison: Comparison,
    column: Column,
}

/// Values of one parameter.
struct Choices {
    compared: Compared,
    candidates: Vec<Candidate>,
    common: Vec<pg_sys::Datum>,
    bounds: Vec<pg_sys::Datum>,
    value_type: pg_sys::Oid,
}

/// What can stand for the parameters of a statement.
pub struct Values {
    choices: Vec<Choices>,
    pub samples: Vec<Sample>,
}

impl Values {
    /// From the comparisons of a tree.
    ///
    /// # Safety
    /// Inside `sandbox::run_as`; the tree is valid and stays so.
    pub unsafe fn of(comparisons: &[FoundComparison]) -> Values {
        // SAFETY: nodes of a valid tree.
        let compared: Vec<Compared> =
            comparisons.iter().flat_map(|found| unsafe { compared(found) }).collect();
        let mut by_number: BTreeMap<usize, Choices> = BTreeMap::new();
        for one in &compared {
            let paired = compared.iter().any(|other| is_other_side(one, other));
            // The first comparison that can be answered counts.
            if !by_number.contains_key(&one.number)
                // SAFETY: as above.
                && let Some(found) = unsafe { choices(*one, paired) }
            {
                by_number.insert(one.number, found);
            }
        }
        let choices: Vec<Choices> = by_number.into_values().collect();
        let weights: Vec<Vec<f64>> = choices
            .iter()
            .map(|one| one.candidates.iter().map(|candidate| candidate.weight).collect())
            .collect();
        Values { choices, samples: combine(&weights) }
    }

    /// The parameters of one sample, as the planner takes them; those without a value stay unknown.
    ///
    /// # Safety
    /// Inside `sandbox::run_as`, in the memory context of [`Values::of`].
    pub unsafe fn bind(&self, sample: &Sample, count: usize) -> pg_sys::ParamListInfo {
        // SAFETY: makeParamList has room for as many as it is told; a parameter without a type is unknown to the planner (eval_const_expressions).
        unsafe {
            let list = pg_sys::makeParamList(c_int::try_from(count).unwrap_or(0));
            let first = (*list).params.as_mut_ptr();
            for place in 0..count {
                *first.add(place) = pg_sys::ParamExternData::default();
            }
            for (choices, choice) in self.choices.iter().zip(&sample.choices) {
                let (number, candidate) =
                    (choices.compared.number, choices.candidates.get(*choice));
                if let Some(candidate) = candidate.filter(|_| (1..=count).contains(&number))
                    && let Some(value) = choices.value(candidate)
                {
                    *first.add(number - 1) = pg_sys::ParamExternData {
                        value,
                        isnull: false,
                        pflags: pg_sys::PARAM_FLAG_CONST as u16,
                        ptype: choices.compared.type_of,
                    };
                }
            }
            list
        }
    }
}

impl Choices {
    unsafe fn value(&self, candidate: &Candidate) -> Option<pg_sys::Datum> {
        let values: Vec<pg_sys::Datum> = candidate
            .places
            .iter()
            .filter_map(|place| match *place {
                Place::Common(at) => self.common.get(at).copied(),
                Place::Bound(at) => self.bounds.get(at).copied(),
            })
            .collect();
        if self.compared.comparison == Comparison::Pattern {
            // SAFETY: a value of the statistics, a text as `choices` has seen to.
            let value = unsafe { String::from_datum(*values.first()?, false)? };
            return pattern_of(&value)?.into_datum();
        }
        if self.compared.comparison != Comparison::Among {
            // SAFETY: a value of the statistics, of the type they are of.
            return values
                .first()
                .map(|value| unsafe { converted(*value, self.value_type, self.compared.type_of) });
        }
        // SAFETY: as above; the array is built of as many values as it is told, of its element's type.
        unsafe {
            let element = pg_sys::get_element_type(self.compared.type_of);
            let (mut length, mut by_value, mut align) = (0, false, 0);
            pg_sys::get_typlenbyvalalign(
                element,
                &raw mut length,
                &raw mut by_value,
                &raw mut align,
            );
            let mut values: Vec<pg_sys::Datum> = values
                .into_iter()
                .map(|value| converted(value, self.value_type, element))
                .collect();
            let array = pg_sys::construct_array(
                values.as_mut_ptr(),
                c_int::try_from(values.len()).ok()?,
                element,
                length.into(),
                by_value,
                align,
            );
            Some(pg_sys::Datum::from(array))
        }
    }
}

/// `column >= $1 AND column <= $2`
fn is_other_side(one: &Compared, other: &Compared) -> bool {
    one.column == other.column
        && matches!(
            (one.comparison, other.comparison),
            (Comparison::Below, Comparison::Above) | (Comparison::Above, Comparison::Below)
        )
}

/// The parameters of one comparison: several where it is one with a list of them.
unsafe fn compared(found: &FoundComparison) -> Vec<Compared> {
    // SAFETY: nodes of a valid tree, of what their tags say.
    unsafe {
        let (left, right) = (stripped(found.left), stripped(found.right));
        let Some(plain) = comparison(found.operator) else { return Vec::new() };
        let (column, others, comparison): (_, Vec<_>, fn(Comparison, usize) -> Comparison) =
            match (found.any, (*left).type_, (*right).type_) {
                // A pattern that a column holds.
                (false, NodeTag::T_Param, _) if plain == Comparison::Pattern => return Vec::new(),
                (false, NodeTag::T_Param, _) => (right, vec![left], |plain, _| flipped(plain)),
                (false, _, NodeTag::T_Param) => (left, vec![right], |plain, _| plain),
                (true, _, NodeTag::T_Param) => (left, vec![right], |_, _| Comparison::Among),
                (true, _, NodeTag::T_ArrayExpr) => {
                    let list = (*right.cast::<pg_sys::ArrayExpr>()).elements;
                    let list = PgList::<pg_sys::Node>::from_pg(list);
                    let elements = list.iter_ptr().map(|node| stripped(node)).collect();
                    (left, elements, |_, at| Comparison::Listed(at))
                }
                _ => return Vec::new(),
            };
        if (*column).type_ != NodeTag::T_Var || (found.any && plain != Comparison::Equal) {
            return Vec::new();
        }
        let Some(column) = column_of(column.cast(), &found.within) else { return Vec::new() };
        let external = |node: &*mut pg_sys::Node| {
            let parameter: *mut pg_sys::Param = (*node).cast();
            ((**node).type_ == NodeTag::T_Param
                && (*parameter).paramkind == pg_sys::ParamKind::PARAM_EXTERN)
                .then_some(parameter)
        };
        others
            .iter()
            .filter_map(external)
            .enumerate()
            .filter_map(|(at, parameter)| {
                Some(Compared {
                    number: usize::try_from((*parameter).paramid).ok()?,
                    type_of: (*parameter).paramtype,
                    comparison: comparison(plain, at),
                    column,
                })
            })
            .collect()
    }
}

/// `$1 < column` is `column > $1`.
fn flipped(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Below => Comparison::Above,
        Comparison::Above => Comparison::Below,
        same => same,
    }
}

/// An operator as its selectivity estimator takes it: that says what it means, for any type.
unsafe fn comparison(operator: pg_sys::Oid) -> Option<Comparison> {
    // SAFETY: reads a catalog cache.
    match unsafe { pg_sys::get_oprrest(operator) }.to_u32() {
        pg_sys::F_EQSEL => Some(Comparison::Equal),
        pg_sys::F_SCALARLTSEL | pg_sys::F_SCALARLESEL => Some(Comparison::Below),
        pg_sys::F_SCALARGTSEL | pg_sys::F_SCALARGESEL => Some(Comparison::Above),
        pg_sys::F_LIKESEL | pg_sys::F_NLIKESEL | pg_sys::F_ICLIKESEL | pg_sys::F_ICNLIKESEL => {
            Some(Comparison::Pattern)
        }
        _ => None,
    }
}

/// Without coercions that change no value.
unsafe fn stripped(mut node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: nodes of a valid tree.
    unsafe {
        while (*node).type_ == NodeTag::T_RelabelType {
            node = (*node.cast::<pg_sys::RelabelType>()).arg.cast();
        }
        node
    }
}

/// The table's column that a variable stands for, through joins and subqueries; `within` are the queries around it, the innermost last.
unsafe fn column_of(variable: *mut pg_sys::Var, within: &[*mut pg_sys::Query]) -> Option<Column> {
    // SAFETY: nodes of a valid tree; numbers are checked against the lists they point into.
    unsafe {
        let levels = usize::try_from((*variable).varlevelsup).ok()?;
        let within = &within[..within.len().checked_sub(levels)?];
        let query = *within.last()?;
        let place = usize::try_from((*variable).varno).ok()?.checked_sub(1)?;
        let entry = PgList::<pg_sys::RangeTblEntry>::from_pg((*query).rtable).get_ptr(place)?;
        let number = (*variable).varattno;
        match (*entry).rtekind {
            pg_sys::RTEKind::RTE_RELATION if number > 0 => {
                Some(Column { relation: (*entry).relid, number, with_children: (*entry).inh })
            }
            pg_sys::RTEKind::RTE_SUBQUERY => {
                let below = (*entry).subquery;
                let columns = PgList::<pg_sys::TargetEntry>::from_pg((*below).targetList);
                let column = columns.iter_ptr().find(|column| (**column).resno == number)?;
                let mut deeper = within.to_vec();
                deeper.push(below);
                column_of(as_variable((*column).expr.cast())?, &deeper)
            }
            pg_sys::RTEKind::RTE_JOIN => {
                let place = usize::try_from(number).ok()?.checked_sub(1)?;
                let sides = PgList::<pg_sys::Node>::from_pg((*entry).joinaliasvars);
                column_of(as_variable(sides.get_ptr(place)?)?, within)
            }
            _ => None,
        }
    }
}

unsafe fn as_variable(node: *mut pg_sys::Node) -> Option<*mut pg_sys::Var> {
    // SAFETY: a node of a valid tree; a dropped column of a join is null.
    unsafe {
        if node.is_null() {
            return None;
        }
        let node = stripped(node);
        ((*node).type_ == NodeTag::T_Var).then(|| node.cast())
    }
}

unsafe fn choices(compared: Compared, paired: bool) -> Option<Choices> {
    // SAFETY: statistics are copied into the current memory context; the row of the cache is released.
    unsafe {
        if !may_read(compared.column) {
            return None;
        }
        let row = statistics(compared.column)?;
        let common = slot(row, pg_sys::STATISTIC_KIND_MCV);
        let bounds = slot(row, pg_sys::STATISTIC_KIND_HISTOGRAM);
        pg_sys::ReleaseSysCache(row);
        let value_type = common.as_ref().or(bounds.as_ref())?.value_type;
        let wanted = match compared.comparison {
            Comparison::Among => pg_sys::get_element_type(compared.type_of),
            _ => compared.type_of,
        };
        if !is_plain(value_type) || !is_convertible(value_type, wanted) {
            return None;
        }
        let is_text = [value_type, wanted]
            .iter()
            .all(|one| matches!(*one, pg_sys::TEXTOID | pg_sys::VARCHAROID));
        if compared.comparison == Comparison::Pattern && !is_text {
            return None;
        }
        let collation = common.as_ref().map_or(pg_sys::InvalidOid, |slot| slot.collation);
        let (common, frequencies) =
            common.map_or_else(Default::default, |slot| (slot.values, slot.frequencies));
        let bounds = match bounds {
            Some(slot) => slot.values,
            None if matches!(compared.comparison, Comparison::Below | Comparison::Above) => {
                spread_out(value_type, collation, &common, &frequencies)
            }
            None => Vec::new(),
        };
        let candidates = candidates(compared.comparison, paired, &frequencies, bounds.len());
        (!candidates.is_empty()).then_some(Choices {
            compared,
            candidates,
            common,
            bounds,
            value_type,
        })
    }
}

/// Common values in their order, as a histogram would have them.
unsafe fn spread_out(
    value_type: pg_sys::Oid,
    collation: pg_sys::Oid,
    values: &[pg_sys::Datum],
    frequencies: &[f64],
) -> Vec<pg_sys::Datum> {
    // SAFETY: values of that type, compared by its own function under the column's collation, as statistics are made.
    unsafe {
        let known =
            pg_sys::lookup_type_cache(value_type, pg_sys::TYPECACHE_CMP_PROC_FINFO as c_int);
        if (*known).cmp_proc == pg_sys::InvalidOid || values.len() != frequencies.len() {
            return Vec::new();
        }
        let compare = &raw mut (*known).cmp_proc_finfo;
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| {
            let sign = pg_sys::FunctionCall2Coll(compare, collation, values[*a], values[*b]);
            (sign.value() as i32).cmp(&0)
        });
        let shares: Vec<f64> = order.iter().map(|at| frequencies[*at]).collect();
        spread(&shares).into_iter().map(|place| values[order[place]]).collect()
    }
}
