/* optimizer_workflow: adds work to buckets. Squared deviations are joined by Chan's formula: each
   part's own, and what their means are apart. */
INSERT INTO optimizer.query_metrics AS q
    (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
     sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read, lossy)
SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::bigint[],
                     $5::float8[], $6::float8[], $7::bigint[], $8::bigint[], $9::bigint[],
                     $10::boolean[])
ON CONFLICT (query_hash, bucket_start) DO UPDATE SET
    counted_until = GREATEST(q.counted_until, excluded.counted_until),
    calls = q.calls + excluded.calls,
    total_exec_time_ms = q.total_exec_time_ms + excluded.total_exec_time_ms,
    sum_squared_deviation_ms2 = q.sum_squared_deviation_ms2 + excluded.sum_squared_deviation_ms2
        + CASE WHEN q.calls > 0 AND excluded.calls > 0
               THEN (q.total_exec_time_ms / q.calls
                     - excluded.total_exec_time_ms / excluded.calls) ^ 2
                    * q.calls * (excluded.calls::float8 / (q.calls + excluded.calls))
               ELSE 0 END,
    rows = q.rows + excluded.rows,
    shared_blks_hit = q.shared_blks_hit + excluded.shared_blks_hit,
    shared_blks_read = q.shared_blks_read + excluded.shared_blks_read,
    lossy = q.lossy OR excluded.lossy
