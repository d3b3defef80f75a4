-- What the built-in advisors keep between their passes. index_trials is about oids of this server: made anew elsewhere, not
-- dumped. It holds pieces of texts, so it is granted to nobody.

CREATE TABLE optimizer.index_trials (
    query_hash bigint PRIMARY KEY REFERENCES optimizer.query_readings ON DELETE CASCADE,
    ground bigint NOT NULL,
    outcome text NOT NULL,
    trial jsonb CHECK ((trial IS NOT NULL) = (outcome = 'helped')),
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_cut_off boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE optimizer.index_trials IS
    'Which indexes the planner would use for each statement that takes time, and what they would save it';
COMMENT ON COLUMN optimizer.index_trials.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.index_trials.ground IS
    'Digest of what the trial rests on: text, relations, their sizes and statistics, indexes, settings';
COMMENT ON COLUMN optimizer.index_trials.outcome IS
    'helped; no_candidate: nothing to index; not_helped: no index saves enough; else why it was not planned';
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
