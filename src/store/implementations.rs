//! Recording what a person applied, with the metrics from before; linking a rewrite's new queries.

use optimizer_core::measurement::{BASELINE_BUCKETS, Snapshot};
use optimizer_core::statistics::Work;
use optimizer_core::{MICROS_PER_SECOND, Micros};
use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::{SpiClient, SpiHeapTupleData, SpiTupleTable};

use crate::error::{Error, Result};
use crate::row::{column, nullable};
use crate::settings;
use crate::store::events;
use crate::store::lock::Lock;
use crate::store::metrics;
use crate::store::recommendations::status_hint;
use crate::store::rewrites;
use crate::time::{from_micros, now};

const LOCK_RECOMMENDATION: &str =
    include_str!("../../sql/queries/lock_recommendation_for_record.sql");
const LOCK_SAME_ACTION: &str = include_str!("../../sql/queries/lock_same_action.sql");
const WORK_BEFORE: &str = include_str!("../../sql/queries/work_before.sql");
const INSERT: &str = include_str!("../../sql/queries/insert_implementation.sql");

/// What a person did.
#[derive(Debug)]
pub struct Application<'a> {
    pub recommendation_id: i64,
    pub query_hash: Option<i64>,
    pub notes: Option<&'a str>,
    /// `None`: when the ledger of events saw the change, else now.
    pub implemented_at: Option<Micros>,
    pub new_query_hash: Option<i64>,
    pub new_query_text: Option<&'a str>,
    pub implemented_by: &'a str,
}

/// What was written down.
#[derive(Debug)]
pub struct Recorded {
    pub implementation_id: i64,
    pub before: Snapshot,
    /// Implementations of the other recommendations that the same action carries out.
    pub same_action: Vec<i64>,
    /// What was recorded and is not there, as far as can be told.
    pub unmet_ground: Option<String>,
    /// When the ledger saw the change, where it did.
    pub seen_at: Option<events::SeenAt>,
    /// None where the query keeps its hash.
    pub rewrite: Option<Rewrite>,
}

/// What is known of the statements that take a rewritten query's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrite {
    /// So many are known.
    Linked(usize),
    /// The next that has its new text is linked.
    AwaitsText,
    /// Somebody has to say which it is.
    AwaitsHash,
}

/// Records an implementation, and those of the other open recommendations with the same action.
pub fn record(client: &mut SpiClient, application: &Application) -> Result<Recorded> {
    let retention = Micros::from(settings::retention_seconds()) * MICROS_PER_SECOND;
    if application.implemented_at.is_some_and(|at| at < now().saturating_sub(retention)) {
        return Err(Error::invalid(
            "implemented_at lies before what is kept (optimizer_workflow.retention)",
            "Give the moment of the change, for instance now() - interval '2 hours'.",
        ));
    }
    if application.implemented_at.is_some_and(|at| at > now()) {
        return Err(Error::invalid(
            "implemented_at lies in the future",
            "Leave it out for now, or give the moment of the change, for instance \
             now() - interval '2 hours'.",
        ));
    }
    Lock::Recommendations.wait(client)?;
    let id = application.recommendation_id;
    let (query_hash, source_type, action_key) = lock_open(client, application)?;
    let is_rewrite = source_type == "rewrite";
    if !is_rewrite && (application.new_query_hash.is_some() || application.new_query_text.is_some())
    {
        return Err(Error::invalid(
            format!("recommendation {id} is no rewrite: its query keeps its hash"),
            "Leave new_query_hash and new_query_text out.",
        ));
    }
    if application.new_query_hash == Some(query_hash) {
        return Err(own_query(query_hash));
    }
    let is_recognised = match application.new_query_text {
        Some(text) => rewrites::check_new_text(client, query_hash, text)?,
        None => false,
    };
    let same_action = match action_key {
        None => Vec::new(),
        Some(key) => client
            .update(LOCK_SAME_ACTION, None, &[id.into(), key.into()])?
            .map(|row| Ok((column(&row, 1)?, column(&row, 2)?)))
            .collect::<Result<Vec<(i64, i64)>>>()?,
    };
    events::refresh_offers(client)?;
    let seen_at = events::looks_implemented_at(client, id)?;
    let implemented_at =
        application.implemented_at.or(seen_at.map(|seen| seen.at)).unwrap_or_else(now);
    let (implementation_id, before) =
        insert(client, application, implemented_at, (id, query_hash), None)?;
    let mut also = Vec::new();
    for other in same_action {
        // The new text or hash belongs to the query that was asked for.
        let other_one = Application { new_query_hash: None, new_query_text: None, ..*application };
        let with = Some(implementation_id);
        also.push(insert(client, &other_one, implemented_at, other, with)?.0);
    }
    if let Some(new_query_hash) = application.new_query_hash {
        link_query(client, implementation_id, new_query_hash, application.implemented_by)?;
    }
    let by = application.implemented_by;
    events::note_implementations(
        client,
        &[&[implementation_id], &also[..]].concat(),
        "recorded",
        by,
    )?;
    let mut linked = usize::from(application.new_query_hash.is_some());
    if is_recognised {
        linked += rewrites::link_known(client, implementation_id, application.implemented_by)?;
    }
    let rewrite = match linked {
        0 if is_recognised => Rewrite::AwaitsText,
        0 => Rewrite::AwaitsHash,
        linked => Rewrite::Linked(linked),
    };
    Ok(Recorded {
        implementation_id,
        unmet_ground: unmet_ground(client, implementation_id)?,
        before,
        same_action: also,
        seen_at,
        rewrite: is_rewrite.then_some(rewrite),
    })
}

fn unmet_ground(client: &mut SpiClient, implementation_id: i64) -> Result<Option<String>> {
    let table = client.update(
        "/* optimizer_workflow: ground */ SELECT optimizer.unmet_ground(ground) \
         FROM optimizer.optimization_implementations WHERE id = $1",
        Some(1),
        &[implementation_id.into()],
    )?;
    nullable(&only_row(table)?, 1)
}

/// Locks the recommendation and checks that it can be recorded as asked.
fn lock_open(
    client: &mut SpiClient,
    application: &Application,
) -> Result<(i64, String, Option<String>)> {
    let id = application.recommendation_id;
    let table = client.update(LOCK_RECOMMENDATION, Some(1), &[id.into()])?;
    let Some(row) = table.into_iter().next() else {
        return Err(Error::not_found(
            format!("recommendation {id} does not exist"),
            "The open ones: SELECT rec_id FROM optimizer.get_top_recommendations();",
        ));
    };
    let query_hash: i64 = column(&row, 1)?;
    let status: String = column(&row, 3)?;
    if application.query_hash.is_some_and(|given| given != query_hash) {
        return Err(Error::invalid(
            format!("query_hash {} is not that of recommendation {id}", given(application)),
            format!("Its query_hash is {query_hash}."),
        ));
    }
    if status != "open" {
        let implementation = nullable::<i64>(&row, 5)?
            .filter(|_| status == "implemented")
            .map(|number| format!(" (implementation {number})"))
            .unwrap_or_default();
        return Err(Error::wrong_state(
            format!("recommendation {id} is already {status}{implementation}"),
            status_hint(&status, id),
        ));
    }
    Ok((query_hash, column(&row, 2)?, nullable(&row, 4)?))
}

fn given(application: &Application) -> i64 {
    application.query_hash.unwrap_or_default()
}

fn insert(
    client: &mut SpiClient,
    application: &Application,
    implemented_at: Micros,
    (recommendation_id, query_hash): (i64, i64),
    recorded_with: Option<i64>,
) -> Result<(i64, Snapshot)> {
    let grid = metrics::grid(client, implemented_at)?;
    let change_bucket = grid.bucket_at(implemented_at);
    let earliest = implemented_at - BASELINE_BUCKETS * grid.width();
    let table = client.update(
        WORK_BEFORE,
        Some(1),
        &[
            query_hash.into(),
            from_micros(implemented_at)?.into(),
            from_micros(change_bucket.start)?.into(),
            from_micros(earliest)?.into(),
        ],
    )?;
    let row = only_row(table)?;
    let (work, observed_seconds, window) = window(&row)?;
    let before = Snapshot::new(&work, observed_seconds, window);
    let work_before_change: Option<JsonB> = nullable(&row, 9)?;
    let table = client.update(
        INSERT,
        Some(1),
        &[
            recommendation_id.into(),
            application.new_query_hash.into(),
            from_micros(implemented_at)?.into(),
            application.notes.into(),
            application.implemented_by.into(),
            JsonB(serde_json::to_value(&before)?).into(),
            application.new_query_text.into(),
            recorded_with.into(),
            from_micros(change_bucket.start)?.into(),
            work_before_change.into(),
        ],
    )?;
    Ok((column(&only_row(table)?, 1)?, before))
}

/// The first eight columns of work_before.sql and work_after.sql.
pub fn window(row: &SpiHeapTupleData) -> Result<(Work, f64, (Option<String>, Option<String>))> {
    let work = Work {
        calls: column(row, 1)?,
        total_exec_time_ms: column(row, 2)?,
        sum_squared_deviation_ms2: 0.0,
        rows: column(row, 3)?,
        shared_blks_hit: column(row, 4)?,
        shared_blks_read: column(row, 5)?,
    };
    Ok((work, column(row, 6)?, (nullable(row, 7)?, nullable(row, 8)?)))
}

pub fn only_row<'a>(table: SpiTupleTable<'a>) -> Result<SpiHeapTupleData<'a>> {
    table.into_iter().next().ok_or(Error::MissingColumn(1))
}

fn link_query(client: &mut SpiClient, id: i64, query_hash: i64, by: &str) -> Result<()> {
    client.update(
        "/* optimizer_workflow: link */ INSERT INTO optimizer.implementation_queries \
         (implementation_id, query_hash, linked_by) VALUES ($1, $2, $3) \
         ON CONFLICT (implementation_id, query_hash) DO NOTHING",
        None,
        &[id.into(), query_hash.into(), by.into()],
    )?;
    Ok(())
}

/// Locks the row of an implementation until the end of the transaction; returns its status. What else
/// is to be read is read afterwards: a statement that waits for a row lock sees every other row as it
/// was before.
pub fn lock_row(client: &mut SpiClient, id: i64) -> Result<String> {
    let table = client.update(
        "/* optimizer_workflow: lock implementation */ SELECT status \
         FROM optimizer.optimization_implementations WHERE id = $1 FOR UPDATE",
        Some(1),
        &[id.into()],
    )?;
    match table.into_iter().next() {
        Some(row) => column(&row, 1),
        None => Err(no_implementation(id)),
    }
}

pub fn no_implementation(id: i64) -> Error {
    Error::not_found(
        format!("implementation {id} does not exist"),
        "All of them: SELECT implementation_id, status FROM optimizer.get_optimization_results();",
    )
}

/// Adds a statement that took the place of a rewritten query.
pub fn add_query(client: &mut SpiClient, id: i64, query_hash: i64, by: &str) -> Result<()> {
    let status = lock_row(client, id)?;
    if status != "pending" {
        return Err(Error::wrong_state(
            format!("implementation {id} is already {status}"),
            "A query can be linked while the implementation is pending.",
        ));
    }
    if own_hash(client, id)? == query_hash {
        return Err(own_query(query_hash));
    }
    if !is_rewrite(client, id)? {
        return Err(Error::wrong_state(
            format!("implementation {id} is no rewrite: its query keeps its hash"),
            "Only a rewritten query is measured on another query.",
        ));
    }
    link_query(client, id, query_hash, by)
}

/// A rewrite that would be compared with itself.
fn own_query(query_hash: i64) -> Error {
    Error::invalid(
        format!("new_query_hash {query_hash} is the query as it was before"),
        "Give the query_hash of the statement that took its place; optimizer.query_stats lists them with their texts.",
    )
}

fn own_hash(client: &mut SpiClient, id: i64) -> Result<i64> {
    let sql = "/* optimizer_workflow: own hash */ SELECT i.query_hash \
               FROM optimizer.optimization_implementations i WHERE i.id = $1";
    column(&only_row(client.update(sql, Some(1), &[id.into()])?)?, 1)
}

fn is_rewrite(client: &mut SpiClient, id: i64) -> Result<bool> {
    let table = client.update(
        "/* optimizer_workflow: source */ SELECT r.source_type = 'rewrite' \
         FROM optimizer.optimization_implementations i \
         JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id \
         WHERE i.id = $1",
        Some(1),
        &[id.into()],
    )?;
    column(&only_row(table)?, 1)
}

/// A moment as the caller gave it, refused when it is none.
pub fn moment(value: TimestampWithTimeZone, name: &str) -> Result<Micros> {
    let micros: Micros = value.into();
    if micros == Micros::MIN || micros == Micros::MAX {
        return Err(Error::invalid(
            format!("{name} must be a moment, not infinity"),
            "Give a timestamp such as now() or '2026-01-31 12:00:00+00'.",
        ));
    }
    Ok(micros)
}
