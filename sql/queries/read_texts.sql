/* optimizer_workflow: texts of statements not seen before; returns those that are our own.
   {pg_stat_statements} is the function's qualified name. Reading texts reads the whole file.
   $1 is the fingerprint of a text that has none. */
WITH own_name AS MATERIALIZED (
    SELECT 'optimizer.' || coalesce(c.relname, p.proname) AS name
    FROM pg_depend d
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    WHERE e.extname = 'optimizer_workflow' AND d.deptype = 'e'
      AND coalesce(c.relname, p.proname) IS NOT NULL
), unseen AS MATERIALIZED (
    SELECT DISTINCT ON (s.queryid) s.queryid AS query_hash, s.query
    FROM {pg_stat_statements}(true) s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.queryid <> 0 AND s.query IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM optimizer.query_texts t WHERE t.query_hash = s.queryid)
), added AS (
    INSERT INTO optimizer.query_texts (query_hash, query, is_own, fingerprint)
    SELECT u.query_hash, u.query,
           position('/* optimizer_workflow: ' IN u.query) > 0
           OR EXISTS (SELECT FROM own_name n WHERE position(n.name IN u.query) > 0),
           coalesce(optimizer.statement_fingerprint(u.query), $1)
    FROM unseen u
    ON CONFLICT (query_hash) DO NOTHING
    RETURNING query_hash, is_own
)
SELECT query_hash, is_own FROM added
