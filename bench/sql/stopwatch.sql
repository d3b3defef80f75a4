-- Timing inside the server: no client, no network, the commit included. One row of bench.timing is one run.
CREATE SCHEMA bench;

CREATE TABLE bench.timing (
    name text NOT NULL,
    round integer NOT NULL,
    ms float8 NOT NULL,
    wal_bytes numeric NOT NULL,
    first_row jsonb,
    PRIMARY KEY (name, round)
);

-- Runs the statement `calls` times in a transaction of its own and notes milliseconds for one. `undo` rolls it back
-- afterwards: then the time is without the commit, and the next round finds what this one found.
CREATE PROCEDURE bench.timed(name text, round integer, statement text, calls integer DEFAULT 1, undo boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    returns_rows boolean := statement ~ '^SELECT';
    started timestamptz;
    ended timestamptz;
    start_of_wal pg_lsn;
    first_row record;
    first_row_json jsonb;
BEGIN
    COMMIT;
    start_of_wal := pg_current_wal_insert_lsn();
    started := clock_timestamp();
    FOR i IN 1 .. calls LOOP
        IF returns_rows THEN
            EXECUTE statement INTO first_row;
        ELSE
            EXECUTE statement;
        END IF;
    END LOOP;
    IF undo THEN
        ended := clock_timestamp();
        ROLLBACK;
    ELSE
        COMMIT;
        ended := clock_timestamp();
    END IF;
    IF returns_rows THEN
        first_row_json := to_jsonb(first_row);
    END IF;
    INSERT INTO bench.timing
    VALUES (name, round, extract(epoch FROM ended - started) * 1000 / calls,
            pg_current_wal_insert_lsn() - start_of_wal, first_row_json);
    COMMIT;
END
$$;

-- Two rounds that do not count, then `rounds` that do. In each: `before` ($1 is the round), untimed, then every statement
-- `calls` times, in an order that turns by one from round to round, so that none is always the first to find caches cold.
CREATE PROCEDURE bench.alternate(rounds integer, before text, names text[], statements text[], calls integer DEFAULT 1)
LANGUAGE plpgsql AS $$
DECLARE
    n integer := cardinality(names);
    place integer;
BEGIN
    FOR round IN -1 .. rounds LOOP
        EXECUTE before USING round;
        FOR turn IN 1 .. n LOOP
            place := 1 + (turn + round + n) % n;
            CALL bench.timed(names[place], round, statements[place], calls);
        END LOOP;
    END LOOP;
    DELETE FROM bench.timing AS t WHERE t.round <= 0 AND t.name = ANY (names);
END
$$;

-- Median of `one`, or of one / other paired by round; low and high hold the true median with at least 95 % (order
-- statistics), null while there are too few rounds for that.
CREATE FUNCTION bench.median(one text, other text DEFAULT NULL)
RETURNS TABLE (value float8, low float8, high float8, rounds bigint)
LANGUAGE sql AS $$
    WITH paired AS (
        SELECT a.ms / CASE WHEN other IS NULL THEN 1 ELSE b.ms END AS value
        FROM bench.timing a
        LEFT JOIN bench.timing b ON b.name = other AND b.round = a.round
        WHERE a.name = one AND (other IS NULL OR b.ms IS NOT NULL)
    ), sorted AS (
        SELECT array_agg(p.value ORDER BY p.value) AS v, count(*) AS n,
               floor(count(*) / 2.0 - 0.98 * sqrt(count(*)))::integer AS rank,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY p.value) AS middle
        FROM paired p
    )
    SELECT middle, v[CASE WHEN rank >= 1 THEN rank END], v[CASE WHEN rank >= 1 THEN n - rank + 1 END], n
    FROM sorted
$$;
