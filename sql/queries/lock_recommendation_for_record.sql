/* optimizer_workflow: the recommendation that is being recorded, and its pending implementation */
SELECT r.query_hash, r.source_type, r.status, r.action_key,
       (SELECT i.id FROM optimizer.optimization_implementations i
        WHERE i.recommendation_id = r.id ORDER BY i.id DESC LIMIT 1)
FROM optimizer.optimization_recommendations r
WHERE r.id = $1
FOR UPDATE OF r
