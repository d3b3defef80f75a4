/* optimizer_workflow: the queries that took the most time between $1 and $2, $3 of them */
SELECT m.query_hash
FROM optimizer.query_metrics m
WHERE m.bucket_start >= $1 AND m.bucket_start < $2
GROUP BY m.query_hash
ORDER BY sum(m.total_exec_time_ms) DESC, m.query_hash
LIMIT $3
