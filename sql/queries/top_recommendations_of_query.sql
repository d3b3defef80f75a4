/* optimizer_workflow: the open recommendations of one query, best first. {order} is the score to go
   by; $1 rows, $2 least estimated improvement, $3 sources, $4 query */
SELECT r.id, r.query_hash, r.source_type, r.recommendation_text,
       r.estimated_improvement_percent, r.confidence_score, r.urgency_score, r.roi_score, r.kind,
       r.forecast_improvement_percent, r.expected_saving_ms_per_hour, r.action_sql, r.query,
       r.looks_implemented_at
FROM optimizer.recommendations r
WHERE r.status = 'open'
  AND r.query_hash = $4
  AND r.source_type = ANY ($3)
  AND r.estimated_improvement_percent >= $2
ORDER BY r.{order} DESC, r.confidence_score DESC, r.id
LIMIT $1
