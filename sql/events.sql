-- The ledger of what else happened to the server: what a verdict must know before it calls a change
-- the cause of what was measured. An event trigger notes DDL as it is done; a look (the step `events` of
-- maintenance) compares the server, its settings and the catalog with what the last look saw, and finds
-- what no trigger sees. What was seen is the state of one server: logged, since a crash must not lose
-- what the settings were before it, and not dumped, since a restored database is on another one.

-- Ids are never those of another life of the ledger: pg_restore may copy old events into a database whose
-- worker has already noted some of its own.
CREATE SEQUENCE optimizer.system_events_id_seq;
DO $$
BEGIN
    PERFORM setval('optimizer.system_events_id_seq',
                   (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
END
$$;
COMMENT ON SEQUENCE optimizer.system_events_id_seq IS
    'Numbers of events; begins at the milliseconds since 1970 at which the extension was created';

CREATE TABLE optimizer.system_events (
    id bigint PRIMARY KEY DEFAULT nextval('optimizer.system_events_id_seq'),
    occurred_at timestamptz NOT NULL,
    occurred_after timestamptz,
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    noticed_by text NOT NULL CHECK (noticed_by IN ('event trigger', 'look', 'call')),
    event_type text NOT NULL CHECK (event_type IN (
        'restart', 'crash', 'failover', 'version', 'extension', 'stats_reset', 'setting', 'index',
        'table', 'statistics', 'analyze', 'vacuum', 'implementation')),
    action text NOT NULL,
    actor text,
    relation_id oid,
    relation_name text,
    object_id oid,
    object_name text,
    setting_name text,
    setting_scope text
        CHECK (setting_scope IN ('server', 'all_roles', 'database', 'role', 'role_in_database')),
    database_name text,
    role_name text,
    old_value text,
    new_value text,
    definition text,
    fingerprint text,
    implementation_id bigint,
    detail text,
    settled boolean NOT NULL DEFAULT true,
    started_at timestamptz
);
ALTER SEQUENCE optimizer.system_events_id_seq OWNED BY optimizer.system_events.id;
CREATE INDEX system_events_occurred_at_idx ON optimizer.system_events (occurred_at);
CREATE INDEX system_events_relation_idx ON optimizer.system_events (relation_id, occurred_at)
    WHERE relation_id IS NOT NULL;
CREATE INDEX system_events_type_idx ON optimizer.system_events (event_type, noticed_at);
CREATE INDEX system_events_unsettled_idx ON optimizer.system_events (object_id) WHERE NOT settled;
SELECT pg_catalog.pg_extension_config_dump('optimizer.system_events', '');

COMMENT ON TABLE optimizer.system_events IS
    'What else happened to the server and its relations; read it as optimizer.events';
COMMENT ON COLUMN optimizer.system_events.id IS
    'Number of the event; rises with the time it was noticed';
COMMENT ON COLUMN optimizer.system_events.occurred_at IS
    'When it happened; where only an interval is known, its end: it was in effect from then on';
COMMENT ON COLUMN optimizer.system_events.occurred_after IS
    'Where only an interval is known, its start: the look that did not see it yet; null: occurred_at is exact';
COMMENT ON COLUMN optimizer.system_events.noticed_at IS 'When it was written down';
COMMENT ON COLUMN optimizer.system_events.noticed_by IS
    'event trigger, look (a comparison with what was seen before) or call (of a function of ours)';
COMMENT ON COLUMN optimizer.system_events.event_type IS
    'restart, crash, failover, version, extension, stats_reset, setting, index, table, statistics, analyze, vacuum or implementation';
COMMENT ON COLUMN optimizer.system_events.action IS
    'What happened to it: created, altered, dropped, changed, started, recovered, promoted, other_server, reset, manual, automatic, recorded, reverted; more: a summary of what is not listed';
COMMENT ON COLUMN optimizer.system_events.actor IS 'Role that did it; null where it is not known';
COMMENT ON COLUMN optimizer.system_events.relation_id IS
    'oid of the table, at that time; null where there is none, or it is not known';
COMMENT ON COLUMN optimizer.system_events.relation_name IS 'The table, schema-qualified';
COMMENT ON COLUMN optimizer.system_events.object_id IS
    'oid of the index, table or statistics object, at that time';
COMMENT ON COLUMN optimizer.system_events.object_name IS
    'The object, schema-qualified; of an extension its name';
COMMENT ON COLUMN optimizer.system_events.setting_name IS 'Name of the setting';
COMMENT ON COLUMN optimizer.system_events.setting_scope IS
    'Where it was set: server, all_roles, database, role or role_in_database';
COMMENT ON COLUMN optimizer.system_events.database_name IS 'Database of that scope';
COMMENT ON COLUMN optimizer.system_events.role_name IS 'Role of that scope';
COMMENT ON COLUMN optimizer.system_events.old_value IS
    'Value before, with its unit; null: not set there';
COMMENT ON COLUMN optimizer.system_events.new_value IS
    'Value after, with its unit; null: not set there any more';
COMMENT ON COLUMN optimizer.system_events.definition IS 'Definition of the index';
COMMENT ON COLUMN optimizer.system_events.fingerprint IS
    'index_fingerprint(definition): indexes that do the same have the same';
COMMENT ON COLUMN optimizer.system_events.implementation_id IS
    'The implementation that was recorded or reverted';
COMMENT ON COLUMN optimizer.system_events.detail IS 'What else there is to say';
COMMENT ON COLUMN optimizer.system_events.started_at IS
    'When the statement that did it began: an index is built from then on; null where it is not known';
COMMENT ON COLUMN optimizer.system_events.settled IS
    'A look has compared it with the catalog; false: the next one will not report the same change again';

-- ---- what the last look saw ----

CREATE TABLE optimizer.seen_server (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    looked_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    cumulative_reset_at timestamptz,
    statements_reset_at timestamptz,
    system_identifier bigint,
    timeline integer NOT NULL,
    version_num integer NOT NULL,
    version text NOT NULL,
    catalog_looked_at timestamptz,
    catalog_look_ms float8,
    counting_since timestamptz NOT NULL
);
COMMENT ON TABLE optimizer.seen_server IS 'The server as the last look saw it; one row';
COMMENT ON COLUMN optimizer.seen_server.only_row IS 'Keeps the table at one row';
COMMENT ON COLUMN optimizer.seen_server.looked_at IS 'When that look was taken';
COMMENT ON COLUMN optimizer.seen_server.started_at IS 'When the postmaster had started';
COMMENT ON COLUMN optimizer.seen_server.cumulative_reset_at IS
    'When the cumulative statistics were emptied as a whole, which only a crash does';
COMMENT ON COLUMN optimizer.seen_server.statements_reset_at IS
    'stats_reset of pg_stat_statements; null without it';
COMMENT ON COLUMN optimizer.seen_server.system_identifier IS
    'Identifier of the cluster; null where it may not be read';
COMMENT ON COLUMN optimizer.seen_server.timeline IS 'Timeline that was written to';
COMMENT ON COLUMN optimizer.seen_server.version_num IS 'server_version_num';
COMMENT ON COLUMN optimizer.seen_server.version IS 'server_version';
COMMENT ON COLUMN optimizer.seen_server.catalog_looked_at IS
    'When tables and indexes were last compared';
COMMENT ON COLUMN optimizer.seen_server.catalog_look_ms IS
    'How long that took, ms; it is done again after 200 times as long';
COMMENT ON COLUMN optimizer.seen_server.counting_since IS
    'Since when the two sequences count what the event trigger notes';

CREATE TABLE optimizer.seen_settings (
    scope text NOT NULL,
    database_name text NOT NULL,
    role_name text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (scope, database_name, role_name, name)
);
COMMENT ON TABLE optimizer.seen_settings IS
    'Settings and versions of extensions as the last look saw them';
COMMENT ON COLUMN optimizer.seen_settings.scope IS
    'server, all_roles, database, role, role_in_database; or extension';
COMMENT ON COLUMN optimizer.seen_settings.database_name IS 'Database of the scope, else empty';
COMMENT ON COLUMN optimizer.seen_settings.role_name IS 'Role of the scope, else empty';
COMMENT ON COLUMN optimizer.seen_settings.name IS 'Name of the setting or extension';
COMMENT ON COLUMN optimizer.seen_settings.value IS 'Its value with its unit, or version';

CREATE TABLE optimizer.seen_indexes (
    index_id oid PRIMARY KEY,
    class_version xid NOT NULL,
    index_version xid NOT NULL,
    index_name text NOT NULL,
    relation_id oid NOT NULL,
    relation_name text NOT NULL,
    definition text NOT NULL,
    is_valid boolean NOT NULL
);
CREATE INDEX seen_indexes_relation_idx ON optimizer.seen_indexes (relation_id);
COMMENT ON TABLE optimizer.seen_indexes IS 'Indexes as the last look saw them';
COMMENT ON COLUMN optimizer.seen_indexes.index_id IS 'oid of the index';
COMMENT ON COLUMN optimizer.seen_indexes.class_version IS 'xmin of its row in pg_class';
COMMENT ON COLUMN optimizer.seen_indexes.index_version IS 'xmin of its row in pg_index';
COMMENT ON COLUMN optimizer.seen_indexes.index_name IS 'Its name, schema-qualified';
COMMENT ON COLUMN optimizer.seen_indexes.relation_id IS 'oid of its table';
COMMENT ON COLUMN optimizer.seen_indexes.relation_name IS 'Its table, schema-qualified';
COMMENT ON COLUMN optimizer.seen_indexes.definition IS 'Its definition';
COMMENT ON COLUMN optimizer.seen_indexes.is_valid IS 'It could be used, then or before';

CREATE TABLE optimizer.seen_tables (
    relation_id oid PRIMARY KEY,
    relation_name text NOT NULL,
    parent_id oid,
    digest bigint NOT NULL
);
COMMENT ON TABLE optimizer.seen_tables IS 'Tables as the last look saw them';
COMMENT ON COLUMN optimizer.seen_tables.relation_id IS 'oid of the table';
COMMENT ON COLUMN optimizer.seen_tables.relation_name IS 'Its name, schema-qualified';
COMMENT ON COLUMN optimizer.seen_tables.parent_id IS
    'oid of the table it is a partition or child of; null when it is none';
COMMENT ON COLUMN optimizer.seen_tables.digest IS
    'Digest of its columns, storage parameters, partitioning and extended statistics';

CREATE TABLE optimizer.looks_implemented (
    recommendation_id bigint PRIMARY KEY,
    event_id bigint NOT NULL,
    looks_implemented_at timestamptz NOT NULL
);
COMMENT ON TABLE optimizer.looks_implemented IS
    'Open recommendations that somebody seems to have followed; made anew from events at each look';
COMMENT ON COLUMN optimizer.looks_implemented.recommendation_id IS 'The recommendation';
COMMENT ON COLUMN optimizer.looks_implemented.event_id IS 'The event that looks like it';
COMMENT ON COLUMN optimizer.looks_implemented.looks_implemented_at IS 'When that happened';

-- ---- the event trigger ----

-- How many events the trigger may still note: past 200 it notes no more, and a look sets them back once
-- an hour. Sequences, because a counter in a row would make one DDL wait for the other, and counting rows
-- would make serializable transactions depend on each other. They begin closed: nothing is noted before
-- the first look, so that pg_restore does not fill the ledger.
CREATE SEQUENCE optimizer.index_events_noted;
CREATE SEQUENCE optimizer.table_events_noted;
DO $$
BEGIN
    PERFORM setval('optimizer.index_events_noted', 1000000),
            setval('optimizer.table_events_noted', 1000000);
END
$$;
COMMENT ON SEQUENCE optimizer.index_events_noted IS
    'Events on indexes that the event trigger has met since counting_since; past 200 it notes none';
COMMENT ON SEQUENCE optimizer.table_events_noted IS
    'Events on tables and statistics that the event trigger has met since counting_since';

-- Runs inside somebody else's DDL, with the owner's rights. Whatever happens here, the DDL goes on: every
-- error is swallowed, a lock is not waited for longer than lock_timeout, and nothing is read that
-- other sessions write here.
CREATE FUNCTION optimizer.note_ddl() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms'
AS $$
BEGIN
    IF TG_EVENT = 'sql_drop' THEN
        INSERT INTO optimizer.system_events
            (occurred_at, noticed_by, event_type, action, actor, relation_id, relation_name,
             object_id, object_name, definition, detail, settled)
        SELECT clock_timestamp(), 'event trigger', e.event_type, 'dropped',
               coalesce(nullif(current_setting('role'), 'none'), session_user),
               e.relation_id, e.relation_name, e.objid, e.object_identity, e.definition, TG_TAG, false
        FROM (SELECT d.objid, d.object_identity, s.definition,
                     CASE d.object_type WHEN 'index' THEN 'index'
                                        WHEN 'statistics object' THEN 'statistics'
                                        ELSE 'table' END AS event_type,
                     CASE WHEN d.object_type = 'index' THEN s.relation_id
                          WHEN d.object_type <> 'statistics object' THEN d.objid END AS relation_id,
                     CASE WHEN d.object_type = 'index' THEN s.relation_name
                          WHEN d.object_type <> 'statistics object' THEN d.object_identity END
                         AS relation_name
              FROM pg_event_trigger_dropped_objects() d
              LEFT JOIN optimizer.seen_indexes s
                  ON s.index_id = d.objid AND d.object_type = 'index'
              WHERE d.object_type IN ('index', 'table', 'materialized view', 'statistics object')
                AND NOT d.is_temporary
                AND d.schema_name NOT IN ('optimizer', 'pg_catalog', 'information_schema', 'pg_toast')
                -- what went with its table, or with the whole of which it was a part, says nothing more
                AND (d.object_type <> 'table' OR d.original OR TG_TAG <> 'DROP TABLE')
                AND (d.object_type <> 'index' OR d.original OR s.index_id IS NOT NULL)
                AND (d.object_type NOT IN ('index', 'statistics object') OR NOT EXISTS (
                     SELECT FROM pg_event_trigger_dropped_objects() t
                     WHERE t.objid = s.relation_id AND t.objsubid = 0
                        OR d.object_type = 'statistics object' AND t.object_type = 'table'))
              OFFSET 0) AS e
        WHERE nextval(CASE e.event_type WHEN 'index' THEN 'optimizer.index_events_noted'::regclass
                                        ELSE 'optimizer.table_events_noted'::regclass END) <= 200;
    ELSE
        INSERT INTO optimizer.system_events
            (occurred_at, noticed_by, event_type, action, actor, relation_id, relation_name,
             object_id, object_name, definition, detail, settled, started_at)
        SELECT clock_timestamp(), 'event trigger', e.event_type, e.action,
               coalesce(nullif(current_setting('role'), 'none'), session_user),
               e.relation_id, e.relation_id::regclass::text, e.objid, e.object_name,
               CASE e.event_type WHEN 'index' THEN pg_get_indexdef(e.objid) END, TG_TAG, false,
               statement_timestamp()
        FROM (SELECT c.objid,
                     CASE c.object_type WHEN 'index' THEN 'index'
                                        WHEN 'statistics object' THEN 'statistics'
                                        ELSE 'table' END AS event_type,
                     CASE WHEN c.command_tag LIKE 'ALTER%' THEN 'altered' ELSE 'created' END AS action,
                     CASE c.object_type
                         WHEN 'index' THEN i.indrelid
                         WHEN 'statistics object'
                             THEN (SELECT stxrelid FROM pg_statistic_ext WHERE oid = c.objid)
                         ELSE c.objid END AS relation_id,
                     CASE WHEN c.object_type IN ('index', 'table column')
                          THEN c.objid::regclass::text ELSE c.object_identity END AS object_name
              FROM pg_event_trigger_ddl_commands() c
              LEFT JOIN pg_index i ON i.indexrelid = c.objid AND c.object_type = 'index'
              WHERE c.object_type IN ('index', 'table', 'table column', 'materialized view',
                                      'statistics object')
                AND NOT c.in_extension
                AND c.schema_name NOT IN ('optimizer', 'pg_temp', 'pg_catalog', 'information_schema')
                -- An index is there when it is valid; that of a partition belongs to its parent's; that
                -- of a new table to the table.
                AND (c.object_type <> 'index'
                     OR i.indisvalid
                        AND NOT (SELECT relispartition FROM pg_class WHERE oid = c.objid)
                        AND NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() t
                                        WHERE t.objid = i.indrelid AND t.command_tag LIKE 'CREATE%'))
              OFFSET 0) AS e
        WHERE nextval(CASE e.event_type WHEN 'index' THEN 'optimizer.index_events_noted'::regclass
                                        ELSE 'optimizer.table_events_noted'::regclass END) <= 200;
    END IF;
EXCEPTION WHEN OTHERS THEN
    -- The next look finds what could not be noted.
    NULL;
END
$$;
COMMENT ON FUNCTION optimizer.note_ddl() IS
    'Event trigger: notes DDL on indexes, tables and statistics in system_events; never fails';

-- ALWAYS: in sessions with session_replication_role = replica, too.
DO $$
BEGIN
    CREATE EVENT TRIGGER optimizer_workflow_ddl ON ddl_command_end
        WHEN TAG IN ('CREATE INDEX', 'ALTER INDEX', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO',
                     'ALTER TABLE', 'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW',
                     'CREATE STATISTICS', 'ALTER STATISTICS')
        EXECUTE FUNCTION optimizer.note_ddl();
    ALTER EVENT TRIGGER optimizer_workflow_ddl ENABLE ALWAYS;
    COMMENT ON EVENT TRIGGER optimizer_workflow_ddl IS
        'Notes what is created and altered in optimizer.system_events';
    CREATE EVENT TRIGGER optimizer_workflow_drop ON sql_drop
        WHEN TAG IN ('DROP INDEX', 'DROP TABLE', 'ALTER TABLE', 'DROP MATERIALIZED VIEW',
                     'DROP STATISTICS', 'DROP SCHEMA', 'DROP OWNED')
        EXECUTE FUNCTION optimizer.note_ddl();
    ALTER EVENT TRIGGER optimizer_workflow_drop ENABLE ALWAYS;
    COMMENT ON EVENT TRIGGER optimizer_workflow_drop IS
        'Notes what is dropped in optimizer.system_events';
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'no event trigger could be created: DDL will be found by comparing the catalog';
END
$$;

-- pg_get_indexdef() reads the catalog as it is now, whatever the statement sees: it fails on an index that
-- was dropped a moment ago.
CREATE FUNCTION optimizer.index_definition(index_id oid) RETURNS text
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN pg_get_indexdef(index_id);
EXCEPTION WHEN internal_error THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION optimizer.index_definition(oid) IS
    'pg_get_indexdef(); null for an index that is just being dropped';

-- ---- what people read, and what finds a recommendation that somebody followed ----

CREATE VIEW optimizer.events AS
SELECT e.id,
       e.occurred_at,
       e.occurred_after,
       e.noticed_at,
       e.noticed_by,
       e.event_type,
       e.action,
       e.actor,
       e.relation_id,
       e.relation_name,
       e.object_id,
       e.object_name,
       e.setting_name,
       e.setting_scope,
       e.database_name,
       e.role_name,
       CASE WHEN shown THEN e.old_value ELSE hidden END AS old_value,
       CASE WHEN shown THEN e.new_value ELSE hidden END AS new_value,
       CASE WHEN shown THEN e.definition ELSE hidden END AS definition,
       e.implementation_id,
       CASE WHEN shown THEN e.detail ELSE hidden END AS detail,
       e.started_at
FROM optimizer.system_events e
CROSS JOIN (SELECT pg_has_role('pg_read_all_stats', 'USAGE'), '<insufficient privilege>'::text)
    AS privilege (shown, hidden);
COMMENT ON VIEW optimizer.events IS
    'What else happened to the server and its relations: restarts, settings, DDL, ANALYZE, implementations';

-- What an unqualified name means depends on who wrote it, so it may be that of any schema.
CREATE FUNCTION optimizer.names_relation(written text, schema_name name, relation_name name)
RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog, pg_temp
    RETURN CASE WHEN strpos(written, '"') > 0
                THEN btrim(written) IN (format('%I', relation_name),
                                        format('%I.%I', schema_name, relation_name))
                ELSE lower(btrim(written)) IN (relation_name, schema_name || '.' || relation_name) END;
COMMENT ON FUNCTION optimizer.names_relation(text, name, name) IS
    'Whether a name as somebody wrote it, qualified or not, is that of a relation';

-- A thousand tables may want an index of the same columns: the name's last part, as far as it can be told
-- without parsing, keeps them apart.
CREATE INDEX index_suggestions_fingerprint_idx ON optimizer.index_suggestions
    (optimizer.index_fingerprint(definition),
     lower(replace(regexp_replace(btrim(relation), '^.*[.]', ''), '"', '')));
-- Advice to drop an index, also behind a comment: few rows, looked through when an index was dropped. Statements that ask for them say it
-- with the same words, else the index does not serve them.
CREATE INDEX index_suggestions_drop_idx
    ON optimizer.index_suggestions (id) WHERE definition ~* '^(\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)*drop\s';
CREATE INDEX parameter_tuning_suggestions_name_idx
    ON optimizer.parameter_tuning_suggestions (lower(parameter_name)) WHERE scope <> 'query';
