/* optimizer_workflow: the queries that indexes would help, or that would use one to their harm, with their load; $1 least share of the total time. One that is suggested
   something already stays for half of that, so that it does not come and go. A query whose plan has a new index counts with what
   it takes since; not at all until it ran. */
WITH load AS MATERIALIZED (
    SELECT a.*, a.total_exec_time_ms / nullif(sum(a.total_exec_time_ms) OVER (), 0) AS share
    FROM optimizer.query_activity a
)
SELECT l.query_hash, t.trial, l.calls_per_hour, now_takes.ms, l.share * now_takes.ms / nullif(l.mean_exec_time_ms, 0),
       l.rows::float8 / l.calls, t.has_parameters, l.shared_hit_share
FROM load l
CROSS JOIN LATERAL (
    SELECT i.trial::text AS trial,
           coalesce(jsonb_array_length(r.shape -> 'parameter_types'), 0) > 0 AS has_parameters
    FROM optimizer.index_trials i
    JOIN optimizer.query_readings r ON r.query_hash = i.query_hash
    WHERE i.query_hash = l.query_hash AND i.outcome IN ('helped', 'at_risk') AND r.state = 'read'
    -- By their keys, row by row: a join of the whole lists is a nested loop while one of them was never analyzed.
    OFFSET 0
) AS t
LEFT JOIN optimizer.queries_of_changed_indexes c ON c.query_hash = l.query_hash
CROSS JOIN LATERAL (SELECT CASE WHEN c.query_hash IS NULL THEN l.mean_exec_time_ms ELSE c.mean_exec_time_ms END) AS now_takes (ms)
WHERE now_takes.ms IS NOT NULL
  AND l.share * now_takes.ms / nullif(l.mean_exec_time_ms, 0) >= $1 * CASE WHEN EXISTS (
          SELECT FROM optimizer.index_suggestions s
          WHERE s.query_hash = l.query_hash AND s.made_by = 'builtin') THEN 0.5 ELSE 1 END
ORDER BY l.query_hash
