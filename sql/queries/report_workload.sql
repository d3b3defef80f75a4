/* optimizer_workflow: report, what ran in the period. $1 start and $2 end of it, $3 queries, $4 characters of a text.
   Start and end are values, found once: an expression with now() would be found for each of millions of rows.
   Two readings of the period's buckets, by time and by query: each is a plain aggregation that parallel workers can share. An
   observed hour without work counts as one. */
WITH hour AS (
    SELECT extract(isodow FROM c.bucket_start::timestamp)::integer AS weekday,
           extract(hour FROM c.bucket_start::timestamp)::integer AS hour,
           sum(observed.hours) AS observed_hours,
           coalesce(sum(w.exec_time_ms_per_hour * observed.hours), 0) AS total_exec_time_ms,
           coalesce(sum(w.calls_per_hour * observed.hours), 0) AS calls
    FROM optimizer.sampling_coverage c
    CROSS JOIN LATERAL (SELECT c.observed_share * c.bucket_width_seconds / 3600) AS observed (hours)
    LEFT JOIN (SELECT * FROM optimizer.chart_workload
               WHERE time >= $1 AND time <= $2) AS w
        ON w.time = c.bucket_start
    WHERE c.bucket_start >= $1 AND c.bucket_start <= $2
      AND c.observed_share > 0
    GROUP BY 1, 2
), query AS (
    -- added up as float8: as numeric it takes twice the time
    SELECT m.query_hash, sum(m.calls::float8) AS calls, sum(m.total_exec_time_ms) AS total_exec_time_ms,
           sum(m.shared_blks_hit::float8 + m.shared_blks_read::float8) AS shared_blks
    FROM optimizer.query_metrics m
    WHERE m.bucket_start >= $1 AND m.bucket_start <= $2
    GROUP BY m.query_hash
    HAVING sum(m.calls::float8) > 0
), costliest AS (
    SELECT q.* FROM query q
    WHERE NOT EXISTS (SELECT FROM optimizer.texts t WHERE t.query_hash = q.query_hash AND t.is_own)
    ORDER BY q.total_exec_time_ms DESC, q.query_hash
    LIMIT $3
)
SELECT jsonb_build_object(
    'total_exec_time_ms', (SELECT sum(h.total_exec_time_ms) FROM hour h),
    'calls', (SELECT sum(h.calls) FROM hour h),
    'hours', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                  'weekday', h.weekday, 'hour', h.hour, 'observed_seconds', h.observed_hours * 3600,
                  'time_ms_per_hour', h.total_exec_time_ms / h.observed_hours)
                  ORDER BY h.weekday, h.hour), '[]')
              FROM hour h),
    'costliest', jsonb_build_object(
        'total', (SELECT count(*) FROM query),
        'rows', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                     'query_hash', q.query_hash::text,
                     'query', left(t.query, $4 + 1),
                     'calls', q.calls,
                     'total_ms', q.total_exec_time_ms,
                     'mean_ms', q.total_exec_time_ms / q.calls,
                     'blocks_per_call', q.shared_blks / q.calls,
                     'open_recommendations', (SELECT count(*) FROM optimizer.recommendations r
                                              WHERE r.query_hash = q.query_hash AND r.status = 'open'))
                     ORDER BY q.total_exec_time_ms DESC, q.query_hash), '[]')
                 FROM costliest q
                 LEFT JOIN optimizer.texts t ON t.query_hash = q.query_hash)))::text
