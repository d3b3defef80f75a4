/* optimizer_workflow: indexes that differ from the last look at the catalog. A row that the catalog has
   not rewritten since is not described again. $1 when that look was, null when there was none; $2 now */
WITH current AS MATERIALIZED (
    SELECT i.indexrelid AS index_id, i.indrelid AS relation_id, c.xmin AS class_version,
           i.xmin AS index_version, i.indisvalid AND i.indisready AND i.indislive AS is_valid
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    -- the index of a partition belongs to that of its parent
    WHERE c.relpersistence <> 't' AND NOT c.relispartition
      AND c.relnamespace <> ALL (ARRAY(
          SELECT oid FROM pg_namespace
          WHERE nspname IN ('pg_catalog', 'pg_toast', 'information_schema', 'optimizer')))
), moved AS MATERIALIZED (
    SELECT coalesce(c.index_id, s.index_id) AS index_id, c.index_id IS NOT NULL AS is_there,
           c.relation_id, c.class_version, c.index_version,
           coalesce(c.is_valid, false) AS is_valid, coalesce(s.is_valid, false) AS was_valid,
           s.relation_id AS old_relation_id, s.relation_name AS old_relation_name,
           s.index_name AS old_index_name, s.definition AS old_definition
    FROM current c
    FULL JOIN optimizer.seen_indexes s ON s.index_id = c.index_id
    WHERE c.index_id IS NULL OR s.index_id IS NULL
       OR c.class_version <> s.class_version OR c.index_version <> s.index_version
), described AS MATERIALIZED (
    SELECT m.*, format('%I.%I', n.nspname, c.relname) AS index_name,
           format('%I.%I', n.nspname, t.relname) AS relation_name,
           optimizer.index_definition(m.index_id) AS definition
    FROM moved m
    JOIN pg_class c ON c.oid = m.index_id
    JOIN pg_namespace n ON n.oid = c.relnamespace -- an index lives in its table's schema
    JOIN pg_class t ON t.oid = m.relation_id
    WHERE m.is_there
), kept AS (
    INSERT INTO optimizer.seen_indexes AS s
        (index_id, class_version, index_version, index_name, relation_id, relation_name, definition,
         is_valid)
    SELECT d.index_id, d.class_version, d.index_version, d.index_name, d.relation_id,
           d.relation_name, d.definition, d.is_valid
    FROM described d
    WHERE d.definition IS NOT NULL
    ON CONFLICT (index_id) DO UPDATE SET
        class_version = excluded.class_version,
        index_version = excluded.index_version,
        index_name = excluded.index_name,
        relation_id = excluded.relation_id,
        relation_name = excluded.relation_name,
        definition = excluded.definition,
        -- one that is being dropped concurrently is no longer valid, and not gone yet
        is_valid = s.is_valid OR excluded.is_valid
), forgotten AS (
    DELETE FROM optimizer.seen_indexes s
    USING moved m
    WHERE s.index_id = m.index_id AND NOT m.is_there
), told AS (
    SELECT d.index_id, d.index_name, d.relation_id, d.relation_name, d.definition, d.old_definition,
           CASE WHEN NOT d.was_valid THEN 'created' ELSE 'altered' END AS action
    FROM described d
    WHERE d.is_valid AND d.definition IS NOT NULL AND (NOT d.was_valid OR d.definition <> d.old_definition)
      -- an index of a new table is part of the table
      AND (d.was_valid OR EXISTS (SELECT FROM optimizer.seen_tables t
                                  WHERE t.relation_id = d.relation_id))
      -- REINDEX CONCURRENTLY puts another one of the same name in its place
      AND (d.was_valid OR NOT EXISTS (SELECT FROM moved g
                                      WHERE NOT g.is_there AND g.old_definition = d.definition))
    UNION ALL
    SELECT m.index_id, m.old_index_name, m.old_relation_id, m.old_relation_name, m.old_definition, NULL,
           'dropped'
    FROM moved m
    WHERE NOT m.is_there AND m.was_valid
      AND EXISTS (SELECT FROM pg_class t WHERE t.oid = m.old_relation_id)
      AND NOT EXISTS (SELECT FROM described d WHERE d.definition = m.old_definition)
), found AS (
    SELECT $2::timestamptz AS occurred_at, $1::timestamptz AS occurred_after, 'look' AS noticed_by,
           'index' AS event_type, t.action, NULL::text AS actor, t.relation_id, t.relation_name,
           t.index_id AS object_id, t.index_name AS object_name, NULL::text AS setting_name,
           NULL::text AS setting_scope, NULL::text AS database_name, NULL::text AS role_name,
           CASE t.action WHEN 'altered' THEN t.old_definition END AS old_value,
           NULL::text AS new_value, t.definition, NULL::bigint AS implementation_id,
           NULL::text AS detail
    FROM told t
    WHERE $1 IS NOT NULL
      AND NOT EXISTS (SELECT FROM optimizer.system_events e
                      WHERE NOT e.settled AND e.object_id = t.index_id)
)
