/* optimizer_workflow: what some queries did in each bucket. $1 query hashes, $2 first, $3 last bucket (its start).
   One row for each query; moments are microseconds since 2000-01-01 00:00 UTC. Sorted once, in the order of the primary key,
   and not once for each array; without numeric, which would take half of the time. */
SELECT b.query_hash, array_agg(b.start_micros), array_agg(b.calls), array_agg(b.total_exec_time_ms), array_agg(b.rows),
       array_agg(b.shared_blks), array_agg(b.lossy)
FROM (
    SELECT m.query_hash,
           (date_part('epoch', m.bucket_start - '2000-01-01 00:00:00+00'::timestamptz)
            * 1000000)::bigint AS start_micros,
           m.calls, m.total_exec_time_ms, m.rows,
           CASE WHEN m.shared_blks_read > 9223372036854775807 - m.shared_blks_hit
                THEN 9223372036854775807
                ELSE m.shared_blks_hit + m.shared_blks_read END AS shared_blks,
           m.lossy
    FROM optimizer.query_metrics m
    WHERE m.query_hash = ANY ($1) AND m.bucket_start BETWEEN $2 AND $3
    ORDER BY m.query_hash, m.bucket_start
) AS b
GROUP BY b.query_hash
