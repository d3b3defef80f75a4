/* optimizer_workflow: settings and extensions that differ from the last look. $1, $2 names and values of
   the settings whose value of the whole server this session knows; $3 the names that count;
   $4 when the last look was, null when there was none; $5 now */
WITH current AS MATERIALIZED (
    SELECT 'server' AS scope, '' AS database_name, '' AS role_name, s.name, s.value
    FROM unnest($1::text[], $2::text[]) AS s (name, value)
    UNION ALL
    SELECT CASE WHEN d.oid IS NOT NULL AND r.oid IS NOT NULL THEN 'role_in_database'
                WHEN d.oid IS NOT NULL THEN 'database'
                WHEN r.oid IS NOT NULL THEN 'role'
                ELSE 'all_roles' END,
           coalesce(d.datname, ''), coalesce(r.rolname, ''),
           lower(split_part(entry, '=', 1)), substr(entry, strpos(entry, '=') + 1)
    FROM pg_db_role_setting o
    CROSS JOIN unnest(o.setconfig) AS entry
    LEFT JOIN pg_database d ON d.oid = o.setdatabase
    LEFT JOIN pg_roles r ON r.oid = o.setrole
    WHERE (o.setdatabase = 0 OR d.datname = current_database())
      AND (o.setrole = 0 OR r.oid IS NOT NULL)
    UNION ALL
    SELECT 'extension', '', '', extname, extversion FROM pg_extension
), moved AS MATERIALIZED (
    SELECT coalesce(c.scope, s.scope) AS scope,
           coalesce(c.database_name, s.database_name) AS database_name,
           coalesce(c.role_name, s.role_name) AS role_name,
           coalesce(c.name, s.name) AS name, s.value AS old_value, c.value AS new_value
    FROM current c
    FULL JOIN optimizer.seen_settings s
        ON (s.scope, s.database_name, s.role_name, s.name)
         = (c.scope, c.database_name, c.role_name, c.name)
    WHERE s.value IS DISTINCT FROM c.value
), kept AS (
    INSERT INTO optimizer.seen_settings AS s (scope, database_name, role_name, name, value)
    SELECT m.scope, m.database_name, m.role_name, m.name, m.new_value
    FROM moved m
    WHERE m.new_value IS NOT NULL
    ON CONFLICT (scope, database_name, role_name, name) DO UPDATE SET value = excluded.value
), forgotten AS (
    -- A setting of the server that this session cannot tell keeps the value that was last seen.
    DELETE FROM optimizer.seen_settings s
    USING moved m
    WHERE (s.scope, s.database_name, s.role_name, s.name)
        = (m.scope, m.database_name, m.role_name, m.name)
      AND m.new_value IS NULL AND m.scope <> 'server'
), found AS (
    -- what the whole server has came with the last reading of its files, or before
    SELECT CASE WHEN m.scope = 'server' AND pg_conf_load_time() BETWEEN $4 AND $5
                THEN pg_conf_load_time() ELSE $5::timestamptz END AS occurred_at,
           $4::timestamptz AS occurred_after, 'look' AS noticed_by,
           CASE m.scope WHEN 'extension' THEN 'extension' ELSE 'setting' END AS event_type,
           CASE WHEN m.old_value IS NULL THEN 'created' WHEN m.new_value IS NULL THEN 'dropped'
                ELSE 'changed' END AS action,
           NULL::text AS actor, NULL::oid AS relation_id, NULL::text AS relation_name,
           NULL::oid AS object_id,
           CASE m.scope WHEN 'extension' THEN m.name END AS object_name,
           CASE WHEN m.scope <> 'extension' THEN m.name END AS setting_name,
           CASE WHEN m.scope <> 'extension' THEN m.scope END AS setting_scope,
           nullif(m.database_name, '') AS database_name, nullif(m.role_name, '') AS role_name,
           m.old_value, m.new_value, NULL::text AS definition, NULL::bigint AS implementation_id,
           NULL::text AS detail
    FROM moved m
    WHERE $4 IS NOT NULL
      AND (m.scope = 'extension' OR m.name = ANY ($3::text[]))
      AND (m.scope <> 'server' OR m.old_value IS NOT NULL AND m.new_value IS NOT NULL)
)
