//! Reads: what the server and our tables say. SELECT only, no decisions.

pub mod pg_stat_statements;
pub mod planner_settings;
pub mod readable_statements;
pub mod relation_facts;
pub mod report;
pub mod server_state;
