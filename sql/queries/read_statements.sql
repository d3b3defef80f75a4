/* optimizer_workflow: entries of pg_stat_statements that differ from the last sample, or are gone.
   {pg_stat_statements} is the function's qualified name, {stats_since} an expression that depends
   on its version. One row more, with nulls, when nothing differs. */
WITH statement AS MATERIALIZED (
    SELECT s.queryid AS query_hash, s.userid AS user_oid, s.toplevel, s.calls,
           s.total_exec_time AS total_exec_time_ms, s.min_exec_time AS min_exec_time_ms,
           s.max_exec_time AS max_exec_time_ms, s.stddev_exec_time AS stddev_exec_time_ms,
           s.rows, s.shared_blks_hit, s.shared_blks_read, {stats_since} AS stats_since
    FROM {pg_stat_statements}(false) s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.queryid <> 0
      AND s.queryid <> ALL (ARRAY(SELECT query_hash FROM optimizer.query_texts WHERE is_own))
)
SELECT seen.statements, seen.unread,
       coalesce(s.query_hash, p.query_hash), coalesce(s.user_oid, p.user_oid),
       coalesce(s.toplevel, p.toplevel),
       s.calls, s.total_exec_time_ms, s.min_exec_time_ms, s.max_exec_time_ms,
       s.stddev_exec_time_ms, s.rows, s.shared_blks_hit, s.shared_blks_read, s.stats_since,
       p.calls, p.total_exec_time_ms, p.min_exec_time_ms, p.max_exec_time_ms,
       p.stddev_exec_time_ms, p.rows, p.shared_blks_hit, p.shared_blks_read, p.stats_since
FROM (SELECT count(*) AS statements,
             count(*) FILTER (WHERE NOT EXISTS (
                 SELECT FROM optimizer.query_texts t WHERE t.query_hash = c.query_hash)) AS unread
      FROM statement c) AS seen
LEFT JOIN (statement s
           FULL JOIN optimizer.sampler_counters p
               ON (p.query_hash, p.user_oid, p.toplevel)
                = (s.query_hash, s.user_oid, s.toplevel))
    ON (s.calls, s.total_exec_time_ms, s.min_exec_time_ms, s.max_exec_time_ms, s.stats_since)
       IS DISTINCT FROM
       (p.calls, p.total_exec_time_ms, p.min_exec_time_ms, p.max_exec_time_ms, p.stats_since)
