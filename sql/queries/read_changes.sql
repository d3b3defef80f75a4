/* optimizer_workflow: what was changed between two moments ($1, $2), with the relations that it touches: implementations,
   and DDL on tables and indexes. Of a change of an index, its fingerprint, and whether it went. */
SELECT o.implementation_timestamp, o.recorded_with, o.recommendation_id, o.query_hash,
       ARRAY(SELECT q.topmost FROM optimizer.query_relations q WHERE q.query_hash = o.query_hash
             UNION SELECT e.value::text::oid
             FROM jsonb_array_elements_text(o.ground -> 'relations') AS e (value)),
       false AS is_index, NULL AS fingerprint, false AS is_dropped,
       format('implementation %s changed the same query or its relations at %s', o.id,
              date_trunc('second', o.implementation_timestamp))
FROM optimizer.optimization_implementations o
WHERE o.implementation_timestamp BETWEEN $1 AND $2
  -- what was never made changed nothing
  AND coalesce(o.verdict_reason, '') NOT LIKE 'not_applied:%'
UNION ALL
SELECT e.occurred_at, NULL, NULL, NULL,
       ARRAY[coalesce(pg_partition_root(e.relation_id)::oid, e.relation_id)],
       e.event_type = 'index', coalesce(e.fingerprint, optimizer.index_fingerprint(e.definition)), e.action = 'dropped',
       format('%s was %s at %s', e.object_name, e.action, date_trunc('second', e.occurred_at))
FROM optimizer.system_events e
WHERE (e.event_type = 'index' AND e.action IN ('created', 'altered', 'dropped')
       OR e.event_type = 'table' AND e.action = 'altered')
  AND e.occurred_at BETWEEN $1 AND $2 AND e.relation_id IS NOT NULL
ORDER BY 1
