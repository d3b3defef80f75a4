/* optimizer_workflow: fingerprints that were made by other rules, or not yet. All of today's lie from
   $1, that of a text without one, up to $2; at most $3 at a time. */
UPDATE optimizer.query_texts t
SET fingerprint = coalesce(optimizer.statement_fingerprint(t.query), $1)
WHERE t.query_hash = ANY (ARRAY(
    SELECT o.query_hash FROM optimizer.query_texts o
    WHERE o.fingerprint IS NULL OR o.fingerprint < $1 OR o.fingerprint >= $2
    LIMIT $3))
