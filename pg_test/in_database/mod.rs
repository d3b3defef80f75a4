//! Claims about the SQL functions. Each file opens its own `tests` schema, as pgrx wants it.

mod advice_ground;
mod aggregation;
mod catalogue;
mod circumstances;
mod events;
mod fingerprint;
mod ground;
mod http;
mod implementation;
mod index_advice;
mod index_drops;
mod index_manners;
mod ingest;
mod learning;
mod measurement;
mod performance_model;
mod planning_pass;
mod plans;
mod reading;
mod reading_ground;
mod rewrites;
mod sampling;
mod sandbox;
mod scoring;
mod suggestions;
mod verdict;
