-- The whole loop by hand: ingest, suggest, rank, record, measure, learn, take back.
\set QUIET on
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS optimizer_workflow;
SET client_min_messages = notice;

-- Nine days of four queries: the first gets three times faster 50 hours ago, the others stay as they are.
SELECT count(optimizer.ingest_query_metrics(
           query_hash, date_trunc('hour', now()) - n * interval '1 hour' - interval '30 minutes',
           500, 500 * CASE WHEN query_hash = -101 AND n < 50 THEN 150 ELSE 450 END,
           rows => 500, shared_blks_hit => 5000, query_text => text))
FROM generate_series(0, 217) AS n,
     (VALUES (-101, 'SELECT * FROM orders WHERE customer_id = $1'),
             (202, 'SELECT count(*) FROM events WHERE kind = $1'),
             (303, 'SELECT * FROM items WHERE sku = $1'),
             (404, 'SELECT * FROM visits WHERE day = $1')) AS query (query_hash, text);

-- What another tool would insert.
INSERT INTO optimizer.index_suggestions
    (query_hash, relation, definition, columns, estimated_size_bytes, reasoning,
     estimated_improvement_percent, confidence_score, made_by)
VALUES
    (-101, 'orders', 'CREATE INDEX orders_customer_idx ON orders (customer_id)', '{customer_id}',
     20000000, 'sequential scan of 500,000 rows', 80, 0.9, 'another tool'),
    (202, 'events', 'CREATE INDEX events_kind_idx ON events (kind)', '{kind}', 8000000,
     'filter on kind', 60, 0.9, 'another tool'),
    (303, 'items', 'CREATE INDEX items_sku_idx ON items (sku)', '{sku}', 8000000,
     'filter on sku', 70, 0.8, 'another tool'),
    (404, 'visits', 'CREATE INDEX visits_day_idx ON visits (day)', '{day}', 8000000,
     'filter on day', 60, 0.7, 'another tool');
INSERT INTO optimizer.parameter_tuning_suggestions
    (query_hash, parameter_name, current_value, recommended_value, scope,
     estimated_improvement_percent, confidence_score, made_by)
VALUES (202, 'work_mem', '4MB', '32MB', 'database', 15, 0.5, 'another tool');

SELECT * FROM optimizer.aggregate_recommendations();
SELECT query_hash, source_type, kind, estimated_improvement AS improvement, confidence,
       urgency_score, roi_score, round(expected_saving_ms_per_hour) AS saving
FROM optimizer.get_top_recommendations();

-- Three are recorded as built 50 hours ago; the one on visits was not.
CREATE TABLE orders (customer_id int);
CREATE TABLE events (kind text);
CREATE TABLE visits (day date);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON events (kind);
SELECT status, pre_snapshot ->> 'mean_exec_time_ms' AS mean_ms, pre_snapshot ->> 'calls' AS calls
FROM optimizer.get_top_recommendations() AS r,
     optimizer.record_recommendation_implementation(r.rec_id, r.query_hash, 'built by hand',
         date_trunc('hour', now()) - interval '50 hours') AS i
WHERE r.kind = 'btree' AND r.query_hash IN (-101, 202, 404)
ORDER BY r.query_hash;

SELECT count(*) AS looks FROM optimizer.measure_pending_implementations();
SELECT query_hash, status, verdict, actual_improvement_percent AS actual, accuracy_score AS accuracy,
       round(adjusted_improvement_percent::numeric, 1) AS adjusted,
       round(improvement_low_percent::numeric, 1) AS low,
       round(improvement_high_percent::numeric, 1) AS high, basis, controls
FROM optimizer.implementations ORDER BY query_hash;
SELECT query_hash, verdict_reason FROM optimizer.implementations ORDER BY query_hash;
SELECT notes FROM optimizer.implementations WHERE query_hash = -101;

-- One of two worked: N = 2, S = 1; what was never built teaches nothing. The open index suggestion of
-- the same tool moves, the setting does not.
SELECT made_by, source_type, kind, outcomes, inconclusive, outcome_weight, success_weight,
       round(realisation_rate::numeric, 6) AS realisation_rate
FROM optimizer.learned_kinds;
SELECT kind, stated_confidence, confidence_score, estimated_improvement_percent,
       round(forecast_improvement_percent::numeric, 3) AS forecast
FROM optimizer.recommendations WHERE status = 'open' ORDER BY kind;

SELECT open_recommendations, pending, implemented, improved, not_improved, mean_accuracy,
       round(seconds_saved_per_day) AS seconds_saved_per_day
FROM optimizer.optimization_summary();

-- What did not help is taken back, and not offered again.
SELECT optimizer.revert_implementation(id, 'no use')
FROM optimizer.implementations WHERE verdict = 'not_improved';
SELECT status, dismissal_reason FROM optimizer.recommendations
WHERE query_hash = 202 AND kind = 'btree';
SELECT * FROM optimizer.aggregate_recommendations();
SELECT status FROM optimizer.recommendations WHERE query_hash = 202 ORDER BY kind;
DROP TABLE orders, events, visits;
DROP EXTENSION optimizer_workflow;
