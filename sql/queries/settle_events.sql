/* optimizer_workflow: the events ($1) that a look has compared with the catalog. One that was dropped
   before any look had seen it takes its table from the event that made it. */
UPDATE optimizer.system_events e
SET settled = true,
    fingerprint = optimizer.index_fingerprint(coalesce(e.definition, made.definition)),
    definition = coalesce(e.definition, made.definition),
    relation_id = coalesce(e.relation_id, made.relation_id),
    relation_name = coalesce(e.relation_name, made.relation_name)
FROM optimizer.system_events d
LEFT JOIN LATERAL (
    SELECT m.definition, m.relation_id, m.relation_name
    FROM optimizer.system_events m
    WHERE NOT m.settled AND m.object_id = d.object_id AND m.id < d.id AND d.relation_id IS NULL
    ORDER BY m.id DESC
    LIMIT 1) AS made ON true
WHERE e.id = ANY ($1::bigint[]) AND d.id = e.id
