-- What is drawn: one view per kind of picture, read by the dashboards of grafana/ and by report_html(). A moment is in the
-- column `time`, a series' name is text, times are float8 ms, hashes are text as well (JavaScript loses digits past 2^53), and
-- the reader orders. Here is the load; what was changed and learned is in chart_changes.sql, by the same rules.
-- Trap: a dashboard asks every 30 s and 35 days of 5,000 queries are millions of buckets. A condition on `time` (and
-- `query_hash`) has to reach the indexes of query_metrics: both stand in these views as the table has them, texts are joined
-- so that the planner drops the join where nobody asks for them, and what is summed per bucket is grouped by `time` itself.

-- ---- queries ----

CREATE VIEW optimizer.chart_queries AS
SELECT t.query_hash,
       t.query_hash::text AS query_hash_text,
       CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE')
            -- the beginning is enough, and texts may have 100 kB
            THEN optimizer.query_summary(left(t.query, 4000))
            ELSE 'query ' || t.query_hash END AS query_summary,
       CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE')
            THEN optimizer.query_summary(left(t.query, 4000)) || ' #' || right(t.query_hash::text, 5)
            ELSE 'query ' || t.query_hash END AS series
FROM optimizer.query_texts t
WHERE NOT t.is_own;
COMMENT ON VIEW optimizer.chart_queries IS 'A short name for each query whose text was read';
COMMENT ON COLUMN optimizer.chart_queries.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.chart_queries.query_hash_text IS
    'The same as text: JSON and JavaScript lose digits past 2^53';
COMMENT ON COLUMN optimizer.chart_queries.query_summary IS
    'Its text as one line of at most 60 characters, without comments; its hash for who may not read texts';
COMMENT ON COLUMN optimizer.chart_queries.series IS
    'The same with the last five digits of its hash, so that no two queries share a name';

CREATE VIEW optimizer.chart_query_buckets AS
SELECT m.bucket_start AS time,
       m.query_hash,
       m.query_hash::text AS query_hash_text,
       coalesce(q.query_summary, 'query ' || m.query_hash) AS query_summary,
       coalesce(q.series, 'query ' || m.query_hash) AS series,
       m.calls,
       m.calls * 3600.0::float8 / nullif(c.observed_share * c.bucket_width_seconds, 0) AS calls_per_hour,
       m.total_exec_time_ms / nullif(m.calls, 0) AS mean_exec_time_ms,
       m.total_exec_time_ms,
       m.total_exec_time_ms * 3600.0::float8 / nullif(c.observed_share * c.bucket_width_seconds, 0)
           AS exec_time_ms_per_hour,
       m.rows,
       (m.shared_blks_hit + m.shared_blks_read)::float8 / nullif(m.calls, 0) AS shared_blks_per_call,
       m.shared_blks_hit,
       m.shared_blks_read,
       m.lossy
FROM optimizer.query_metrics m
LEFT JOIN optimizer.sampling_coverage c ON c.bucket_start = m.bucket_start
LEFT JOIN optimizer.chart_queries q ON q.query_hash = m.query_hash
WHERE NOT EXISTS (SELECT FROM optimizer.query_texts own
                  WHERE own.query_hash = m.query_hash AND own.is_own);
COMMENT ON VIEW optimizer.chart_query_buckets IS
    'Each query in each bucket of time: how often, how long, how many blocks; filter by time';
COMMENT ON COLUMN optimizer.chart_query_buckets.time IS 'Start of the bucket';
COMMENT ON COLUMN optimizer.chart_query_buckets.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.chart_query_buckets.query_hash_text IS
    'The same as text: JSON and JavaScript lose digits past 2^53';
COMMENT ON COLUMN optimizer.chart_query_buckets.query_summary IS
    'Its text as one line of at most 60 characters, without comments; its hash where that is not known or not to be read';
COMMENT ON COLUMN optimizer.chart_query_buckets.series IS
    'The same with the last five digits of its hash, so that no two queries share a name';
COMMENT ON COLUMN optimizer.chart_query_buckets.calls IS 'Executions in the bucket';
COMMENT ON COLUMN optimizer.chart_query_buckets.calls_per_hour IS
    'Executions per observed hour; null where nothing was observed';
COMMENT ON COLUMN optimizer.chart_query_buckets.mean_exec_time_ms IS
    'Mean time of one, ms; null without calls';
COMMENT ON COLUMN optimizer.chart_query_buckets.total_exec_time_ms IS 'Time of all, ms';
COMMENT ON COLUMN optimizer.chart_query_buckets.exec_time_ms_per_hour IS
    'Time of all per observed hour, ms; the bucket that is still filling compares with full ones';
COMMENT ON COLUMN optimizer.chart_query_buckets.rows IS 'Rows returned or affected';
COMMENT ON COLUMN optimizer.chart_query_buckets.shared_blks_per_call IS
    'Shared blocks hit or read by one execution; null without calls';
COMMENT ON COLUMN optimizer.chart_query_buckets.shared_blks_hit IS 'Shared blocks found in the cache';
COMMENT ON COLUMN optimizer.chart_query_buckets.shared_blks_read IS
    'Shared blocks read from outside it';
COMMENT ON COLUMN optimizer.chart_query_buckets.lossy IS 'Some of the work may be missing';

-- ---- the whole load ----

CREATE VIEW optimizer.chart_workload AS
SELECT m.time,
       extract(isodow FROM m.time)::integer AS day_of_week,
       to_char(m.time, 'Dy') AS day_name,
       extract(hour FROM m.time)::integer AS hour_of_day,
       m.queries,
       m.calls * 3600.0::float8 / observed.seconds AS calls_per_hour,
       m.total_exec_time_ms * 3600.0::float8 / observed.seconds AS exec_time_ms_per_hour,
       m.total_exec_time_ms / 1000.0::float8 / observed.seconds AS busy_sessions,
       m.total_exec_time_ms / nullif(m.calls, 0)::float8 AS mean_exec_time_ms,
       m.shared_blks_hit * 3600.0::float8 / observed.seconds AS shared_blks_hit_per_hour,
       m.shared_blks_read * 3600.0::float8 / observed.seconds AS shared_blks_read_per_hour,
       c.observed_share
FROM (
    SELECT b.bucket_start AS time,
           count(*) AS queries,
           sum(b.calls)::float8 AS calls,
           sum(b.total_exec_time_ms) AS total_exec_time_ms,
           sum(b.shared_blks_hit)::float8 AS shared_blks_hit,
           sum(b.shared_blks_read)::float8 AS shared_blks_read
    FROM optimizer.query_metrics b
    WHERE NOT EXISTS (SELECT FROM optimizer.query_texts own
                      WHERE own.query_hash = b.query_hash AND own.is_own)
    GROUP BY b.bucket_start
    UNION ALL
    -- Hours in which nothing ran count as such: without them every mean would be one of busy hours.
    SELECT idle.bucket_start, 0, 0, 0, 0, 0
    FROM optimizer.sampling_coverage idle
    WHERE idle.observed_share > 0
      AND NOT EXISTS (
          SELECT FROM optimizer.query_metrics b
          WHERE b.bucket_start = idle.bucket_start
            AND NOT EXISTS (SELECT FROM optimizer.query_texts own
                            WHERE own.query_hash = b.query_hash AND own.is_own))
) AS m
LEFT JOIN optimizer.sampling_coverage c ON c.bucket_start = m.time
CROSS JOIN LATERAL (SELECT nullif(c.observed_share * c.bucket_width_seconds, 0)) AS observed (seconds);
COMMENT ON VIEW optimizer.chart_workload IS
    'The work of all queries in each bucket of time that was observed, 0 where nothing ran, with its day of the week and hour; filter by time';
COMMENT ON COLUMN optimizer.chart_workload.time IS 'Start of the bucket';
COMMENT ON COLUMN optimizer.chart_workload.day_of_week IS
    '1 (Monday) to 7 (Sunday), in the time zone of the session';
COMMENT ON COLUMN optimizer.chart_workload.day_name IS 'Mon to Sun, in the same time zone';
COMMENT ON COLUMN optimizer.chart_workload.hour_of_day IS '0 to 23, in the same time zone';
COMMENT ON COLUMN optimizer.chart_workload.queries IS 'Different queries in the bucket';
COMMENT ON COLUMN optimizer.chart_workload.calls_per_hour IS
    'Executions per observed hour; null where nothing was observed';
COMMENT ON COLUMN optimizer.chart_workload.exec_time_ms_per_hour IS
    'Time of all per observed hour, ms; null where nothing was observed';
COMMENT ON COLUMN optimizer.chart_workload.busy_sessions IS
    'Sessions that were executing on average: time spent / time observed';
COMMENT ON COLUMN optimizer.chart_workload.mean_exec_time_ms IS 'Mean time of one execution, ms';
COMMENT ON COLUMN optimizer.chart_workload.shared_blks_hit_per_hour IS
    'Shared blocks found in the cache, per observed hour';
COMMENT ON COLUMN optimizer.chart_workload.shared_blks_read_per_hour IS
    'Shared blocks read from outside it, per observed hour';
COMMENT ON COLUMN optimizer.chart_workload.observed_share IS 'Observed part of the bucket, 0 to 1';

CREATE VIEW optimizer.chart_hourly_pattern AS
SELECT day_of_week,
       min(day_name) AS day_name,
       hour_of_day,
       count(*) AS buckets,
       avg(exec_time_ms_per_hour) AS exec_time_ms_per_hour,
       avg(calls_per_hour) AS calls_per_hour,
       avg(busy_sessions) AS busy_sessions
FROM optimizer.chart_workload
-- whole weeks, so that each day of the week weighs the same
WHERE time >= now() - interval '28 days' AND time <= now()
GROUP BY day_of_week, hour_of_day;
COMMENT ON VIEW optimizer.chart_hourly_pattern IS
    'The mean load of each hour of each day of the week, over the last 28 days; hours without work have no row';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.day_of_week IS
    '1 (Monday) to 7 (Sunday), in the time zone of the session';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.day_name IS 'Mon to Sun';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.hour_of_day IS '0 to 23, in the same time zone';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.buckets IS 'Buckets that the means are of';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.exec_time_ms_per_hour IS
    'Time of all queries per hour, ms';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.calls_per_hour IS 'Executions per hour';
COMMENT ON COLUMN optimizer.chart_hourly_pattern.busy_sessions IS
    'Sessions that were executing on average';

GRANT SELECT ON
    optimizer.chart_queries, optimizer.chart_query_buckets, optimizer.chart_workload,
    optimizer.chart_hourly_pattern
TO pg_monitor;
