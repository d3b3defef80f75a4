/* optimizer_workflow: the relations that writing to $1 reads or writes by foreign keys: those it refers to, which an INSERT
   or UPDATE checks, and those that refer to it, which an UPDATE or DELETE checks or follows */
SELECT k.conrelid, k.confrelid, true, false, format('%I.%I', n.nspname, c.relname), c.relkind::text,
       coalesce(pg_partition_root(c.oid), c.oid)::oid
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.confrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[])
UNION ALL
SELECT k.confrelid, k.conrelid, false,
       k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'),
       format('%I.%I', n.nspname, c.relname), c.relkind::text, coalesce(pg_partition_root(c.oid), c.oid)::oid
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.confrelid = ANY ($1::oid[])
