-- The statements that pg_stat_statements knows become the queries that the history and the suggestions are about.
CREATE FUNCTION bench.adopt_statements() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(0.42);
    INSERT INTO bench.query
    SELECT row_number() OVER (ORDER BY queryid), queryid, true, exp(2.5 * (random() + random() + random())),
           exp(3 * (random() + random() + random()) - 3)
    FROM pg_stat_statements(false)
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database());
END
$$;
