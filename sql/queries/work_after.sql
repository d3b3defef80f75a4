/* optimizer_workflow: the work of some queries from the bucket that holds a change on.
   $1 query hashes, $2 start of that bucket, $3 whether it counts, $4 end of the window, $5 whether
   the window is still open: then the bucket that is being filled counts too; $6 moment of the change. */
WITH covered AS (
    SELECT c.bucket_start,
           c.bucket_start + make_interval(secs => c.bucket_width_seconds) AS bucket_end,
           c.observed_share * c.bucket_width_seconds AS observed_seconds
    FROM optimizer.sampling_coverage c
    WHERE (c.bucket_start > $2 OR c.bucket_start = $2 AND $3)
      AND c.bucket_start < $4
      AND ($5 OR c.bucket_start + make_interval(secs => c.bucket_width_seconds) <= $4)
), work AS (
    SELECT m.*
    FROM optimizer.query_metrics m
    JOIN covered c ON c.bucket_start = m.bucket_start
    WHERE m.query_hash = ANY ($1)
)
SELECT coalesce(sum(w.calls), 0)::bigint,
       coalesce(sum(w.total_exec_time_ms), 0),
       coalesce(sum(w.rows), 0)::bigint,
       coalesce(sum(w.shared_blks_hit), 0)::bigint,
       coalesce(sum(w.shared_blks_read), 0)::bigint,
       (SELECT coalesce(sum(observed_seconds), 0) FROM covered),
       (SELECT to_jsonb(GREATEST(min(bucket_start), $6)) #>> '{}' FROM covered),
       (SELECT to_jsonb(LEAST(max(bucket_end), $4)) #>> '{}' FROM covered)
FROM work w
