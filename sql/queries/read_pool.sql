/* optimizer_workflow: queries that may be compared with others: their relations are all known, and they read one (INSERT ...
   VALUES reads none).
   Topmost tables stand for their partitions. */
SELECT r.query_hash, r.statement_kind, bool_or(q.is_read AND NOT q.by_foreign_key),
       array_agg(DISTINCT q.topmost)
FROM optimizer.query_readings r
JOIN optimizer.query_relations q ON q.query_hash = r.query_hash
WHERE r.is_complete AND r.statement_kind IN ('select', 'insert', 'update', 'delete')
  AND NOT r.is_catalog_only
GROUP BY r.query_hash, r.statement_kind
HAVING bool_or(q.is_read AND NOT q.by_foreign_key)
