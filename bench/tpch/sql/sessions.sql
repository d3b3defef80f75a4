-- What a timed session calls. In the template, so that each copy has it and its tables keep their oids.
CREATE SCHEMA bench;

-- Milliseconds that the server needs to plan a statement and to run it to its end; no client, no network. Parallel workers
-- as in any session: EXECUTE ... INTO runs the statement once and to the end, which is when they are allowed.
CREATE FUNCTION bench.elapsed_ms(statement text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz := clock_timestamp();
    first_row record;
BEGIN
    EXECUTE statement INTO first_row;
    RETURN extract(epoch FROM clock_timestamp() - begun) * 1000;
END
$$;

-- The plan that the statement has here and now, as EXPLAIN's document.
CREATE FUNCTION bench.plan(statement text) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    document json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO document;
    RETURN document -> 0 -> 'Plan';
END
$$;

-- Indexes that somebody made: those that no constraint stands on.
CREATE VIEW bench.made_index AS
SELECT i.indexrelid::regclass AS name, pg_relation_size(i.indexrelid) AS bytes,
       -- The columns of an index that was there before, in the same order: its keys, or the first of them.
       EXISTS (SELECT FROM pg_index k
               WHERE k.indrelid = i.indrelid AND k.indisprimary AND i.indexprs IS NULL AND i.indpred IS NULL
                 AND k.indkey::text || ' ' LIKE i.indkey::text || ' %') AS repeats_a_primary_key
FROM pg_index i
JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid);

-- Statistics of an index on an expression come with the next ANALYZE of its table. Only those tables get one: another sample
-- of the rows may change plans that no index has touched.
CREATE PROCEDURE bench.analyze_expressions()
LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN SELECT DISTINCT i.indrelid::regclass FROM pg_index i JOIN bench.made_index m ON m.name = i.indexrelid
                    WHERE i.indexprs IS NOT NULL LOOP
        EXECUTE format('ANALYZE %s', relation);
    END LOOP;
END
$$;
