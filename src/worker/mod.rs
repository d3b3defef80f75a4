//! When maintenance runs, never what it decides: one launcher for the cluster and, one at a time, a short-lived worker per database and cycle.
//!
//! Nothing here holds a connection to a database for longer than a few seconds: a resident one would make DROP DATABASE and CREATE DATABASE ...
//! TEMPLATE fail. Which database is next and how long a failing one rests is decided in `optimizer_core::schedule`.
//! Trap: all of it is absent without shared_preload_libraries. What the rest of the extension calls (`announce_database`, `snapshot`) must then do
//! nothing, because shared memory was never set up.

mod announcement;
mod cycle;
mod databases;
mod dispatch;
mod launcher;
mod sessions;
mod shared_state;
mod signals;
mod status;
mod step;

pub use announcement::announce_database;
pub use signals::in_recovery;
pub use status::{WorkerStatus, snapshot};

/// The extension whose presence makes a database served; also the name of the library with the entry points.
const EXTENSION: &str = env!("CARGO_PKG_NAME");

/// Sets up shared memory and registers the launcher. Call it from `_PG_init`, after the settings are defined, and only while
/// shared_preload_libraries is processed.
pub fn register() {
    if signals::binary_upgrade() {
        // pg_upgrade preloads our library too; a worker that writes then would damage the new cluster's catalog transfer.
        return;
    }
    shared_state::request();
    launcher::register();
}
