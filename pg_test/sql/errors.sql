-- The error table: code, message and hint of each case, and that nothing was half-written.
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS optimizer_workflow;

CREATE FUNCTION raised(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; message text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        hint = PG_EXCEPTION_HINT;
    RETURN format(E'%s  %s\n       HINT: %s', code, message, hint);
END
$$;

-- One digest over every row of every table.
CREATE FUNCTION contents() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text; digest text; whole text := '';
BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class
                WHERE relnamespace = 'optimizer'::regnamespace AND relkind = 'r' ORDER BY 1
    LOOP
        EXECUTE format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %s t', name)
            INTO digest;
        whole := whole || name || coalesce(digest, '-');
    END LOOP;
    RETURN md5(whole);
END
$$;

INSERT INTO optimizer.index_suggestions
    (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
SELECT hash, 't', format('CREATE INDEX t_%s_idx ON t (a) WHERE a > %s', hash, hash), 50, 0.5, 'tester'
FROM unnest(ARRAY[-11, 12, 13, 14]) AS hash;
SELECT recommendation_count, source_types FROM optimizer.aggregate_recommendations();
SELECT optimizer.dismiss_recommendation(2, 'known');
SELECT status FROM optimizer.record_recommendation_implementation(3);
SELECT status, verdict, verdict_reason FROM optimizer.measure_implementation_results(1, force => true);
SELECT status FROM optimizer.record_recommendation_implementation(4);
DELETE FROM optimizer.index_suggestions WHERE query_hash = -11;
INSERT INTO optimizer.index_suggestions
    (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
VALUES (-15, 't', 'CREATE INDEX ON t (b)', 50, 0.5, 'tester');
SELECT recommendation_count FROM optimizer.aggregate_recommendations();
SELECT id, query_hash, status FROM optimizer.recommendations ORDER BY id;

SELECT contents() AS contents_before \gset
SELECT raised(statement) FROM (VALUES
    -- 22023
    (1, $$SELECT optimizer.dismiss_recommendation(0, 'x')$$),
    (2, $$SELECT optimizer.dismiss_recommendation(NULL, 'x')$$),
    (3, $$SELECT optimizer.dismiss_recommendation(5, '  ')$$),
    (4, $$SELECT optimizer.reopen_recommendation(-1)$$),
    (5, $$SELECT optimizer.record_recommendation_implementation(-1)$$),
    (6, $$SELECT optimizer.record_recommendation_implementation(5, 0)$$),
    (7, $$SELECT optimizer.record_recommendation_implementation(5, 15)$$),
    (8, $$SELECT optimizer.record_recommendation_implementation(5, implemented_at => '2999-01-01')$$),
    (9, $$SELECT optimizer.record_recommendation_implementation(5, implemented_at => '-infinity')$$),
    (10, $$SELECT optimizer.record_recommendation_implementation(5, new_query_hash => 0)$$),
    (11, $$SELECT optimizer.record_recommendation_implementation(5, new_query_text => 'SELECT 1; SELECT 2')$$),
    (12, $$SELECT optimizer.measure_implementation_results(0)$$),
    (13, $$SELECT optimizer.measure_implementation_results(NULL)$$),
    (14, $$SELECT optimizer.revert_implementation(-3)$$),
    (15, $$SELECT optimizer.set_implementation_query(2, 0)$$),
    (16, $$SELECT * FROM optimizer.get_top_recommendations(0)$$),
    (17, $$SELECT * FROM optimizer.get_top_recommendations(101)$$),
    (18, $$SELECT * FROM optimizer.get_top_recommendations(min_impact => -1)$$),
    (19, $$SELECT * FROM optimizer.get_top_recommendations(min_impact => 'NaN')$$),
    (20, $$SELECT * FROM optimizer.get_top_recommendations(only_source => 'oracle')$$),
    (21, $$SELECT * FROM optimizer.get_top_recommendations(order_by => 'roi; DROP TABLE t')$$),
    (22, $$SELECT * FROM optimizer.get_top_recommendations(only_query => 0)$$),
    (23, $$SELECT * FROM optimizer.get_optimization_results('done')$$),
    (24, $$SELECT * FROM optimizer.get_optimization_results(only_recommendation => 0)$$),
    (25, $$SELECT * FROM optimizer.get_optimization_results(max_rows => 1000)$$),
    (26, $$SELECT * FROM optimizer.aggregate_recommendations(1.5)$$),
    (27, $$SELECT * FROM optimizer.aggregate_recommendations('NaN')$$),
    (28, $$SELECT * FROM optimizer.aggregate_recommendations_for_query(0)$$),
    (29, $$SELECT * FROM optimizer.aggregate_recommendations_for_query(1, -0.1)$$),
    (30, $$SELECT * FROM optimizer.run_maintenance('everything')$$),
    (31, $$SELECT optimizer.roi_score(2, 1, 1)$$),
    (32, $$SELECT optimizer.urgency_score(1, 'Infinity')$$),
    -- 42601
    (33, $$SELECT optimizer.record_recommendation_implementation(5, new_query_text => 'SELECT FROM WHERE')$$),
    -- P0002
    (40, $$SELECT optimizer.dismiss_recommendation(4711, 'x')$$),
    (41, $$SELECT optimizer.reopen_recommendation(4711)$$),
    (42, $$SELECT optimizer.record_recommendation_implementation(4711)$$),
    (43, $$SELECT optimizer.measure_implementation_results(4711)$$),
    (44, $$SELECT optimizer.revert_implementation(4711)$$),
    (45, $$SELECT optimizer.set_implementation_query(4711, 1)$$),
    -- 55000
    (50, $$SELECT optimizer.record_recommendation_implementation(1)$$),
    (51, $$SELECT optimizer.record_recommendation_implementation(2)$$),
    (52, $$SELECT optimizer.record_recommendation_implementation(4)$$),
    (53, $$SELECT optimizer.dismiss_recommendation(2, 'again')$$),
    (54, $$SELECT optimizer.dismiss_recommendation(3, 'done')$$),
    (55, $$SELECT optimizer.reopen_recommendation(5)$$),
    (56, $$SELECT optimizer.measure_implementation_results(1)$$),
    (57, $$SELECT optimizer.set_implementation_query(1, 99)$$),
    (58, $$SELECT optimizer.take_sample()$$),
    -- null where a value is needed
    (60, $$SELECT optimizer.measure_implementation_results(2, NULL)$$)
) AS errors (n, statement) ORDER BY n;
SELECT contents() = :'contents_before' AS all_tables_are_as_they_were;

-- 25006
SET default_transaction_read_only = on;
SELECT raised(statement) FROM (VALUES
    (1, 'SELECT optimizer.take_sample()'),
    (2, 'SELECT optimizer.ingest_query_metrics(1, now(), 1, 1)'),
    (3, 'SELECT optimizer.aggregate_recommendations()'),
    (4, 'SELECT optimizer.aggregate_recommendations_for_query(1)'),
    (5, $$SELECT optimizer.dismiss_recommendation(5, 'x')$$),
    (6, 'SELECT optimizer.reopen_recommendation(2)'),
    (7, 'SELECT optimizer.record_recommendation_implementation(5)'),
    (8, 'SELECT optimizer.set_implementation_query(2, 9)'),
    (9, 'SELECT optimizer.revert_implementation(2)'),
    (10, 'SELECT optimizer.measure_implementation_results(2)'),
    (11, 'SELECT optimizer.measure_pending_implementations()'),
    (12, 'SELECT optimizer.run_maintenance()')
) AS errors (n, statement) ORDER BY n;
-- What only reads assigns no transaction id.
BEGIN;
SELECT count(*) > 0 FROM optimizer.get_top_recommendations();
SELECT count(*) > 0 FROM optimizer.get_optimization_results();
SELECT count(*) FROM optimizer.optimization_summary();
SELECT count(*) > 0 FROM optimizer.status();
SELECT count(*) > 0 FROM optimizer.recommendations;
SELECT count(*) > 0 FROM optimizer.implementations;
SELECT count(*) = 0 FROM optimizer.query_stats;
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_transaction_id;
COMMIT;
RESET default_transaction_read_only;
DROP FUNCTION raised, contents;
DROP EXTENSION optimizer_workflow;
