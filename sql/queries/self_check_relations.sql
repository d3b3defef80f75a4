/* optimizer_workflow: the topmost tables that some queries ($1) touch, and the roles that run them */
SELECT q.query_hash, array_agg(DISTINCT q.topmost),
       ARRAY(SELECT pg_get_userbyid(r.user_oid)::text FROM optimizer.query_readings r
             WHERE r.query_hash = q.query_hash AND r.user_oid IS NOT NULL)
FROM optimizer.query_relations q
WHERE q.query_hash = ANY ($1)
GROUP BY q.query_hash
