//! What the report says, read part by part: each statement gives one JSON document, whose names and units stand in
//! `optimizer_core::report::document`. All parts see the same snapshot, that of the calling query.
//!
//! Trap: texts have no limit, pages have: each statement cuts what it returns, so that no 100 kB text leaves the server's
//! buffers only to be cut here.

use optimizer_core::report::document::{
    Change, Document, Head, Learning, Listed, Outcome, Recommendation, SelfCheck, Setting,
    StatusItem, Summary, Workload,
};
use optimizer_core::report::text::{
    EXPLANATION_CHARACTERS, GLIMPSE_CHARACTERS, SENTENCE_CHARACTERS, SQL_CHARACTERS,
};
use optimizer_core::report::{
    MOST_CHANGES, MOST_COSTLY, MOST_KINDS, MOST_RECOMMENDATIONS, MOST_RESULTS,
};
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::spi::SpiClient;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::row::column;
use crate::settings;
use crate::store::looks;

const PERIOD: &str = "/* optimizer_workflow: report, period */ \
    SELECT now() - make_interval(days => $1), now()";
const HEAD: &str = include_str!("../../sql/queries/report_head.sql");
const SUMMARY: &str = include_str!("../../sql/queries/report_summary.sql");
const RECOMMENDATIONS: &str = include_str!("../../sql/queries/report_recommendations.sql");
const RESULTS: &str = include_str!("../../sql/queries/report_results.sql");
const CHANGES: &str = include_str!("../../sql/queries/report_changes.sql");
const LEARNING: &str = include_str!("../../sql/queries/report_learning.sql");
const WORKLOAD: &str = include_str!("../../sql/queries/report_workload.sql");
const STATE: &str = include_str!("../../sql/queries/report_state.sql");
const SELF_CHECK: &str = include_str!("../../sql/queries/report_self_check.sql");

/// Points of a before/after plot, at most: more are closer than two pixels apart.
const POINTS: i32 = 96;

/// Trials of the self-check on the page. It costs about a millisecond each and says no more than that the rate is not far off; a person
/// who wants it closer calls `self_check()` with more.
const TRIALS: i32 = 100;

/// The two parts of one statement.
#[derive(Deserialize)]
struct State {
    status: Vec<StatusItem>,
    settings: Vec<Setting>,
}

/// The report over the last `days` days.
pub fn read(client: &SpiClient, days: i32) -> Result<Document> {
    let width = f64::from(settings::bucket_width_seconds());
    let advise = f64::from(settings::advise_interval_seconds());
    let schedule = looks::schedule();
    let (first, last) =
        (f64::from(schedule.measure_after_seconds), f64::from(schedule.measure_deadline_seconds));
    let (sentence, explanation) = (limit(SENTENCE_CHARACTERS), limit(EXPLANATION_CHARACTERS));
    let statement = limit(SQL_CHARACTERS);
    let state: State = part(client, STATE, &[sentence.into()])?;
    let results: Listed<Outcome> = part(
        client,
        RESULTS,
        &[days.into(), limit(MOST_RESULTS).into(), sentence.into(), first.into(), last.into()],
    )?;
    let changes: Vec<Change> = part(
        client,
        CHANGES,
        &[
            days.into(),
            limit(MOST_CHANGES).into(),
            sentence.into(),
            width.into(),
            last.into(),
            POINTS.into(),
        ],
    )?;
    let recommendations: Listed<Recommendation> = part(
        client,
        RECOMMENDATIONS,
        &[
            limit(MOST_RECOMMENDATIONS).into(),
            sentence.into(),
            explanation.into(),
            statement.into(),
        ],
    )?;
    let (start, stop) = period(client, days)?;
    let workload: Workload = part(
        client,
        WORKLOAD,
        &[start.into(), stop.into(), limit(MOST_COSTLY).into(), limit(GLIMPSE_CHARACTERS).into()],
    )?;
    Ok(Document {
        head: part::<Head>(
            client,
            HEAD,
            &[days.into(), width.into(), advise.into(), first.into(), last.into()],
        )?,
        summary: part::<Summary>(client, SUMMARY, &[])?,
        recommendations,
        results,
        changes,
        learning: part::<Learning>(client, LEARNING, &[limit(MOST_KINDS).into()])?,
        workload,
        self_check: part::<SelfCheck>(client, SELF_CHECK, &[TRIALS.into()])?,
        settings: state.settings,
        status: state.status,
    })
}

/// Start and end of the period.
fn period(client: &SpiClient, days: i32) -> Result<(TimestampWithTimeZone, TimestampWithTimeZone)> {
    let table = client.select(PERIOD, Some(1), &[days.into()])?;
    let row = table.into_iter().next().ok_or(Error::MissingColumn(1))?;
    Ok((column(&row, 1)?, column(&row, 2)?))
}

/// The document that the statement gives.
fn part<T: DeserializeOwned>(
    client: &SpiClient,
    sql: &str,
    arguments: &[DatumWithOid],
) -> Result<T> {
    // no limit of rows: with one the server would run it without parallel workers
    let table = client.select(sql, None, arguments)?.first();
    let json: String = table.get_one()?.ok_or(Error::MissingColumn(1))?;
    Ok(serde_json::from_str(&json)?)
}

/// A limit as an SQL integer.
fn limit(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}
