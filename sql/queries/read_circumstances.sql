/* optimizer_workflow: what surrounds one implementation ($1): its relations, who else is on them, and what happened to the
   server. $2 first bucket that is compared with, $3 from when on an event counts (a day before the change), $4 end of its
   window. What else was changed is read_changes.sql. */
WITH this AS (
    SELECT i.*, r.created_at AS appeared_at, r.action_key,
           ARRAY(SELECT i.query_hash
                 UNION SELECT q.query_hash FROM optimizer.implementation_queries q
                 WHERE q.implementation_id = i.id) AS own_queries
    FROM optimizer.optimization_implementations i
    JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
    WHERE i.id = $1
), touched AS (
    SELECT this.*,
           ARRAY(SELECT DISTINCT q.topmost FROM optimizer.query_relations q
                 WHERE q.query_hash = ANY (this.own_queries)) AS target_relations,
           ARRAY(SELECT e.value::text::oid
                 FROM jsonb_array_elements_text(this.ground -> 'relations') AS e (value))
               AS change_relations
    FROM this
), happened AS (
    SELECT e.occurred_at,
           CASE e.event_type
               WHEN 'setting' THEN format('%s went from %s to %s', e.setting_name,
                                          coalesce(e.old_value, 'its default'),
                                          coalesce(e.new_value, 'its default'))
               WHEN 'version' THEN format('the server went from %s to %s', e.old_value, e.new_value)
               WHEN 'crash' THEN 'the server recovered from a crash'
               WHEN 'failover' THEN 'another server took over'
               ELSE 'the server was restarted' END
           || format(' at %s', date_trunc('second', e.occurred_at)) AS words,
           e.event_type = 'version'
               AND split_part(e.old_value, '.', 1) <> split_part(e.new_value, '.', 1) AS is_epoch
    FROM optimizer.system_events e, this
    WHERE e.event_type IN ('restart', 'crash', 'failover', 'version', 'setting')
      AND e.occurred_at BETWEEN $2 AND $4
      AND (e.event_type <> 'setting'
           OR e.setting_scope IN ('server', 'all_roles')
           OR e.setting_scope = 'database' AND e.database_name = current_database())
      AND (e.setting_name IS NULL OR lower(e.setting_name) IS DISTINCT FROM this.ground ->> 'setting')
      -- a setting that waits for a restart brings that with it
      AND NOT (e.event_type = 'restart' AND this.ground ->> 'scope' = 'server'
               AND EXISTS (SELECT FROM pg_settings s
                           WHERE lower(s.name) = this.ground ->> 'setting' AND s.context = 'postmaster'))
)
SELECT t.appeared_at,
       t.ground ->> 'scope',
       t.target_relations,
       t.change_relations,
       ARRAY(SELECT DISTINCT q.query_hash FROM optimizer.query_relations q
             WHERE q.topmost = ANY (t.target_relations || t.change_relations)
               AND NOT q.by_foreign_key AND q.query_hash <> ALL (t.own_queries)) AS neighbours,
       optimizer.unmet_ground(t.ground) AS not_applied,
       (SELECT h.words FROM happened h WHERE h.is_epoch
        ORDER BY h.occurred_at DESC LIMIT 1) AS epoch_change,
       (SELECT h.words FROM happened h WHERE h.occurred_at >= $3
        ORDER BY h.occurred_at DESC LIMIT 1) AS known_event,
       (SELECT min(e.occurred_at) FROM optimizer.system_events e
        WHERE e.event_type = 'index' AND e.action = 'dropped'
          AND e.occurred_at > t.implementation_timestamp
          AND coalesce(e.fingerprint, optimizer.index_fingerprint(e.definition))
              = t.ground ->> 'index_fingerprint') AS undone_at,
       t.own_queries, t.recorded_with, t.recommendation_id, t.implementation_timestamp,
       t.ground ->> 'index_fingerprint', coalesce(t.ground ? 'dropped_index', false),
       coalesce(t.ground ?| ARRAY['index_fingerprint', 'dropped_index', 'setting'], false)
FROM touched t
