//! Statements as pg_stat_statements knows them: texts with constants replaced by `$n`, and what such
//! a text says once the server's parser has read it.
//!
//! Trap: the parser here is the server's own. [`lexer`] only tells words from quotes and comments.

pub mod guess;
pub mod lexer;
pub mod notation;
pub mod opening;
pub mod reason;
pub mod repair;
pub mod shape;
