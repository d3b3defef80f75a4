/* optimizer_workflow: another hour, another 200 events of each kind from the event trigger; says what was
   not noted in the last one. $1 whether it was open before */
WITH noted AS MATERIALIZED (
    SELECT 'index' AS event_type, last_value - 200 AS unlisted FROM optimizer.index_events_noted
    UNION ALL
    SELECT 'table', last_value - 200 FROM optimizer.table_events_noted
), summary AS (
    INSERT INTO optimizer.system_events
        (occurred_at, occurred_after, noticed_by, event_type, action, detail)
    SELECT now(), s.counting_since, 'event trigger', n.event_type, 'more',
           format('up to %s more since then are not listed', n.unlisted)
    FROM noted n, optimizer.seen_server s
    WHERE n.unlisted > 0 AND $1
), counting AS (
    UPDATE optimizer.seen_server SET counting_since = now()
)
SELECT setval('optimizer.index_events_noted', 1, false),
       setval('optimizer.table_events_noted', 1, false)
FROM (SELECT count(*) FROM noted) AS read_first
