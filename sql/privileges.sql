-- Who may what. PUBLIC: nothing. pg_monitor: the views, the tables without text, the reading
-- functions. Tables that hold text are granted to nobody: people read them through the views, which
-- show text to members of pg_read_all_stats. Writing is for the owner and whom the owner grants it
-- (the GRANT block in the README).

DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS function, p.proparallel <> 's' AS runs_sql
        FROM pg_depend d
        JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        JOIN pg_proc p ON p.oid = d.objid
        WHERE e.extname = 'optimizer_workflow' AND d.deptype = 'e'
          AND d.classid = 'pg_proc'::regclass
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', member.function);
        -- Compiling the long statements takes longer than running them ever does.
        IF member.runs_sql THEN
            EXECUTE format('ALTER FUNCTION %s SET jit = off', member.function);
        END IF;
    END LOOP;
END
$$;

-- Its statement is written for its indexes, how many rows they leave the planner cannot know; planning
-- it anew for each call would take longer than the call.
ALTER FUNCTION optimizer.get_top_recommendations(integer, float8, text, text, bigint)
    SET enable_seqscan = off;
ALTER FUNCTION optimizer.get_top_recommendations(integer, float8, text, text, bigint)
    SET enable_bitmapscan = off;
ALTER FUNCTION optimizer.get_top_recommendations(integer, float8, text, text, bigint)
    SET plan_cache_mode = force_generic_plan;

GRANT USAGE ON SCHEMA optimizer TO pg_monitor;
GRANT SELECT ON
    optimizer.query_metrics, optimizer.sampling_coverage, optimizer.sampler_state,
    optimizer.sampler_counters, optimizer.maintenance_runs, optimizer.learned_kinds,
    optimizer.learned_overall, optimizer.performance_models,
    optimizer.performance_model_in_use, optimizer.implementation_queries,
    optimizer.implementation_measurements,
    optimizer.recent_window, optimizer.query_activity, optimizer.query_urgency,
    optimizer.query_stats, optimizer.unread_texts,
    optimizer.calibration, optimizer.reliability,
    optimizer.recommendations, optimizer.implementations, optimizer.events,
    optimizer.looks_implemented, optimizer.seen_server,
    optimizer.query_relations, optimizer.readings, optimizer.plans, optimizer.index_findings
TO pg_monitor;
GRANT EXECUTE ON FUNCTION
    optimizer.roi_score(float8, float8, float8),
    optimizer.urgency_score(float8, float8),
    optimizer.confidence_line(float8, float8),
    optimizer.unknown_forecast_half_width(),
    optimizer.normalise_sql(text),
    optimizer.query_summary(text),
    optimizer.setting_context(text),
    optimizer.setting_obstacle(text, text, text),
    optimizer.drop_index_statement(text, text),
    optimizer.index_action(text),
    optimizer.index_behind_columns(text),
    optimizer.list_literal(text),
    optimizer.is_same_setting_value(text, text, text),
    optimizer.names_relation(text, name, name),
    optimizer.query_hash_list(jsonb),
    optimizer.bucket_width_seconds(),
    optimizer.index_fingerprint(text),
    optimizer.statement_fingerprint(text),
    optimizer.counters_since_reset(text),
    optimizer.last_sample_at(),
    optimizer.get_top_recommendations(integer, float8, text, text, bigint),
    optimizer.predict_improvement(bigint),
    optimizer.self_check(integer),
    optimizer.get_optimization_results(text, bigint, integer),
    optimizer.optimization_summary(),
    optimizer.plan_query(bigint),
    optimizer.status()
TO pg_monitor;

SELECT optimizer.announce_database();
