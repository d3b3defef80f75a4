-- Three weeks of a shop, for the report: queries with the hours and weekdays of people, changes that helped, did nothing, hurt, and
-- could not be judged. Verdicts are given by the extension itself.
-- The moment of each change lies three days back; the ledger of events is off, or it would note these indexes as made today.
ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE;
ALTER EVENT TRIGGER optimizer_workflow_drop DISABLE;
CREATE SCHEMA shop;

-- lived(query, calls an hour, ms before, ms after, hour of the change counted back from now, noise, first hour)
CREATE FUNCTION shop.lived(query bigint, calls_per_hour float8, before_ms float8, after_ms float8, changed_hours_ago integer,
                           noise float8 DEFAULT 0.12, first_hours_ago integer DEFAULT 504) RETURNS void LANGUAGE sql AS $$
    INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
    SELECT date_trunc('hour', now()) - n * interval '1 hour', 3600, true FROM generate_series(1, first_hours_ago) AS n
    ON CONFLICT DO NOTHING;
    INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                         sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
    SELECT query, b, b + interval '1 hour', c, c * ms, 0, c, c * 40, c * 2
    FROM generate_series(1, first_hours_ago) AS n,
         LATERAL (SELECT date_trunc('hour', now()) - n * interval '1 hour') AS bucket (b),
         LATERAL (SELECT 1 + (CASE WHEN extract(isodow FROM b) > 5 THEN 0.35 ELSE 1 END) * calls_per_hour
                         * (0.15 + GREATEST(0, sin((extract(hour FROM b) - 6) * pi() / 14)))) AS rate (r),
         LATERAL (SELECT ceil(r)::bigint) AS calls (c),
         LATERAL (SELECT (CASE WHEN n > changed_hours_ago THEN before_ms ELSE after_ms END)
                         * (1 + noise * (hashint8(query * 1000 + n) % 1000) / 1000.0)) AS time (ms);
$$;

-- advised(query, table, percent, confidence): the query's text, and the advice of an index on its table.
CREATE FUNCTION shop.advised(query bigint, relation text, percent float8, confidence float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE shop.%I (id bigint, customer_id bigint, opened_at timestamptz)', relation);
    INSERT INTO optimizer.query_texts (query_hash, query)
    VALUES (query, format('SELECT * FROM shop.%I WHERE customer_id = $1 ORDER BY id DESC LIMIT $2', relation));
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, estimated_improvement_percent,
                                             confidence_score, made_by, reasoning)
    VALUES (query, 'shop.' || relation, format('CREATE INDEX %1$s_customer_id_idx ON shop.%1$I (customer_id)', relation),
            '{customer_id}', percent, confidence, 'index_advisor',
            'A sequential scan of 500,000 rows returns 12 of them. The planner expects a cost of 8.4 instead of 11,204.');
END
$$;

SELECT shop.lived(-101, 900, 42, 1.4, 72), shop.advised(-101, 'orders', 90, 0.85);
SELECT shop.lived(-102, 400, 12, 12, 72), shop.advised(-102, 'reviews', 80, 0.7);
SELECT shop.lived(-103, 300, 9, 28.5, 72), shop.advised(-103, 'tickets', 70, 0.75);
SELECT shop.lived(104, 200, 30, 27, 72, 0.9), shop.advised(104, 'carts', 20, 0.6);
SELECT shop.lived(105, 60, 80, 20, 72, 0.1, 84), shop.advised(105, 'returns', 60, 0.6);
SELECT shop.lived(106, 50, 1, 31, 72), shop.advised(106, 'labels', 50, 0.5);
SELECT shop.lived(107, 500, 25, 8, 72), shop.advised(107, 'visits', 60, 0.9);
SELECT shop.lived(108, 700, 60, 5, 6), shop.advised(108, 'payments', 85, 0.8);
SELECT shop.lived(109, 150, 18, 18, 0), shop.advised(109, 'events', 90, 0.8);
SELECT shop.lived(110, 1200, 6, 6, 0), shop.advised(110, 'sessions', 60, 0.55);
SELECT shop.lived(200 + n, 40 * n, 3 * n, 3 * n, 0) FROM generate_series(1, 12) AS n;
INSERT INTO optimizer.query_texts (query_hash, query)
SELECT 200 + n, format('SELECT count(*) FROM shop.control_%s WHERE id > $1', n) FROM generate_series(1, 12) AS n;
INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query, suggested_rewrite, reasoning,
                                                 estimated_improvement_percent, confidence_score, made_by)
VALUES (212, 'materialise', 'Keep the monthly sums in a summary table', 'SELECT count(*) FROM shop.control_12 WHERE id > $1',
        'SELECT total FROM shop.control_12_monthly WHERE id > $1', 'It reads 2 million rows for 12 results.', 80, 0.5, 'a colleague');
INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value, recommended_value, reasoning,
                                                    estimated_improvement_percent, confidence_score, made_by)
VALUES (211, 'work_mem', '4MB', '16MB', 'It sorts 9 MB on disk each time.', 15, 0.3, 'a colleague');
SELECT optimizer.aggregate_recommendations();
UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '8 days';

-- Made, all but the one on visits.
CREATE INDEX orders_customer_id_idx ON shop.orders (customer_id);
CREATE INDEX reviews_customer_id_idx ON shop.reviews (customer_id);
CREATE INDEX tickets_customer_id_idx ON shop.tickets (customer_id);
CREATE INDEX carts_customer_id_idx ON shop.carts (customer_id);
CREATE INDEX returns_customer_id_idx ON shop.returns (customer_id);
CREATE INDEX labels_customer_id_idx ON shop.labels (customer_id);
CREATE INDEX payments_customer_id_idx ON shop.payments (customer_id);
SET client_min_messages = error;
SELECT optimizer.record_recommendation_implementation(id, implementation_notes => 'built at noon',
           implemented_at => date_trunc('hour', now()) - (CASE query_hash WHEN 108 THEN 6 ELSE 72 END) * interval '1 hour')
FROM optimizer.recommendations
WHERE query_hash IN (-101, -102, -103, 104, 105, 106, 107, 108);
SELECT optimizer.measure_pending_implementations();
