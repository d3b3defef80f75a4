/* optimizer_workflow: results, the newest first. $1 status, $2 recommendation, $3 rows */
SELECT i.id, i.recommendation_id, i.query_hash, i.source_type, i.kind, i.recommendation_text,
       i.status, i.verdict, i.verdict_reason, i.predicted_improvement_percent,
       i.actual_improvement_percent, i.adjusted_improvement_percent, i.improvement_low_percent,
       i.improvement_high_percent, i.accuracy_score, i.pre_optimization_stats,
       i.post_optimization_stats, i.implementation_timestamp, i.measured_at,
       i.implementation_notes
FROM optimizer.implementations i
WHERE ($1 IS NULL OR i.status = $1)
  AND ($2 IS NULL OR i.recommendation_id = $2)
ORDER BY i.implementation_timestamp DESC, i.id DESC
LIMIT $3
