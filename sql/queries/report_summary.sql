/* optimizer_workflow: report, the row over everything, and the load that savings are held against. */
SELECT (to_jsonb(s) || jsonb_build_object('load_ms_per_hour', (
    SELECT sum(a.calls_per_hour * a.mean_exec_time_ms) FROM optimizer.query_activity a)))::text
FROM optimizer.optimization_summary() AS s
