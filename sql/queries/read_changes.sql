/* optimizer_workflow: what was changed between two moments ($1, $2), with the relations that it touches: implementations,
   their reverts, and DDL on tables and indexes. Since when it may have been there: an index is built for a while, and DDL that only a
   comparison of the catalog found lies somewhere in an interval. Of a change of an index, its fingerprint, its name, and whether it went. */
SELECT change.at, change.at, o.recorded_with, o.recommendation_id, o.query_hash,
       ARRAY(SELECT q.topmost FROM optimizer.query_relations q WHERE q.query_hash = o.query_hash
             UNION SELECT e.value::text::oid
             FROM jsonb_array_elements_text(o.ground -> 'relations') AS e (value)),
       false AS is_index, NULL AS fingerprint, false AS is_dropped,
       format('implementation %s %s at %s', o.id, change.what, date_trunc('second', change.at)),
       o.implementation_timestamp, o.id, NULL
FROM optimizer.optimization_implementations o
CROSS JOIN LATERAL (
    VALUES (o.implementation_timestamp, 'changed the same query or its relations'),
           (o.reverted_at, 'on the same query or its relations was taken back')
) AS change (at, what)
WHERE change.at BETWEEN $1 AND $2
  -- what was never made changed nothing
  AND coalesce(o.verdict_reason, '') NOT LIKE 'not_applied:%'
  -- nor did what was recorded by mistake and taken back at once; real DDL is in the ledger all the same
  AND NOT coalesce(o.reverted_at < o.implementation_timestamp
                       + make_interval(secs => optimizer.bucket_width_seconds()), false)
  -- nor, however late that was noticed, an index that is not there and that the ledger never saw
  AND NOT (o.reverted_at IS NOT NULL AND o.ground ? 'index_fingerprint' AND optimizer.unmet_ground(o.ground) IS NOT NULL
           AND NOT EXISTS (SELECT FROM optimizer.system_events e
                           WHERE e.event_type = 'index'
                             AND coalesce(e.fingerprint, optimizer.index_fingerprint(e.definition)) = o.ground ->> 'index_fingerprint'))
UNION ALL
SELECT coalesce(e.started_at, e.occurred_after, e.occurred_at), e.occurred_at, NULL, NULL, NULL,
       ARRAY[coalesce(pg_partition_root(e.relation_id)::oid, e.relation_id)],
       e.event_type = 'index', coalesce(e.fingerprint, optimizer.index_fingerprint(e.definition)), e.action = 'dropped',
       format('%s was %s at %s', e.object_name, e.action, date_trunc('second', e.occurred_at)),
       NULL, NULL, e.object_name
FROM optimizer.system_events e
WHERE (e.event_type = 'index' AND e.action IN ('created', 'altered', 'dropped')
       OR e.event_type = 'table' AND e.action = 'altered')
  AND e.occurred_at >= $1 AND coalesce(e.started_at, e.occurred_after, e.occurred_at) <= $2 AND e.relation_id IS NOT NULL
ORDER BY 2
