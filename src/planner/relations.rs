//! The relations of a statement, looked at before it is planned: what cannot be planned, or must not be.
//!
//! Trap: planning opens every partition and asks a foreign table's server what it thinks; both are decided here, before.
#![expect(unsafe_code, reason = "trees and catalog caches have no safe interface in pgrx")]

use std::collections::BTreeSet;
use std::ffi::{CStr, c_int};

use optimizer_core::plan::skipped::{Reason, Skipped};
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::{PgList, pg_sys};

mod server {
    use pgrx::pg_sys::{List, Oid};
    use std::ffi::c_int;

    unsafe extern "C-unwind" {
        pub unsafe fn find_all_inheritors(
            parent: Oid,
            lock_mode: c_int,
            parent_counts: *mut *mut List,
        ) -> *mut List;
    }
}

/// Partitions or children of one statement that are still planned. 1,000: planning takes about 20 us and 10 kB for each, so
/// 20 ms and 10 MB, and a statement over more is seldom helped by advice. No setting.
const MOST_PARTITIONS: usize = 1_000;

/// Refuses what must not be planned, from the rewritten tree: all queries in it, as found by the walk.
///
/// # Safety
/// Inside `sandbox::run_as`; `queries` are valid.
pub unsafe fn check(queries: &[*mut pg_sys::Query]) -> Result<(), Skipped> {
    let mut partitions = 0;
    for query in queries {
        // SAFETY: analysed queries; entries of the range table are what their kind says, and the server's check reads them only.
        unsafe {
            for entry in PgList::<pg_sys::RangeTblEntry>::from_pg((**query).rtable).iter_ptr() {
                if (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION {
                    check_relation((*entry).relid, (*entry).inh, &mut partitions)?;
                }
            }
            if !may_execute(*query) {
                return Err(Skipped::new(
                    Reason::NoPrivilege,
                    "the role may no longer do this with all relations of the statement",
                ));
            }
        }
    }
    Ok(())
}

unsafe fn check_relation(
    relation: pg_sys::Oid,
    with_children: bool,
    partitions: &mut usize,
) -> Result<(), Skipped> {
    // SAFETY: reads catalog caches.
    unsafe {
        require_permanent(relation)?;
        require_local(relation)?;
        if !with_children || !has_children(relation) {
            return Ok(());
        }
        // Without locks: planning takes them one by one, under lock_timeout.
        let list = pg_guard_ffi_boundary(|| {
            server::find_all_inheritors(relation, pg_sys::NoLock as c_int, std::ptr::null_mut())
        });
        let children = PgList::<pg_sys::Oid>::from_pg(list);
        *partitions += children.len().saturating_sub(1);
        if *partitions > MOST_PARTITIONS {
            let detail =
                format!("{partitions} partitions or children, more than {MOST_PARTITIONS}");
            return Err(Skipped::new(Reason::TooManyPartitions, detail));
        }
        children.iter_oid().try_for_each(|child| require_local(child))
    }
}

unsafe fn require_permanent(relation: pg_sys::Oid) -> Result<(), Skipped> {
    // SAFETY: reads a catalog cache.
    if unsafe { pg_sys::get_rel_persistence(relation) } as u8 != pg_sys::RELPERSISTENCE_TEMP {
        return Ok(());
    }
    // SAFETY: as above.
    let detail = format!("{} is temporary", unsafe { qualified_name(relation) });
    Err(Skipped::new(Reason::TemporaryRelation, detail))
}

unsafe fn require_local(relation: pg_sys::Oid) -> Result<(), Skipped> {
    // SAFETY: reads a catalog cache.
    if unsafe { pg_sys::get_rel_relkind(relation) } as u8 != pg_sys::RELKIND_FOREIGN_TABLE {
        return Ok(());
    }
    // SAFETY: as above.
    let detail = format!("{} is a foreign table", unsafe { qualified_name(relation) });
    Err(Skipped::new(Reason::ForeignTable, detail))
}

/// What the executor checks before it starts, as the role that plans.
unsafe fn may_execute(query: *mut pg_sys::Query) -> bool {
    // SAFETY: the lists of an analysed and rewritten query.
    unsafe {
        #[cfg(feature = "pg15")]
        return pg_sys::ExecCheckRTPerms((*query).rtable, false);
        #[cfg(not(feature = "pg15"))]
        return pg_sys::ExecCheckPermissions((*query).rtable, (*query).rteperminfos, false);
    }
}

/// Refuses names that the text leaves open: a relation that the search_path gives, while the role could have meant one of the same name in another schema,
/// as happens where sessions set their search_path themselves. `unqualified` are the names that the text has without a schema. From the tree as analysed: what the text names, not what views name.
///
/// # Safety
/// Inside `sandbox::run_as`; `queries` are valid.
pub unsafe fn check_names(
    unqualified: &BTreeSet<String>,
    queries: &[*mut pg_sys::Query],
) -> Result<(), Skipped> {
    for query in queries {
        // SAFETY: as in `check`.
        unsafe {
            for entry in PgList::<pg_sys::RangeTblEntry>::from_pg((**query).rtable).iter_ptr() {
                if (*entry).rtekind != pg_sys::RTEKind::RTE_RELATION {
                    continue;
                }
                let relation = (*entry).relid;
                require_permanent(relation)?;
                let name = plain_name(relation);
                if unqualified.contains(&name)
                    && let Some(other) = namesake(relation)
                {
                    let detail = format!("it could be {} or {other}", qualified_name(relation));
                    return Err(Skipped::new(Reason::AmbiguousRelation, detail));
                }
            }
        }
    }
    Ok(())
}

/// Another relation of the same name that the role could have meant.
unsafe fn namesake(relation: pg_sys::Oid) -> Option<String> {
    // SAFETY: a list of the catalog cache is valid until released; its rows are of pg_class.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        if name.is_null() {
            return None;
        }
        let list = pg_sys::SearchSysCacheList(
            pg_sys::SysCacheIdentifier::RELNAMENSP as c_int,
            1,
            pg_sys::Datum::from(name),
            pg_sys::Datum::from(0),
            pg_sys::Datum::from(0),
        );
        let count = usize::try_from((*list).n_members).unwrap_or(0);
        let others: Vec<(pg_sys::Oid, pg_sys::Oid)> =
            std::slice::from_raw_parts((*list).members.as_ptr(), count)
                .iter()
                .map(|member| {
                    let row: pg_sys::HeapTuple = &raw mut (**member).tuple;
                    let form: pg_sys::Form_pg_class = pg_sys::GETSTRUCT(row).cast();
                    ((*form).oid, (*form).relnamespace)
                })
                .collect();
        pg_sys::ReleaseCatCacheList(list);
        others
            .into_iter()
            .filter(|(other, schema)| {
                *other != relation
                    && !pg_sys::isAnyTempNamespace(*schema)
                    && is_usable(*schema)
                    && is_read_by_name(*other)
            })
            .map(|(other, _)| qualified_name(other))
            .min()
    }
}

unsafe fn is_usable(schema: pg_sys::Oid) -> bool {
    // SAFETY: reads the catalog.
    unsafe {
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_namespace_aclcheck(schema, pg_sys::GetUserId(), pg_sys::ACL_USAGE);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(
            pg_sys::NamespaceRelationId,
            schema,
            pg_sys::GetUserId(),
            pg_sys::ACL_USAGE.into(),
        );
        result == pg_sys::AclResult::ACLCHECK_OK
    }
}

/// Not an index, a sequence or a composite type.
unsafe fn is_read_by_name(relation: pg_sys::Oid) -> bool {
    // SAFETY: reads a catalog cache.
    let kind = unsafe { pg_sys::get_rel_relkind(relation) } as u8;
    matches!(
        kind,
        pg_sys::RELKIND_RELATION
            | pg_sys::RELKIND_PARTITIONED_TABLE
            | pg_sys::RELKIND_VIEW
            | pg_sys::RELKIND_MATVIEW
            | pg_sys::RELKIND_FOREIGN_TABLE
    )
}

unsafe fn has_children(relation: pg_sys::Oid) -> bool {
    // SAFETY: `with_class` hands out a valid row.
    unsafe { with_class(relation, |form| (*form).relhassubclass) }.unwrap_or(false)
}

/// Something of a relation's row in pg_class.
///
/// # Safety
/// Inside a transaction. The row is valid during the call only.
pub unsafe fn with_class<T>(
    relation: pg_sys::Oid,
    read: impl FnOnce(pg_sys::Form_pg_class) -> T,
) -> Option<T> {
    // SAFETY: a row of the cache is valid until released, and of that catalog's form.
    unsafe {
        let row = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::RELOID as c_int,
            pg_sys::Datum::from(relation),
        );
        if row.is_null() {
            return None;
        }
        let found = read(pg_sys::GETSTRUCT(row).cast());
        pg_sys::ReleaseSysCache(row);
        Some(found)
    }
}

/// A relation's name with its schema, quoted where needed.
///
/// # Safety
/// Inside a transaction.
pub unsafe fn qualified_name(relation: pg_sys::Oid) -> String {
    // SAFETY: names are C strings in the current memory context, or null where the relation is gone.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return relation.to_u32().to_string();
        }
        CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, name))
            .to_string_lossy()
            .into_owned()
    }
}

unsafe fn plain_name(relation: pg_sys::Oid) -> String {
    // SAFETY: as above.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        if name.is_null() {
            return String::new();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}
