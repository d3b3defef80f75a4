/* optimizer_workflow: the server as the last look saw it, and whether the catalog is due again ($1: after
   that many times as long as comparing it took) */
SELECT looked_at, started_at, cumulative_reset_at, statements_reset_at, system_identifier, timeline,
       version_num, version, catalog_looked_at,
       coalesce(clock_timestamp() < catalog_looked_at
                OR clock_timestamp() >= catalog_looked_at
                                        + make_interval(secs => catalog_look_ms * $1 / 1000), true),
       date_trunc('hour', counting_since) <> date_trunc('hour', now())
FROM optimizer.seen_server
