//! Writes to our own tables.
//!
//! Trap: a statement run through `SpiClient::select` may see the snapshot of the calling query, so
//! after waiting for a lock everything goes through `update`, which takes a new snapshot.

pub mod bulk;
pub mod changes;
pub mod events;
pub mod evidence;
pub mod extension_lock;
pub mod history;
pub mod implementations;
pub mod index_advice;
pub mod learning;
pub mod lock;
pub mod looks;
pub mod metrics;
pub mod performance_model;
pub mod plans;
pub mod purge;
pub mod readings;
pub mod recommendations;
pub mod reverts;
pub mod rewrites;
pub mod sampler;
pub mod self_check;
pub mod sight;
pub mod surroundings;
