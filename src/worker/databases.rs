//! The databases of the cluster, read from pg_database without a connection to any of them.
//!
//! Trap: a half-dropped database (datconnlimit -2) still has its row; connecting to it fails every time.
#![expect(
    unsafe_code,
    reason = "a process without a database has no SPI: the shared catalog is scanned directly, as autovacuum's launcher does"
)]

use super::shared_state::NAME_BYTES;
use optimizer_core::schedule::DatabaseId;
use pgrx::prelude::*;
use std::borrow::Cow;

/// A database a worker may connect to.
pub struct Database {
    pub oid: DatabaseId,
    /// datname, zero-terminated; its encoding is known to nobody, so it stays bytes.
    pub name: [u8; NAME_BYTES],
}

impl Database {
    fn bytes(&self) -> &[u8] {
        let length = self.name.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES);
        &self.name[..length]
    }

    /// The name for a log line.
    pub fn shown_name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// The name for a process title: ASCII, so that no encoding breaks it and it fits.
    pub fn ascii_name(&self) -> String {
        self.bytes()
            .iter()
            .map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' })
            .collect()
    }

    /// True if `listed` names it.
    pub fn is(&self, listed: &str) -> bool {
        self.bytes() == listed.as_bytes()
    }
}

/// Every database that takes connections and is no template.
pub fn connectable() -> Vec<Database> {
    let mut databases = Vec::new();
    // SAFETY: the launcher initialised its connection, so shared catalogs are readable; the scan runs in a transaction with a snapshot, the relation is
    // locked AccessShare until it ends, and each tuple is copied out before the next is fetched. datistemplate and the columns beside it are never null
    // and lie in the fixed part of the row, which GETSTRUCT (t_data + t_hoff) gives.
    unsafe {
        pg_sys::StartTransactionCommand();
        pg_sys::GetTransactionSnapshot();
        let relation = pg_sys::table_open(
            pg_sys::DatabaseRelationId,
            pg_sys::AccessShareLock as pg_sys::LOCKMODE,
        );
        let scan = pg_sys::table_beginscan_catalog(relation, 0, std::ptr::null_mut());
        loop {
            let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if tuple.is_null() {
                break;
            }
            let header = (*tuple).t_data;
            let row = header
                .cast::<u8>()
                .add(usize::from((*header).t_hoff))
                .cast::<pg_sys::FormData_pg_database>();
            let half_dropped = (*row).datconnlimit == pg_sys::DATCONNLIMIT_INVALID_DB;
            if (*row).datallowconn && !(*row).datistemplate && !half_dropped {
                databases.push(Database {
                    oid: (*row).oid.to_u32(),
                    name: (*row).datname.data.map(|byte| byte as u8),
                });
            }
        }
        pg_sys::heap_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        pg_sys::CommitTransactionCommand();
    }
    databases
}
