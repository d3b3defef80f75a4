/* optimizer_workflow: brings the recommendations that are there in line with the suggestions, and
   says whether some are missing. All sources at once, writing only what differs. $1 query_hash or
   null for all, $2 least stated confidence at which a recommendation is made, or comes back when it
   had expired. What a suggestion says is read only when it is newer than its recommendation. */
WITH suggestion AS (
    SELECT query_hash, source_type, source_id, kind, estimated_improvement_percent,
           stated_confidence, made_by, suggestion_updated_at, plan_cost_ratio
    FROM optimizer.advice
    WHERE $1 IS NULL OR query_hash = $1
), matched AS (
    SELECT r.id AS recommendation_id, s.*, coalesce(a.urgency, 0) AS urgency,
           coalesce(a.time_ms_per_hour, 0) AS time_ms_per_hour, a.model_activity_percent,
           r.status, r.confidence_score, r.forecast_improvement_percent, r.forecast_low_percent,
           r.forecast_high_percent, r.urgency_score, r.roi_score, r.expected_saving_ms_per_hour,
           r.roi_rank, r.saving_rank,
           r.suggestion_updated_at <> s.suggestion_updated_at OR r.names_other_database
           -- what could not be followed and now can: its role is known, its extension is there
           OR s.source_type = 'parameter' AND r.has_no_action AND EXISTS (
               SELECT FROM optimizer.parameter_advice v
               WHERE v.query_hash = s.query_hash AND v.source_id = s.source_id
                 AND v.action_sql IS NOT NULL) AS is_older
    FROM suggestion s
    LEFT JOIN (
        SELECT * FROM optimizer.query_urgency WHERE $1 IS NULL OR query_hash = $1
    ) AS a ON a.query_hash = s.query_hash
    FULL JOIN (
        SELECT *, source_type = 'parameter' AND starts_with(action_sql, 'ALTER DATABASE ')
                  AND NOT starts_with(action_sql, 'ALTER DATABASE '
                                      || quote_ident(current_database()) || ' ')
                  AS names_other_database,  -- it was renamed
               action_sql IS NULL AS has_no_action
        FROM optimizer.optimization_recommendations
        WHERE $1 IS NULL OR query_hash = $1
    ) AS r
        ON r.query_hash = s.query_hash
        AND r.source_type = s.source_type
        AND r.source_id = s.source_id
), compared AS (
    SELECT x.recommendation_id, x.query_hash, x.source_type, x.source_id, score.*,
           CASE WHEN x.recommendation_id IS NULL THEN
                    CASE WHEN x.stated_confidence >= $2 THEN 'add' END
                WHEN x.status = 'expired' THEN
                    CASE WHEN x.stated_confidence >= $2 THEN 'renew' END
                WHEN x.status <> 'open' THEN NULL
                WHEN x.source_id IS NULL THEN 'expire'
                WHEN x.is_older THEN 'renew'
                WHEN score.confidence <> x.confidence_score
                     OR score.forecast <> x.forecast_improvement_percent
                     OR score.low <> x.forecast_low_percent
                     OR score.high <> x.forecast_high_percent
                     OR score.urgency <> x.urgency_score
                     OR score.roi <> x.roi_score
                     OR score.saving <> x.expected_saving_ms_per_hour THEN 'rescore'
           END AS act
    FROM matched x
    {scores}
), differing AS MATERIALIZED (
    SELECT * FROM compared WHERE act IS NOT NULL
), renewed AS (
    UPDATE optimizer.optimization_recommendations r
    SET (kind, recommendation_text, detailed_explanation, action_sql, undo_sql,
         estimated_improvement_percent, stated_confidence, confidence_score, made_by, action_key,
         forecast_improvement_percent, forecast_low_percent, forecast_high_percent, urgency_score,
         roi_score, expected_saving_ms_per_hour, roi_rank, saving_rank,
         implementation_complexity, suggestion_updated_at, plan_cost_ratio, status, updated_at)
      = (n.kind, n.recommendation_text, n.detailed_explanation, n.action_sql, n.undo_sql,
         n.estimated_improvement_percent, n.stated_confidence, n.confidence, n.made_by,
         n.action_key, n.forecast, n.low, n.high, n.urgency,
         n.roi, n.saving, n.roi_rank, n.saving_rank, n.implementation_complexity,
         n.suggestion_updated_at, n.plan_cost_ratio, 'open', now())
    FROM (
        SELECT v.*, d.recommendation_id, d.confidence, d.forecast, d.low, d.high, d.urgency, d.roi,
               d.saving, d.roi_rank, d.saving_rank
        FROM differing d
        JOIN optimizer.rewrite_advice v
            ON v.query_hash = d.query_hash AND v.source_id = d.source_id
        WHERE ($1 IS NULL OR v.query_hash = $1) AND d.act = 'renew' AND d.source_type = 'rewrite'
        UNION ALL
        SELECT v.*, d.recommendation_id, d.confidence, d.forecast, d.low, d.high, d.urgency, d.roi,
               d.saving, d.roi_rank, d.saving_rank
        FROM differing d
        JOIN optimizer.parameter_advice v
            ON v.query_hash = d.query_hash AND v.source_id = d.source_id
        WHERE ($1 IS NULL OR v.query_hash = $1) AND d.act = 'renew' AND d.source_type = 'parameter'
        UNION ALL
        SELECT v.*, d.recommendation_id, d.confidence, d.forecast, d.low, d.high, d.urgency, d.roi,
               d.saving, d.roi_rank, d.saving_rank
        FROM differing d
        JOIN optimizer.workload_pattern_advice v
            ON v.query_hash = d.query_hash AND v.source_id = d.source_id
        WHERE ($1 IS NULL OR v.query_hash = $1) AND d.act = 'renew'
          AND d.source_type = 'workload_pattern'
        UNION ALL
        SELECT v.*, d.recommendation_id, d.confidence, d.forecast, d.low, d.high, d.urgency, d.roi,
               d.saving, d.roi_rank, d.saving_rank
        FROM differing d
        JOIN optimizer.index_advice v
            ON v.query_hash = d.query_hash AND v.source_id = d.source_id
        WHERE ($1 IS NULL OR v.query_hash = $1) AND d.act = 'renew' AND d.source_type = 'index'
    ) AS n
    WHERE r.id = n.recommendation_id AND r.status IN ('open', 'expired')
    RETURNING 1
), rescored AS (
    UPDATE optimizer.optimization_recommendations r
    SET (confidence_score, forecast_improvement_percent, forecast_low_percent,
         forecast_high_percent, urgency_score, roi_score, expected_saving_ms_per_hour, roi_rank,
         saving_rank, updated_at)
      = (n.confidence, n.forecast, n.low, n.high, n.urgency, n.roi, n.saving,
         n.roi_rank, n.saving_rank, now())
    FROM differing n
    WHERE n.act = 'rescore' AND r.id = n.recommendation_id AND r.status = 'open'
    RETURNING 1
), expired AS (
    UPDATE optimizer.optimization_recommendations r
    SET status = 'expired', updated_at = now()
    FROM differing d
    WHERE d.act = 'expire' AND r.id = d.recommendation_id AND r.status = 'open'
    RETURNING 1
)
SELECT EXISTS (SELECT FROM differing WHERE act = 'add') AS missing,
       (SELECT count(*) FROM renewed) + (SELECT count(*) FROM rescored) AS updated,
       (SELECT count(*) FROM expired) AS expired
