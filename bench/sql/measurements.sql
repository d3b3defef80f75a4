-- Tables shop.orders_1 .. n with the index that is advised, and what the statement reader knows of the queries on them. The
-- texts of other queries are not read: their tables are not there.
CREATE PROCEDURE bench.make_ground(n integer)
LANGUAGE plpgsql AS $$
BEGIN
    CREATE SCHEMA shop;
    FOR i IN 1 .. n LOOP
        EXECUTE format('CREATE TABLE shop.orders_%s (id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, status text,
                        total_cents integer, warehouse_id integer)', i);
        EXECUTE format('CREATE INDEX orders_%s_customer_id_ordered_at_idx ON shop.orders_%s (customer_id, ordered_at)', i, i);
        IF i % 500 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
    INSERT INTO optimizer.sampler_counters
    SELECT query_hash, current_user::regrole, true, 1000, 1000, 1, 1, 1, 1, 1, 1 FROM bench.query q WHERE q.n <= make_ground.n
    ON CONFLICT DO NOTHING;
    WHILE optimizer.run_maintenance_step('advise') LIKE '%more' LOOP
        COMMIT;
    END LOOP;
END
$$;

-- `due` changes that were applied and wait for a look: one for each of the queries 1 .. due, in turn an index, a setting,
-- a pattern and a rewrite; half of them made `half_ago` and half `long_ago` before now. Every second one halved the time.
-- To be run after make_queries (2 x due at least), make_history, make_ground, make_suggestions and an aggregation.
CREATE PROCEDURE bench.make_due(due integer, half_ago interval, long_ago interval)
LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    FOR change IN
        SELECT r.id, r.source_type, q.n, q.query_hash, other.query_hash AS new_hash,
               now() - CASE WHEN q.n <= due / 2 THEN half_ago ELSE long_ago END AS made_at
        FROM bench.query q
        JOIN bench.query other ON other.n = q.n + due
        JOIN LATERAL (
            SELECT * FROM optimizer.recommendations r
            WHERE r.query_hash = q.query_hash AND r.status = 'open'
              AND r.source_type = ('{index, parameter, workload_pattern, rewrite}'::text[])[1 + q.n % 4]
            ORDER BY r.id LIMIT 1) AS r ON true
        WHERE q.n <= due
    LOOP
        IF change.n % 2 = 0 THEN
            UPDATE optimizer.query_metrics m SET total_exec_time_ms = total_exec_time_ms / 2
            WHERE m.query_hash = change.query_hash AND m.bucket_start >= change.made_at;
        END IF;
        PERFORM optimizer.record_recommendation_implementation(change.id, implementation_notes => 'benchmark',
            implemented_at => change.made_at,
            new_query_hash => CASE WHEN change.source_type = 'rewrite' THEN change.new_hash END);
    END LOOP;
    -- What was advised had been there for a while.
    UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days' WHERE status = 'implemented';
END
$$;

-- Takes the looks and takes them back.
CREATE PROCEDURE bench.measure(name text, rounds integer)
LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 1 .. rounds LOOP
        CALL bench.timed(name, round, 'SELECT count(*) AS looks, count(*) FILTER (WHERE verdict <> ''inconclusive'') AS decided '
                                      'FROM optimizer.measure_pending_implementations()', undo => true);
    END LOOP;
END
$$;

-- Every due implementation by itself, one after the other, each taken back.
CREATE PROCEDURE bench.measure_each(name text, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
    due bigint[] := ARRAY(SELECT id FROM optimizer.optimization_implementations WHERE status = 'pending' ORDER BY id);
BEGIN
    FOR round IN 1 .. rounds LOOP
        CALL bench.timed(name, round, format('SELECT verdict <> ''inconclusive'' AS decided FROM optimizer.measure_implementation_results(%s)',
                                             due[1 + (round - 1) * cardinality(due) / rounds]), undo => true);
    END LOOP;
END
$$;

-- Takes the looks; how many of them compared with 20 other queries.
CREATE FUNCTION bench.looks_with_controls() RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM optimizer.measure_pending_implementations();
    RETURN (SELECT count(*) FROM optimizer.implementation_measurements WHERE controls = 20);
END
$$;
