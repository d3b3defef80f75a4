-- Rows for the tables of reader.sql, and a load in which as many statements as possible take a thousandth of the time: no
-- more than a thousand can.
DO $$
BEGIN
    FOR i IN 0 .. 39 LOOP
        EXECUTE format('ALTER TABLE bench.t%s DISABLE TRIGGER ALL', i);
        EXECUTE format('INSERT INTO bench.t%s SELECT n, n %% 1000 + 1, ''s'' || n %% 5, n %% 300, n %% 997, now() - n * interval ''1 minute'',
                        ''note '' || n, ARRAY[''t'' || n %% 50], jsonb_build_object(''k'', n %% 100) FROM generate_series(1, 10000) AS n', i);
        EXECUTE format('ANALYZE bench.t%s', i);
    END LOOP;
END
$$;
CREATE EXTENSION hypopg;

CREATE FUNCTION bench.make_load(heavy integer) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
    SELECT date_bin('1 hour', now() - h * interval '1 hour', '2000-01-01 00:00:00+00'), 3600, true FROM generate_series(0, 1) AS h;
    INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                         sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
    SELECT t.query_hash, date_bin('1 hour', now() - interval '1 hour', '2000-01-01 00:00:00+00'), now(), 1000,
           CASE WHEN t.query_hash <= heavy THEN 10000 ELSE 0.001 END, 0, 1000, 0, 0
    FROM optimizer.query_texts t;
$$;

CREATE FUNCTION bench.forget_trials() RETURNS void
LANGUAGE sql AS $$
    DELETE FROM optimizer.index_trials;
    DELETE FROM optimizer.index_suggestions;
$$;
