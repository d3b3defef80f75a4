/* optimizer_workflow: the functions that make and forget hypothetical indexes, and the schema they are in; no row without HypoPG.
   By the extension they belong to: a function of that name proves nothing. */
SELECT max(p.oid::bigint) FILTER (WHERE p.proname = 'hypopg_create_index')::oid,
       max(p.oid::bigint) FILTER (WHERE p.proname = 'hypopg_drop_index')::oid,
       max(n.nspname::text)
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
JOIN pg_proc p ON p.oid = d.objid
WHERE e.extname = 'hypopg'
HAVING count(*) FILTER (WHERE p.proname IN ('hypopg_create_index', 'hypopg_drop_index')) = 2
