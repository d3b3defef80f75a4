/* optimizer_workflow: notes indexes that were made and did not help, and returns those that still count: the table has neither
   doubled nor halved since. */
WITH failed AS MATERIALIZED (
    SELECT DISTINCT ON (i.query_hash, i.ground ->> 'index_fingerprint')
           i.query_hash, i.ground ->> 'index_fingerprint' AS fingerprint, i.verdict,
           (SELECT max(greatest(c.reltuples, 0))::float8 FROM pg_class c
            WHERE c.oid IN (SELECT (jsonb_array_elements_text(i.ground -> 'relations'))::oid)) AS table_rows
    FROM optimizer.optimization_implementations i
    WHERE i.verdict IN ('not_improved', 'regressed') AND i.ground ? 'index_fingerprint'
    ORDER BY i.query_hash, i.ground ->> 'index_fingerprint', i.measured_at DESC
), noted AS (
    INSERT INTO optimizer.index_failures (query_hash, fingerprint, verdict, table_rows)
    SELECT f.query_hash, f.fingerprint, f.verdict, coalesce(f.table_rows, 0) FROM failed f
    WHERE NOT EXISTS (SELECT FROM optimizer.index_failures k
                      WHERE (k.query_hash, k.fingerprint) = (f.query_hash, f.fingerprint))
    ON CONFLICT DO NOTHING
)
SELECT f.query_hash, f.fingerprint
FROM failed f
LEFT JOIN optimizer.index_failures k ON (k.query_hash, k.fingerprint) = (f.query_hash, f.fingerprint)
WHERE k.table_rows IS NULL OR f.table_rows IS NULL
   OR f.table_rows BETWEEN k.table_rows / 2 AND k.table_rows * 2
