/* optimizer_workflow: how many outcomes the latest model has seen, and whether it is in use */
SELECT m.outcomes, m.is_used
FROM optimizer.performance_models m
ORDER BY m.id DESC
LIMIT 1
