//! `plan_query()`: what the planner makes of a query today.

use optimizer_core::plan::Planned;
use optimizer_core::plan::skipped::{Reason, Skipped};
use optimizer_core::statement::opening::without_prepare;
use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::api::argument::query_hash as checked_query_hash;
use crate::catalog::pg_stat_statements::Source;
use crate::catalog::planner_settings::Session;
use crate::error::{Error, Raised, Result};
use crate::planner::{Depth, Statement, plan};
use crate::role;
use crate::row::{column, nullable};

const IDENTITY: &str = include_str!("../../sql/queries/plan_identity.sql");

/// What is known of a query before it is planned.
struct Known {
    text: String,
    role: Option<pg_sys::Oid>,
    role_name: Option<String>,
}

/// What the planner makes of a query today, as the role that runs it most; it is not executed.
#[pg_extern(stable, security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn plan_query(
    query_hash: Option<i64>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(planned, bool),
            name!(reason, Option<String>),
            name!(detail, Option<String>),
            name!(planned_as, Option<String>),
            name!(total_cost, Option<f64>),
            name!(estimated_rows, Option<f64>),
            name!(is_parallel, Option<bool>),
            name!(scans, Option<String>),
            name!(basis, Option<String>),
            name!(shape, Option<String>),
        ),
    >,
    Raised,
> {
    role::require_read_all_stats("see what is planned")?;
    let query_hash = checked_query_hash("query_hash", query_hash)?;
    let (known, session) = Spi::connect(|client| -> Result<_> {
        let known = known(client, query_hash)?;
        let session = known.role.map(|role| Session::of(client, role)).transpose()?;
        Ok((known, session))
    })?;
    let outcome = planned(&known, session.as_ref());
    let role = known.role_name;
    Ok(TableIterator::once(match outcome {
        Ok(planned) => {
            let usual = planned.usual();
            (
                true,
                None,
                None,
                role,
                Some(planned.total_cost()),
                Some(planned.estimated_rows()),
                Some(usual.workers() > 0),
                Some(usual.scan_lines().join("\n")),
                Some(planned.basis()),
                Some(usual.shape()),
            )
        }
        Err(Skipped { reason, detail }) => {
            let reason = Some(reason.word().to_owned());
            (false, reason, Some(detail), role, None, None, None, None, None, None)
        }
    }))
}

fn planned(known: &Known, session: Option<&Session>) -> std::result::Result<Planned, Skipped> {
    let (Some(role), Some(session)) = (known.role, session) else {
        let detail = "pg_stat_statements has no entry of it that says which role runs it";
        return Err(Skipped::new(Reason::RoleUnknown, detail));
    };
    let statement = Statement {
        text: without_prepare(&known.text),
        role,
        search_path: &session.search_path,
        settings: &session.settings,
    };
    plan(&statement, Depth::Sampled)
}

fn known(client: &SpiClient, query_hash: i64) -> Result<Known> {
    let source = Source::find(client)?;
    let arguments: [DatumWithOid; 1] = [query_hash.into()];
    let mut rows = client.select(source.fill(IDENTITY).as_str(), Some(1), &arguments)?;
    let row = rows.next().ok_or_else(|| {
        Error::not_found(
            format!("no text of query {query_hash} is known"),
            "The queries that are known: SELECT query_hash, query FROM optimizer.query_stats;",
        )
    })?;
    Ok(Known { text: column(&row, 1)?, role: nullable(&row, 2)?, role_name: nullable(&row, 3)? })
}
