-- `due` changes that were applied and wait for a look: one for each of the queries 1 .. due, in turn an index, a setting,
-- a pattern and a rewrite; half of them made `half_ago` and half `long_ago` before now. Every second one halved the time.
-- To be run after make_queries (2 x due at least), make_history, make_suggestions and an aggregation.
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
