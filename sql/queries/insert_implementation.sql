/* optimizer_workflow: one implementation with what is known of the time before; takes its
   recommendation off the list. $8 implementation that was asked for, null for that one itself. */
WITH implemented AS (
    UPDATE optimizer.optimization_recommendations r
    SET status = 'implemented', updated_at = now()
    WHERE r.id = $1
    RETURNING r.*
), number AS (
    SELECT nextval('optimizer.optimization_implementations_id_seq') AS id
)
INSERT INTO optimizer.optimization_implementations
    (id, recommendation_id, query_hash, new_query_hash, implementation_timestamp,
     implementation_notes, implemented_by, pre_optimization_stats,
     predicted_improvement_percent, confidence_at_record, forecast_at_record_percent,
     recorded_with, new_query_text, change_bucket_start, work_before_change, made_by, kind,
     stated_confidence, ground, plan_cost_ratio, forecast_low_at_record_percent,
     forecast_high_at_record_percent)
OVERRIDING SYSTEM VALUE
SELECT number.id, r.id, r.query_hash, $2, $3, $4, $5, $6,
       r.estimated_improvement_percent, r.confidence_score, r.forecast_improvement_percent,
       coalesce($8, number.id), $7, $9, $10, r.made_by, r.kind,
       r.stated_confidence, optimizer.ground_of(r.source_type, r.source_id),
       r.plan_cost_ratio, r.forecast_low_percent, r.forecast_high_percent
FROM implemented r, number
RETURNING id
