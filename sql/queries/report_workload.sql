/* optimizer_workflow: report, what ran in the period. $1 days, $2 queries, $3 characters of a text.
   Two readings of the period's buckets, by time and by query: each is a plain hash aggregation that parallel workers can share. */
WITH bucket AS (
    SELECT m.bucket_start, sum(m.calls) AS calls, sum(m.total_exec_time_ms) AS total_exec_time_ms
    FROM optimizer.query_metrics m
    WHERE m.bucket_start >= now() - make_interval(days => $1) AND m.bucket_start <= now()
    GROUP BY m.bucket_start
), hour AS (
    SELECT extract(isodow FROM c.bucket_start::timestamp)::integer AS weekday,
           extract(hour FROM c.bucket_start::timestamp)::integer AS hour,
           sum(c.observed_share * c.bucket_width_seconds) AS observed_seconds,
           coalesce(sum(b.total_exec_time_ms), 0) AS total_exec_time_ms
    FROM optimizer.sampling_coverage c
    LEFT JOIN bucket b ON b.bucket_start = c.bucket_start
    WHERE c.bucket_start >= now() - make_interval(days => $1) AND c.bucket_start <= now()
      AND c.observed_share > 0
    GROUP BY 1, 2
), query AS (
    SELECT m.query_hash, sum(m.calls) AS calls, sum(m.total_exec_time_ms) AS total_exec_time_ms,
           sum(m.shared_blks_hit + m.shared_blks_read) AS shared_blks
    FROM optimizer.query_metrics m
    WHERE m.bucket_start >= now() - make_interval(days => $1) AND m.bucket_start <= now()
    GROUP BY m.query_hash
    HAVING sum(m.calls) > 0
), costliest AS (
    SELECT q.* FROM query q
    WHERE NOT EXISTS (SELECT FROM optimizer.texts t WHERE t.query_hash = q.query_hash AND t.is_own)
    ORDER BY q.total_exec_time_ms DESC, q.query_hash
    LIMIT $2
)
SELECT jsonb_build_object(
    'total_exec_time_ms', (SELECT sum(b.total_exec_time_ms) FROM bucket b),
    'calls', (SELECT sum(b.calls) FROM bucket b),
    'hours', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                  'weekday', h.weekday, 'hour', h.hour, 'observed_seconds', h.observed_seconds,
                  'time_ms_per_hour', h.total_exec_time_ms * 3600 / h.observed_seconds)
                  ORDER BY h.weekday, h.hour), '[]')
              FROM hour h),
    'costliest', jsonb_build_object(
        'total', (SELECT count(*) FROM query),
        'rows', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                     'query_hash', q.query_hash::text,
                     'query', left(t.query, $3 + 1),
                     'calls', q.calls,
                     'total_ms', q.total_exec_time_ms,
                     'mean_ms', q.total_exec_time_ms / q.calls::float8,
                     'blocks_per_call', q.shared_blks::float8 / q.calls::float8,
                     'open_recommendations', (SELECT count(*) FROM optimizer.recommendations r
                                              WHERE r.query_hash = q.query_hash AND r.status = 'open'))
                     ORDER BY q.total_exec_time_ms DESC, q.query_hash), '[]')
                 FROM costliest q
                 LEFT JOIN optimizer.texts t ON t.query_hash = q.query_hash)))::text
