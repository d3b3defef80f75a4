//! What pgrx runs inside a server: settings first, then the tests, one transaction each, rolled back.
//! A background worker never sees their rows; worker tests are in scenarios/.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may panic: that is how they fail"
)]

mod in_database;

/// Called once by the test harness, before the server starts.
pub fn setup(_options: Vec<&str>) {}

/// Settings of the test server. The worker is off: tests call what it would call.
#[must_use]
pub fn postgresql_conf_options() -> Vec<&'static str> {
    vec![
        "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'",
        "optimizer_workflow.enabled = off",
    ]
}
