/* optimizer_workflow: the text of query $1, and the role that spent most time on it in this database; a role that was
   dropped comes after those that are there. A text that somebody delivered is planned as that role, whoever runs the
   query of that number: nobody writes what another one plans. No row without a text.
   {pg_stat_statements} is the function's qualified name. */
SELECT t.query, coalesce(i.oid, s.userid), coalesce(i.rolname, r.rolname)::text
FROM optimizer.query_texts t
LEFT JOIN LATERAL (
    SELECT p.userid, sum(p.total_exec_time) AS total
    FROM {pg_stat_statements}(false) p
    WHERE p.queryid = t.query_hash AND t.ingested_by IS NULL
      AND p.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY p.userid) AS s ON true
LEFT JOIN pg_roles r ON r.oid = s.userid
LEFT JOIN pg_roles i ON i.rolname = t.ingested_by
WHERE t.query_hash = $1
ORDER BY r.oid IS NOT NULL DESC, s.total DESC NULLS LAST
LIMIT 1
