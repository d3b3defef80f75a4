//! The index advisor: tries indexes that are not there on the statements that take time, chooses for all of them together, and keeps the suggestions
//! in line with that.
//!
//! Promises: a pass has a limit on time and goes on where the last one ended, since what was tried is kept with the ground it rests on; nothing but an
//! error of our own SQL or a cancel ends it. Without HypoPG nothing is tried, and what was suggested stays as it is. What pg_qualstats' advisor
//! says is brought in under its own name, where it is there, at the end of a pass; it has no limit of its own but that on the whole step.

mod choice;
mod pass;
mod tables;

use optimizer_core::Micros;
use optimizer_core::advisors::index::candidates::FEWEST_ROWS;
use pgrx::prelude::*;

pub use crate::advisors::index::choice::Suggestion;
pub use crate::advisors::index::pass::Outcome;

use crate::advisors::index::pass::Tried;
use crate::error::Result;
use crate::planner::hypothetical::{Hypopg, with_own_settings};
use crate::progress;
use crate::store::index_advice;
use crate::store::lock::Lock;

/// Share of the total time from which on a query is worth an index. 0.1 %: a thousand such queries are all there is. No setting.
const LEAST_SHARE: f64 = 0.001;

/// Days without a scan after which an index counts as unused: two weeks have every weekday twice; what runs once a month is asked for in
/// the reasoning. No setting.
const UNUSED_DAYS: i32 = 14;

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// HypoPG is there.
    pub is_possible: bool,
    pub tried: usize,
    /// Statements are waiting.
    pub more: bool,
    pub added: i64,
    pub renewed: i64,
    pub withdrawn: i64,
}

/// Tries statements until that moment, at least one, then chooses; and looks for indexes to drop, which takes no HypoPG. `only_query`: that one alone
/// is tried, whatever its share.
pub fn run(only_query: Option<i64>, until: Micros) -> Result<Done> {
    // A person's call and the advise step write the same rows: one after the other.
    let dropped = Spi::connect_mut(|client| {
        Lock::Advice.wait(client)?;
        index_advice::keep_drops(client, UNUSED_DAYS, FEWEST_ROWS, LEAST_SHARE)
    })?;
    let tried = with_own_settings(|| match Hypopg::find()? {
        Some(hypopg) => pass::run(hypopg, only_query, until).map(Some),
        None => Ok(None),
    })?;
    let (is_possible, tried, more) = match tried {
        Some(Tried { tried, more }) => (true, tried, more),
        None => (false, 0, false),
    };
    let (added, renewed, withdrawn) = if is_possible {
        progress::report(|| format!("{tried} statements tried; choosing among their indexes"));
        choice::run()?
    } else {
        (0, 0, 0)
    };
    // After our own, which leaves out what those cover; once a pass, not in each of its steps.
    let brought = if more || only_query.is_some() {
        (0, 0)
    } else {
        Spi::connect_mut(index_advice::keep_qualstats)?
    };
    Ok(Done {
        is_possible,
        tried,
        more,
        added: added + dropped.0 + brought.0,
        renewed,
        withdrawn: withdrawn + dropped.1 + brought.1,
    })
}
