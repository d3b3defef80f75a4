/* optimizer_workflow: what happened to the server since $1, in that order: since when it may have been there, when it was, whether
   it is another major version, and the role whose setting it was. Changes of the whole database that were recorded are among them;
   other changes are read_changes.sql. */
SELECT coalesce(e.occurred_after, e.occurred_at), e.occurred_at,
       e.event_type = 'version'
           AND split_part(e.old_value, '.', 1) <> split_part(e.new_value, '.', 1),
       CASE WHEN e.setting_scope IN ('role', 'role_in_database') THEN e.role_name END
FROM optimizer.system_events e
WHERE e.event_type IN ('restart', 'crash', 'failover', 'version', 'setting') AND e.occurred_at >= $1
  AND (e.event_type <> 'setting' OR e.database_name IS NULL OR e.database_name = current_database())
UNION ALL
SELECT change.at, change.at, false, NULL
FROM optimizer.optimization_implementations i
CROSS JOIN LATERAL (VALUES (i.implementation_timestamp), (i.reverted_at)) AS change (at)
WHERE i.ground ->> 'scope' IN ('server', 'database', 'role') AND change.at >= $1
  AND coalesce(i.verdict_reason, '') NOT LIKE 'not_applied:%'
ORDER BY 2
