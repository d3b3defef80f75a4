-- The table of docs/roles.md: what each role may do with each function, table and view.
SELECT format('| `%s` | %s |', name, string_agg(rights, ' | ' ORDER BY place))
FROM (
    SELECT 1 AS part, p.oid::regprocedure::text AS name, role.place,
           CASE WHEN has_schema_privilege(role.name, 'optimizer', 'USAGE')
                     AND has_function_privilege(role.name, p.oid, 'EXECUTE')
                THEN 'execute' ELSE '' END AS rights
    FROM pg_proc p, unnest(ARRAY['postgres', 'monitor', 'stats_reader', 'tuning_operator', 'plain'])
        WITH ORDINALITY AS role (name, place)
    WHERE p.pronamespace = 'optimizer'::regnamespace
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 2 ELSE 3 END, c.oid::regclass::text, role.place,
           CASE WHEN has_schema_privilege(role.name, 'optimizer', 'USAGE')
                THEN concat_ws(', ',
                    CASE WHEN has_table_privilege(role.name, c.oid, 'SELECT') THEN 'read' END,
                    CASE WHEN has_table_privilege(role.name, c.oid, 'INSERT')
                          AND has_table_privilege(role.name, c.oid, 'UPDATE')
                          AND has_table_privilege(role.name, c.oid, 'DELETE') THEN 'write' END)
                ELSE '' END
    FROM pg_class c, unnest(ARRAY['postgres', 'monitor', 'stats_reader', 'tuning_operator', 'plain'])
        WITH ORDINALITY AS role (name, place)
    WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relkind IN ('r', 'v')
) AS object
GROUP BY part, name
ORDER BY part, name;
