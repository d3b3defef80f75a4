//! What the tests stand on: one value, one error, a query with some history.

use pgrx::datum::{FromDatum, IntoDatum};
use pgrx::prelude::*;

/// The only column of the only row.
pub fn one<T: FromDatum + IntoDatum>(sql: &str) -> T {
    Spi::get_one::<T>(sql).unwrap().unwrap_or_else(|| panic!("null from: {sql}"))
}

pub fn run(sql: &str) {
    Spi::run(sql).unwrap();
}

/// SQLSTATE, message and hint of the error that a statement raises.
pub fn raised(sql: &str) -> (String, String, String) {
    run(
        "CREATE OR REPLACE FUNCTION pg_temp.raised(statement text, OUT code text, OUT message text,
                                                   OUT hint text) LANGUAGE plpgsql AS $$
         BEGIN
             EXECUTE statement;
             code := '00000'; message := ''; hint := '';
         EXCEPTION WHEN OTHERS THEN
             GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                 hint = PG_EXCEPTION_HINT;
         END $$",
    );
    let row = Spi::get_three_with_args::<String, String, String>(
        "SELECT * FROM pg_temp.raised($1)",
        &[sql.into()],
    )
    .unwrap();
    (row.0.unwrap(), row.1.unwrap(), row.2.unwrap())
}

/// Work of a query in an interval that ended some hours ago.
pub fn ingest(query_hash: i64, hours_ago: f64, calls: i64, mean_ms: f64) {
    let total = calls as f64 * mean_ms;
    run(&format!(
        "SELECT optimizer.ingest_query_metrics({query_hash}, now() - {hours_ago} * interval '1 hour', {calls}, {total})"
    ));
}

/// The last hours count as observed, whatever ran in them.
pub fn observed(hours: f64) {
    run(&format!(
        "INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
         SELECT date_bin('1 hour', now() - n * interval '1 hour', '2000-01-01 00:00:00+00'), 3600, true
         FROM generate_series(0, {hours}::int) AS n
         ON CONFLICT (bucket_start) DO NOTHING"
    ));
}

/// An index suggestion, each query's on a table of its own; its number.
pub fn suggest_index(query_hash: i64, improvement: f64, confidence: f64) -> i64 {
    let number = query_hash.unsigned_abs();
    one(&format!(
        "INSERT INTO optimizer.index_suggestions
             (query_hash, relation, definition, columns, estimated_improvement_percent,
              confidence_score, made_by)
         VALUES ({query_hash}, 'orders_{number}',
                 'CREATE INDEX orders_{number}_idx ON orders_{number} (customer_id)',
                 '{{customer_id}}', {improvement}, {confidence}, 'tester')
         RETURNING id"
    ))
}

/// The recommendation that an index suggestion for the query became.
pub fn recommend_index(query_hash: i64, improvement: f64, confidence: f64) -> i64 {
    suggest_index(query_hash, improvement, confidence);
    run("SELECT optimizer.aggregate_recommendations()");
    one(&format!(
        "SELECT id FROM optimizer.recommendations WHERE query_hash = {query_hash} AND status = 'open'"
    ))
}

/// Records a recommendation as implemented some hours ago; the implementation's number.
pub fn record(recommendation_id: i64, hours_ago: f64) -> i64 {
    one(&format!(
        "SELECT impl_id FROM optimizer.record_recommendation_implementation({recommendation_id},
             implemented_at => now() - {hours_ago} * interval '1 hour')"
    ))
}

/// A query that ran 100 times in every hour of the days before and after a moment some hours ago, up to now, and took
/// another time on either side of it. Blocks stay as they are.
pub fn lived_through(
    query_hash: i64,
    hours_ago: f64,
    days_before: i32,
    before_ms: f64,
    after_ms: f64,
) {
    run(&format!(
        "INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
             sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
         SELECT {query_hash}, b, LEAST(b + interval '1 hour', now()), 100,
                100 * CASE WHEN b < change.bucket THEN {before_ms}::float8 ELSE {after_ms} END, 0, 100, 1000, 0
         FROM (SELECT date_bin('1 hour', now() - {hours_ago} * interval '1 hour', '2000-01-01 00:00:00+00')) AS change (bucket),
              generate_series(change.bucket - {days_before} * interval '1 day', now(), '1 hour') AS b"
    ));
    observed(hours_ago + 24.0 * f64::from(days_before));
}

/// A query whose mean time went from one value to another some hours ago, after 8 days at the first, recorded as an
/// implementation. Returns query's recommendation and implementation. The recommendation is as old as its query.
pub fn implemented(query_hash: i64, hours_ago: f64, before_ms: f64, after_ms: f64) -> (i64, i64) {
    lived_through(query_hash, hours_ago, 8, before_ms, after_ms);
    let recommendation = recommend_index(query_hash, 80.0, 0.9);
    run(&format!(
        "UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days' WHERE id = {recommendation}"
    ));
    index_of(query_hash);
    (recommendation, record(recommendation, hours_ago))
}

/// The index that [`suggest_index`] suggests, so that what is recorded is there.
pub fn index_of(query_hash: i64) {
    let number = query_hash.unsigned_abs();
    run(&format!(
        "CREATE TABLE public.orders_{number} (customer_id int);
         CREATE INDEX ON public.orders_{number} (customer_id);
         -- made long ago, as the tests tell it
         DELETE FROM optimizer.system_events WHERE relation_id = 'public.orders_{number}'::regclass"
    ));
}

/// Queries that lived through the same days without any change, each on a table of its own, read by the parser's account.
pub fn controls(count: i32, hours_ago: f64, before_ms: f64, after_ms: f64) {
    for number in 1..=i64::from(count) {
        let hash = 9_000 + number;
        lived_through(hash, hours_ago, 8, before_ms, after_ms);
        touches(hash, "select", &format!("control_{number}"));
    }
}

/// What the statement reader would say of a query that reads one table, which is made where it is missing.
pub fn touches(query_hash: i64, kind: &str, table: &str) {
    run(&format!(
        "SET LOCAL client_min_messages = warning;
         CREATE TABLE IF NOT EXISTS public.{table} (customer_id int);
         INSERT INTO optimizer.query_texts (query_hash, query) VALUES ({query_hash}, 'SELECT of {table}') ON CONFLICT DO NOTHING;
         INSERT INTO optimizer.query_readings (query_hash, state, statement_kind, is_complete, shape, signature)
         VALUES ({query_hash}, 'read', '{kind}', true, '{{}}', 0);
         INSERT INTO optimizer.query_relations
             (query_hash, relation, relation_name, relkind, is_read, is_written, by_foreign_key, topmost)
         VALUES ({query_hash}, 'public.{table}'::regclass, 'public.{table}', 'r', true, '{kind}' <> 'select', false,
                 'public.{table}'::regclass);
         SET LOCAL client_min_messages = notice"
    ));
}

/// The verdict of a look now, and its reason's name.
pub fn look(id: i64) -> String {
    one(&format!(
        "SELECT concat_ws(' ', verdict, split_part(verdict_reason, ':', 1))
         FROM optimizer.measure_implementation_results({id})"
    ))
}

/// A column of the view `implementations`, as text.
pub fn of(id: i64, column: &str) -> String {
    one(&format!("SELECT ({column})::text FROM optimizer.implementations WHERE id = {id}"))
}

pub fn adjusted(id: i64) -> f64 {
    of(id, "adjusted_improvement_percent").parse().unwrap()
}

/// An event some hours ago; `columns` and `values` say what.
pub fn event(hours_ago: f64, columns: &str, values: &str) {
    run(&format!(
        "INSERT INTO optimizer.system_events (occurred_at, noticed_by, action, {columns})
         VALUES (now() - {hours_ago} * interval '1 hour', 'look', {values})"
    ));
}

/// The reason of a look now, whole.
pub fn look_reason(id: i64) -> String {
    one(&format!("SELECT verdict_reason FROM optimizer.measure_implementation_results({id})"))
}
