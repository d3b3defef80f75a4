/* optimizer_workflow: entries that pg_stat_statements no longer has */
DELETE FROM optimizer.sampler_counters c
USING unnest($1::bigint[], $2::oid[], $3::boolean[]) AS gone (query_hash, user_oid, toplevel)
WHERE (c.query_hash, c.user_oid, c.toplevel) = (gone.query_hash, gone.user_oid, gone.toplevel)
