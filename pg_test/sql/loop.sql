-- The whole loop by hand: ingest, suggest, rank, record, measure, learn, take back.
\set QUIET on
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS optimizer_workflow;
SET client_min_messages = notice;

-- Two queries over the last 60 hours: the first gets three times faster 50 hours ago, the second
-- stays as it is.
SELECT count(optimizer.ingest_query_metrics(
           query_hash, date_trunc('hour', now()) - n * interval '1 hour' - interval '30 minutes',
           500, 500 * CASE WHEN query_hash = -101 AND n < 50 THEN 150 ELSE 450 END,
           rows => 500, shared_blks_hit => 5000, query_text => text))
FROM generate_series(0, 60) AS n,
     (VALUES (-101, 'SELECT * FROM orders WHERE customer_id = $1'),
             (202, 'SELECT count(*) FROM events WHERE kind = $1'),
             (303, 'SELECT * FROM items WHERE sku = $1')) AS query (query_hash, text);

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
     'filter on sku', 70, 0.8, 'another tool');
INSERT INTO optimizer.parameter_tuning_suggestions
    (query_hash, parameter_name, current_value, recommended_value, scope,
     estimated_improvement_percent, confidence_score, made_by)
VALUES (202, 'work_mem', '4MB', '32MB', 'database', 15, 0.5, 'another tool');

SELECT * FROM optimizer.aggregate_recommendations();
SELECT query_hash, source_type, kind, estimated_improvement AS improvement, confidence,
       urgency_score, roi_score, round(expected_saving_ms_per_hour) AS saving
FROM optimizer.get_top_recommendations();

-- Both indexes were built 50 hours ago.
SELECT status, pre_snapshot ->> 'mean_exec_time_ms' AS mean_ms, pre_snapshot ->> 'calls' AS calls
FROM optimizer.get_top_recommendations() AS r,
     optimizer.record_recommendation_implementation(r.rec_id, r.query_hash, 'built by hand',
         date_trunc('hour', now()) - interval '50 hours') AS i
WHERE r.kind = 'btree' AND r.query_hash IN (-101, 202)
ORDER BY r.query_hash;

SELECT r.query_hash, m.status, m.verdict, m.actual_improvement_percent AS actual,
       m.predicted_improvement_percent AS predicted, m.accuracy_score, m.verdict_reason
FROM optimizer.measure_pending_implementations() AS m
JOIN optimizer.implementations r ON r.id = m.impl_id
ORDER BY r.query_hash;

-- One of two worked: N = 2, S = 1. The open index suggestion of the same tool moves, the setting
-- does not.
SELECT made_by, source_type, kind, outcomes, outcome_weight, success_weight, realisation_rate
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
DROP EXTENSION optimizer_workflow;
