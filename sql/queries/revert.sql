/* optimizer_workflow: one change is taken back: all its implementations ($1, recorded_with), with a
   note ($2). A recommendation opens again, unless it was measured and found not to help: then it is
   dismissed with that reason. */
WITH reverted AS (
    UPDATE optimizer.optimization_implementations i
    SET status = 'reverted', reverted_at = now(),
        notes = CASE WHEN $2 IS NULL THEN i.notes ELSE i.notes || $2::text END
    WHERE i.recorded_with = $1 AND i.status <> 'reverted'
    RETURNING i.id, i.recommendation_id, i.verdict, i.verdict_reason
)
UPDATE optimizer.optimization_recommendations r
SET status = CASE WHEN v.verdict IN ('regressed', 'not_improved') THEN 'dismissed'
                  ELSE 'open' END,
    dismissal_reason = CASE WHEN v.verdict IN ('regressed', 'not_improved')
                            THEN concat_ws(': ', v.verdict, v.verdict_reason) END,
    updated_at = now()
FROM reverted v
WHERE r.id = v.recommendation_id
RETURNING v.id, r.id, r.status
