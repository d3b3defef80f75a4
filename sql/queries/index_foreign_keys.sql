/* optimizer_workflow: foreign keys that refer to the tables $1, with the columns on both sides */
SELECT k.conrelid, k.conkey, k.confrelid, k.confkey
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1::oid[])
