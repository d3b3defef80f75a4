/* optimizer_workflow: what some queries did in each bucket. $1 query hashes, $2 first, $3 last bucket (its start).
   One row for each query; moments are microseconds since 2000-01-01 00:00 UTC. */
SELECT m.query_hash,
       array_agg((extract(epoch FROM m.bucket_start - '2000-01-01 00:00:00+00'::timestamptz)
                  * 1000000)::bigint ORDER BY m.bucket_start),
       array_agg(m.calls ORDER BY m.bucket_start),
       array_agg(m.total_exec_time_ms ORDER BY m.bucket_start),
       array_agg(m.rows ORDER BY m.bucket_start),
       array_agg(LEAST(m.shared_blks_hit::numeric + m.shared_blks_read,
                       9223372036854775807)::bigint ORDER BY m.bucket_start),
       array_agg(m.lossy ORDER BY m.bucket_start)
FROM optimizer.query_metrics m
WHERE m.query_hash = ANY ($1) AND m.bucket_start BETWEEN $2 AND $3
GROUP BY m.query_hash
