//! The index advisor: which indexes pay for the whole workload, what they cost, and what they promise.
//!
//! In the order of the work: [`candidates`] are made from a statement and the statistics of its tables, [`search`] asks
//! the planner which of them it would use, [`trial`] is what it said, [`select`] chooses among those of all statements,
//! [`predict`] says how far the planner's saving is to be believed, [`words`] writes it down. [`foreign_keys`] are about
//! what no plan shows.
//!
//! Trap: the planner's cost is a claim, not a time. What makes it doubtful is named, and lowers both the promise and the
//! confidence.

pub mod candidates;
pub mod definition;
pub mod facts;
pub mod foreign_keys;
pub mod predict;
pub mod redundant;
pub mod search;
pub mod select;
pub mod size;
pub mod trial;
pub mod words;

#[cfg(test)]
mod fixture;
