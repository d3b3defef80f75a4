-- Three weeks of a shop, for the dashboards to show: 20 queries with a day's curve, weekends and noise, eight changes of
-- which one helped, one did nothing, one hurt, one helped at the cost of writes, one was a rewrite, one is being measured,
-- one was never made, one was taken back; open advice of all four sources; a restart, a setting.
-- Every verdict is given by the extension. What is told here is only what it would have seen: the work, the texts, and when.
-- Times are relative to now(), noise is seeded: each run has the same story.
CREATE SCHEMA shop;
CREATE SCHEMA story;

CREATE TABLE story.query (
    n integer PRIMARY KEY,
    query_hash bigint NOT NULL,
    relation text NOT NULL,
    query text NOT NULL,
    calls integer NOT NULL,          -- an hour, before the day's curve
    mean_ms float8 NOT NULL,
    blocks integer NOT NULL,         -- a call
    changed_hours_ago integer,       -- null: nothing was done
    factor float8 NOT NULL DEFAULT 1,-- of the mean time from then on
    story text
);
INSERT INTO story.query
SELECT n, hashtextextended('story ' || n, 3), 'shop.' || relation, format(query, 'shop.' || relation), calls, mean_ms, blocks,
       changed_hours_ago, factor, story
FROM (VALUES
    (1, 'orders', 'SELECT * FROM %s WHERE customer_id = $1', 900, 42.0, 800, 100, 0.3, 'helped'),
    (2, 'reviews', 'SELECT count(*) FROM %s WHERE customer_id = $1', 400, 12.0, 200, 90, 1.0, 'nothing'),
    (3, 'tickets', 'SELECT * FROM %s WHERE customer_id = $1 ORDER BY id', 250, 6.0, 90, 80, 1.8, 'hurt'),
    (4, 'items', 'SELECT * FROM %s WHERE customer_id = $1', 700, 25.0, 500, 110, 0.4, 'cost writes'),
    (5, 'items', 'INSERT INTO %s (id, customer_id) VALUES ($1, $2)', 1200, 3.0, 8, 110, 2.6, 'cost writes'),
    (6, 'invoices', 'SELECT * FROM %s WHERE date_trunc($1, made_at) = $2', 120, 180.0, 4000, 75, 1.0, 'rewritten'),
    (7, 'invoices', 'SELECT * FROM %s WHERE made_at >= $1 AND made_at < $2', 120, 20.0, 300, NULL, 1.0, 'rewrite'),
    (8, 'events', 'SELECT * FROM %s WHERE customer_id = $1', 300, 15.0, 300, 10, 0.5, 'being measured'),
    (9, 'carts', 'SELECT * FROM %s WHERE customer_id = $1', 350, 9.0, 150, 95, 1.0, 'never made'),
    (10, 'coupons', 'SELECT * FROM %s WHERE customer_id = $1', 280, 8.0, 120, 130, 1.6, 'taken back')
) AS told (n, relation, query, calls, mean_ms, blocks, changed_hours_ago, factor, story);
INSERT INTO story.query (n, query_hash, relation, query, calls, mean_ms, blocks)
SELECT n, hashtextextended('story ' || n, 3), 'shop.table_' || n,
       format(E'SELECT t.id, t.note\n  FROM shop.table_%s AS t\n WHERE t.customer_id = $1', n), 60 + 15 * n, 2 + n % 5, 20 + n
FROM generate_series(11, 20) AS n;

DO $$
DECLARE
    of_query record;
BEGIN
    FOR of_query IN SELECT DISTINCT relation FROM story.query LOOP
        EXECUTE format('CREATE TABLE %s (id int, customer_id int, made_at timestamptz, note text)', of_query.relation);
    END LOOP;
END
$$;

-- Three weeks, hour by hour. The rewrite took over at its change; what was taken back is as it was from a day later on.
SELECT setseed(0.25);
INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, sampled_seconds)
SELECT date_trunc('hour', now()) - h * interval '1 hour', 3600, CASE h WHEN 0 THEN extract(epoch FROM now() - date_trunc('hour', now())) ELSE 3600 END
FROM generate_series(504, 0, -1) AS h;
INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms, sum_squared_deviation_ms2,
                                     rows, shared_blks_hit, shared_blks_read)
SELECT w.query_hash, w.start, LEAST(w.start + interval '1 hour', now()), w.calls, w.calls * w.mean, w.calls * w.mean ^ 2 / 4, w.calls * 3,
       w.calls * w.blocks * 9 / 10, w.calls * w.blocks / 10
FROM (
    SELECT q.query_hash, date_trunc('hour', now()) - h * interval '1 hour' AS start, q.story,
           GREATEST(1, round(q.calls * load.curve * (0.9 + 0.2 * random())
                             * CASE WHEN h = 0 THEN extract(epoch FROM now() - date_trunc('hour', now())) / 3600 ELSE 1 END))::bigint AS calls,
           q.mean_ms * (0.85 + 0.15 * load.curve) * (0.96 + 0.08 * random())
               * CASE WHEN q.changed_hours_ago IS NULL OR h > q.changed_hours_ago
                           OR q.story = 'taken back' AND h < q.changed_hours_ago - 30 THEN 1 ELSE q.factor END AS mean,
           -- blocks follow the change in the same direction
           round(q.blocks * CASE WHEN q.changed_hours_ago IS NULL OR h > q.changed_hours_ago THEN 1 ELSE q.factor END)::bigint AS blocks, h
    FROM generate_series(504, 0, -1) AS h
    CROSS JOIN LATERAL (SELECT (1 + 0.6 * sin(2 * pi() * (extract(hour FROM now() - h * interval '1 hour')::float8 - 8) / 24))
                               * CASE WHEN extract(isodow FROM now() - h * interval '1 hour') >= 6 THEN 0.5 ELSE 1 END) AS load (curve)
    CROSS JOIN story.query q
) AS w
WHERE w.story IS NULL OR w.story NOT IN ('rewritten', 'rewrite') OR (w.story = 'rewrite') = (w.h < 75);
-- as another collector delivers them: they are read as the role that did
INSERT INTO optimizer.query_texts (query_hash, query, ingested_by) SELECT query_hash, query, current_user FROM story.query;

-- Advice: one index for each change, the rewrite, and some that stays open.
INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, estimated_improvement_percent, confidence_score, made_by)
SELECT query_hash, relation, format('CREATE INDEX ON %s (customer_id)', relation), '{customer_id}', 50 + 3 * n % 40, 0.55 + 0.03 * n, 'index_advisor'
FROM story.query WHERE n IN (1, 2, 3, 4, 8, 9, 10, 11, 12, 13);
INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query, suggested_rewrite, reasoning,
                                                 estimated_improvement_percent, confidence_score, made_by)
SELECT old.query_hash, 'range_instead_of_function', 'Compare made_at with a range instead of its month', old.query, new.query,
       'a function on a column hides it from its index', 85, 0.7, 'query_linter'
FROM story.query old, story.query new WHERE old.n = 6 AND new.n = 7;
INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value, recommended_value, reasoning,
                                                    estimated_improvement_percent, confidence_score, made_by)
SELECT query_hash, 'work_mem', '4MB', '16MB', 'its sort spills to disk', 15, 0.4, 'settings_checker' FROM story.query WHERE n = 14;
INSERT INTO optimizer.workload_patterns (query_hash, pattern_type, pattern_metadata, description, confidence_score, made_by)
SELECT query_hash, 'hourly_peak', '{"hours": [13, 14, 15]}', 'most orders are placed between 13 and 16 h', 0.5, 'load_watcher'
FROM story.query WHERE n = 1;
