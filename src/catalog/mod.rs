//! Reads: what the server and our tables say. SELECT only, no decisions.

pub mod pg_stat_statements;
pub mod server_state;
