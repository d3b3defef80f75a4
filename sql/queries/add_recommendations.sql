/* optimizer_workflow: the recommendations that are missing. $1 query_hash or null for all, $2 least
   stated confidence. Each source looks for itself what it lacks, so that only that is put in words. */
INSERT INTO optimizer.optimization_recommendations (
    query_hash, source_type, source_id, kind, recommendation_text, detailed_explanation, action_sql,
    undo_sql, estimated_improvement_percent, stated_confidence, confidence_score, made_by,
    action_key, forecast_improvement_percent, forecast_low_percent, forecast_high_percent,
    urgency_score, roi_score, expected_saving_ms_per_hour, implementation_complexity,
    suggestion_updated_at, roi_rank, saving_rank, plan_cost_ratio)
SELECT x.query_hash, x.source_type, x.source_id, x.kind, x.recommendation_text,
       x.detailed_explanation, x.action_sql, x.undo_sql, x.estimated_improvement_percent,
       x.stated_confidence, score.confidence, x.made_by, x.action_key, score.forecast, score.low,
       score.high, score.urgency, score.roi, score.saving, x.implementation_complexity,
       x.suggestion_updated_at, score.roi_rank, score.saving_rank, x.plan_cost_ratio
FROM (
    SELECT s.*, coalesce(a.urgency, 0) AS urgency,
           coalesce(a.time_ms_per_hour, 0) AS time_ms_per_hour, a.model_activity_percent,
           NULL::float8 AS roi_rank, NULL::float8 AS saving_rank
    FROM (
        SELECT v.*
        FROM optimizer.rewrite_advice v
        WHERE ($1 IS NULL OR v.query_hash = $1) AND v.stated_confidence >= $2
          AND NOT EXISTS (
              SELECT FROM optimizer.optimization_recommendations r
              WHERE r.query_hash = v.query_hash AND r.source_type = 'rewrite'
                AND r.source_id = v.source_id)
        UNION ALL
        SELECT v.*
        FROM optimizer.parameter_advice v
        WHERE ($1 IS NULL OR v.query_hash = $1) AND v.stated_confidence >= $2
          AND NOT EXISTS (
              SELECT FROM optimizer.optimization_recommendations r
              WHERE r.query_hash = v.query_hash AND r.source_type = 'parameter'
                AND r.source_id = v.source_id)
        UNION ALL
        SELECT v.*
        FROM optimizer.workload_pattern_advice v
        WHERE ($1 IS NULL OR v.query_hash = $1) AND v.stated_confidence >= $2
          AND NOT EXISTS (
              SELECT FROM optimizer.optimization_recommendations r
              WHERE r.query_hash = v.query_hash AND r.source_type = 'workload_pattern'
                AND r.source_id = v.source_id)
        UNION ALL
        SELECT v.*
        FROM optimizer.index_advice v
        WHERE ($1 IS NULL OR v.query_hash = $1) AND v.stated_confidence >= $2
          AND NOT EXISTS (
              SELECT FROM optimizer.optimization_recommendations r
              WHERE r.query_hash = v.query_hash AND r.source_type = 'index'
                AND r.source_id = v.source_id)
    ) AS s
    LEFT JOIN (
        SELECT * FROM optimizer.query_urgency WHERE $1 IS NULL OR query_hash = $1
    ) AS a ON a.query_hash = s.query_hash
) AS x
{scores}
