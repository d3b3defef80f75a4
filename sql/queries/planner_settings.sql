/* optimizer_workflow: settings that plans depend on, as a session of role $1 in this database begins with them, where
   they differ from those of the session that asks; and its search_path, always.
   A role's own settings come before the database's, those for both first. What would let the search for a plan grow
   without bound (join_collapse_limit and the like, geqo) is held to the server's defaults. */
WITH own AS (
    SELECT DISTINCT ON (1) split_part(c.entry, '=', 1) AS name, substr(c.entry, strpos(c.entry, '=') + 1) AS value
    FROM pg_db_role_setting s
    CROSS JOIN LATERAL unnest(s.setconfig) AS c (entry)
    WHERE s.setrole IN (0, $1)
      AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY 1, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
), server AS (
    -- A session's reset value may be its role's, its database's or its client's: then the file has the server's.
    SELECT s.name, s.setting, s.category, s.context, s.boot_val,
           CASE WHEN s.source IN ('default', 'configuration file', 'command line', 'environment variable', 'override')
                THEN s.reset_val
                ELSE coalesce((SELECT f.setting FROM pg_file_settings f
                               WHERE lower(f.name) = lower(s.name) AND f.error IS NULL
                               ORDER BY f.seqno DESC LIMIT 1), s.boot_val) END AS server_value
    FROM pg_settings s
), wanted AS (
    SELECT s.name, s.setting,
           CASE
               WHEN s.name NOT IN ('join_collapse_limit', 'from_collapse_limit', 'geqo_threshold')
                    AND s.name NOT LIKE 'geqo%' THEN coalesce(o.value, s.server_value)
               WHEN s.name NOT LIKE '%\_limit' AND s.name <> 'geqo_threshold' THEN s.boot_val
               WHEN coalesce(o.value, s.server_value) ~ '^[0-9]{1,9}$'
               THEN least(coalesce(o.value, s.server_value)::integer, s.boot_val::integer)::text
               ELSE s.boot_val
           END AS value
    FROM server s
    LEFT JOIN own o ON lower(o.name) = lower(s.name)
    WHERE (s.category LIKE 'Query Tuning / %'
           OR s.name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers_per_gather',
                         'max_parallel_workers', 'parallel_leader_participation',
                         'debug_parallel_query', 'force_parallel_mode'))
      AND s.context = 'user'
)
SELECT 'search_path' AS name, coalesce((SELECT value FROM own WHERE name = 'search_path'), '"$user", public') AS value
UNION ALL
SELECT name, value FROM wanted WHERE value <> setting
