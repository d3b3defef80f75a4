/* optimizer_workflow: every final verdict with what was predicted; an outcome that shares its action
   with k - 1 others of its maker and kind counts 1/k. A verdict that was given before a revert still counts, for who had
   made the advice that was recorded: an open recommendation follows its suggestion. What was never
   made (not_applied) says nothing about the advice and is not even counted. From the ninth
   column on: the action, and the query before the change as the performance model sees it. In one order,
   so that the same outcomes make the same model. */
SELECT i.made_by, r.source_type, i.kind, i.verdict,
       coalesce(i.adjusted_improvement_percent, i.actual_improvement_percent),
       i.measured_at, i.predicted_improvement_percent,
       1.0::float8 / (SELECT count(*) FROM optimizer.optimization_implementations same_action
                      WHERE (same_action.recorded_with, same_action.made_by, same_action.kind)
                          = (i.recorded_with, i.made_by, i.kind)),
       i.recorded_with,
       (i.pre_optimization_stats ->> 'calls_per_hour')::float8,
       (i.pre_optimization_stats ->> 'mean_exec_time_ms')::float8,
       (i.pre_optimization_stats ->> 'shared_blks_per_call')::float8,
       (i.pre_optimization_stats ->> 'rows')::float8
           / nullif((i.pre_optimization_stats ->> 'calls')::float8, 0),
       i.plan_cost_ratio
FROM optimizer.optimization_implementations i
JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
WHERE i.verdict IS NOT NULL AND i.measured_at IS NOT NULL
  AND i.status IN ('implemented', 'reverted', 'failed')
  AND split_part(coalesce(i.verdict_reason, ''), ':', 1) <> 'not_applied'
ORDER BY i.id
