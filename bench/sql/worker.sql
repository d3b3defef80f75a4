-- A tenth of the statements runs every five seconds, in one session.
CREATE PROCEDURE bench.keep_busy(seconds integer)
LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => seconds);
BEGIN
    WHILE clock_timestamp() < until LOOP
        PERFORM bench.run_statements(1, 500);
        COMMIT;
        PERFORM pg_sleep(5);
    END LOOP;
END
$$;
