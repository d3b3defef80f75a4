/* optimizer_workflow: what surrounds one implementation ($1): its relations, who else is on them, and what happened to the
   server. $2 first bucket that is compared with, $3 from when on an event counts (a day before the change), $4 end of its
   window. What else was changed is read_changes.sql. Where only an interval is known, an event lies anywhere in it. */
WITH this AS (
    SELECT i.*, r.created_at AS appeared_at, r.source_type,
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
               AS change_relations,
           ARRAY(SELECT pg_get_userbyid(q.user_oid) FROM optimizer.query_readings q
                 WHERE q.query_hash = ANY (this.own_queries)) AS own_roles
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
           || coalesce(' for role ' || e.role_name, '')
           || format(' at %s', date_trunc('second', e.occurred_at)) AS words,
           e.event_type = 'version'
               AND split_part(e.old_value, '.', 1) <> split_part(e.new_value, '.', 1) AS is_epoch,
           -- the controls run as other roles
           e.role_name IS NOT NULL AS is_of_role
    FROM optimizer.system_events e, touched AS this
    WHERE e.event_type IN ('restart', 'crash', 'failover', 'version', 'setting')
      AND e.occurred_at >= $2 AND coalesce(e.occurred_after, e.occurred_at) <= $4
      AND (e.event_type <> 'setting'
           OR e.setting_scope IN ('server', 'all_roles')
           OR e.setting_scope = 'database' AND e.database_name = current_database()
           OR e.setting_scope IN ('role', 'role_in_database') AND e.role_name = ANY (this.own_roles)
              AND coalesce(e.database_name, current_database()) = current_database())
      -- the change itself: that setting, set to what was recorded
      AND (e.setting_name IS NULL OR lower(e.setting_name) IS DISTINCT FROM this.ground ->> 'setting'
           OR NOT coalesce(optimizer.is_setting_asked(this.ground, e.new_value), false))
      -- a setting that waits for a restart brings that with it: the one that is nearest to it
      AND NOT (e.event_type = 'restart' AND this.ground ->> 'scope' = 'server'
               AND EXISTS (SELECT FROM pg_settings s
                           WHERE lower(s.name) = this.ground ->> 'setting' AND s.context = 'postmaster')
               AND e.id = (SELECT n.id FROM optimizer.system_events n
                           WHERE n.event_type = 'restart' AND n.occurred_at BETWEEN $3 AND $4
                           ORDER BY abs(extract(epoch FROM n.occurred_at - this.implementation_timestamp)), n.id
                           LIMIT 1))
), own_index AS (
    -- what the ledger saw of the index that was recorded
    SELECT e.action, e.occurred_at, coalesce(e.started_at, e.occurred_after) AS started_at
    FROM optimizer.system_events e, touched t
    WHERE e.event_type = 'index' AND e.action IN ('created', 'dropped')
      AND coalesce(e.fingerprint, optimizer.index_fingerprint(e.definition)) = t.ground ->> 'index_fingerprint'
      AND (coalesce(pg_partition_root(e.relation_id)::oid, e.relation_id) = ANY (t.change_relations)
           OR t.change_relations = '{}'
              AND optimizer.names_relation(t.ground ->> 'relation', split_part(e.relation_name, '.', 1)::name,
                                           split_part(e.relation_name, '.', 2)::name))
), undone AS (
    SELECT o.occurred_at
    FROM own_index o, touched t
    WHERE o.action = 'dropped' AND o.occurred_at > t.implementation_timestamp
      AND NOT EXISTS (SELECT FROM own_index again
                      WHERE again.action = 'created' AND again.occurred_at > o.occurred_at)
    UNION ALL
    SELECT e.occurred_at
    FROM optimizer.system_events e, touched t
    WHERE e.event_type = 'setting' AND lower(e.setting_name) = t.ground ->> 'setting'
      AND e.setting_scope = t.ground ->> 'scope' AND e.setting_scope IN ('server', 'database')
      AND coalesce(e.database_name, current_database()) = current_database()
      AND e.occurred_at > t.implementation_timestamp
      AND optimizer.is_setting_asked(t.ground, e.old_value)
      AND NOT coalesce(optimizer.is_setting_asked(t.ground, e.new_value), false)
      AND NOT EXISTS (SELECT FROM optimizer.system_events again
                      WHERE again.event_type = 'setting' AND again.setting_name = e.setting_name
                        AND again.setting_scope = e.setting_scope AND again.occurred_at > e.occurred_at
                        AND optimizer.is_setting_asked(t.ground, again.new_value))
)
SELECT t.appeared_at,
       t.ground ->> 'scope',
       t.target_relations,
       t.change_relations,
       ARRAY(SELECT DISTINCT q.query_hash FROM optimizer.query_relations q
             WHERE q.topmost = ANY (t.target_relations || t.change_relations)
               AND NOT q.by_foreign_key AND q.query_hash <> ALL (t.own_queries)) AS neighbours,
       optimizer.unmet_ground(t.ground) AS not_applied,
       (SELECT h.words FROM happened h WHERE h.is_epoch AND h.occurred_at >= $3
        ORDER BY h.occurred_at DESC LIMIT 1) AS epoch_change,
       (SELECT h.words FROM happened h WHERE NOT h.is_of_role AND h.occurred_at >= $3
        ORDER BY h.occurred_at DESC LIMIT 1) AS known_event,
       (SELECT min(u.occurred_at) FROM undone u) AS undone_at,
       t.own_queries, t.recorded_with, t.recommendation_id, t.implementation_timestamp,
       t.ground ->> 'index_fingerprint', t.ground ->> 'dropped_index',
       t.source_type = 'rewrite'
           OR coalesce(t.ground ?| ARRAY['index_fingerprint', 'dropped_index', 'setting'], false),
       earlier.occurred_at, earlier.words, built.started_at, built.occurred_at,
       (SELECT h.words FROM happened h WHERE h.is_of_role AND h.occurred_at >= $3
        ORDER BY h.occurred_at LIMIT 1) AS role_event,
       other_query.occurred_at, other_query.words
FROM touched t
LEFT JOIN LATERAL (
    SELECT h.occurred_at, h.words FROM happened h WHERE NOT h.is_of_role AND h.occurred_at < $3
    ORDER BY h.occurred_at DESC LIMIT 1
) AS earlier ON true
LEFT JOIN LATERAL (
    -- what made the query another one, whatever there is to compare with
    SELECT h.occurred_at, h.words FROM happened h WHERE (h.is_of_role OR h.is_epoch) AND h.occurred_at < $3
    ORDER BY h.occurred_at DESC LIMIT 1
) AS other_query ON true
LEFT JOIN LATERAL (
    -- the last time that the index was built, or the interval in which it came to be there
    SELECT o.started_at, o.occurred_at FROM own_index o
    WHERE o.action = 'created' AND o.occurred_at BETWEEN $2 AND $4
    ORDER BY o.occurred_at DESC LIMIT 1
) AS built ON true
