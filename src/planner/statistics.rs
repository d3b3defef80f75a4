//! Values that a column has, from pg_statistic, for who may see them.
//!
//! Trap: a slot's values are of the statistics' own type; they are handed on as they are, or converted where a conversion cannot fail.
#![expect(unsafe_code, reason = "statistics have no safe interface in pgrx")]

use std::ffi::c_int;

use pgrx::pg_sys;

use crate::planner::parameters::Column;
use crate::planner::relations::with_class;

/// The role's own rights, as for the view pg_stats.
pub unsafe fn may_read(column: Column) -> bool {
    // SAFETY: reads the catalog.
    unsafe {
        let (role, select) = (pg_sys::GetUserId(), pg_sys::ACL_SELECT as pg_sys::AclMode);
        let allowed = pg_sys::pg_class_aclcheck(column.relation, role, select)
            == pg_sys::AclResult::ACLCHECK_OK
            || pg_sys::pg_attribute_aclcheck(column.relation, column.number, role, select)
                == pg_sys::AclResult::ACLCHECK_OK;
        allowed && !with_class(column.relation, |form| (*form).relrowsecurity).unwrap_or(true)
    }
}

/// The column's row in pg_statistic, to be released; with children where the statement reads them, else or where there is none the table's own.
pub unsafe fn statistics(column: Column) -> Option<pg_sys::HeapTuple> {
    // SAFETY: reads a catalog cache.
    unsafe {
        let read = |inherited: bool| {
            pg_sys::SearchSysCache3(
                pg_sys::SysCacheIdentifier::STATRELATTINH as c_int,
                pg_sys::Datum::from(column.relation),
                pg_sys::Datum::from(column.number),
                pg_sys::Datum::from(inherited),
            )
        };
        let mut row = read(column.with_children);
        if row.is_null() && column.with_children {
            row = read(false);
        }
        (!row.is_null()).then_some(row)
    }
}

pub struct Slot {
    pub value_type: pg_sys::Oid,
    /// That of the column.
    pub collation: pg_sys::Oid,
    pub values: Vec<pg_sys::Datum>,
    pub frequencies: Vec<f64>,
}

pub unsafe fn slot(row: pg_sys::HeapTuple, kind: u32) -> Option<Slot> {
    // A histogram has no numbers, and asking for them is an error.
    let flags = match kind {
        pg_sys::STATISTIC_KIND_MCV => pg_sys::ATTSTATSSLOT_VALUES | pg_sys::ATTSTATSSLOT_NUMBERS,
        _ => pg_sys::ATTSTATSSLOT_VALUES,
    };
    let mut found = pg_sys::AttStatsSlot::default();
    // SAFETY: the slot is filled with copies in the current memory context, which are left to it; its arrays are as long as it says.
    unsafe {
        if !pg_sys::get_attstatsslot(
            &raw mut found,
            row,
            kind as c_int,
            pg_sys::InvalidOid,
            flags as c_int,
        ) {
            return None;
        }
        let copy = |count: c_int| usize::try_from(count).unwrap_or(0);
        let values = match copy(found.nvalues) {
            0 => return None,
            count => std::slice::from_raw_parts(found.values, count).to_vec(),
        };
        let frequencies = match copy(found.nnumbers) {
            0 => Vec::new(),
            count => std::slice::from_raw_parts(found.numbers, count)
                .iter()
                .map(|frequency| f64::from(*frequency))
                .collect(),
        };
        Some(Slot { value_type: found.valuetype, collation: found.stacoll, values, frequencies })
    }
}

/// A value by itself: no array, no document.
pub unsafe fn is_plain(type_of: pg_sys::Oid) -> bool {
    let is_document =
        matches!(type_of, pg_sys::JSONBOID | pg_sys::JSONOID | pg_sys::XMLOID | pg_sys::RECORDOID);
    // SAFETY: reads a catalog cache.
    !is_document && unsafe { pg_sys::get_element_type(type_of) } == pg_sys::InvalidOid
}

pub unsafe fn is_convertible(from: pg_sys::Oid, to: pg_sys::Oid) -> bool {
    // SAFETY: reads a catalog cache.
    to != pg_sys::InvalidOid && (unsafe { pg_sys::IsBinaryCoercible(from, to) } || widens(from, to))
}

/// Conversions through text that no value fails.
pub fn widens(from: pg_sys::Oid, to: pg_sys::Oid) -> bool {
    const NUMBERS: [pg_sys::Oid; 4] =
        [pg_sys::INT2OID, pg_sys::INT4OID, pg_sys::INT8OID, pg_sys::NUMERICOID];
    const TIMES: [pg_sys::Oid; 3] = [pg_sys::DATEOID, pg_sys::TIMESTAMPOID, pg_sys::TIMESTAMPTZOID];
    let rises = |order: &[pg_sys::Oid]| {
        let place = |wanted| order.iter().position(|known| *known == wanted);
        place(from).zip(place(to)).is_some_and(|(from, to)| from < to)
    };
    rises(&NUMBERS)
        || rises(&TIMES)
        || (from == pg_sys::NAMEOID && to == pg_sys::TEXTOID)
        || (from == pg_sys::FLOAT4OID && to == pg_sys::FLOAT8OID)
}

pub unsafe fn converted(value: pg_sys::Datum, from: pg_sys::Oid, to: pg_sys::Oid) -> pg_sys::Datum {
    // SAFETY: the value is of type `from`; built-in output and input functions, or none at all (is_convertible).
    unsafe {
        if pg_sys::IsBinaryCoercible(from, to) {
            return value;
        }
        let (mut output, mut input) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        let (mut varlena, mut argument) = (false, pg_sys::InvalidOid);
        pg_sys::getTypeOutputInfo(from, &raw mut output, &raw mut varlena);
        pg_sys::getTypeInputInfo(to, &raw mut input, &raw mut argument);
        let text = pg_sys::OidOutputFunctionCall(output, value);
        pg_sys::OidInputFunctionCall(input, text, argument, -1)
    }
}
