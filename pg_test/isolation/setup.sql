-- What the isolation specs stand on, run once in their database. :consistency is the text of pg_test/consistency.sql.
-- Specs call begin_anew() in their setup and read ledger() in their teardown. Ids begin at 1 in every permutation and
-- follow the order of the calls below, so specs can name rows by them.
-- Trap: bodies are strings on purpose. Anything that depends on the extension would keep a spec from dropping it.
\set ON_ERROR_STOP on
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION optimizer_workflow;

-- The extension as it is just after CREATE EXTENSION.
CREATE PROCEDURE begin_anew() LANGUAGE plpgsql AS $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS optimizer_workflow;
    EXECUTE (SELECT format('TRUNCATE %s RESTART IDENTITY', string_agg(oid::regclass::text, ', '))
             FROM pg_class WHERE relnamespace = 'optimizer'::regnamespace AND relkind = 'r');
END
$$;

-- An index for one query, on a table of its own: changes on one table would confound each other. Queries that are given the
-- same definition share an action, and table t.
CREATE PROCEDURE suggest(query_hash bigint, definition text DEFAULT NULL) LANGUAGE sql AS $$
    INSERT INTO optimizer.index_suggestions
        (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
    VALUES (query_hash, CASE WHEN definition IS NULL THEN 't_' || query_hash ELSE 't' END,
            coalesce(definition, format('CREATE INDEX t_%1$s_idx ON t_%1$s (c)', query_hash)), 80, 0.9, 'a tool')
$$;

-- Every index that a spec records is there all the time: DDL in a setup would be an event, and would wait for locks.
DO $$
BEGIN
    FOR hash IN 10..40 BY 10 LOOP
        EXECUTE format('CREATE TABLE t_%1$s (c int); CREATE INDEX ON t_%1$s (c)', hash);
    END LOOP;
END
$$;
CREATE TABLE t (a int);
CREATE INDEX ON t (a);

-- The same with its recommendation.
CREATE PROCEDURE advise(query_hash bigint, definition text DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
    CALL suggest(query_hash, definition);
    PERFORM optimizer.aggregate_recommendations_for_query(advise.query_hash);
END
$$;

\ir ../lived.sql
-- A query that took 100 ms for four days, and what it took after a change so many hours ago. Looks are due at 24 and at 48.
CREATE PROCEDURE observe(query_hash bigint, hours_ago integer, after_ms integer) LANGUAGE sql AS $$
    SELECT public.lived(query_hash, hours_ago + 96, hours_ago + 1, 100), public.lived(query_hash, hours_ago, 0, after_ms)
$$;

-- All of it, recorded: recommendation and implementation of the next numbers.
CREATE PROCEDURE implement(query_hash bigint, hours_ago integer, after_ms integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL observe(query_hash, hours_ago, after_ms);
    CALL advise(query_hash);
    PERFORM optimizer.record_recommendation_implementation(r.id, implemented_at => now() - make_interval(hours => hours_ago))
    FROM optimizer.recommendations r WHERE r.query_hash = implement.query_hash AND r.status = 'open';
END
$$;

CREATE FUNCTION violations() RETURNS TABLE (violated text, found text) LANGUAGE sql AS :'consistency';

-- Everything that a race could have left wrong, in lines.
CREATE FUNCTION ledger() RETURNS TABLE (ledger text) LANGUAGE sql AS $$
    SELECT line FROM (
        SELECT 1, query_hash, format('recommendation for %s: %s, stated %s%s', query_hash, status, stated_confidence,
                                     ', ' || substring(dismissal_reason FROM '^\w+')) AS line
        FROM optimizer.optimization_recommendations
        UNION ALL
        SELECT 2, id, format('implementation %s, for %s: %s', id, query_hash, concat_ws(', ', status, verdict))
        FROM optimizer.optimization_implementations
        UNION ALL
        SELECT 3, implementation_id, format('%s look at implementation %s: %s%s', look, implementation_id, verdict,
                                            CASE WHEN is_final THEN ', final' END)
        FROM optimizer.implementation_measurements
        UNION ALL
        SELECT 4, 0, format('learned of %s: %s outcomes, %s inconclusive', kind, outcomes, inconclusive)
        FROM optimizer.learned_kinds
        UNION ALL
        SELECT 5, 0, format('VIOLATED: %s: %s', violated, found) FROM violations()
    ) AS lines (part, number, line)
    ORDER BY part, number, line
$$;
