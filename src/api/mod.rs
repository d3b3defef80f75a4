//! The SQL functions, by noun: check the arguments, call catalog, core and store, shape the rows.

pub mod argument;
pub mod events;
pub mod fingerprint;
pub mod http;
pub mod implementations;
pub mod listed;
pub mod maintenance;
pub mod measurement;
pub mod metrics;
pub mod performance_model;
pub mod plans;
pub mod recommendations;
pub mod report;
pub mod results;
pub mod scoring;
pub mod self_check;
pub mod setting;
pub mod status;
pub mod suggestions;
