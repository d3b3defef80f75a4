/* optimizer_workflow: ANALYZE and VACUUM of tables whose queries are being measured, from a day before the
   change on: that is what its verdict may have to know. $1 when the last look was; $2 now */
WITH touched AS (
    SELECT q.relation AS relation_id, i.implementation_timestamp
    FROM optimizer.optimization_implementations i
    JOIN optimizer.query_relations q
        ON q.query_hash = i.query_hash
        OR q.query_hash IN (SELECT n.query_hash FROM optimizer.implementation_queries n
                            WHERE n.implementation_id = i.id)
    WHERE i.status = 'pending'
    UNION ALL
    -- the table of an index, also where its query could not be read
    SELECT c.oid, i.implementation_timestamp
    FROM optimizer.optimization_implementations i
    JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
    JOIN optimizer.index_suggestions s ON r.source_type = 'index' AND s.id = r.source_id
    JOIN pg_class c ON strpos(lower(s.relation), lower(c.relname)) > 0
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.status = 'pending' AND c.relkind IN ('r', 'm', 'p')
      AND optimizer.names_relation(s.relation, n.nspname, c.relname)
), measured AS (
    SELECT t.relation_id, min(t.implementation_timestamp) - interval '1 day' AS since
    FROM touched t
    GROUP BY t.relation_id
), found AS (
    SELECT t.at AS occurred_at, NULL::timestamptz AS occurred_after, 'look' AS noticed_by,
           t.event_type, t.action, NULL::text AS actor, m.relation_id,
           format('%I.%I', u.schemaname, u.relname) AS relation_name, NULL::oid AS object_id,
           NULL::text AS object_name, NULL::text AS setting_name, NULL::text AS setting_scope,
           NULL::text AS database_name, NULL::text AS role_name, NULL::text AS old_value,
           NULL::text AS new_value, NULL::text AS definition, NULL::bigint AS implementation_id,
           NULL::text AS detail
    FROM measured m
    JOIN pg_stat_all_tables u ON u.relid = m.relation_id
    CROSS JOIN LATERAL (VALUES ('analyze', 'manual', u.last_analyze),
                               ('analyze', 'automatic', u.last_autoanalyze),
                               ('vacuum', 'manual', u.last_vacuum),
                               ('vacuum', 'automatic', u.last_autovacuum))
        AS t (event_type, action, at)
    WHERE t.at >= m.since AND t.at <= $2 AND $1 IS NOT NULL
      AND NOT EXISTS (SELECT FROM optimizer.system_events e
                      WHERE e.relation_id = m.relation_id AND e.occurred_at = t.at
                        AND e.event_type = t.event_type)
)
