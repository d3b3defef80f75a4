//! This process as the server sees it: its database, its pid, and the other processes' latches.
//!
//! Trap: a pid in shared memory may be that of a process long gone. It is looked up in the server's own list before anything is made of it.
#![expect(unsafe_code, reason = "process globals and latches have no safe interface in pgrx")]

use super::shared_state;
use optimizer_core::schedule::DatabaseId;
use pgrx::prelude::*;

/// The database of this session; 0 in the launcher.
pub fn database() -> DatabaseId {
    // SAFETY: written once, at connection.
    unsafe { pg_sys::MyDatabaseId }.to_u32()
}

/// This process.
pub fn pid() -> i32 {
    // SAFETY: written once, at process start.
    unsafe { pg_sys::MyProcPid }
}

/// True while a process with this pid is among the server's.
pub fn is_alive(pid: i32) -> bool {
    // SAFETY: takes ProcArrayLock itself and returns null for a pid it does not know, 0 included.
    !unsafe { pg_sys::BackendPidGetProc(pid) }.is_null()
}

/// Ends the launcher's sleep, if there is one.
pub fn wake_launcher() {
    let pid = shared_state::read(|state| state.launcher_pid).unwrap_or(0);
    // SAFETY: as in is_alive. A PGPROC is never freed, only reused, and setting the latch of its next owner is a spurious wake-up, which every owner
    // must expect (latch.h).
    unsafe {
        let launcher = pg_sys::BackendPidGetProc(pid);
        if !launcher.is_null() {
            pg_sys::SetLatch(&raw mut (*launcher).procLatch);
        }
    }
}

/// Enters this process as the launcher until it ends.
pub fn enlist_launcher() {
    shared_state::write(|state| state.launcher_pid = pid());
    at_exit(forget_launcher);
}

/// Enters this process as the running worker until it ends.
pub fn enlist_worker() {
    at_exit(forget_worker);
    shared_state::write(|state| state.worker_pid = pid());
}

fn at_exit(forget: unsafe extern "C-unwind" fn(i32, pg_sys::Datum)) {
    // SAFETY: before_shmem_exit callbacks run while shared memory and lightweight locks still work.
    unsafe { pg_sys::before_shmem_exit(Some(forget), pg_sys::Datum::from(0)) }
}

#[pg_guard]
unsafe extern "C-unwind" fn forget_launcher(_code: i32, _argument: pg_sys::Datum) {
    shared_state::write(|state| {
        if state.launcher_pid == pid() {
            state.launcher_pid = 0;
        }
    });
}

#[pg_guard]
unsafe extern "C-unwind" fn forget_worker(_code: i32, _argument: pg_sys::Datum) {
    shared_state::write(|state| {
        if state.worker_pid == pid() {
            state.worker_pid = 0;
        }
    });
}
