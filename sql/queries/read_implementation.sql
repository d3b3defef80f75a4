/* optimizer_workflow: an implementation that is to be looked at. Its row is locked by a statement of
   its own before: one that waits for the lock itself would see the other tables as they were. */
SELECT i.status, r.source_type, i.query_hash, i.implementation_timestamp,
       i.pre_optimization_stats, i.predicted_improvement_percent, i.change_bucket_start,
       i.work_before_change, i.reverted_at,
       EXISTS (SELECT FROM optimizer.implementation_measurements m
               WHERE m.implementation_id = i.id AND m.look = 'first'),
       coalesce((SELECT array_agg(q.query_hash) FROM optimizer.implementation_queries q
                 WHERE q.implementation_id = i.id), '{}'),
       i.verdict
FROM optimizer.optimization_implementations i
JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
WHERE i.id = $1
