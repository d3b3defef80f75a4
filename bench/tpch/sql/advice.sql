-- What the arms without an advisor of their own are made with, and what planner cost predicts; needs HypoPG. In the one
-- copy in which advice is asked for, so that nothing of it is in a copy that is timed.

CREATE TABLE bench.query (
    number integer PRIMARY KEY,
    statement text NOT NULL,
    query_hash bigint
);

-- The queryid that pg_stat_statements gives the statement, and with it its suggestions.
CREATE FUNCTION bench.hash_of(statement text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    document json;
BEGIN
    EXECUTE 'EXPLAIN (VERBOSE, FORMAT JSON) ' || statement INTO document;
    RETURN (document -> 0 ->> 'Query Identifier')::bigint;
END
$$;

-- supabase/index_advisor's rule, version 0.2.0: for each query, a hypothetical index on every single column of every table
-- that has no index of that one column yet, all at once; those that the plan then names are advised.
CREATE FUNCTION bench.single_columns() RETURNS TABLE (definition text)
LANGUAGE plpgsql AS $$
DECLARE
    one bench.query;
    plan text;
BEGIN
    PERFORM hypopg_reset();
    PERFORM hypopg_create_index(format('CREATE INDEX ON %I.%I (%I)', t.schemaname, t.tablename, a.attname))
    FROM pg_tables t
    JOIN pg_attribute a ON a.attrelid = format('%I.%I', t.schemaname, t.tablename)::regclass
    WHERE t.schemaname = 'public' AND a.attnum > 0 AND NOT a.attisdropped
      AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indkey::text = a.attnum::text
                                               AND i.indexprs IS NULL AND i.indpred IS NULL);
    FOR one IN TABLE bench.query LOOP
        plan := bench.plan(one.statement)::text;
        RETURN QUERY SELECT hypopg_get_indexdef(h.indexrelid) FROM hypopg() h
                     WHERE strpos(plan, '"' || h.indexname || '"') > 0;
    END LOOP;
    PERFORM hypopg_reset();
END
$$;

-- What planner cost says before anything is built: each query's cost without and with the indexes. No
-- rows where HypoPG cannot imagine one of the indexes (GIN, GiST).
CREATE FUNCTION bench.costs(definitions text[])
RETURNS TABLE (number integer, cost_before float8, cost_after float8)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hypopg_reset();
    CREATE TEMPORARY TABLE before ON COMMIT DROP AS
        SELECT q.number, (bench.plan(q.statement) ->> 'Total Cost')::float8 AS cost FROM bench.query q;
    BEGIN
        PERFORM hypopg_create_index(d.definition) FROM unnest(definitions) AS d (definition);
        RETURN QUERY SELECT q.number, b.cost, (bench.plan(q.statement) ->> 'Total Cost')::float8
                     FROM bench.query q JOIN before b USING (number);
    EXCEPTION WHEN feature_not_supported OR raise_exception OR internal_error THEN
        RAISE WARNING 'not imagined: % (%)', definitions, SQLERRM;
    END;
    PERFORM hypopg_reset();
    DROP TABLE before;
END
$$;

-- One wording of a definition, so that two tools that mean the same index are seen to; the given one where HypoPG cannot
-- imagine the index.
CREATE FUNCTION bench.wording(definition text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT hypopg_get_indexdef(h.indexrelid) FROM hypopg_create_index(definition) AS h);
EXCEPTION WHEN feature_not_supported OR raise_exception OR internal_error THEN
    RETURN definition;
END
$$;

-- The definitions of each arm, from the files that their tools wrote.
CREATE TABLE bench.advised (
    arm text NOT NULL,
    definition text NOT NULL,
    wording text
);
