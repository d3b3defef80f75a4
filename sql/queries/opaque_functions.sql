/* optimizer_workflow: those of the functions $1 that may read or write anything, and those that writing to the relations $2
   may call (checks, generated columns, expressions of indexes): with null in place of a relation for the former.
   The server's own functions (below 16384, the first oid of a user's object) read its catalog at most, but for those that run
   a query they are given. Others are opaque when they are in another language than C, and so is C that may run a query: it is
   not immutable, and it returns a set or does something by its arguments. */
WITH support AS (
    SELECT f AS called, s.function
    FROM unnest($1::oid[]) AS f
    JOIN pg_aggregate a ON a.aggfnoid = f
    CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) AS s (function)
    WHERE s.function <> 0
), called AS (
    SELECT NULL::oid AS relation, f AS called, f AS function FROM unnest($1::oid[]) AS f
    UNION ALL
    SELECT NULL, called, function FROM support
    UNION ALL
    SELECT k.conrelid, d.refobjid, d.refobjid
    FROM pg_constraint k
    JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass
    WHERE k.contype = 'c' AND k.conrelid = ANY ($2::oid[])
    UNION ALL
    SELECT i.indrelid, d.refobjid, d.refobjid
    FROM pg_index i
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_proc'::regclass
    WHERE i.indrelid = ANY ($2::oid[])
    UNION ALL
    SELECT e.adrelid, d.refobjid, d.refobjid
    FROM pg_attrdef e
    JOIN pg_attribute t ON t.attrelid = e.adrelid AND t.attnum = e.adnum AND t.attgenerated <> ''
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_proc'::regclass
    WHERE e.adrelid = ANY ($2::oid[])
)
SELECT DISTINCT c.relation, c.called, format('%I.%I', n.nspname, p.proname)
FROM called c
JOIN pg_proc p ON p.oid = c.called
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_proc s ON s.oid = c.function
JOIN pg_language l ON l.oid = s.prolang
WHERE CASE
          WHEN s.oid < 16384 THEN s.proname ~ '^(query|table|schema|database|cursor)_to_xml' OR s.proname = 'ts_stat'
              OR s.proname = 'ts_rewrite' AND s.pronargs = 2
          WHEN l.lanname = 'internal' THEN false
          WHEN l.lanname = 'c' THEN s.provolatile <> 'i' AND (s.proretset OR s.provolatile = 'v' AND s.pronargs > 0)
          ELSE true
      END
