//! The built-in advisors: what to suggest, decided from what the reader, the planner and the statistics say.

pub mod index;
