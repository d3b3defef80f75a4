-- Histories that are long enough for a verdict: two whole days before a change that count, besides the day just before it,
-- and one after it.
-- Trap: a string body on purpose. Anything that depends on the extension would be dropped with it, or be dumped after it.
CREATE FUNCTION public.lived(query_hash bigint, first_hours_ago integer, last_hours_ago integer, mean_ms float8,
                             calls integer DEFAULT 10)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
    SELECT date_trunc('hour', now()) - n * interval '1 hour', 3600, true
    FROM generate_series(last_hours_ago, first_hours_ago) AS n
    ON CONFLICT DO NOTHING;
    INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                         sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
    SELECT query_hash, b, LEAST(b + interval '1 hour', now()), calls, calls * mean_ms, 0, calls, 0, 0
    FROM generate_series(last_hours_ago, first_hours_ago) AS n,
         LATERAL (SELECT date_trunc('hour', now()) - n * interval '1 hour') AS bucket (b);
$$;
COMMENT ON FUNCTION public.lived(bigint, integer, integer, float8, integer) IS
    'A query ran so often, and took so long, in every hour from one to the other; they were observed';
