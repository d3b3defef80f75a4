/* optimizer_workflow: the relations of statements that were just read, in place of what was known before */
INSERT INTO optimizer.query_relations
    (query_hash, relation, relation_name, relkind, is_read, is_written, by_foreign_key, topmost)
SELECT r.query_hash, r.relation, r.relation_name, r.relkind::"char", r.is_read, r.is_written, r.by_foreign_key, r.topmost
FROM unnest($1::bigint[], $2::oid[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::boolean[], $8::oid[])
    AS r (query_hash, relation, relation_name, relkind, is_read, is_written, by_foreign_key, topmost)
-- Purged meanwhile.
JOIN optimizer.query_texts t ON t.query_hash = r.query_hash
