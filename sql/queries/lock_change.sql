/* optimizer_workflow: every implementation that was recorded with $1, locked in order */
SELECT i.id, i.status, i.recorded_with
FROM optimizer.optimization_implementations i
WHERE i.recorded_with = (SELECT asked.recorded_with FROM optimizer.optimization_implementations asked
                         WHERE asked.id = $1)
ORDER BY i.id
FOR UPDATE OF i
