/* optimizer_workflow: those of the names $1 that only temporary tables have */
SELECT DISTINCT c.relname::text
FROM pg_class c
WHERE c.relpersistence = 't' AND c.relname = ANY ($1::name[])
  AND NOT EXISTS (SELECT FROM pg_class p WHERE p.relname = c.relname AND p.relpersistence <> 't')
