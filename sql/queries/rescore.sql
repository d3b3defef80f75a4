/* optimizer_workflow: open recommendations of kinds that have learned get their new scores.
   Which ones: the kinds in $1, $2, $3 (made_by, source_type, kind), the recommendations in $4, or
   all ($5). Only rows whose scores differ are written; the scores are those of the aggregation, so
   that one afterwards finds nothing to do. */
WITH asked AS (
    SELECT r.*, coalesce(a.urgency, 0) AS urgency,
           coalesce(a.time_ms_per_hour, 0) AS time_ms_per_hour, a.model_activity_percent
    FROM optimizer.optimization_recommendations r
    LEFT JOIN optimizer.query_urgency a ON a.query_hash = r.query_hash
    WHERE r.status = 'open'
      AND ($5 OR r.id = ANY ($4)
           OR (r.made_by, r.source_type, r.kind) IN (
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[])))
), scored AS (
    SELECT x.id, score.*
    FROM asked x
    {scores}
)
UPDATE optimizer.optimization_recommendations r
SET confidence_score = s.confidence,
    forecast_improvement_percent = s.forecast,
    forecast_low_percent = s.low,
    forecast_high_percent = s.high,
    urgency_score = s.urgency,
    roi_score = s.roi,
    expected_saving_ms_per_hour = s.saving,
    roi_rank = s.roi_rank,
    saving_rank = s.saving_rank,
    updated_at = now()
FROM scored s
WHERE r.id = s.id AND r.status = 'open'
  AND (r.confidence_score, r.forecast_improvement_percent, r.forecast_low_percent,
       r.forecast_high_percent, r.urgency_score, r.roi_score, r.expected_saving_ms_per_hour)
      IS DISTINCT FROM
      (s.confidence, s.forecast, s.low, s.high, s.urgency, s.roi, s.saving)
