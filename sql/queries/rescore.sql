/* optimizer_workflow: open recommendations of kinds that have learned get their new scores.
   Which ones: the kinds in $1, $2, $3 (made_by, source_type, kind), the recommendations in $4, or
   all ($5). Only rows whose scores differ are written; the formulas are those of aggregate.sql, so
   that an aggregation afterwards finds nothing to do. */
WITH scored AS (
    SELECT r.id, l.*, u.*,
           LEAST(100, l.forecast + l.half_width) AS forecast_high,
           optimizer.roi_score(l.confidence, l.forecast, u.urgency) AS roi,
           l.confidence * l.forecast / 100 * u.time_ms_per_hour AS saving
    FROM optimizer.optimization_recommendations r
    LEFT JOIN optimizer.learned_kinds k
        ON (k.made_by, k.source_type, k.kind) = (r.made_by, r.source_type, r.kind)
    LEFT JOIN optimizer.learned_overall o ON true
    LEFT JOIN optimizer.query_activity a ON a.query_hash = r.query_hash
    CROSS JOIN LATERAL (
        SELECT coalesce(optimizer.urgency_score(a.calls_per_hour, a.mean_exec_time_ms), 0)
                   AS urgency,
               coalesce(a.calls_per_hour * a.mean_exec_time_ms, 0) AS time_ms_per_hour) AS u
    CROSS JOIN LATERAL (
        SELECT optimizer.learned_confidence(r.stated_confidence, coalesce(k.outcome_weight, 0),
                                            coalesce(k.success_weight, 0)) AS confidence,
               optimizer.learned_forecast(r.estimated_improvement_percent, k.realisation_rate)
                   AS forecast,
               coalesce(k.forecast_half_width_percent, o.forecast_half_width_percent,
                        optimizer.unknown_forecast_half_width()) AS half_width) AS l
    WHERE r.status = 'open'
      AND ($5 OR r.id = ANY ($4)
           OR (r.made_by, r.source_type, r.kind) IN (
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[])))
)
UPDATE optimizer.optimization_recommendations r
SET confidence_score = s.confidence,
    forecast_improvement_percent = s.forecast,
    forecast_low_percent = s.forecast - s.half_width,
    forecast_high_percent = s.forecast_high,
    urgency_score = s.urgency,
    roi_score = s.roi,
    expected_saving_ms_per_hour = s.saving,
    updated_at = now()
FROM scored s
WHERE r.id = s.id AND r.status = 'open'
  AND (r.confidence_score, r.forecast_improvement_percent, r.forecast_low_percent,
       r.forecast_high_percent, r.urgency_score, r.roi_score, r.expected_saving_ms_per_hour)
      IS DISTINCT FROM
      (s.confidence, s.forecast, s.forecast - s.half_width, s.forecast_high, s.urgency, s.roi,
       s.saving)
