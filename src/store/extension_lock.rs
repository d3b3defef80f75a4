//! Holds the extension in place for one transaction.
//!
//! A share lock on the extension object comes before any lock on its tables: DROP EXTENSION takes the same object first, so the two cannot deadlock,
//! and what was there when the lock was taken stays until commit.
//! Trap: a worker that waited for the lock would turn a DROP EXTENSION into a lock_timeout in the log, so it takes it at once or not at all; a
//! person's call waits.
#![expect(unsafe_code, reason = "the lock manager has no safe interface in pgrx")]

use pgrx::prelude::*;
use std::ffi::CString;

/// The extension of this library.
const EXTENSION: &str = env!("CARGO_PKG_NAME");

/// What the attempt found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    Held,
    /// The extension is not installed in this database.
    Absent,
    /// Somebody is dropping or altering it right now.
    Contended,
}

/// Locks the extension until the current transaction ends; `wait`s for whoever is at it.
pub fn hold_extension(wait: bool) -> Hold {
    let Some(extension) = extension_oid() else {
        return Hold::Absent;
    };
    let tag = pg_sys::LOCKTAG {
        locktag_field1: database(),
        locktag_field2: pg_sys::ExtensionRelationId.to_u32(),
        locktag_field3: extension.to_u32(),
        locktag_field4: 0,
        locktag_type: pg_sys::LockTagType::LOCKTAG_OBJECT as u8,
        locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
    };
    // SAFETY: the tag is the one LockDatabaseObject builds (SET_LOCKTAG_OBJECT); not a session lock, so commit or abort releases it.
    let acquired = unsafe {
        pg_sys::LockAcquire(&tag, pg_sys::AccessShareLock as pg_sys::LOCKMODE, false, !wait)
    };
    if acquired == pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL {
        return Hold::Contended;
    }
    // SAFETY: called inside a transaction, as LockDatabaseObject does, so that a drop which committed just before the lock is seen.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    match extension_oid() {
        Some(still) if still == extension => Hold::Held,
        Some(_) => Hold::Contended,
        None => Hold::Absent,
    }
}

fn database() -> u32 {
    // SAFETY: written once, at connection.
    unsafe { pg_sys::MyDatabaseId }.to_u32()
}

fn extension_oid() -> Option<pg_sys::Oid> {
    let name = CString::new(EXTENSION).ok()?;
    // SAFETY: reads pg_extension inside a transaction; missing_ok, so absence is InvalidOid and not an error.
    let oid = unsafe { pg_sys::get_extension_oid(name.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}
