-- An hour in `pace` x 12 seconds: both collectors look at the same statements every `pace` seconds, that is "every five
-- minutes", and bucket_width is 12 x pace. A bucket gets as many samples as in life, so rows are written and rewritten
-- as often.
CREATE PROCEDURE bench.collect(looks integer, active integer, pace float8, powa boolean)
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    FOR look IN 1 .. looks LOOP
        PERFORM bench.run_statements(1, active);
        COMMIT;
        IF pace > 0 THEN
            PERFORM optimizer.take_sample();
            COMMIT;
        END IF;
        IF powa THEN
            EXECUTE 'SELECT powa_take_snapshot()';
            COMMIT;
        END IF;
        IF clock_timestamp() > started + make_interval(secs => look * pace) AND pace > 0 THEN
            RAISE 'a look took longer than its % s', pace;
        END IF;
        PERFORM pg_sleep(extract(epoch FROM started + make_interval(secs => look * pace) - clock_timestamp())::float8);
    END LOOP;
END
$$;

-- Bytes on disk that hold what was observed: our buckets, and PoWA's coalesced history of statements. Texts, the state of
-- the collectors and PoWA's records that await coalescing are on neither side: they do not grow with time.
CREATE FUNCTION bench.bytes_of_buckets() RETURNS numeric
LANGUAGE sql AS $$
    SELECT sum(pg_total_relation_size(name))
    FROM unnest('{optimizer.query_metrics, optimizer.sampling_coverage}'::regclass[]) AS name
$$;

CREATE FUNCTION bench.bytes_of_powa() RETURNS numeric
LANGUAGE sql AS $$
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relname IN ('powa_statements_history', 'powa_statements_history_db') AND relkind = 'r'
$$;
