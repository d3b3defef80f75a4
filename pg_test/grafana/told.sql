-- The second half of story.sql, after the texts were read and the advice was aggregated: what was done, and when.
UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days';
DO $$
DECLARE
    of_query record;
BEGIN
    FOR of_query IN SELECT relation FROM story.query WHERE n IN (1, 2, 3, 4, 8, 10) LOOP
        EXECUTE format('CREATE INDEX ON %s (customer_id)', of_query.relation);
    END LOOP;
END
$$;
-- the ledger saw the tables and indexes now; they were made at their time
DELETE FROM optimizer.system_events WHERE event_type = 'table';
UPDATE optimizer.system_events e
SET occurred_at = now() - q.changed_hours_ago * interval '1 hour', started_at = now() - q.changed_hours_ago * interval '1 hour'
FROM story.query q
WHERE e.event_type = 'index' AND e.relation_name = q.relation AND q.n IN (1, 2, 3, 4, 8, 10);
INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, detail)
VALUES (now() - interval '16 days', 'look', 'restart', 'started', 'by an administrator');
INSERT INTO optimizer.system_events (occurred_at, occurred_after, noticed_by, event_type, action, setting_name, setting_scope, old_value, new_value)
VALUES (now() - interval '15 days', now() - interval '15 days 1 hour', 'look', 'setting', 'changed', 'random_page_cost', 'server', '4', '1.1');

SELECT optimizer.record_recommendation_implementation(r.id, implementation_notes => q.story,
           implemented_at => now() - q.changed_hours_ago * interval '1 hour',
           new_query_hash => CASE WHEN r.source_type = 'rewrite' THEN (SELECT query_hash FROM story.query WHERE n = 7) END)
FROM story.query q
JOIN optimizer.recommendations r ON r.query_hash = q.query_hash AND r.source_type IN ('index', 'rewrite') AND r.status = 'open'
WHERE q.changed_hours_ago IS NOT NULL AND q.n <> 5
ORDER BY q.n;
-- each is looked at two days after its change; the last one at last, so that what is learned counts all at their time
SELECT m.verdict, m.verdict_reason
FROM story.query q
JOIN optimizer.implementations i ON i.query_hash = q.query_hash
CROSS JOIN LATERAL optimizer.measure_implementation_results(i.id) AS m
WHERE q.changed_hours_ago > 48 AND q.n <> 6;
SELECT optimizer.revert_implementation(id, 'as slow as it was before it')
FROM optimizer.implementations i JOIN story.query q ON q.query_hash = i.query_hash WHERE q.story = 'taken back';
UPDATE optimizer.optimization_implementations SET reverted_at = now() - interval '100 hours' WHERE reverted_at IS NOT NULL;
UPDATE optimizer.optimization_implementations SET measured_at = implementation_timestamp + interval '48 hours' WHERE measured_at IS NOT NULL;
UPDATE optimizer.implementation_measurements m SET measured_at = i.measured_at
FROM optimizer.optimization_implementations i WHERE i.id = m.implementation_id AND m.is_final;
SELECT m.verdict, m.verdict_reason FROM story.query q JOIN optimizer.implementations i ON i.query_hash = q.query_hash
CROSS JOIN LATERAL optimizer.measure_implementation_results(i.id) AS m WHERE q.n = 6;
INSERT INTO optimizer.performance_models (outcomes, examples, coefficients, penalty, r2, mae_percent, rmse_percent, rule_mae_percent,
                                          rule_rmse_percent, forecast_half_width_percent, is_used)
VALUES (55, 40, '{"intercept": 1}', 1, 0.4, 9.5, 12, 9.1, 12, 15, false);
