-- What the built-in advisors keep between their passes. index_trials is about oids of this server: made anew elsewhere, not
-- dumped. It holds pieces of texts, so it is granted to nobody.

CREATE TABLE optimizer.index_trials (
    query_hash bigint PRIMARY KEY REFERENCES optimizer.query_readings ON DELETE CASCADE,
    ground bigint NOT NULL,
    outcome text NOT NULL,
    trial jsonb CHECK ((trial IS NOT NULL) = (outcome IN ('helped', 'at_risk'))),
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_cut_off boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE optimizer.index_trials IS
    'Which indexes the planner would use for each statement that takes time, and what they would save it';
COMMENT ON COLUMN optimizer.index_trials.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.index_trials.ground IS
    'Digest of what the trial rests on: text, relations, their sizes and statistics, indexes, settings';
COMMENT ON COLUMN optimizer.index_trials.outcome IS
    'helped; at_risk: it would use one and may get slower; no_candidate: nothing to index; not_helped: no index saves enough; else why it was not planned';
COMMENT ON COLUMN optimizer.index_trials.trial IS 'Costs before and after, and the indexes, where some help';
COMMENT ON COLUMN optimizer.index_trials.tried_at IS 'When it was tried';
COMMENT ON COLUMN optimizer.index_trials.is_cut_off IS
    'The last try met a lock or a limit: what an earlier one found stands, and it is tried again after an hour';

CREATE TABLE optimizer.index_failures (
    query_hash bigint NOT NULL CHECK (query_hash <> 0),
    fingerprint text NOT NULL,
    verdict text NOT NULL,
    table_rows float8 NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (query_hash, fingerprint)
);
COMMENT ON TABLE optimizer.index_failures IS
    'Indexes that were made and did not help a query: not suggested for it again until the table has another size';
COMMENT ON COLUMN optimizer.index_failures.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.index_failures.fingerprint IS 'index_fingerprint() of the index';
COMMENT ON COLUMN optimizer.index_failures.verdict IS 'not_improved or regressed';
COMMENT ON COLUMN optimizer.index_failures.table_rows IS 'Rows of the table when that was noted';
COMMENT ON COLUMN optimizer.index_failures.noted_at IS 'When it was noted';
SELECT pg_catalog.pg_extension_config_dump('optimizer.index_failures', '');

CREATE TABLE optimizer.seen_index_usage (
    index_oid oid PRIMARY KEY,
    scans bigint NOT NULL,
    unchanged_since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE optimizer.seen_index_usage IS
    'How often each index of this server was scanned when that last changed';
COMMENT ON COLUMN optimizer.seen_index_usage.index_oid IS 'Oid of the index';
COMMENT ON COLUMN optimizer.seen_index_usage.scans IS 'Scans as the server counts them';
COMMENT ON COLUMN optimizer.seen_index_usage.unchanged_since IS 'Since when it has been that many';

-- Trap: pg_qualstats' advisor names its own objects without a schema. It is asked with its schema in the search_path, and only where none but
-- superusers may make anything in that schema: whatever else is found there would run with our rights.
CREATE FUNCTION optimizer.qualstats_advice() RETURNS TABLE (definition text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text;
BEGIN
    SELECT n.nspname INTO place
    FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.objid AND p.proname = 'pg_qualstats_index_advisor'
    WHERE e.extname = 'pg_qualstats'
      AND current_setting('shared_preload_libraries') ~ '\mpg_qualstats\M'
      AND NOT EXISTS (
          SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
          LEFT JOIN pg_roles r ON r.oid = CASE WHEN a.grantee = 'pg_database_owner'::regrole
              THEN (SELECT b.datdba FROM pg_database b WHERE b.datname = current_database())
              ELSE a.grantee END
          WHERE a.privilege_type = 'CREATE' AND r.rolsuper IS NOT TRUE)
      -- nor is there anything that could be called and was made while others might
      AND NOT EXISTS (
          SELECT FROM (SELECT p.proowner FROM pg_proc p WHERE p.pronamespace = n.oid
                       UNION ALL SELECT o.oprowner FROM pg_operator o WHERE o.oprnamespace = n.oid
                       UNION ALL SELECT y.typowner FROM pg_type y WHERE y.typnamespace = n.oid) AS made (by)
          JOIN pg_roles r ON r.oid = made.by
          WHERE NOT r.rolsuper);
    IF place IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('search_path', format('pg_catalog, %I, pg_temp', place), true);
    RETURN QUERY EXECUTE format(
        $query$/* optimizer_workflow: pg_qualstats */ SELECT DISTINCT coalesce(e.value ->> 'ddl', e.value #>> '{}')
               FROM json_array_elements(%I.pg_qualstats_index_advisor() -> 'indexes') AS e$query$, place);
EXCEPTION WHEN OTHERS THEN
    -- Another tool's trouble is no reason to give no advice of our own.
    RAISE NOTICE 'pg_qualstats gave no advice: %', SQLERRM;
    RETURN QUERY SELECT NULL::text;
END
$$;
COMMENT ON FUNCTION optimizer.qualstats_advice() IS
    'What pg_qualstats_index_advisor() says, one definition a row, null when it failed; nothing where it is not installed and preloaded, or where others than superusers may create objects in its schema or have functions, operators or types there';
