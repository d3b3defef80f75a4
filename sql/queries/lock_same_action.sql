/* optimizer_workflow: the other open recommendations that one action carries out, locked in order */
SELECT r.id, r.query_hash
FROM optimizer.optimization_recommendations r
WHERE r.action_key = $2 AND r.status = 'open' AND r.id <> $1
ORDER BY r.id
FOR UPDATE OF r
