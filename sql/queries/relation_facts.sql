/* optimizer_workflow: what a reader does not see of the relations $1: the topmost table, whether they are the system's or
   temporary, and the events at which they fire a trigger of somebody's own, as bits of tgtype (partitions included) */
WITH RECURSIVE asked AS (
    SELECT c.oid, c.oid AS relation FROM pg_class c WHERE c.oid = ANY ($1::oid[])
    UNION
    SELECT a.oid, i.inhrelid FROM asked a JOIN pg_inherits i ON i.inhparent = a.relation
), fired AS (
    SELECT a.oid, bit_or(g.tgtype::integer) AS events
    FROM asked a
    JOIN pg_trigger g ON g.tgrelid = a.relation AND NOT g.tgisinternal AND g.tgenabled <> 'D'
    JOIN pg_proc p ON p.oid = g.tgfoid
    JOIN pg_language l ON l.oid = p.prolang AND l.lanname <> 'internal'
    GROUP BY a.oid
)
SELECT c.oid, coalesce(pg_partition_root(c.oid), c.oid)::oid,
       c.relnamespace IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
       OR n.nspname = 'information_schema',
       c.relpersistence = 't',
       coalesce(f.events, 0)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN fired f ON f.oid = c.oid
WHERE c.oid = ANY ($1::oid[])
