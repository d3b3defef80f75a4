-- What a recommendation asks for, as it can be checked against the server: kept with the implementation,
-- since the suggestion may be withdrawn once it was followed.

CREATE FUNCTION optimizer.ground_of(source_type text, source_id bigint) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH dropped AS (
        SELECT s.id, (regexp_match(optimizer.normalise_sql(s.definition),
                   '^drop index (?:concurrently )?(?:if exists )?([^ ;,]+)'))[1] AS name
        FROM optimizer.index_suggestions s
        WHERE s.id = source_id AND optimizer.normalise_sql(s.definition) LIKE 'drop %'
    )
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'relation', s.relation,
               'relations', coalesce((
                   SELECT jsonb_agg(c.oid::bigint)
                   FROM pg_class c
                   JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.relkind IN ('r', 'm', 'p')
                     AND optimizer.names_relation(s.relation, n.nspname, c.relname)), '[]'),
               'index_fingerprint', optimizer.index_fingerprint(s.definition),
               'dropped_index', d.name))
    FROM optimizer.index_suggestions s
    LEFT JOIN dropped d ON d.id = s.id
    WHERE source_type = 'index' AND s.id = source_id
    UNION ALL
    SELECT jsonb_build_object('setting', lower(s.parameter_name), 'value', s.recommended_value,
                              'scope', s.scope)
    FROM optimizer.parameter_tuning_suggestions s
    WHERE source_type = 'parameter' AND s.id = source_id
$$;
COMMENT ON FUNCTION optimizer.ground_of(text, bigint) IS
    'What a suggestion asks for, as it can be checked: an index by its fingerprint, one that is to go, a setting with its value and scope; null where nothing can';

CREATE FUNCTION optimizer.is_setting_asked(ground jsonb, value text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN (SELECT optimizer.is_same_setting_value(ground ->> 'value', value, s.unit)
            FROM pg_settings s WHERE lower(s.name) = ground ->> 'setting');
COMMENT ON FUNCTION optimizer.is_setting_asked(jsonb, text) IS
    'Whether a value is the one that a recorded setting was to have; null where no value or no such setting is given';

-- Trap: reset_val is what this session began with, and its role or database may have a value of its own. Then the server's is
-- what the ledger saw last; a file that was changed since counts when the server has read its files since.
CREATE FUNCTION optimizer.server_setting(setting_name text) RETURNS text
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
    RETURN (SELECT CASE WHEN s.source IN ('default', 'configuration file', 'command line', 'environment variable',
                                          'override')
                        THEN s.reset_val
                        ELSE coalesce((SELECT seen.value FROM optimizer.seen_settings seen, optimizer.seen_server at
                                       WHERE seen.scope = 'server' AND seen.name = s.name
                                         AND at.looked_at >= pg_conf_load_time()),
                                      (SELECT f.setting FROM pg_file_settings f
                                       WHERE lower(f.name) = lower(setting_name) AND f.error IS NULL
                                       ORDER BY f.seqno DESC LIMIT 1), s.boot_val) END
            FROM pg_settings s WHERE lower(s.name) = lower(setting_name));
COMMENT ON FUNCTION optimizer.server_setting(text) IS
    'Value of a setting for the whole server, whatever this session, its role or its database have; in the unit of pg_settings, or with its own';

CREATE FUNCTION optimizer.unmet_ground(ground jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asked text := ground ->> 'value';
    setting record;
    of_server text;
    written text := btrim(CASE WHEN ground ? 'index_fingerprint' THEN ground ->> 'relation'
                               ELSE ground ->> 'dropped_index' END);
    -- Where it may be found, by the index on names; names_relation() has the last word.
    names name[] := CASE WHEN strpos(written, '"') > 0
        THEN ARRAY[replace((regexp_match(written, '"((?:[^"]|"")+)"$'))[1], '""', '"'),
                   substring(written FROM '[^.]*$')]
        ELSE ARRAY(SELECT array_to_string(part[i:], '.')
                   FROM string_to_array(lower(written), '.') AS part,
                        generate_subscripts(part, 1) AS i) END;
BEGIN
    IF ground ? 'index_fingerprint' THEN
        IF NOT EXISTS (
            SELECT FROM pg_index i
            JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE t.relname = ANY (names) AND i.indisvalid AND i.indisready AND i.indislive
              AND optimizer.names_relation(ground ->> 'relation', n.nspname, t.relname)
              AND optimizer.index_fingerprint(pg_get_indexdef(i.indexrelid))
                  = ground ->> 'index_fingerprint') THEN
            RETURN format('%s has no valid index of that definition', ground ->> 'relation');
        END IF;
    ELSIF ground ? 'dropped_index' THEN
        IF EXISTS (
            SELECT FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY (names) AND c.relkind IN ('i', 'I')
              AND optimizer.names_relation(ground ->> 'dropped_index', n.nspname, c.relname)) THEN
            RETURN format('index %s is still there', ground ->> 'dropped_index');
        END IF;
    ELSIF ground ? 'setting' AND ground ->> 'scope' <> 'query' THEN
        SELECT s.* INTO setting FROM pg_settings s WHERE lower(s.name) = ground ->> 'setting';
        IF NOT FOUND THEN
            RETURN format('the server knows no setting %s', ground ->> 'setting');
        END IF;
        IF ground ->> 'scope' = 'server' THEN
            IF setting.pending_restart THEN
                RETURN format('%s waits for a restart of the server', setting.name);
            END IF;
            of_server := optimizer.server_setting(setting.name);
            IF NOT optimizer.is_same_setting_value(asked, of_server, setting.unit) THEN
                RETURN format('%s is %s, not %s', setting.name,
                              optimizer.setting_with_unit(of_server, setting.unit), asked);
            END IF;
        ELSIF NOT EXISTS (
            SELECT FROM pg_db_role_setting d, unnest(d.setconfig) AS c (entry)
            WHERE lower(split_part(c.entry, '=', 1)) = lower(setting.name)
              AND optimizer.is_same_setting_value(
                      asked, substr(c.entry, strpos(c.entry, '=') + 1), setting.unit)
              AND CASE ground ->> 'scope'
                      WHEN 'database' THEN d.setrole = 0 AND d.setdatabase = (
                          SELECT oid FROM pg_database WHERE datname = current_database())
                      ELSE d.setrole <> 0 AND (d.setdatabase = 0 OR d.setdatabase = (
                          SELECT oid FROM pg_database WHERE datname = current_database())) END) THEN
            RETURN format('%s is not set to %s for %s', setting.name, asked,
                          CASE ground ->> 'scope' WHEN 'database' THEN 'this database'
                                                  ELSE 'any role' END);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION optimizer.unmet_ground(jsonb) IS
    'Why what was recorded is not there: no valid index of that definition, an index that is still there, a setting with another value; null when it is, or cannot be told';
