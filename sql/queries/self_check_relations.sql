/* optimizer_workflow: the topmost tables that some queries ($1) touch */
SELECT q.query_hash, array_agg(DISTINCT q.topmost)
FROM optimizer.query_relations q
WHERE q.query_hash = ANY ($1)
GROUP BY q.query_hash
