-- What each suggestion says when it is made a recommendation: a view per
-- source, all of the same columns, and one over the four. They hold text and are granted to nobody.

CREATE VIEW optimizer.rewrite_advice AS
SELECT s.query_hash,
       'rewrite' AS source_type,
       s.id AS source_id,
       s.suggestion_type AS kind,
       s.estimated_improvement_percent,
       s.confidence_score AS stated_confidence,
       s.made_by,
       s.updated_at AS suggestion_updated_at,
       s.description AS recommendation_text,
       s.reasoning AS detailed_explanation,
       s.suggested_rewrite AS action_sql,
       s.original_query AS undo_sql,
       -- a change of one query's own text or settings reaches no other query
       NULL::text AS action_key,
       'medium' AS implementation_complexity,
       NULL::float8 AS plan_cost_ratio
FROM optimizer.query_rewrite_suggestions s
WHERE NOT s.dismissed;

-- What cannot be followed says why and has no action: an unknown setting, a place where it cannot be set, a value that the
-- server does not take. It stays a row: whoever brings advice for a fleet brings some that fits not everywhere.
CREATE VIEW optimizer.parameter_advice AS
SELECT s.query_hash,
       'parameter' AS source_type,
       s.id AS source_id,
       s.parameter_name AS kind,
       s.estimated_improvement_percent,
       s.confidence_score AS stated_confidence,
       s.made_by,
       s.updated_at AS suggestion_updated_at,
       format('Set %s to %s%s (scope: %s)%s', s.parameter_name, s.recommended_value,
              CASE WHEN s.current_value <> '' THEN ' instead of ' || s.current_value ELSE '' END,
              s.scope,
              CASE WHEN obstacle.reason IS NOT NULL THEN ': not possible, ' || obstacle.reason
                   WHEN s.scope = 'server' AND optimizer.setting_context(s.parameter_name) = 'postmaster'
                       THEN ', then restart the server'
                   ELSE '' END) AS recommendation_text,
       s.reasoning AS detailed_explanation,
       CASE WHEN obstacle.reason IS NULL THEN action.sql END AS action_sql,
       CASE WHEN obstacle.reason IS NULL THEN
           CASE WHEN s.current_value <> ''
                THEN target.setter || ' ' || s.parameter_name || ' = '
                     || CASE WHEN is_list
                             THEN optimizer.list_literal(s.current_value)
                             ELSE quote_literal(s.current_value) END
                ELSE target.resetter || ' ' || s.parameter_name END || target.reload
       END AS undo_sql,
       CASE WHEN s.scope <> 'query' THEN md5(optimizer.normalise_sql(action.sql)) END
           AS action_key,
       CASE s.scope WHEN 'query' THEN 'low' WHEN 'server' THEN 'high' ELSE 'medium' END
           AS implementation_complexity,
       NULL::float8 AS plan_cost_ratio
FROM optimizer.parameter_tuning_suggestions s
CROSS JOIN LATERAL (
    -- settings whose value is a list, where each element is quoted by itself (GUC_LIST_QUOTE in
    -- guc_tables.c, the same on PostgreSQL 15 to 18; the catalog does not show the flag)
    SELECT lower(s.parameter_name) IN (
               'local_preload_libraries', 'search_path', 'session_preload_libraries',
               'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories'),
           -- whose query it is, as the statement reader knows it
           CASE WHEN s.scope = 'role'
                THEN (SELECT quote_ident(a.rolname)
                      FROM optimizer.query_readings q
                      JOIN pg_roles a ON a.oid = q.user_oid
                      WHERE q.query_hash = s.query_hash) END
) AS setting (is_list, role)
CROSS JOIN LATERAL (
    SELECT coalesce(optimizer.setting_obstacle(s.parameter_name, s.recommended_value, s.scope),
                    CASE WHEN s.scope = 'role' AND setting.role IS NULL
                         THEN 'which role runs the query is not known yet' END)
    OFFSET 0  -- else each mention of the reason is a call
) AS obstacle (reason)
CROSS JOIN LATERAL (
    SELECT CASE s.scope WHEN 'query' THEN 'SET LOCAL' ELSE alter || ' SET' END,
           CASE s.scope WHEN 'query' THEN 'RESET' ELSE alter || ' RESET' END,
           CASE WHEN s.scope <> 'server' THEN ''
                WHEN optimizer.setting_context(s.parameter_name) = 'postmaster'
                    THEN '; -- in effect after a restart of the server'
                ELSE '; SELECT pg_reload_conf()' END
    FROM (SELECT CASE s.scope
                     WHEN 'role' THEN 'ALTER ROLE ' || setting.role
                     WHEN 'database' THEN 'ALTER DATABASE ' || quote_ident(current_database())
                     WHEN 'server' THEN 'ALTER SYSTEM' END) AS whom (alter)
) AS target (setter, resetter, reload)
CROSS JOIN LATERAL (
    SELECT target.setter || ' ' || s.parameter_name || ' = '
           || CASE WHEN setting.is_list THEN optimizer.list_literal(s.recommended_value)
                   ELSE quote_literal(s.recommended_value) END
           || target.reload
) AS action (sql);

CREATE VIEW optimizer.workload_pattern_advice AS
SELECT of_query.query_hash,
       'workload_pattern' AS source_type,
       s.id AS source_id,
       s.pattern_type AS kind,
       s.estimated_improvement_percent,
       s.confidence_score AS stated_confidence,
       s.made_by,
       s.updated_at AS suggestion_updated_at,
       s.description AS recommendation_text,
       format('%s in database %s, found at %s', s.pattern_type, s.database_name,
              to_char(s.detection_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
           AS detailed_explanation,
       NULL::text AS action_sql,
       NULL::text AS undo_sql,
       NULL::text AS action_key,
       'medium' AS implementation_complexity,
       NULL::float8 AS plan_cost_ratio
FROM (
    SELECT query_hash, id FROM optimizer.workload_patterns WHERE query_hash IS NOT NULL
    UNION ALL
    SELECT DISTINCT listed.query_hash, p.id
    FROM optimizer.workload_patterns p
    CROSS JOIN LATERAL unnest(optimizer.query_hash_list(p.pattern_metadata))
        AS listed (query_hash)
    WHERE p.query_hash IS NULL
) AS of_query
JOIN optimizer.workload_patterns s ON s.id = of_query.id;

CREATE VIEW optimizer.index_advice AS
SELECT s.query_hash,
       'index' AS source_type,
       s.id AS source_id,
       action.kind,
       s.estimated_improvement_percent,
       s.confidence_score AS stated_confidence,
       s.made_by,
       s.updated_at AS suggestion_updated_at,
       CASE WHEN plain.action IS NULL
            THEN format('Index of %s: not possible, its definition is neither a CREATE INDEX nor a DROP INDEX', s.relation)
            WHEN action.is_drop
            THEN format('Drop an index on %s: %s', s.relation,
                        regexp_replace(plain.action, '^drop index (concurrently )?(if exists )?', ''))
            ELSE format('Create a %s index on %s%s%s', action.kind, s.relation,
                        CASE WHEN s.columns <> '{}'
                             THEN ' (' || array_to_string(s.columns, ', ') || ')' ELSE '' END,
                        ' ' || optimizer.index_behind_columns(s.definition)) END
           AS recommendation_text,
       s.reasoning AS detailed_explanation,
       CASE WHEN plain.action IS NOT NULL THEN rtrim(s.definition, '; ') END AS action_sql,
       CASE WHEN plain.action IS NOT NULL
            THEN coalesce(s.undo_definition, optimizer.drop_index_statement(s.definition, s.relation)) END AS undo_sql,
       md5(plain.action) AS action_key,
       CASE WHEN s.estimated_size_bytes > 10 * 1024 ^ 3 THEN 'high'
            WHEN s.estimated_size_bytes > 1024 ^ 3 THEN 'medium' ELSE 'low' END
           AS implementation_complexity,
       s.plan_cost_after / s.plan_cost_before AS plan_cost_ratio
FROM optimizer.index_suggestions s
-- OFFSET 0: else each mention is a call of the function
CROSS JOIN LATERAL (SELECT optimizer.index_action(s.definition) OFFSET 0) AS plain (action)
CROSS JOIN LATERAL (
    SELECT CASE WHEN starts_with(plain.action, 'drop ')
                THEN CASE WHEN s.access_method LIKE 'drop%' THEN s.access_method ELSE 'drop' END
                ELSE coalesce(nullif(split_part(split_part(plain.action, ' using ', 2), ' ', 1), ''), s.access_method) END,
           starts_with(plain.action, 'drop ')
) AS action (kind, is_drop);

CREATE VIEW optimizer.advice AS
SELECT * FROM optimizer.rewrite_advice
UNION ALL
SELECT * FROM optimizer.parameter_advice
UNION ALL
SELECT * FROM optimizer.workload_pattern_advice
UNION ALL
SELECT * FROM optimizer.index_advice;

COMMENT ON VIEW optimizer.advice IS 'All suggestions as recommendations say them';
COMMENT ON VIEW optimizer.rewrite_advice IS 'Rewrite suggestions as recommendations say them';
COMMENT ON VIEW optimizer.parameter_advice IS 'Parameter suggestions as recommendations say them';
COMMENT ON VIEW optimizer.workload_pattern_advice IS
    'Workload patterns as recommendations say them, one row per query';
COMMENT ON VIEW optimizer.index_advice IS 'Index suggestions as recommendations say them';

-- Their columns mean what the columns of the same name in optimization_recommendations mean (views.sql
-- copies those comments), but for:
COMMENT ON COLUMN optimizer.rewrite_advice.suggestion_updated_at IS 'updated_at of the suggestion';
COMMENT ON COLUMN optimizer.parameter_advice.suggestion_updated_at IS 'updated_at of the suggestion';
COMMENT ON COLUMN optimizer.workload_pattern_advice.suggestion_updated_at IS
    'updated_at of the suggestion';
COMMENT ON COLUMN optimizer.index_advice.suggestion_updated_at IS 'updated_at of the suggestion';
COMMENT ON COLUMN optimizer.advice.suggestion_updated_at IS 'updated_at of the suggestion';
