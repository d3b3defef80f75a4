/* optimizer_workflow: one look and what it says. The primary key lets each look in once; a second
   final look is refused by its own unique index. All looks of one transaction carry its time. */
WITH look AS (
    INSERT INTO optimizer.implementation_measurements
        (implementation_id, look, measured_at, is_final, verdict, verdict_reason,
         actual_improvement_percent, post_optimization_stats)
    VALUES ($1, $2, now(), $3, $4, $5, $6, $9)
    RETURNING *
)
UPDATE optimizer.optimization_implementations i
SET actual_improvement_percent = l.actual_improvement_percent,
    actual_improvement_seconds = $7,
    accuracy_score = $8,
    post_optimization_stats = l.post_optimization_stats,
    verdict_reason = l.verdict_reason,
    verdict = CASE WHEN l.is_final THEN l.verdict END,
    basis = 'time',
    status = CASE WHEN l.is_final THEN 'implemented' ELSE 'pending' END,
    measured_at = l.measured_at,
    notes = $10,
    failed_looks = 0,
    error_message = NULL
FROM look l
WHERE i.id = l.implementation_id AND i.status = 'pending'
