-- A database's 18 days, hour by hour, as docs/measurement.md simulates them, told to the extension from outside. Times have a
-- day's curve of +-15 %, weekends 10 % faster, day noise of 6 % (AR .3), hourly noise of 10 % (AR .6), and each query's loading
-- (.5 to 1.1) of a noise that all share, 6 % by day. Calls are Poisson, 60 an hour, log-normal with sigma 1; the sum of n of
-- them is taken to be log-normal itself, with variance ln(1 + (e - 1) / n) (Fenton, 1960). At hour 394 everything became 20 %
-- faster by itself, and 150 of the 200 queries were changed, each on a table of its own.
-- The first 20 had a bad day right before: three times slower, which is why they were looked at.
-- Seeded: random() gives the same numbers from PostgreSQL 15 on.
CREATE SCHEMA world;

CREATE TABLE world.query (
    n integer PRIMARY KEY,
    query_hash bigint NOT NULL UNIQUE,
    story text NOT NULL,
    effect float8 NOT NULL,      -- log, of the change
    advisor text NOT NULL,
    relation text NOT NULL,
    changed_at timestamptz       -- null: never
);
-- The first 150 are changed: 70 in vain, 40 for -30 %, 20 for -50 %, 20 for +30 %. Two advisors: one is right about most of
-- what it says, the other about nothing. The other 50 share 25 tables.
INSERT INTO world.query
SELECT n, hashtextextended('query ' || n, 7), s.story, s.effect, CASE WHEN n <= 60 OR s.effect > 0 THEN 'bad' ELSE 'good' END || ' advisor',
       'shop.table_' || CASE WHEN n <= 150 THEN n ELSE 151 + n % 25 END,
       CASE WHEN n <= 150 THEN '2026-02-18 10:05:00+00'::timestamptz + n % 45 * interval '1 minute' END
FROM generate_series(1, 200) AS n
CROSS JOIN LATERAL (SELECT CASE WHEN n <= 70 THEN 'nothing' WHEN n <= 110 THEN '-30 %' WHEN n <= 130 THEN '-50 %' WHEN n <= 150 THEN '+30 %'
                                ELSE 'not changed' END,
                           CASE WHEN n <= 70 OR n > 150 THEN 0 WHEN n <= 110 THEN ln(0.7) WHEN n <= 130 THEN ln(0.5) ELSE ln(1.3) END) AS s (story, effect);

CREATE TABLE world.hour (
    n integer NOT NULL,
    hour integer NOT NULL,
    ends_at timestamptz NOT NULL,
    calls bigint NOT NULL,
    total_exec_time_ms float8 NOT NULL
);

-- Box and Muller
CREATE FUNCTION world.normal() RETURNS float8
LANGUAGE sql VOLATILE AS $$ SELECT sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) $$;

CREATE FUNCTION world.generate(begin timestamptz, hours integer, change integer, shift float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    q world.query;
    shared float8[];
    loading float8; phase float8; level float8; of_day float8; of_hour float8; spread float8; calls bigint;
BEGIN
    PERFORM setseed(0.5);
    of_day := 0.06 * world.normal();
    FOR day IN 0 .. hours / 24 LOOP
        shared[day] := of_day;
        of_day := 0.3 * of_day + 0.06 * sqrt(1 - 0.3 ^ 2) * world.normal();
    END LOOP;
    FOR q IN SELECT * FROM world.query ORDER BY n LOOP
        PERFORM setseed(q.n / 1000.0);
        loading := 0.5 + 0.6 * random();
        phase := 24 * random();
        level := 2 + world.normal();
        of_day := 0.06 * world.normal();
        of_hour := 0.10 * world.normal();
        FOR hour IN 0 .. hours - 1 LOOP
            IF hour % 24 = 0 THEN
                of_day := 0.3 * of_day + 0.06 * sqrt(1 - 0.3 ^ 2) * world.normal();
            END IF;
            of_hour := 0.6 * of_hour + 0.10 * sqrt(1 - 0.6 ^ 2) * world.normal();
            calls := GREATEST(1, round(60 + sqrt(60) * world.normal()));
            spread := ln(1 + (exp(1) - 1) / calls);
            INSERT INTO world.hour VALUES (q.n, hour, begin + (hour + 1) * interval '1 hour', calls, calls * exp(
                level + 0.15 * sin(2 * pi() * (hour + phase) / 24) + CASE WHEN hour / 24 % 7 >= 5 THEN ln(0.9) ELSE 0 END
                + of_day + of_hour + loading * shared[hour / 24]
                + CASE WHEN hour >= change THEN shift + q.effect ELSE 0 END
                + CASE WHEN q.n <= 20 AND hour BETWEEN change - 23 AND change - 2 THEN ln(3) ELSE 0 END
                + sqrt(spread) * world.normal() - spread / 2));
        END LOOP;
    END LOOP;
END
$$;

-- What happened in some hours, told as another collector would: hour by hour, each statement's text with its first one.
CREATE FUNCTION world.tell(first integer, last integer) RETURNS bigint
LANGUAGE sql AS $$
    SELECT count(*) FROM (
        SELECT optimizer.ingest_query_metrics(q.query_hash, h.ends_at, h.calls, h.total_exec_time_ms, 0, h.calls, 50 * h.calls, 0,
                   CASE WHEN h.hour = 0 THEN format('SELECT id, note FROM %s WHERE customer_id = $1', q.relation)::text END)
        FROM (SELECT * FROM world.hour WHERE hour BETWEEN first AND last ORDER BY hour, n) AS h
        JOIN world.query q USING (n)
        OFFSET 0) AS told
$$;

-- Numbers in the extension's tables that are none: NaN, infinite, or such a word within JSON.
CREATE FUNCTION public.not_finite() RETURNS TABLE (place text, value text)
LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT a.attrelid::regclass AS t, a.attname AS name, a.atttypid::regtype::text AS type
             FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
             WHERE r.relnamespace = 'optimizer'::regnamespace AND r.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
               AND a.atttypid IN ('float8'::regtype, 'float4'::regtype, 'numeric'::regtype, 'timestamptz'::regtype, 'jsonb'::regtype, 'float8[]'::regtype)
    LOOP
        RETURN QUERY EXECUTE format('SELECT %L, %I::text FROM %s WHERE %2$I::text ~* %L LIMIT 3', c.t || '.' || c.name, c.name, c.t,
            CASE c.type WHEN 'jsonb' THEN '\m(nan|infinity)\M' ELSE 'nan|infinity' END);
    END LOOP;
END
$$;

CREATE FUNCTION public.sqlstate_of(statement text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
