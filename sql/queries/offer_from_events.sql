/* optimizer_workflow: the open recommendations that look implemented, by the newest events. Made anew each
   time, so that none is missed that opened, came or was restored later; writes only what differs. */
WITH newest AS MATERIALIZED (
    (SELECT * FROM optimizer.system_events
     WHERE event_type = 'index' ORDER BY noticed_at DESC LIMIT 1000)
    UNION ALL
    (SELECT * FROM optimizer.system_events
     WHERE event_type = 'setting' ORDER BY noticed_at DESC LIMIT 1000)
), index_event AS MATERIALIZED (
    SELECT e.id, e.action, e.occurred_at,
           coalesce(e.occurred_after, e.occurred_at) AS not_before,
           coalesce(e.fingerprint, optimizer.index_fingerprint(e.definition)) AS fingerprint,
           e.relation_name, parse_ident(e.relation_name) AS relation, parse_ident(e.object_name) AS index
    FROM newest e
    LEFT JOIN pg_index i ON i.indexrelid = to_regclass(e.object_name)
    WHERE e.event_type = 'index'
      AND e.object_name IS NOT NULL
      -- what was made and dropped again was not done
      AND (e.action = 'created' AND i.indisvalid AND e.relation_name IS NOT NULL
           OR e.action = 'dropped' AND i.indexrelid IS NULL)
), setting_event AS MATERIALIZED (
    SELECT e.*, (SELECT p.unit FROM pg_settings p WHERE p.name = e.setting_name) AS unit
    FROM (SELECT DISTINCT ON (n.setting_name, n.setting_scope, n.database_name, n.role_name) n.*
          FROM newest n
          WHERE n.event_type = 'setting' AND n.action <> 'more'
          ORDER BY n.setting_name, n.setting_scope, n.database_name, n.role_name, n.id DESC) AS e
    WHERE e.new_value IS NOT NULL
), followed AS (
    SELECT s.id AS source_id, s.query_hash, 'index' AS source_type, s.created_at AS suggested_at,
           e.id AS event_id, e.occurred_at, e.not_before
    FROM index_event e
    JOIN optimizer.index_suggestions s
        ON optimizer.index_fingerprint(s.definition) = e.fingerprint
       AND lower(replace(regexp_replace(btrim(s.relation), '^.*[.]', ''), '"', ''))
         = lower(replace(regexp_replace(e.relation_name, '^.*[.]', ''), '"', ''))
    WHERE e.action = 'created'
      AND optimizer.names_relation(s.relation, e.relation[1]::name, e.relation[2]::name)
    UNION ALL
    SELECT s.id, s.query_hash, 'index', s.created_at, e.id, e.occurred_at, e.not_before
    FROM index_event e
    JOIN optimizer.index_suggestions s
        ON s.definition ~* '^(\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)*drop\s'
       AND optimizer.names_relation(
               (regexp_match(optimizer.normalise_sql(s.definition), '^drop index (?:concurrently )?'
                   '(?:if exists )?([^ ;,]+) ?(?:cascade|restrict)?$'))[1],
               e.index[1]::name, e.index[2]::name)
    WHERE e.action = 'dropped'
    UNION ALL
    SELECT s.id, s.query_hash, 'parameter', s.created_at, e.id, e.occurred_at, e.occurred_at
    FROM setting_event e
    JOIN optimizer.parameter_tuning_suggestions s
        ON lower(s.parameter_name) = e.setting_name AND s.scope <> 'query'
    WHERE (s.scope = e.setting_scope
           OR s.scope = 'role' AND e.setting_scope = 'role_in_database')
      AND (s.scope <> 'database' OR e.database_name = current_database())
      AND optimizer.is_same_setting_value(s.recommended_value, e.new_value, e.unit)
), wanted AS MATERIALIZED (
    SELECT DISTINCT ON (r.id) r.id AS recommendation_id, f.event_id, f.occurred_at
    FROM followed f
    JOIN optimizer.optimization_recommendations r
        ON (r.query_hash, r.source_type, r.source_id) = (f.query_hash, f.source_type, f.source_id)
    WHERE r.status = 'open' AND f.occurred_at <= clock_timestamp()
      -- What was there before the suggestion does not follow it; of an index that only a comparison of
      -- the catalog found it must be certain. A suggestion on a setting says what the value was.
      AND f.not_before >= f.suggested_at
      -- what was recorded once and taken back is not offered again
      AND NOT EXISTS (SELECT FROM optimizer.optimization_implementations i
                      WHERE i.recommendation_id = r.id
                        AND f.occurred_at <= coalesce(i.reverted_at, i.recorded_at))
    ORDER BY r.id, f.event_id DESC
), withdrawn AS (
    DELETE FROM optimizer.looks_implemented l
    WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.recommendation_id = l.recommendation_id)
)
INSERT INTO optimizer.looks_implemented AS l (recommendation_id, event_id, looks_implemented_at)
SELECT w.recommendation_id, w.event_id, w.occurred_at
FROM wanted w
WHERE NOT EXISTS (SELECT FROM optimizer.looks_implemented o
                  WHERE (o.recommendation_id, o.event_id, o.looks_implemented_at)
                      = (w.recommendation_id, w.event_id, w.occurred_at))
ON CONFLICT (recommendation_id) DO UPDATE SET
    event_id = excluded.event_id, looks_implemented_at = excluded.looks_implemented_at
