-- What was observed: the work of each query in buckets of time, and which part of each bucket was
-- watched. Everything here is a difference of counters; cumulative values live only in the
-- sampler's own state, which is unlogged and not dumped: after a crash, a failover or a restore the
-- sampler has no baseline, and that is right.

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = format('optimizer_workflow needs a database in UTF8, this one is in %s',
                             current_setting('server_encoding')),
            HINT = 'CREATE DATABASE name ENCODING ''UTF8'' TEMPLATE template0 makes one.';
    END IF;
END
$$;

CREATE TABLE optimizer.query_metrics (
    query_hash bigint NOT NULL CHECK (query_hash <> 0),
    bucket_start timestamptz NOT NULL,
    counted_until timestamptz NOT NULL,
    calls bigint NOT NULL CHECK (calls >= 0),
    total_exec_time_ms float8 NOT NULL CHECK (total_exec_time_ms >= 0),
    sum_squared_deviation_ms2 float8 NOT NULL CHECK (sum_squared_deviation_ms2 >= 0),
    rows bigint NOT NULL CHECK (rows >= 0),
    shared_blks_hit bigint NOT NULL CHECK (shared_blks_hit >= 0),
    shared_blks_read bigint NOT NULL CHECK (shared_blks_read >= 0),
    lossy boolean NOT NULL DEFAULT false,
    PRIMARY KEY (query_hash, bucket_start)
) WITH (fillfactor = 80);
CREATE INDEX query_metrics_bucket_start_idx ON optimizer.query_metrics
    USING brin (bucket_start) WITH (pages_per_range = 16, autosummarize = on);

COMMENT ON TABLE optimizer.query_metrics IS
    'Work of each query per bucket of time, as differences of counters, never totals';
COMMENT ON COLUMN optimizer.query_metrics.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_metrics.bucket_start IS
    'Start of the bucket; its width stands in sampling_coverage';
COMMENT ON COLUMN optimizer.query_metrics.counted_until IS
    'End of the last interval that was added to this row';
COMMENT ON COLUMN optimizer.query_metrics.calls IS 'Executions in the bucket, over all users';
COMMENT ON COLUMN optimizer.query_metrics.total_exec_time_ms IS 'Time of these executions, ms';
COMMENT ON COLUMN optimizer.query_metrics.sum_squared_deviation_ms2 IS
    'Squared deviations of their times from their mean, added up, ms^2';
COMMENT ON COLUMN optimizer.query_metrics.rows IS 'Rows returned or affected';
COMMENT ON COLUMN optimizer.query_metrics.shared_blks_hit IS 'Shared blocks found in the cache';
COMMENT ON COLUMN optimizer.query_metrics.shared_blks_read IS 'Shared blocks read from outside it';
COMMENT ON COLUMN optimizer.query_metrics.lossy IS
    'Some of the work may be missing: the entry was evicted or restarted, or the interval was long';

CREATE TABLE optimizer.sampling_coverage (
    bucket_start timestamptz PRIMARY KEY,
    bucket_width_seconds integer NOT NULL CHECK (bucket_width_seconds > 0),
    sampled_seconds float8 NOT NULL DEFAULT 0 CHECK (sampled_seconds >= 0),
    ingested boolean NOT NULL DEFAULT false,
    observed_share float8 NOT NULL GENERATED ALWAYS AS (
        CASE WHEN sampled_seconds > 0 THEN LEAST(1, sampled_seconds / bucket_width_seconds)
             WHEN ingested THEN 1
             ELSE 0 END) STORED
);

COMMENT ON TABLE optimizer.sampling_coverage IS
    'Which part of each bucket this database was observed';
COMMENT ON COLUMN optimizer.sampling_coverage.bucket_start IS 'Start of the bucket';
COMMENT ON COLUMN optimizer.sampling_coverage.bucket_width_seconds IS
    'optimizer_workflow.bucket_width when the bucket was begun, seconds';
COMMENT ON COLUMN optimizer.sampling_coverage.sampled_seconds IS
    'Seconds of the bucket that lie between two samples';
COMMENT ON COLUMN optimizer.sampling_coverage.ingested IS
    'Another collector delivered work for the bucket';
COMMENT ON COLUMN optimizer.sampling_coverage.observed_share IS
    'Observed part of the bucket, 0 to 1; a bucket fed by ingest alone counts as whole';

CREATE TABLE optimizer.query_texts (
    query_hash bigint PRIMARY KEY CHECK (query_hash <> 0),
    query text NOT NULL,
    is_own boolean NOT NULL DEFAULT false,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    fingerprint text COLLATE "C",
    ingested_by text
);
CREATE INDEX query_texts_own_idx ON optimizer.query_texts (query_hash) WHERE is_own;
CREATE INDEX query_texts_fingerprint_idx ON optimizer.query_texts (fingerprint);

COMMENT ON TABLE optimizer.query_texts IS 'Normalised text of each query, read once';
COMMENT ON COLUMN optimizer.query_texts.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_texts.query IS 'Text as pg_stat_statements normalised it';
COMMENT ON COLUMN optimizer.query_texts.is_own IS
    'A statement of this extension: never sampled, never advised on';
COMMENT ON COLUMN optimizer.query_texts.fingerprint IS
    'statement_fingerprint() of the text; only the version of its rules where there is none; null until it is made';
COMMENT ON COLUMN optimizer.query_texts.ingested_by IS
    'Role that delivered it with ingest_query_metrics(), and as which it is read; null: from pg_stat_statements';
COMMENT ON COLUMN optimizer.query_texts.first_seen_at IS 'When the text was first read';

CREATE UNLOGGED TABLE optimizer.sampler_counters (
    query_hash bigint NOT NULL,
    user_oid oid NOT NULL,
    toplevel boolean NOT NULL,
    calls bigint NOT NULL,
    total_exec_time_ms float8 NOT NULL,
    min_exec_time_ms float8 NOT NULL,
    max_exec_time_ms float8 NOT NULL,
    stddev_exec_time_ms float8 NOT NULL,
    rows bigint NOT NULL,
    shared_blks_hit bigint NOT NULL,
    shared_blks_read bigint NOT NULL,
    stats_since timestamptz,
    PRIMARY KEY (query_hash, user_oid, toplevel)
) WITH (fillfactor = 60);

COMMENT ON TABLE optimizer.sampler_counters IS
    'Cumulative counters of each statement at the last sample: the baseline of the next one';
COMMENT ON COLUMN optimizer.sampler_counters.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.sampler_counters.user_oid IS 'userid of pg_stat_statements';
COMMENT ON COLUMN optimizer.sampler_counters.toplevel IS 'toplevel of pg_stat_statements';
COMMENT ON COLUMN optimizer.sampler_counters.calls IS 'Executions since the entry began';
COMMENT ON COLUMN optimizer.sampler_counters.total_exec_time_ms IS 'Their time, ms';
COMMENT ON COLUMN optimizer.sampler_counters.min_exec_time_ms IS 'The fastest, ms';
COMMENT ON COLUMN optimizer.sampler_counters.max_exec_time_ms IS 'The slowest, ms';
COMMENT ON COLUMN optimizer.sampler_counters.stddev_exec_time_ms IS
    'Population standard deviation of their times, ms';
COMMENT ON COLUMN optimizer.sampler_counters.rows IS 'Rows returned or affected';
COMMENT ON COLUMN optimizer.sampler_counters.shared_blks_hit IS 'Shared blocks found in the cache';
COMMENT ON COLUMN optimizer.sampler_counters.shared_blks_read IS 'Shared blocks read';
COMMENT ON COLUMN optimizer.sampler_counters.stats_since IS
    'When the entry began to count (PostgreSQL 17 and later)';

CREATE UNLOGGED TABLE optimizer.sampler_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    sampled_at timestamptz NOT NULL,
    stats_reset timestamptz NOT NULL,
    dealloc bigint NOT NULL,
    texts_read_at timestamptz,
    texts_read_ms float8
);

COMMENT ON TABLE optimizer.sampler_state IS 'What the last sample said about itself; one row';
COMMENT ON COLUMN optimizer.sampler_state.only_row IS 'Keeps the table at one row';
COMMENT ON COLUMN optimizer.sampler_state.sampled_at IS 'When the last sample was taken';
COMMENT ON COLUMN optimizer.sampler_state.stats_reset IS
    'stats_reset of pg_stat_statements_info at that time';
COMMENT ON COLUMN optimizer.sampler_state.dealloc IS
    'dealloc of pg_stat_statements_info at that time';
COMMENT ON COLUMN optimizer.sampler_state.texts_read_at IS 'When texts were last read';
COMMENT ON COLUMN optimizer.sampler_state.texts_read_ms IS
    'How long that took, ms: reading texts reads the whole file';

CREATE TABLE optimizer.maintenance_runs (
    step text PRIMARY KEY,
    last_run_at timestamptz NOT NULL,
    detail text NOT NULL,
    duration_ms float8 NOT NULL
);

COMMENT ON TABLE optimizer.maintenance_runs IS 'When each step of run_maintenance() last ran';
COMMENT ON COLUMN optimizer.maintenance_runs.step IS 'purge, sample, events, advise, aggregate or measure';
COMMENT ON COLUMN optimizer.maintenance_runs.last_run_at IS 'When it last ran';
COMMENT ON COLUMN optimizer.maintenance_runs.detail IS 'What it said';
COMMENT ON COLUMN optimizer.maintenance_runs.duration_ms IS 'How long it took, ms';

-- Whoever restores a dump makes the extension first and copies its rows afterwards: no step may write in between. Everything
-- that pg_dump writes begins with row_security = off.
CREATE TABLE optimizer.restoring_session (
    pid integer NOT NULL,
    backend_start timestamptz NOT NULL
);
COMMENT ON TABLE optimizer.restoring_session IS
    'The session that made this extension from a dump: maintenance waits until it has ended; not dumped';
COMMENT ON COLUMN optimizer.restoring_session.pid IS 'Its process';
COMMENT ON COLUMN optimizer.restoring_session.backend_start IS 'When that process started';
INSERT INTO optimizer.restoring_session (pid, backend_start)
SELECT a.pid, a.backend_start
FROM pg_stat_activity a
WHERE a.pid = pg_backend_pid() AND current_setting('row_security') = 'off';

SELECT pg_catalog.pg_extension_config_dump('optimizer.query_metrics', '');
SELECT pg_catalog.pg_extension_config_dump('optimizer.sampling_coverage', '');
SELECT pg_catalog.pg_extension_config_dump('optimizer.query_texts', '');
SELECT pg_catalog.pg_extension_config_dump('optimizer.maintenance_runs', '');
