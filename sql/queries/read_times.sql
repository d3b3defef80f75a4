/* optimizer_workflow: how much time each query took since $1, ms */
SELECT m.query_hash, sum(m.total_exec_time_ms)
FROM optimizer.query_metrics m
WHERE m.bucket_start >= $1 AND m.bucket_start <= now()
GROUP BY m.query_hash
