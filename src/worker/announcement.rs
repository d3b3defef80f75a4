//! CREATE EXTENSION tells the launcher, so that the first sample comes within seconds and not with the next probe.
//!
//! Trap: the launcher must not look before the extension is visible, so the mark is set after commit, where an error would take the whole server
//! down: only memory writes and a latch.

use super::sessions;
use super::shared_state;
use pgrx::{PgXactCallbackEvent, register_xact_callback};

/// Has the launcher visit this database as soon as the current transaction commits. Does nothing without shared_preload_libraries.
///
/// A prepared transaction never gets here; the probe every 10 minutes finds its database.
pub fn announce_database() {
    let database = sessions::database();
    if shared_state::read(|_| ()).is_none() {
        return;
    }
    register_xact_callback(PgXactCallbackEvent::Commit, move || {
        shared_state::write(|state| match state.record_mut(database) {
            Some(record) => record.announced = true,
            None => state.everything_announced = true,
        });
        sessions::wake_launcher();
    });
}
