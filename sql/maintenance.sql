-- What needs a subtransaction of its own: one failing look or step must not take the others with it.

CREATE FUNCTION optimizer.take_look_or_note_error(
    implementation_id bigint
) RETURNS TABLE (
    impl_id bigint,
    actual_improvement_percent float8,
    predicted_improvement_percent float8,
    status text,
    accuracy_score float8,
    verdict text,
    verdict_reason text,
    adjusted_improvement_percent float8,
    improvement_low_percent float8,
    improvement_high_percent float8
)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT * FROM optimizer.take_look(implementation_id);
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'optimizer_workflow: implementation % could not be measured: %',
        implementation_id, SQLERRM;
    -- Deadlocks, missing resources, lock timeouts and interventions say nothing about the
    -- implementation: it stays due.
    IF left(SQLSTATE, 2) NOT IN ('40', '53', '57') AND SQLSTATE <> '55P03' THEN
        PERFORM optimizer.note_failed_look(implementation_id, SQLERRM);
    END IF;
END
$$;

CREATE FUNCTION optimizer.take_look_at_revert_or_note_error(
    implementation_id bigint
) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN optimizer.take_look_at_revert(implementation_id);
EXCEPTION WHEN OTHERS THEN
    -- Deadlocks, missing resources, lock timeouts and interventions may be over at the next try.
    IF left(SQLSTATE, 2) IN ('40', '53', '57') OR SQLSTATE = '55P03' THEN
        RAISE;
    END IF;
    RAISE WARNING 'optimizer_workflow: implementation % could not be measured: %',
        implementation_id, SQLERRM;
    PERFORM optimizer.note_failed_look(implementation_id, SQLERRM);
    RETURN false;
END
$$;

CREATE FUNCTION optimizer.run_maintenance(
    only_step text DEFAULT NULL
) RETURNS TABLE (step text, detail text, ms float8)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    started timestamptz;
    is_being_restored boolean;
BEGIN
    PERFORM optimizer.check_maintenance(only_step);
    is_being_restored := EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
          AND (a.application_name = 'pg_restore'
               OR EXISTS (SELECT FROM optimizer.restoring_session r
                          WHERE r.pid = a.pid AND r.backend_start = a.backend_start)));
    FOREACH step IN ARRAY
        CASE WHEN only_step IS NULL
             THEN ARRAY['purge', 'sample', 'events', 'advise', 'aggregate', 'measure']
             ELSE ARRAY[only_step] END
    LOOP
        started := clock_timestamp();
        -- What a step writes would be in the way of the rows that are still to come.
        IF is_being_restored THEN
            detail := 'waits: a dump is being restored';
            ms := 0;
            RETURN NEXT;
            CONTINUE;
        END IF;
        BEGIN
            detail := optimizer.run_maintenance_step(step);
        EXCEPTION WHEN OTHERS THEN
            detail := 'failed: ' || SQLERRM;
        END;
        ms := extract(epoch FROM clock_timestamp() - started) * 1000;
        IF detail NOT IN ('not due', 'running elsewhere') THEN
            INSERT INTO optimizer.maintenance_runs AS r (step, last_run_at, detail, duration_ms)
            VALUES (run_maintenance.step, started, run_maintenance.detail, ms)
            ON CONFLICT ON CONSTRAINT maintenance_runs_pkey DO UPDATE SET
                last_run_at = excluded.last_run_at,
                detail = excluded.detail,
                duration_ms = excluded.duration_ms;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
