//! Whether a change helped.
//!
//! [`examine`] says so from a query's own history and from other queries that lived through the same days;
//! docs/measurement.md tells the method, and each file names the source of its formulas. [`plain`] holds
//! the figures that stand beside it.

pub mod baseline;
pub mod blocks;
pub mod cells;
pub mod controls;
pub mod decide;
pub mod estimate;
pub mod evidence;
mod examine;
pub mod finding;
#[cfg(test)]
mod fixture;
pub mod interval;
pub mod levels;
pub mod looks;
pub mod model;
pub mod plain;
pub mod power;
pub mod rewrites;
pub mod server_wide;
pub mod side_effects;
pub mod timeline;

pub use evidence::{
    Bucket, Candidate, Cell, ChangeEvidence, Circumstances, Earlier, QueryHistory, Scope,
    StatementKind,
};
pub use examine::examine;
pub use finding::{Basis, Finding, Mode, Reason, ShownEffect, SideEffect};
pub use plain::{PlainFigures, Verdict};
