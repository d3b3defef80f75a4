-- Queries with a history of buckets and five suggestions each: two rewrites, a setting, a pattern of the load, an index.
-- Texts are as long as in life. Rows are made by a seeded random(), so each run has the same.
CREATE TABLE bench.query (
    n integer PRIMARY KEY,
    query_hash bigint NOT NULL UNIQUE,
    is_busy boolean NOT NULL,
    calls_per_hour float8 NOT NULL,
    mean_ms float8 NOT NULL
);

-- Queries 1 .. n; one in `busy` runs every hour. Calls and times spread over orders of magnitude.
CREATE FUNCTION bench.make_queries(n integer, busy integer DEFAULT 10) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(0.42);
    INSERT INTO bench.query
    SELECT i, hashtextextended('query ' || i, 42), i % busy = 0, exp(2.5 * (random() + random() + random())),
           exp(3 * (random() + random() + random()) - 3)
    FROM generate_series(1, n) AS i;
    INSERT INTO optimizer.query_texts (query_hash, query)
    SELECT query_hash, format('SELECT o.id, o.customer_id, o.ordered_at, o.total_cents FROM shop.orders_%s AS o '
               'WHERE (o.customer_id = $1 OR o.customer_id = $2) AND o.status IN ($3, $4, $5) AND o.ordered_at >= $6 '
               'AND o.total_cents BETWEEN $7 AND $8 AND o.warehouse_id <> $9 ORDER BY o.ordered_at DESC LIMIT $10', q.n)
    FROM bench.query q;
END
$$;

-- Buckets of the hours first .. last, counted back from this one (0): a busy query has one each hour, another one every
-- eighth hour, and every one in the last of them. In the order of time, as they are written in life.
CREATE FUNCTION bench.make_history(first integer, last integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    this_hour timestamptz := date_bin('1 hour', now(), '2000-01-01 00:00+00');
BEGIN
    INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, sampled_seconds)
    SELECT this_hour - h * interval '1 hour', 3600, 3600 FROM generate_series(last, first) AS h
    ON CONFLICT DO NOTHING;
    INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
        sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
    SELECT q.query_hash, b.start, b.start + interval '59 minutes', c.calls, c.calls * c.mean, c.calls * c.mean ^ 2 / 4,
           c.calls * 10, c.calls * 30, c.calls
    FROM generate_series(first, last, -1) AS h
    CROSS JOIN LATERAL (SELECT this_hour - h * interval '1 hour') AS b (start)
    JOIN bench.query q ON q.is_busy OR (q.n + h) % 8 = 0 OR h = last
    CROSS JOIN LATERAL (SELECT 1 + (q.calls_per_hour * (0.5 + random()))::bigint, q.mean_ms * (0.8 + 0.4 * random()))
        AS c (calls, mean)
    ON CONFLICT DO NOTHING;
END
$$;

CREATE FUNCTION bench.make_suggestions() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query,
        suggested_rewrite, reasoning, estimated_improvement_percent, confidence_score, made_by)
    SELECT q.query_hash, k.kind, 'Replace ' || k.what, t.query, replace(t.query, '(o.customer_id = $1 OR o.customer_id = $2)', k.by),
           'each branch is planned by itself, and the index on customer_id serves both of them only when they are one condition',
           5 + floor(90 * random()), 0.3 + 0.6 * random(), 'query_linter'
    FROM bench.query q
    JOIN optimizer.query_texts t ON t.query_hash = q.query_hash
    CROSS JOIN (VALUES ('or_to_in', 'OR over one column by IN', 'o.customer_id IN ($1, $2)'),
                       ('or_to_union', 'OR by a UNION ALL of two statements', 'o.customer_id = ANY (ARRAY[$1, $2])'))
        AS k (kind, what, by);
    INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value, recommended_value,
        reasoning, estimated_improvement_percent, confidence_score, made_by)
    SELECT query_hash, 'work_mem', '4MB', '16MB', 'the sort of some 20,000 rows spills to disk: 9 MB in temporary files per call',
           5 + floor(60 * random()), 0.3 + 0.5 * random(), 'settings_checker'
    FROM bench.query;
    INSERT INTO optimizer.workload_patterns (query_hash, pattern_type, pattern_metadata, description, affected_query_count,
        confidence_score, made_by)
    SELECT query_hash, 'hourly_peak', jsonb_build_object('hours', ARRAY[18, 19, 20], 'share', round(random()::numeric, 3)),
           'four fifths of the calls come between 18 and 21 h; refresh what they read right before', 1, 0.3 + 0.5 * random(),
           'load_watcher'
    FROM bench.query;
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, estimated_size_bytes, reasoning,
        estimated_improvement_percent, confidence_score, made_by)
    SELECT query_hash, format('shop.orders_%s', n),
           format('CREATE INDEX CONCURRENTLY orders_%s_customer_id_ordered_at_idx ON shop.orders_%s (customer_id, ordered_at)', n, n),
           '{customer_id, ordered_at}', 11534336, 'a sequential scan of 500,000 rows returns ten of them',
           5 + floor(90 * random()), 0.4 + 0.55 * random(), 'index_advisor'
    FROM bench.query;
END
$$;

-- Outcomes of three of the five kinds are known.
CREATE FUNCTION bench.make_learning() RETURNS void
LANGUAGE sql AS $$
    INSERT INTO optimizer.learned_kinds (made_by, source_type, kind, outcomes, inconclusive, outcome_weight, success_weight,
        harm_weight, realisation_rate, forecast_half_width_percent)
    VALUES ('query_linter', 'rewrite', 'or_to_in', 12, 1, 10.5, 8.2, 0.4, 0.83, 11),
           ('index_advisor', 'index', 'btree', 40, 3, 34.1, 27.9, 1.7, 0.91, 8),
           ('settings_checker', 'parameter', 'work_mem', 6, 2, 5.2, 1.1, 0.9, 0.55, NULL);
$$;

-- The normal hour: of each query's hours in the window one gives way to another that had up to 30 % more or less to do.
-- Time cannot be moved, so they take turns.
CREATE SEQUENCE bench.hours_gone_by;
CREATE FUNCTION bench.move_all_urgencies() RETURNS void
LANGUAGE sql AS $$
    UPDATE optimizer.query_metrics m
    SET calls = m.calls + 1, total_exec_time_ms = m.total_exec_time_ms * (0.7 + 0.6 * random()) + 0.01
    FROM (SELECT nextval('bench.hours_gone_by') AS hour) AS gone_by,
         (SELECT query_hash, bucket_start, row_number() OVER of_query AS place, count(*) OVER (PARTITION BY query_hash) AS hours
          FROM optimizer.query_metrics WINDOW of_query AS (PARTITION BY query_hash ORDER BY bucket_start)) AS bucket
    WHERE m.query_hash = bucket.query_hash AND m.bucket_start = bucket.bucket_start
      AND bucket.place = 1 + gone_by.hour % bucket.hours;
$$;

-- The suggestions whose number is `round` modulo 100 change their mind a little.
CREATE FUNCTION bench.change_one_percent(round integer) RETURNS void
LANGUAGE sql AS $$
    UPDATE optimizer.query_rewrite_suggestions SET confidence_score = confidence_score * 0.99 WHERE id % 100 = round;
    UPDATE optimizer.parameter_tuning_suggestions SET confidence_score = confidence_score * 0.99 WHERE id % 100 = round;
    UPDATE optimizer.workload_patterns SET confidence_score = confidence_score * 0.99 WHERE id % 100 = round;
    UPDATE optimizer.index_suggestions SET confidence_score = confidence_score * 0.99 WHERE id % 100 = round;
$$;

CREATE FUNCTION bench.forget_recommendations() RETURNS void
LANGUAGE sql AS $$
    TRUNCATE optimizer.optimization_recommendations, optimizer.optimization_implementations,
        optimizer.implementation_queries, optimizer.implementation_measurements RESTART IDENTITY;
$$;

-- The recommendations as they stand, kept for a plain INSERT; returns that statement. Columns that the server fills in
-- (identity, generated) are left out, all others are in, so it is the same rows into the same table.
CREATE FUNCTION bench.keep_recommendations() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    names text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                   WHERE attrelid = 'optimizer.optimization_recommendations'::regclass AND attnum > 0
                     AND NOT attisdropped AND attidentity = '' AND attgenerated = '');
BEGIN
    DROP TABLE IF EXISTS bench.kept;
    EXECUTE format('CREATE TABLE bench.kept AS SELECT %s FROM optimizer.optimization_recommendations', names);
    ANALYZE bench.kept;
    RETURN format('INSERT INTO optimizer.optimization_recommendations (%s) SELECT * FROM bench.kept', names);
END
$$;

-- Tuples that were written into the extension's tables since the server began to count. A session reports its own when it
-- ends: what another psql did before is in here.
CREATE FUNCTION bench.tuples_written() RETURNS numeric
LANGUAGE sql AS $$
    SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = 'optimizer'
$$;
