/* optimizer_workflow: names that several schemas have a relation of, with those schemas, and which of them the roles $1 may
   use; a name of pg_catalog always means that one. Temporary schemas are their session's, and nobody means ours without
   saying so. */
WITH several AS MATERIALIZED (
    SELECT c.relname, array_agg(c.relnamespace) AS schemas
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_(temp|toast)' AND n.nspname <> 'optimizer'
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relpersistence <> 't'
    GROUP BY c.relname
    HAVING count(*) > 1 AND NOT bool_or(c.relnamespace = 'pg_catalog'::regnamespace)
), allowed AS MATERIALIZED (
    SELECT u AS role, s.schema
    FROM unnest($1::oid[]) AS u
    CROSS JOIN (SELECT DISTINCT unnest(schemas) AS schema FROM several) AS s
    WHERE has_schema_privilege(u, s.schema, 'USAGE')
)
SELECT a.role, s.relname::text
FROM several s
JOIN allowed a ON a.schema = ANY (s.schemas)
GROUP BY a.role, s.relname
HAVING count(*) > 1
