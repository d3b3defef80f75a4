, listed AS (
    SELECT f.*, row_number() OVER (PARTITION BY f.event_type ORDER BY f.occurred_at, f.object_name,
                                                f.setting_name) AS place
    FROM found f
), room AS (
    -- At most 200 of a type in an hour: what changes more often than that says the same with fewer
    -- rows, and 200 an hour of each type for 35 days stay under a few hundred MB.
    SELECT t.event_type,
           200 - (SELECT count(*) FROM optimizer.system_events e
                  WHERE e.event_type = t.event_type
                    AND e.noticed_at >= date_trunc('hour', now())) AS events,
           EXISTS (SELECT FROM optimizer.system_events e
                   WHERE e.event_type = t.event_type AND e.action = 'more'
                     AND e.noticed_at >= date_trunc('hour', now())) AS has_summary
    FROM (SELECT DISTINCT event_type FROM found) AS t
)
INSERT INTO optimizer.system_events
    (occurred_at, occurred_after, noticed_by, event_type, action, actor, relation_id, relation_name,
     object_id, object_name, setting_name, setting_scope, database_name, role_name, old_value,
     new_value, definition, fingerprint, implementation_id, detail)
SELECT l.occurred_at, l.occurred_after, l.noticed_by, l.event_type, l.action, l.actor, l.relation_id,
       l.relation_name, l.object_id, l.object_name, l.setting_name, l.setting_scope, l.database_name,
       l.role_name, l.old_value, l.new_value, l.definition,
       optimizer.index_fingerprint(l.definition), l.implementation_id, l.detail
FROM listed l
JOIN room ON room.event_type = l.event_type
WHERE l.place <= room.events
UNION ALL
SELECT max(l.occurred_at), min(l.occurred_after), 'look', l.event_type, 'more', NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       format('at least %s more in this hour are not listed', count(*))
FROM listed l
JOIN room ON room.event_type = l.event_type
WHERE l.place > room.events AND NOT room.has_summary
GROUP BY l.event_type
