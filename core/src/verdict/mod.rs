//! Whether a change helped.
//!
//! [`plain`] is the rule that the measuring functions use today.

pub mod plain;

pub use plain::{
    Evidence, Judgement, MARGIN_PERCENT, MIN_CALLS, MIN_OBSERVED_SHARE, Verdict, judge,
};
