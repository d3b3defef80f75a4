/* optimizer_workflow: implementations ($1) that were recorded or reverted ($2), by whom ($3) */
WITH found AS (
    SELECT CASE $2::text WHEN 'reverted' THEN i.reverted_at ELSE i.implementation_timestamp END
               AS occurred_at,
           NULL::timestamptz AS occurred_after, 'call' AS noticed_by,
           'implementation' AS event_type, $2::text AS action, $3::text AS actor,
           NULL::oid AS relation_id, s.relation AS relation_name, NULL::oid AS object_id,
           NULL::text AS object_name, NULL::text AS setting_name, NULL::text AS setting_scope,
           NULL::text AS database_name, NULL::text AS role_name, NULL::text AS old_value,
           NULL::text AS new_value, NULL::text AS definition, i.id AS implementation_id,
           format('%s: %s', r.source_type, i.kind) AS detail
    FROM optimizer.optimization_implementations i
    JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
    LEFT JOIN optimizer.index_suggestions s ON r.source_type = 'index' AND s.id = r.source_id
    WHERE i.id = ANY ($1::bigint[])
)
