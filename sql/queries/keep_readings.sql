/* optimizer_workflow: readings, after their relations. $12 is the signature of what could not be read; that of what could is
   made of the relations' own. */
WITH signature AS MATERIALIZED (
    SELECT q.query_hash, bit_xor(hashint8extended(coalesce(n.signature, 0), q.relation::bigint)) AS signature
    FROM optimizer.query_relations q
    LEFT JOIN optimizer.relation_signatures(ARRAY(
        SELECT DISTINCT relation FROM optimizer.query_relations WHERE query_hash = ANY ($1))) n
        ON n.relation = q.relation
    WHERE q.query_hash = ANY ($1)
    GROUP BY q.query_hash
)
INSERT INTO optimizer.query_readings AS r
    (query_hash, state, reason, detail, statement_kind, is_complete, is_catalog_only, user_oid, search_path, assumptions,
     shape, signature)
SELECT n.query_hash, n.state, n.reason, n.detail, n.statement_kind, n.is_complete, n.is_catalog_only, n.user_oid,
       n.search_path, coalesce(string_to_array(n.assumptions, '; '), '{}'), n.shape::jsonb,
       CASE WHEN n.state = 'read' THEN coalesce(s.signature, 0) ELSE $12 END
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::oid[],
            $9::text[], $10::text[], $11::text[])
    AS n (query_hash, state, reason, detail, statement_kind, is_complete, is_catalog_only, user_oid, search_path,
          assumptions, shape)
-- Purged meanwhile.
JOIN optimizer.query_texts t ON t.query_hash = n.query_hash
LEFT JOIN signature s ON s.query_hash = n.query_hash
ON CONFLICT (query_hash) DO UPDATE SET
    state = excluded.state,
    reason = excluded.reason,
    detail = excluded.detail,
    statement_kind = excluded.statement_kind,
    is_complete = excluded.is_complete,
    is_catalog_only = excluded.is_catalog_only,
    user_oid = excluded.user_oid,
    search_path = excluded.search_path,
    assumptions = excluded.assumptions,
    shape = excluded.shape,
    signature = excluded.signature,
    read_at = excluded.read_at
