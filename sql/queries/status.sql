/* optimizer_workflow: what our own tables say. $1 sample interval, $2 measure_deadline, seconds */
WITH state AS (
    SELECT optimizer.last_sample_at() AS sampled_at, pg_is_in_recovery() AS is_standby
), implementation AS (
    SELECT count(*) FILTER (WHERE status = 'pending') AS pending,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'pending' AND implementation_timestamp
               < now() - make_interval(secs => $2 + 3 * $1)) AS overdue
    FROM optimizer.implementations
)
SELECT 'last sample',
       is_standby OR is_recent,
       CASE WHEN is_standby THEN 'samples are taken on the primary'
            WHEN since IS NULL THEN 'none yet'
            -- Not age(): that one subtracts local times, and is an hour off when they change.
            WHEN since < '0' THEN format('the clock has been set back by at least %s since',
                                         date_trunc('second', -since))
            ELSE format('%s ago', date_trunc('second', since)) END,
       CASE WHEN NOT is_standby AND NOT is_recent
            THEN 'SELECT * FROM optimizer.take_sample();' END
FROM state
CROSS JOIN LATERAL (SELECT clock_timestamp() - sampled_at) AS elapsed (since)
CROSS JOIN LATERAL (
    SELECT coalesce(since >= '0' AND since < make_interval(secs => 3 * $1), false)
) AS judged (is_recent)
UNION ALL
SELECT 'history',
       basis = 'observed' OR pg_is_in_recovery(),
       format('%s of the last 24 buckets of %s observed%s',
              justify_interval(make_interval(secs => round(observed_seconds::numeric)::float8)),
              make_interval(secs => bucket_width_seconds),
              CASE WHEN basis = 'since_reset'
                   THEN '; figures rest on the counters since their reset' ELSE '' END),
       CASE WHEN basis = 'since_reset'
            THEN 'Sample until one bucket is observed; with two samples it is the time between.' END
FROM optimizer.recent_window
UNION ALL
SELECT 'maintenance: ' || step, detail NOT LIKE 'failed%', detail,
       CASE WHEN detail LIKE 'failed%'
            THEN format('SELECT * FROM optimizer.run_maintenance(%L);', step) END
FROM optimizer.maintenance_runs
UNION ALL
SELECT 'recommendations', true,
       format('%s open, %s dismissed, %s expired',
              count(*) FILTER (WHERE status = 'open'),
              count(*) FILTER (WHERE status = 'dismissed'),
              count(*) FILTER (WHERE status = 'expired')),
       CASE WHEN count(*) = 0
            THEN 'From suggestions: SELECT * FROM optimizer.aggregate_recommendations();'
       END
FROM optimizer.recommendations
UNION ALL
SELECT 'events', true,
       CASE WHEN pg_is_in_recovery() THEN 'noted on the primary'
            WHEN enabled = 2 THEN 'DDL is found by event trigger and by comparison of the catalog'
            ELSE 'DDL is found by comparison of the catalog alone' END,
       CASE WHEN enabled < existing
            THEN 'Says who and when exactly, too: ALTER EVENT TRIGGER optimizer_workflow_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER optimizer_workflow_drop ENABLE ALWAYS;'
       END
FROM (SELECT count(*) AS existing, count(*) FILTER (WHERE evtenabled <> 'D') AS enabled
      FROM pg_event_trigger
      WHERE evtname IN ('optimizer_workflow_ddl', 'optimizer_workflow_drop')) AS trigger
UNION ALL
(SELECT 'looks implemented', true,
        format('recommendation %s, since %s', id,
               to_char(looks_implemented_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM')),
        format('Record it: SELECT * FROM optimizer.record_recommendation_implementation(%s);', id)
 FROM optimizer.recommendations
 WHERE id IN (SELECT recommendation_id FROM optimizer.looks_implemented) AND status = 'open'
 ORDER BY looks_implemented_at DESC, id
 LIMIT 20)
UNION ALL
-- What is no SELECT, INSERT, UPDATE, DELETE or MERGE is not asked for.
SELECT 'statements read',
       sum(statements) FILTER (WHERE state = 'failed') IS NULL
       OR sum(statements) FILTER (WHERE state = 'failed') <= 0.05 * sum(statements),
       format('%s of %s%s%s%s',
              coalesce(sum(statements) FILTER (WHERE state = 'read'), 0), coalesce(sum(statements), 0),
              coalesce(', ' || nullif(sum(complete), 0) || ' of them complete', ''),
              coalesce('; ' || nullif(min(unread.texts), 0)
                       || ' more texts wait', ''),
              coalesce('; not: ' || array_to_string((array_agg(format('%s %s', reason, statements) ORDER BY statements DESC, reason)
                                                     FILTER (WHERE reason IS NOT NULL))[:1], ', ')
                        || CASE WHEN count(reason) > 1 THEN ', ...' ELSE '' END, '')),
       CASE WHEN sum(statements) FILTER (WHERE state = 'failed') > 0.05 * sum(statements)
            THEN 'SELECT query, reason, detail FROM optimizer.readings WHERE state = ''failed'';'
            WHEN count(reason) > 1
            THEN 'SELECT reason, count(*) FROM optimizer.readings GROUP BY reason;' END
FROM (SELECT r.state, r.reason, count(*) AS statements, count(*) FILTER (WHERE r.is_complete) AS complete
      FROM optimizer.readings r
      WHERE r.reason IS DISTINCT FROM 'utility'
      GROUP BY r.state, r.reason) AS reading
RIGHT JOIN optimizer.unread_texts AS unread ON true
UNION ALL
SELECT 'statements planned',
       true,
       format('%s of %s%s', coalesce(sum(statements) FILTER (WHERE reason IS NULL), 0),
              coalesce(sum(statements), 0),
              coalesce('; not: ' || array_to_string((array_agg(format('%s %s', reason, statements) ORDER BY statements DESC, reason)
                                                     FILTER (WHERE reason IS NOT NULL))[:2], ', ')
                        || CASE WHEN count(reason) > 2 THEN ', ...' ELSE '' END, '')),
       CASE WHEN sum(statements) FILTER (WHERE reason IS NOT NULL) > 0
            THEN 'SELECT query, reason, detail FROM optimizer.plans WHERE NOT is_planned;' END
FROM (SELECT p.reason, count(*) AS statements FROM optimizer.plans p GROUP BY p.reason) AS plan
UNION ALL
SELECT 'index advice', installed IS NOT NULL,
       CASE WHEN installed IS NOT NULL THEN format('HypoPG %s is there', installed)
            ELSE 'none: HypoPG is missing, with which indexes are tried that are not there' END,
       CASE WHEN installed IS NOT NULL THEN NULL
            WHEN available THEN 'CREATE EXTENSION hypopg;'
            ELSE format('Install HypoPG (the package postgresql-%s-hypopg on Debian), then: CREATE EXTENSION hypopg;',
                        current_setting('server_version_num')::integer / 10000) END
FROM (SELECT (SELECT extversion FROM pg_extension WHERE extname = 'hypopg') AS installed,
             EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hypopg') AS available) AS hypopg
UNION ALL
SELECT 'implementations', failed = 0 AND overdue = 0,
       format('%s pending%s%s', pending,
              CASE WHEN overdue > 0 THEN format(', %s of them overdue', overdue) ELSE '' END,
              CASE WHEN failed > 0 THEN format(', %s failed', failed) ELSE '' END),
       CASE WHEN overdue > 0
                THEN 'SELECT * FROM optimizer.measure_pending_implementations();'
            WHEN failed > 0
                THEN 'SELECT id, error_message FROM optimizer.implementations WHERE status = ''failed'';'
       END
FROM implementation
