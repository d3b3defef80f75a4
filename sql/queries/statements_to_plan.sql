/* optimizer_workflow: statements that were read and not planned since, or not for a day; the most expensive first, at most $1.
   What could not be planned for a reason that passes is tried again after an hour. */
WITH cost AS MATERIALIZED (
    SELECT c.query_hash, sum(c.total_exec_time_ms) AS total_exec_time_ms
    FROM optimizer.sampler_counters c
    GROUP BY c.query_hash
)
SELECT r.query_hash, t.query, r.user_oid, r.read_at
FROM optimizer.query_readings r
JOIN optimizer.query_texts t ON t.query_hash = r.query_hash
LEFT JOIN optimizer.query_plans p ON p.query_hash = r.query_hash
LEFT JOIN cost c ON c.query_hash = r.query_hash
WHERE r.state = 'read' AND NOT r.is_catalog_only
  AND (p.query_hash IS NULL OR p.reading_read_at <> r.read_at
       OR p.planned_at < clock_timestamp() - interval '1 day'
       OR p.reason IN ('timed_out', 'lock_not_available')
          AND p.planned_at < clock_timestamp() - interval '1 hour')
ORDER BY c.total_exec_time_ms DESC NULLS LAST, r.query_hash
LIMIT $1
