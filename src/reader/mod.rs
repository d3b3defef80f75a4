//! Reads statements with the server's own parser.

pub mod analysis;
