//! Who is calling, outside of our own SECURITY DEFINER functions.

use std::ffi::CStr;

use pgrx::pg_sys;

use crate::error::{Error, Result};

/// Name of the role that called, not of the one whose rights the function has.
#[expect(unsafe_code, reason = "pgrx has no wrapper for the outer user")]
pub fn outer_user() -> String {
    // SAFETY: the outer user exists for as long as its session runs; with noerr a missing role gives
    // a null pointer, and a name is a palloc'd C string.
    unsafe {
        let name = pg_sys::GetUserNameFromId(pg_sys::GetOuterUserId(), true);
        if name.is_null() {
            return pg_sys::GetOuterUserId().to_u32().to_string();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// Refuses callers that may not read all statistics.
#[expect(unsafe_code, reason = "pgrx has no wrapper for role membership")]
pub fn require_read_all_stats(act: &str) -> Result<()> {
    // SAFETY: both arguments are role oids; the function only reads the catalog.
    let may = unsafe {
        pg_sys::has_privs_of_role(
            pg_sys::GetOuterUserId(),
            pg_sys::Oid::from(pg_sys::ROLE_PG_READ_ALL_STATS),
        )
    };
    if may {
        return Ok(());
    }
    Err(Error::NotAllowed {
        message: format!("role \"{}\" may not {act}: it may not read all statistics", outer_user()),
        hint: format!("GRANT pg_read_all_stats TO {};", pgrx::spi::quote_identifier(outer_user())),
    })
}
