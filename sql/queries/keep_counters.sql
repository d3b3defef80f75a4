/* optimizer_workflow: the counters of this sample, the baseline of the next one */
INSERT INTO optimizer.sampler_counters AS c
    (query_hash, user_oid, toplevel, calls, total_exec_time_ms, min_exec_time_ms,
     max_exec_time_ms, stddev_exec_time_ms, rows, shared_blks_hit, shared_blks_read, stats_since)
SELECT * FROM unnest($1::bigint[], $2::oid[], $3::boolean[], $4::bigint[], $5::float8[],
                     $6::float8[], $7::float8[], $8::float8[], $9::bigint[], $10::bigint[],
                     $11::bigint[], $12::timestamptz[])
ON CONFLICT (query_hash, user_oid, toplevel) DO UPDATE SET
    calls = excluded.calls,
    total_exec_time_ms = excluded.total_exec_time_ms,
    min_exec_time_ms = excluded.min_exec_time_ms,
    max_exec_time_ms = excluded.max_exec_time_ms,
    stddev_exec_time_ms = excluded.stddev_exec_time_ms,
    rows = excluded.rows,
    shared_blks_hit = excluded.shared_blks_hit,
    shared_blks_read = excluded.shared_blks_read,
    stats_since = excluded.stats_since
