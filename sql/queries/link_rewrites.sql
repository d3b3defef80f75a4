/* optimizer_workflow: links the statements that have the new text of a pending rewrite to it.
   $1 one implementation, or null for all; $2 who links. One that a look holds is left for the next
   time: whoever samples must not wait for it. */
WITH rewrite AS MATERIALIZED (
    SELECT i.id, i.query_hash, optimizer.statement_fingerprint(i.new_query_text) AS fingerprint
    FROM optimizer.optimization_implementations i
    WHERE i.status = 'pending' AND i.new_query_text IS NOT NULL AND ($1 IS NULL OR i.id = $1)
    FOR KEY SHARE SKIP LOCKED
)
INSERT INTO optimizer.implementation_queries (implementation_id, query_hash, linked_by)
SELECT r.id, t.query_hash, $2
FROM rewrite r
JOIN optimizer.query_texts t ON t.fingerprint = r.fingerprint
WHERE t.query_hash <> r.query_hash AND NOT t.is_own
  AND NOT EXISTS (SELECT FROM optimizer.implementation_queries q
                  WHERE q.implementation_id = r.id AND q.query_hash = t.query_hash)
ON CONFLICT (implementation_id, query_hash) DO NOTHING
RETURNING query_hash
