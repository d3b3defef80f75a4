//! What happened to the server between two looks at it, and when a setting has the value that somebody
//! advised.

pub mod server;
pub mod setting;
