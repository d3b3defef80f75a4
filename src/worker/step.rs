//! One step of maintenance in one transaction: `SELECT ... FROM optimizer.run_maintenance(step)`.
//!
//! An ERROR here is not caught: it ends the worker, and the launcher books it. What run_maintenance can handle it reports as a detail `failed ...`.
//! Trap: SPI's select, not update: pgrx assigns a transaction id for an update, and an idle cycle must write no WAL.

use super::signals::TransactionLimit;
use crate::store::extension_lock::{Hold, hold_extension};
use optimizer_core::schedule::Step;
use pgrx::bgworkers::BackgroundWorker;
use pgrx::prelude::*;
use pgrx::spi;
use std::time::Duration;

const RUN_STEP: &str = include_str!("../../sql/queries/run_maintenance_step.sql");

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// The extension is not installed in this database (any more).
    Absent,
    /// Somebody is dropping or altering the extension.
    Contended,
    Answered(Answer),
}

/// What run_maintenance said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// It wants to be called again.
    pub wants_more: bool,
    /// Details that begin with `failed`.
    pub complaints: Vec<String>,
}

/// Calls `step`. `limit` holds for the transaction, commit excepted.
///
/// # Errors
/// What SPI makes of a result of another shape than agreed.
pub fn call(step: Step, limit: Duration) -> Result<Call, spi::Error> {
    BackgroundWorker::transaction(move || {
        let _limit = TransactionLimit::start(limit);
        match hold_extension(false) {
            Hold::Absent => Ok(Call::Absent),
            Hold::Contended => Ok(Call::Contended),
            Hold::Held => run(step).map(Call::Answered),
        }
    })
}

fn run(step: Step) -> Result<Answer, spi::Error> {
    Spi::connect(|client| {
        let mut answer = Answer::default();
        for row in client.select(RUN_STEP, None, &[step.name().into()])? {
            let detail = row.get::<String>(2)?.unwrap_or_default();
            answer.wants_more |= asks_for_more(&detail);
            if detail.starts_with("failed") {
                answer.complaints.push(detail);
            }
        }
        Ok(answer)
    })
}

/// `more` as a word of its own: `3000 left, more`, not `no moreover`.
fn asks_for_more(detail: &str) -> bool {
    detail.split(|character: char| !character.is_alphanumeric()).any(|word| word == "more")
}
