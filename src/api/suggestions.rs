//! `generate_suggestions()`: runs the built-in advisors.

use optimizer_core::schedule::Step;
use pgrx::prelude::*;

use crate::advisors::index;
use crate::api::argument::query_hash as checked_query_hash;
use crate::error::{Error, Raised, Result};
use crate::row::column;
use crate::store::{events, lock};
use crate::time::now;
use crate::{reader, role};

/// For one call, microseconds: what one step of maintenance may take. What is left goes on in the next one. No setting.
const BUDGET_MICROS: i64 = 2_000_000;

/// Runs the built-in advisors now; how many suggestions of theirs stand afterwards, by source.
#[pg_extern(security_definer, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn generate_suggestions(
    only_query: default!(Option<i64>, "NULL"),
) -> std::result::Result<
    TableIterator<'static, (name!(source_type, String), name!(suggestions, i32))>,
    Raised,
> {
    lock::begin_writing(c"generate_suggestions()")?;
    role::require_read_all_stats("have suggestions generated")?;
    let only_query =
        only_query.map(|hash| checked_query_hash("only_query", Some(hash))).transpose()?;
    if let Some(query_hash) = only_query {
        require_known(query_hash)?;
    }
    Spi::connect_mut(events::see_first)?;
    let until = now() + BUDGET_MICROS;
    // What ran for the first time a moment ago is read first, unless the advise step is at it.
    let more_to_read = Spi::connect(|client| lock::try_step(client, Step::Advise as i32))?
        && reader::pass::run(until - BUDGET_MICROS / 2)?.1;
    let done = index::run(only_query, until)?;
    if !done.is_possible {
        ereport!(
            PgLogLevel::NOTICE,
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            "no index advice without HypoPG",
            "CREATE EXTENSION hypopg;"
        );
    } else if done.more || more_to_read {
        ereport!(
            PgLogLevel::NOTICE,
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            format!("{} statements tried, more are waiting; call it again to go on", done.tried)
        );
    }
    if let Some(query_hash) = only_query {
        tell_finding(query_hash)?;
    }
    let standing = Spi::connect_mut(|client| -> Result<i64> {
        Ok(client
            .update(
                "/* optimizer_workflow: suggestions standing */ SELECT count(*) FROM optimizer.index_suggestions \
                 WHERE made_by = 'builtin' AND ($1 IS NULL OR query_hash = $1)",
                Some(1),
                &[only_query.into()],
            )?
            .first()
            .get_one()?
            .unwrap_or(0))
    })?;
    Ok(TableIterator::once(("index".to_owned(), i32::try_from(standing).unwrap_or(i32::MAX))))
}

/// Why nothing is suggested for a query, where that is so.
fn tell_finding(query_hash: i64) -> Result<()> {
    let finding = Spi::connect_mut(|client| -> Result<Option<String>> {
        let table = client.update(
            "/* optimizer_workflow: finding */ SELECT finding FROM optimizer.index_findings \
             WHERE query_hash = $1 AND outcome <> 'suggested'",
            Some(1),
            &[query_hash.into()],
        )?;
        table.into_iter().next().map(|row| column(&row, 1)).transpose()
    })?;
    if let Some(finding) = finding {
        ereport!(
            PgLogLevel::NOTICE,
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            format!("no index for query {query_hash}: {finding}"),
            "SELECT * FROM optimizer.index_findings ORDER BY time_share DESC;"
        );
    }
    Ok(())
}

fn require_known(query_hash: i64) -> Result<()> {
    let is_known = Spi::connect(|client| -> Result<bool> {
        let table = client.select(
            "/* optimizer_workflow: known */ SELECT 1 FROM optimizer.query_texts WHERE query_hash = $1",
            Some(1),
            &[query_hash.into()],
        )?;
        Ok(!table.is_empty())
    })?;
    if is_known {
        return Ok(());
    }
    Err(Error::not_found(
        format!("no text of query {query_hash} is known"),
        "The queries that are known: SELECT query_hash, query FROM optimizer.query_stats;",
    ))
}
