/* optimizer_workflow: suggestions -> recommendations, all sources at once, writing only what differs.
   $1 query_hash or null for all, $2 least stated confidence of a new recommendation. */
WITH suggestion AS MATERIALIZED (
    SELECT s.query_hash, 'rewrite' AS source_type, s.id AS source_id, s.suggestion_type AS kind,
           s.description AS recommendation_text,
           s.reasoning AS detailed_explanation,
           s.suggested_rewrite AS action_sql,
           s.original_query AS undo_sql,
           s.estimated_improvement_percent, s.confidence_score AS stated_confidence, s.made_by,
           'medium' AS implementation_complexity,
           -- a change of one query's own text or settings reaches no other query
           false AS reaches_others
    FROM optimizer.query_rewrite_suggestions s
    WHERE NOT s.dismissed AND ($1 IS NULL OR s.query_hash = $1)
    UNION ALL
    SELECT s.query_hash, 'parameter', s.id, s.parameter_name,
           format('Set %s to %s%s (scope: %s)', s.parameter_name, s.recommended_value,
                  CASE WHEN s.current_value <> '' THEN ' instead of ' || s.current_value
                       ELSE '' END, s.scope),
           s.reasoning,
           target.setter || ' ' || s.parameter_name || ' = ' || target.new_value || target.reload,
           CASE WHEN s.current_value <> ''
                THEN target.setter || ' ' || s.parameter_name || ' = ' || target.old_value
                ELSE target.resetter || ' ' || s.parameter_name END || target.reload,
           s.estimated_improvement_percent, s.confidence_score, s.made_by,
           CASE s.scope WHEN 'query' THEN 'low' WHEN 'server' THEN 'high' ELSE 'medium' END,
           s.scope <> 'query'
    FROM optimizer.parameter_tuning_suggestions s
    CROSS JOIN LATERAL (
        SELECT CASE s.scope
                   WHEN 'query' THEN 'SET LOCAL'
                   WHEN 'role' THEN 'ALTER ROLE CURRENT_USER SET'
                   WHEN 'database' THEN format('ALTER DATABASE %I SET', current_database())
                   ELSE 'ALTER SYSTEM SET' END AS setter,
               CASE s.scope
                   WHEN 'query' THEN 'RESET'
                   WHEN 'role' THEN 'ALTER ROLE CURRENT_USER RESET'
                   WHEN 'database' THEN format('ALTER DATABASE %I RESET', current_database())
                   ELSE 'ALTER SYSTEM RESET' END AS resetter,
               CASE s.scope WHEN 'server' THEN '; SELECT pg_reload_conf()' ELSE '' END AS reload,
               optimizer.setting_literal(s.parameter_name, s.recommended_value) AS new_value,
               optimizer.setting_literal(s.parameter_name, s.current_value) AS old_value
    ) AS target
    WHERE $1 IS NULL OR s.query_hash = $1
    UNION ALL
    SELECT DISTINCT listed.query_hash, 'workload_pattern', s.id, s.pattern_type,
           s.description,
           format('%s in database %s, found at %s', s.pattern_type, s.database_name,
                  to_char(s.detection_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
           NULL, NULL,
           s.estimated_improvement_percent, s.confidence_score, s.made_by, 'medium', false
    FROM optimizer.workload_patterns s
    CROSS JOIN LATERAL unnest(
        CASE WHEN s.query_hash IS NULL THEN optimizer.query_hash_list(s.pattern_metadata)
             ELSE ARRAY[s.query_hash] END) AS listed (query_hash)
    WHERE $1 IS NULL OR listed.query_hash = $1
    UNION ALL
    SELECT s.query_hash, 'index', s.id, s.access_method,
           format('Create a %s index on %s%s', s.access_method, s.relation,
                  CASE WHEN s.columns <> '{}'
                       THEN ' (' || array_to_string(s.columns, ', ') || ')' ELSE '' END),
           s.reasoning,
           rtrim(s.definition, '; '),
           'DROP INDEX CONCURRENTLY '
               || coalesce(substring(s.relation FROM '^((?:"[^"]+"|[^".]+)[.])'), '')
               || substring(s.definition FROM
               E'(?i)^\\s*create\\s+(?:unique\\s+)?index\\s+(?:concurrently\\s+)?(?:if\\s+not\\s+exists\\s+)?((?!on\\s)(?:"[^"]+"|[^\\s"]+))\\s+on\\s'),
           s.estimated_improvement_percent, s.confidence_score, s.made_by,
           CASE WHEN s.estimated_size_bytes > 10 * 1024 ^ 3 THEN 'high'
                WHEN s.estimated_size_bytes > 1024 ^ 3 THEN 'medium' ELSE 'low' END,
           true
    FROM optimizer.index_suggestions s
    WHERE $1 IS NULL OR s.query_hash = $1
), activity AS MATERIALIZED (
    SELECT a.query_hash,
           optimizer.urgency_score(a.calls_per_hour, a.mean_exec_time_ms) AS urgency_score,
           a.calls_per_hour * a.mean_exec_time_ms AS time_ms_per_hour
    FROM optimizer.query_activity a
    WHERE $1 IS NULL OR a.query_hash = $1
), learned AS MATERIALIZED (
    SELECT s.*,
           optimizer.learned_confidence(s.stated_confidence,
               coalesce(k.outcome_weight, 0), coalesce(k.success_weight, 0)) AS confidence_score,
           optimizer.learned_forecast(s.estimated_improvement_percent, k.realisation_rate)
               AS forecast_improvement_percent,
           coalesce(k.forecast_half_width_percent, o.forecast_half_width_percent,
                    optimizer.unknown_forecast_half_width()) AS half_width,
           coalesce(a.urgency_score, 0) AS urgency_score,
           coalesce(a.time_ms_per_hour, 0) AS time_ms_per_hour
    FROM suggestion s
    LEFT JOIN activity a ON a.query_hash = s.query_hash
    LEFT JOIN optimizer.learned_kinds k
        ON (k.made_by, k.source_type, k.kind) = (s.made_by, s.source_type, s.kind)
    LEFT JOIN optimizer.learned_overall o ON true
), desired AS MATERIALIZED (
    SELECT r.id AS recommendation_id,
           l.query_hash, l.source_type, l.source_id, l.kind, l.recommendation_text,
           l.detailed_explanation, l.action_sql, l.undo_sql, l.estimated_improvement_percent,
           l.stated_confidence, l.confidence_score, l.made_by,
           CASE WHEN l.reaches_others
                THEN md5(nullif(optimizer.normalise_sql(l.action_sql), '')) END AS action_key,
           l.forecast_improvement_percent,
           l.forecast_improvement_percent - l.half_width AS forecast_low_percent,
           LEAST(100, l.forecast_improvement_percent + l.half_width) AS forecast_high_percent,
           l.urgency_score,
           optimizer.roi_score(l.confidence_score, l.forecast_improvement_percent,
                               l.urgency_score) AS roi_score,
           l.confidence_score * l.forecast_improvement_percent / 100 * l.time_ms_per_hour
               AS expected_saving_ms_per_hour,
           l.implementation_complexity
    FROM learned l
    LEFT JOIN optimizer.optimization_recommendations r
        ON (r.query_hash, r.source_type, r.source_id) = (l.query_hash, l.source_type, l.source_id)
    WHERE CASE
        WHEN r.id IS NULL OR r.status = 'expired' THEN l.stated_confidence >= $2
        ELSE r.status = 'open' END
), inserted AS (
    INSERT INTO optimizer.optimization_recommendations (
        query_hash, source_type, source_id, kind, recommendation_text, detailed_explanation,
        action_sql, undo_sql, estimated_improvement_percent, stated_confidence, confidence_score,
        made_by, action_key, forecast_improvement_percent, forecast_low_percent,
        forecast_high_percent, urgency_score, roi_score, expected_saving_ms_per_hour,
        implementation_complexity)
    SELECT query_hash, source_type, source_id, kind, recommendation_text, detailed_explanation,
        action_sql, undo_sql, estimated_improvement_percent, stated_confidence, confidence_score,
        made_by, action_key, forecast_improvement_percent, forecast_low_percent,
        forecast_high_percent, urgency_score, roi_score, expected_saving_ms_per_hour,
        implementation_complexity
    FROM desired
    WHERE recommendation_id IS NULL
    ON CONFLICT (query_hash, source_type, source_id) DO NOTHING
    RETURNING 1
), updated AS (
    UPDATE optimizer.optimization_recommendations r
    SET (kind, recommendation_text, detailed_explanation, action_sql, undo_sql,
         estimated_improvement_percent, stated_confidence, confidence_score, made_by, action_key,
         forecast_improvement_percent, forecast_low_percent, forecast_high_percent, urgency_score,
         roi_score, expected_saving_ms_per_hour, implementation_complexity, status, updated_at)
      = (d.kind, d.recommendation_text, d.detailed_explanation, d.action_sql, d.undo_sql,
         d.estimated_improvement_percent, d.stated_confidence, d.confidence_score, d.made_by,
         d.action_key, d.forecast_improvement_percent, d.forecast_low_percent,
         d.forecast_high_percent, d.urgency_score, d.roi_score, d.expected_saving_ms_per_hour,
         d.implementation_complexity, 'open', now())
    FROM desired d
    WHERE r.id = d.recommendation_id AND r.status IN ('open', 'expired')
      AND (r.kind, r.recommendation_text, r.detailed_explanation, r.action_sql, r.undo_sql,
           r.estimated_improvement_percent, r.stated_confidence, r.confidence_score, r.made_by,
           r.action_key, r.forecast_improvement_percent, r.forecast_low_percent,
           r.forecast_high_percent, r.urgency_score, r.roi_score, r.expected_saving_ms_per_hour,
           r.implementation_complexity, r.status)
      IS DISTINCT FROM
          (d.kind, d.recommendation_text, d.detailed_explanation, d.action_sql, d.undo_sql,
           d.estimated_improvement_percent, d.stated_confidence, d.confidence_score, d.made_by,
           d.action_key, d.forecast_improvement_percent, d.forecast_low_percent,
           d.forecast_high_percent, d.urgency_score, d.roi_score, d.expected_saving_ms_per_hour,
           d.implementation_complexity, 'open')
    RETURNING 1
), expired AS (
    UPDATE optimizer.optimization_recommendations r
    SET status = 'expired', updated_at = now()
    WHERE r.status = 'open' AND ($1 IS NULL OR r.query_hash = $1)
      AND NOT EXISTS (
          SELECT FROM suggestion s
          WHERE (s.query_hash, s.source_type, s.source_id)
              = (r.query_hash, r.source_type, r.source_id))
    RETURNING 1
)
SELECT (SELECT count(*) FROM inserted) AS inserted,
       (SELECT count(*) FROM updated) AS updated,
       (SELECT count(*) FROM expired) AS expired
