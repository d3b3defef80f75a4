/* optimizer_workflow: a query's work before a change. $1 query_hash, $2 moment of the change,
   $3 start of the bucket that holds it, $4 earliest bucket.
   That bucket counts when nothing in it was counted after the change; else it counts on neither
   side. Last column: what it held before the change, null when that cannot be told. */
WITH change_bucket AS (
    SELECT m.*, m.counted_until > $2 AND m.bucket_start < $2 AS is_mixed,
           m.bucket_start = $2 AS is_after
    FROM optimizer.query_metrics m
    WHERE m.query_hash = $1 AND m.bucket_start = $3
), covered AS (
    SELECT c.bucket_start,
           c.bucket_start + make_interval(secs => c.bucket_width_seconds) AS bucket_end,
           c.observed_share * c.bucket_width_seconds AS observed_seconds
    FROM optimizer.sampling_coverage c
    WHERE c.bucket_start >= $4
      AND (c.bucket_start < $3
               AND c.bucket_start + make_interval(secs => c.bucket_width_seconds) <= $2
           OR c.bucket_start = $3 AND $3 < $2 AND NOT EXISTS (
               SELECT FROM change_bucket b WHERE b.is_mixed))
), work AS (
    SELECT m.*
    FROM optimizer.query_metrics m
    JOIN covered c ON c.bucket_start = m.bucket_start
    WHERE m.query_hash = $1
)
SELECT coalesce(sum(w.calls), 0)::bigint,
       coalesce(sum(w.total_exec_time_ms), 0),
       coalesce(sum(w.rows), 0)::bigint,
       coalesce(sum(w.shared_blks_hit), 0)::bigint,
       coalesce(sum(w.shared_blks_read), 0)::bigint,
       (SELECT coalesce(sum(observed_seconds), 0) FROM covered),
       (SELECT to_jsonb(min(bucket_start)) #>> '{}' FROM covered),
       (SELECT to_jsonb(LEAST(max(bucket_end), $2)) #>> '{}' FROM covered),
       CASE WHEN EXISTS (SELECT FROM change_bucket b WHERE b.is_mixed) THEN NULL
            ELSE coalesce(
                (SELECT jsonb_build_object(
                     'calls', b.calls, 'total_exec_time_ms', b.total_exec_time_ms,
                     'sum_squared_deviation_ms2', b.sum_squared_deviation_ms2, 'rows', b.rows,
                     'shared_blks_hit', b.shared_blks_hit,
                     'shared_blks_read', b.shared_blks_read)
                 FROM change_bucket b WHERE NOT b.is_after),
                '{"calls": 0, "total_exec_time_ms": 0, "sum_squared_deviation_ms2": 0,
                  "rows": 0, "shared_blks_hit": 0, "shared_blks_read": 0}')
                || jsonb_build_object('observed_seconds', coalesce(
                    (SELECT c.observed_seconds FROM covered c WHERE c.bucket_start = $3), 0))
       END
FROM work w
