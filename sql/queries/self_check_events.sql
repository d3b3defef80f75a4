/* optimizer_workflow: what else happened since $1, in that order. Events of the server have no relation; changes of relations have one. */
SELECT e.occurred_at, NULL::oid,
       e.event_type = 'version'
           AND split_part(e.old_value, '.', 1) <> split_part(e.new_value, '.', 1)
FROM optimizer.system_events e
WHERE e.event_type IN ('restart', 'crash', 'failover', 'version', 'setting') AND e.occurred_at >= $1
  AND (e.event_type <> 'setting' OR e.setting_scope IN ('server', 'all_roles')
       OR e.setting_scope = 'database' AND e.database_name = current_database())
UNION ALL
SELECT e.occurred_at, coalesce(pg_partition_root(e.relation_id)::oid, e.relation_id), false
FROM optimizer.system_events e
WHERE (e.event_type = 'index' AND e.action IN ('created', 'altered', 'dropped')
       OR e.event_type = 'table' AND e.action = 'altered')
  AND e.occurred_at >= $1 AND e.relation_id IS NOT NULL
UNION ALL
SELECT i.implementation_timestamp, q.topmost, false
FROM optimizer.optimization_implementations i
JOIN optimizer.query_relations q ON q.query_hash = i.query_hash
WHERE i.implementation_timestamp >= $1
UNION ALL
SELECT i.reverted_at, q.topmost, false
FROM optimizer.optimization_implementations i
JOIN optimizer.query_relations q ON q.query_hash = i.query_hash
WHERE i.reverted_at >= $1
ORDER BY 1
