/* optimizer_workflow: one look and what it says. The primary key lets each look in once; a second
   final look is refused by its own unique index. All looks of one transaction carry its time.
   $1 implementation, $2 look, $3 final, $4 verdict, $5 its reason, $6 plain improvement in percent, $7 in
   seconds, $8 accuracy, $9 snapshot, $10 notes, $11 adjusted improvement, $12 and $13 its interval, $14 basis,
   $15 controls, $16 whether rows were compared, $17 days before, $18 after, $19 probability, $20 smallest
   visible effect, $21 calls needed, $22 blocks, $23 side effect. */
WITH look AS (
    INSERT INTO optimizer.implementation_measurements
        (implementation_id, look, measured_at, is_final, verdict, verdict_reason,
         actual_improvement_percent, post_optimization_stats, notes, adjusted_improvement_percent,
         improvement_low_percent, improvement_high_percent, basis, controls, is_per_row,
         days_before, days_after, probability_improved, smallest_visible_effect_percent,
         more_calls_needed, blocks_improvement_percent, side_effect)
    VALUES ($1, $2, now(), $3, $4, $5, $6, $9, $10, $11, $12, $13, $14, nullif($15, 0), $16,
            $17, $18, $19, $20, $21, $22, $23)
    RETURNING *
)
UPDATE optimizer.optimization_implementations i
SET actual_improvement_percent = l.actual_improvement_percent,
    actual_improvement_seconds = $7,
    accuracy_score = $8,
    post_optimization_stats = l.post_optimization_stats,
    adjusted_improvement_percent = l.adjusted_improvement_percent,
    improvement_low_percent = l.improvement_low_percent,
    improvement_high_percent = l.improvement_high_percent,
    basis = l.basis,
    controls = l.controls,
    side_effect = l.side_effect,
    verdict_reason = l.verdict_reason,
    verdict = CASE WHEN l.is_final THEN l.verdict END,
    status = CASE WHEN l.is_final THEN 'implemented' ELSE 'pending' END,
    measured_at = l.measured_at,
    notes = l.notes,
    failed_looks = 0,
    error_message = NULL
FROM look l
WHERE i.id = l.implementation_id AND i.status = 'pending'
