/* optimizer_workflow: is pg_stat_statements loaded, where is it, what does its version offer?
   Its setting .max exists exactly when the library was preloaded. */
SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max') AS is_loaded,
       quote_ident(n.nspname) AS schema,
       EXISTS (SELECT FROM pg_proc i
               WHERE i.proname = 'pg_stat_statements_info' AND i.pronamespace = n.oid) AS has_info,
       coalesce('stats_since' = ANY (p.proargnames), false) AS has_stats_since,
       current_setting('compute_query_id') <> 'off' AS computes_ids
FROM (SELECT 1) AS one
LEFT JOIN pg_extension e ON e.extname = 'pg_stat_statements'
LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN pg_proc p ON p.proname = 'pg_stat_statements' AND p.pronamespace = n.oid
