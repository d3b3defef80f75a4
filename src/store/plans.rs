//! What planning found, kept per query hash.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::planner::pass::Outcome;

const KEEP: &str = include_str!("../../sql/queries/keep_plans.sql");

/// Keeps the outcomes, each in place of what was known of its statement.
pub fn keep(client: &mut SpiClient, outcomes: Vec<Outcome>) -> Result<()> {
    let mut hashes = Vec::new();
    let (mut is_planned, mut reasons, mut details) = (Vec::new(), Vec::new(), Vec::new());
    let (mut costs, mut rows, mut parallel) = (Vec::new(), Vec::new(), Vec::new());
    let mut shapes = Vec::new();
    let mut read_at: Vec<TimestampWithTimeZone> = Vec::new();
    for outcome in outcomes {
        hashes.push(outcome.query_hash);
        read_at.push(outcome.read_at);
        is_planned.push(outcome.plan.is_ok());
        let plan = outcome.plan.as_ref().ok();
        costs.push(plan.map(|planned| planned.total_cost()));
        rows.push(plan.map(|planned| planned.estimated_rows()));
        parallel.push(plan.map(|planned| planned.usual().workers() > 0));
        shapes.push(plan.map(|planned| planned.usual().shape()));
        let skipped = outcome.plan.err();
        reasons.push(skipped.as_ref().map(|skipped| skipped.reason.word().to_owned()));
        details.push(skipped.map(|skipped| skipped.detail));
    }
    client.update(
        KEEP,
        None,
        &[
            hashes.into(),
            is_planned.into(),
            reasons.into(),
            details.into(),
            costs.into(),
            rows.into(),
            parallel.into(),
            shapes.into(),
            read_at.into(),
        ],
    )?;
    Ok(())
}
