/* optimizer_workflow: the relations that writing to $1 reads or writes by foreign keys: those it refers to, which an INSERT
   or an UPDATE of the key checks, and those that refer to it, which a DELETE or an UPDATE of the key checks or follows.
   Columns: the written relation and its columns of the key; the other one; what following writes. */
SELECT k.conrelid, k.conkey, true, false, false, c.oid, format('%I.%I', n.nspname, c.relname), c.relkind::text,
       coalesce(pg_partition_root(c.oid), c.oid)::oid
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.confrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[])
UNION ALL
SELECT k.confrelid, k.confkey, false, k.confupdtype IN ('c', 'n', 'd'), k.confdeltype IN ('c', 'n', 'd'), c.oid,
       format('%I.%I', n.nspname, c.relname), c.relkind::text, coalesce(pg_partition_root(c.oid), c.oid)::oid
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.confrelid = ANY ($1::oid[])
