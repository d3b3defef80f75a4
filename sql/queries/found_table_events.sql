/* optimizer_workflow: tables that differ from the last look at the catalog. Digests are of what a plan can
   depend on; exclusive or, since the order of rows says nothing. $1 when that look was, null when there was
   none; $2 now */
WITH watched AS MATERIALIZED (
    SELECT c.oid AS relation_id,
           hash_record_extended(ROW(c.relkind, c.relpersistence, c.relam, c.reltablespace,
                                    c.reloptions), 0) AS digest
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
      AND c.relnamespace <> ALL (ARRAY(
          SELECT oid FROM pg_namespace
          WHERE nspname IN ('pg_catalog', 'pg_toast', 'information_schema', 'optimizer')))
), current AS MATERIALIZED (
    SELECT w.relation_id,
           w.digest # coalesce(a.digest, 0) # coalesce(x.digest, 0) # coalesce(h.digest, 0) AS digest,
           h.parent_id
    FROM watched w
    LEFT JOIN (SELECT a.attrelid,
                      bit_xor(hash_record_extended(
                          ROW(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
                              a.attstattarget, a.attstorage, a.attisdropped), 0)) AS digest
               FROM watched w
               JOIN pg_attribute a ON a.attrelid = w.relation_id
               WHERE a.attnum > 0
               GROUP BY a.attrelid) AS a ON a.attrelid = w.relation_id
    LEFT JOIN (SELECT s.stxrelid,
                      bit_xor(hash_record_extended(ROW(s.oid, s.stxkeys::text, s.stxkind), 0)) AS digest
               FROM pg_statistic_ext s
               GROUP BY s.stxrelid) AS x ON x.stxrelid = w.relation_id
    LEFT JOIN (SELECT i.inhrelid, min(i.inhparent) AS parent_id,
                      bit_xor(hash_record_extended(ROW(i.inhparent), 0)) AS digest
               FROM pg_inherits i
               GROUP BY i.inhrelid) AS h ON h.inhrelid = w.relation_id
), moved AS MATERIALIZED (
    SELECT coalesce(c.relation_id, s.relation_id) AS relation_id, c.digest, s.relation_name,
           coalesce(c.parent_id, s.parent_id) AS parent_id,
           CASE WHEN s.relation_id IS NULL THEN 'created' WHEN c.relation_id IS NULL THEN 'dropped'
                ELSE 'altered' END AS action
    FROM current c
    FULL JOIN optimizer.seen_tables s ON s.relation_id = c.relation_id
    WHERE s.digest IS DISTINCT FROM c.digest
), described AS MATERIALIZED (
    SELECT m.relation_id, m.digest, m.parent_id, m.action,
           CASE WHEN c.oid IS NULL THEN m.relation_name
                ELSE format('%I.%I', n.nspname, c.relname) END AS relation_name
    FROM moved m
    LEFT JOIN pg_class c ON c.oid = m.relation_id
    LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
), kept AS (
    INSERT INTO optimizer.seen_tables AS s (relation_id, relation_name, parent_id, digest)
    SELECT d.relation_id, d.relation_name, d.parent_id, d.digest
    FROM described d
    WHERE d.action <> 'dropped'
    ON CONFLICT (relation_id) DO UPDATE SET
        relation_name = excluded.relation_name,
        parent_id = excluded.parent_id,
        digest = excluded.digest
), forgotten AS (
    DELETE FROM optimizer.seen_tables s
    USING described d
    WHERE s.relation_id = d.relation_id AND d.action = 'dropped'
), found AS (
    SELECT $2::timestamptz AS occurred_at, $1::timestamptz AS occurred_after, 'look' AS noticed_by,
           'table' AS event_type, d.action, NULL::text AS actor, d.relation_id, d.relation_name,
           d.relation_id AS object_id, d.relation_name AS object_name, NULL::text AS setting_name,
           NULL::text AS setting_scope, NULL::text AS database_name, NULL::text AS role_name,
           NULL::text AS old_value, NULL::text AS new_value, NULL::text AS definition,
           NULL::bigint AS implementation_id, NULL::text AS detail
    FROM described d
    WHERE $1 IS NOT NULL
      AND NOT EXISTS (SELECT FROM optimizer.system_events e
                      WHERE NOT e.settled AND e.relation_id = d.relation_id
                        AND e.event_type IN ('table', 'statistics'))
      -- what was done to the whole was done to its parts
      AND NOT EXISTS (SELECT FROM moved p WHERE p.relation_id = d.parent_id AND p.action = d.action)
)
