//! The built-in advisors: what they decide is in core, here they read, ask the planner and write.

pub mod index;
