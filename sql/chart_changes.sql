-- What is drawn of changes: what was applied, what it saved, what was learned, and what else happened. The rules and the trap stand in
-- charts.sql, which draws the load.

-- ---- what was applied ----

CREATE VIEW optimizer.chart_implementations AS
SELECT i.implementation_timestamp AS time,
       i.id AS implementation_id,
       '#' || i.id || ' ' || CASE WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE')
                                  THEN i.source_type || ': ' || i.kind
                                  WHEN length(i.recommendation_text) > 60
                                  THEN left(i.recommendation_text, 59) || '…'
                                  ELSE i.recommendation_text END AS series,
       i.recommendation_id,
       i.query_hash,
       i.query_hash_text,
       coalesce(q.query_summary, 'query ' || i.query_hash) AS query_summary,
       i.source_type,
       i.kind,
       i.made_by,
       i.status,
       i.verdict,
       i.verdict_reason,
       i.predicted_improvement_percent,
       i.forecast_at_record_percent,
       i.forecast_low_at_record_percent,
       i.forecast_high_at_record_percent,
       i.actual_improvement_percent,
       i.adjusted_improvement_percent,
       i.improvement_low_percent,
       i.improvement_high_percent,
       i.accuracy_score,
       (i.pre_optimization_stats ->> 'mean_exec_time_ms')::float8 AS mean_before_ms,
       (i.post_optimization_stats ->> 'mean_exec_time_ms')::float8 AS mean_after_ms,
       CASE WHEN i.status = 'implemented' AND i.verdict <> 'inconclusive'
            THEN ((i.pre_optimization_stats ->> 'mean_exec_time_ms')::float8
                  - (i.post_optimization_stats ->> 'mean_exec_time_ms')::float8)
                 * (i.post_optimization_stats ->> 'calls_per_hour')::float8 * 24 / 1000 END
           AS seconds_saved_per_day,
       i.controls,
       i.side_effect ->> 'query_hash_text' AS side_effect_query_hash_text,
       coalesce(s.query_summary, 'query ' || (i.side_effect ->> 'query_hash_text'))
           AS side_effect_query_summary,
       (i.side_effect ->> 'slower_percent')::float8 AS side_effect_slower_percent,
       (i.side_effect ->> 'low_percent')::float8 AS side_effect_low_percent,
       (i.side_effect ->> 'high_percent')::float8 AS side_effect_high_percent,
       i.share_of_calls_on_old_text,
       i.implemented_by,
       i.measured_at,
       i.reverted_at,
       i.notes
FROM optimizer.implementations i
LEFT JOIN optimizer.chart_queries q ON q.query_hash = i.query_hash
LEFT JOIN optimizer.chart_queries s ON s.query_hash = (i.side_effect ->> 'query_hash')::bigint;
COMMENT ON VIEW optimizer.chart_implementations IS
    'Each implementation at the moment of its change: predicted beside actual, the interval, the verdict, the side effect';
COMMENT ON COLUMN optimizer.chart_implementations.time IS 'When the change was made';
COMMENT ON COLUMN optimizer.chart_implementations.implementation_id IS
    'Number of the implementation';
COMMENT ON COLUMN optimizer.chart_implementations.series IS
    'Its number and what was done, 60 characters at most of it';
COMMENT ON COLUMN optimizer.chart_implementations.query_summary IS
    'The query''s text as one line of at most 60 characters, without comments';
COMMENT ON COLUMN optimizer.chart_implementations.mean_before_ms IS
    'Mean time of one execution before the change, ms';
COMMENT ON COLUMN optimizer.chart_implementations.mean_after_ms IS
    'Mean time of one execution after the change, up to the last look, ms';
COMMENT ON COLUMN optimizer.chart_implementations.seconds_saved_per_day IS
    'What it saves a day at the calls that came after it, seconds, negative when it costs; null unless it was measured to the end, is in effect and could be judged';
COMMENT ON COLUMN optimizer.chart_implementations.side_effect_query_hash_text IS
    'Query on the same relations that got slower most; null where none was proven to';
COMMENT ON COLUMN optimizer.chart_implementations.side_effect_query_summary IS
    'That query''s text as one line of at most 60 characters, without comments';
COMMENT ON COLUMN optimizer.chart_implementations.side_effect_slower_percent IS
    'By how much it got slower, percent';
COMMENT ON COLUMN optimizer.chart_implementations.side_effect_low_percent IS
    'Low end of its 95 % interval, percent';
COMMENT ON COLUMN optimizer.chart_implementations.side_effect_high_percent IS
    'High end of its 95 % interval, percent';

CREATE VIEW optimizer.chart_implementation_buckets AS
SELECT m.bucket_start AS time,
       i.id AS implementation_id,
       CASE WHEN m.bucket_start < i.change_bucket_start THEN 'before'
            WHEN m.bucket_start = i.change_bucket_start THEN 'change'
            WHEN m.bucket_start >= i.reverted_at THEN 'reverted'
            ELSE 'after' END AS phase,
       CASE WHEN m.bucket_start < i.change_bucket_start THEN 'before the change'
            WHEN m.bucket_start = i.change_bucket_start THEN 'hour of the change'
            WHEN m.bucket_start >= i.reverted_at THEN 'taken back'
            WHEN i.is_rewritten AND m.query_hash = i.query_hash THEN 'old text, after the change'
            ELSE 'after the change' END AS series,
       sum(m.calls)::bigint AS calls,
       sum(m.calls)::float8 * 3600 / nullif(c.observed_share * c.bucket_width_seconds, 0)
           AS calls_per_hour,
       sum(m.total_exec_time_ms) / nullif(sum(m.calls), 0)::float8 AS mean_exec_time_ms,
       sum(m.total_exec_time_ms) AS total_exec_time_ms,
       sum(m.shared_blks_hit + m.shared_blks_read)::float8 / nullif(sum(m.calls), 0)::float8
           AS shared_blks_per_call
FROM (
    SELECT o.id, o.query_hash, o.change_bucket_start, o.reverted_at,
           count(q.query_hash) > 0 AS is_rewritten,
           o.query_hash || coalesce(array_agg(q.query_hash) FILTER (WHERE q.query_hash IS NOT NULL), '{}')
               AS query_hashes
    FROM optimizer.optimization_implementations o
    LEFT JOIN optimizer.implementation_queries q
        ON q.implementation_id = o.id AND q.query_hash <> o.query_hash
    -- By name: a view that leans on a primary key goes with it.
    GROUP BY o.id, o.query_hash, o.change_bucket_start, o.reverted_at
) AS i
JOIN optimizer.query_metrics m ON m.query_hash = ANY (i.query_hashes)
LEFT JOIN optimizer.sampling_coverage c ON c.bucket_start = m.bucket_start
GROUP BY m.bucket_start, i.id, phase, series, c.observed_share, c.bucket_width_seconds;
COMMENT ON VIEW optimizer.chart_implementation_buckets IS
    'Each implementation''s query, and what took its place after a rewrite, in each bucket before and after the change; filter by implementation_id';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.time IS 'Start of the bucket';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.implementation_id IS
    'Number of the implementation';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.phase IS
    'before, change (the bucket that holds it: both sides), after, or reverted';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.series IS
    'The same in words; a rewrite''s old text that is still called after the change is a series of its own';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.calls IS 'Executions in the bucket';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.calls_per_hour IS
    'Executions per observed hour; null where nothing was observed';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.mean_exec_time_ms IS
    'Mean time of one, ms; null without calls';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.total_exec_time_ms IS 'Time of all, ms';
COMMENT ON COLUMN optimizer.chart_implementation_buckets.shared_blks_per_call IS
    'Shared blocks hit or read by one execution; null without calls';

CREATE VIEW optimizer.chart_seconds_saved AS
SELECT -- the width of a day as one value, found once and not for each bucket
       date_bin((SELECT 24 * make_interval(secs => optimizer.bucket_width_seconds())), m.bucket_start,
                '2000-01-01 00:00:00+00'::timestamptz) AS time,
       i.id AS implementation_id,
       i.verdict,
       sum(m.calls)::bigint AS calls,
       i.saved_ms_per_call * sum(m.calls)::float8 / 1000 AS seconds_saved
FROM (
    SELECT o.id, o.verdict, o.query_hash, o.change_bucket_start, o.reverted_at,
           (o.pre_optimization_stats ->> 'mean_exec_time_ms')::float8
               - (o.post_optimization_stats ->> 'mean_exec_time_ms')::float8 AS saved_ms_per_call,
           coalesce((SELECT array_agg(q.query_hash) FROM optimizer.implementation_queries q
                     WHERE q.implementation_id = o.id), ARRAY[o.query_hash]) AS query_hashes
    FROM optimizer.optimization_implementations o
    WHERE o.status IN ('implemented', 'reverted') AND o.verdict <> 'inconclusive'
      -- what several makers advised saves once
      AND NOT EXISTS (SELECT FROM optimizer.optimization_implementations r
                      WHERE r.recorded_with = o.recorded_with AND r.query_hash = o.query_hash AND r.id < o.id)
) AS i
JOIN optimizer.query_metrics m
    ON m.query_hash = ANY (i.query_hashes) AND m.bucket_start > i.change_bucket_start
    AND m.bucket_start < coalesce(i.reverted_at, 'infinity') AND m.bucket_start <= now()
WHERE i.saved_ms_per_call IS NOT NULL
GROUP BY 1, i.id, i.verdict, i.saved_ms_per_call;
COMMENT ON VIEW optimizer.chart_seconds_saved IS
    'What each judged implementation saved on each day (24 buckets, from midnight UTC) on which it was in effect: the time per call that was measured, times the calls of that day; of one change that several makers advised, one';
COMMENT ON COLUMN optimizer.chart_seconds_saved.time IS 'Start of the day';
COMMENT ON COLUMN optimizer.chart_seconds_saved.implementation_id IS 'Number of the implementation';
COMMENT ON COLUMN optimizer.chart_seconds_saved.verdict IS 'improved, not_improved or regressed';
COMMENT ON COLUMN optimizer.chart_seconds_saved.calls IS
    'Executions on that day, after the bucket of the change; after a rewrite, of the new text';
COMMENT ON COLUMN optimizer.chart_seconds_saved.seconds_saved IS
    'Time they saved against before the change, seconds; negative when it got slower';

-- ---- what was learned, and what else happened ----

CREATE VIEW optimizer.chart_accuracy AS
SELECT i.measured_at AS time,
       i.id AS implementation_id,
       i.source_type || ': ' || i.kind || ' by ' || i.made_by AS series,
       i.source_type,
       i.kind,
       i.made_by,
       i.verdict,
       i.predicted_improvement_percent,
       i.forecast_at_record_percent,
       i.adjusted_improvement_percent,
       i.confidence_at_record,
       i.accuracy_score,
       avg(i.accuracy_score) OVER so_far AS mean_accuracy_so_far,
       avg((i.verdict = 'improved')::integer)
           FILTER (WHERE i.verdict <> 'inconclusive') OVER so_far AS success_rate_so_far,
       avg(i.confidence_at_record)
           FILTER (WHERE i.verdict <> 'inconclusive') OVER so_far AS mean_confidence_so_far,
       avg((i.verdict = 'inconclusive')::integer) OVER so_far AS inconclusive_rate_so_far
FROM optimizer.implementations i
WHERE i.verdict IS NOT NULL AND i.measured_at IS NOT NULL
-- looks of one moment are one step
WINDOW so_far AS (ORDER BY i.measured_at);
COMMENT ON VIEW optimizer.chart_accuracy IS
    'Each verdict when it was given, with what all verdicts up to then come to';
COMMENT ON COLUMN optimizer.chart_accuracy.time IS 'When the verdict was given';
COMMENT ON COLUMN optimizer.chart_accuracy.implementation_id IS 'Number of the implementation';
COMMENT ON COLUMN optimizer.chart_accuracy.series IS 'The kind of advice: source, kind, and who made it';
COMMENT ON COLUMN optimizer.chart_accuracy.mean_accuracy_so_far IS
    'Mean of the accuracy scores up to then, 0 to 1; null while there is none';
COMMENT ON COLUMN optimizer.chart_accuracy.success_rate_so_far IS
    'Share of the verdicts up to then that improved, inconclusive ones left out, 0 to 1';
COMMENT ON COLUMN optimizer.chart_accuracy.mean_confidence_so_far IS
    'Mean confidence that was shown for them, 0 to 1: near the share that improved where confidence is honest';
COMMENT ON COLUMN optimizer.chart_accuracy.inconclusive_rate_so_far IS
    'Share of the verdicts up to then that were inconclusive, 0 to 1';

CREATE VIEW optimizer.chart_events AS
SELECT e.occurred_at AS time,
       e.occurred_after AS time_from,
       e.event_type,
       e.action,
       replace(e.event_type, '_', ' ') || ' ' || replace(e.action, '_', ' ') AS series,
       concat_ws(' ', coalesce(e.setting_name, e.object_name, e.relation_name),
                 CASE WHEN e.event_type = 'setting'
                      THEN format('from %s to %s', coalesce(e.old_value, 'not set'),
                                  coalesce(e.new_value, 'not set'))
                      ELSE e.detail END,
                 '(implementation #' || e.implementation_id || ')',
                 'by ' || e.actor) AS description,
       e.event_type || ',' || e.action AS tags,
       e.implementation_id,
       e.relation_name
FROM optimizer.events e;
COMMENT ON VIEW optimizer.chart_events IS
    'Changes, restarts, settings, DDL: what is marked in the charts; filter by time and event_type';
COMMENT ON COLUMN optimizer.chart_events.time IS
    'When it happened; where only an interval is known, its end';
COMMENT ON COLUMN optimizer.chart_events.time_from IS
    'Where only an interval is known, its start; null: time is exact';
COMMENT ON COLUMN optimizer.chart_events.series IS 'What happened, in two or three words';
COMMENT ON COLUMN optimizer.chart_events.description IS
    'To what, from what to what, and by whom; values and details only for members of pg_read_all_stats';
COMMENT ON COLUMN optimizer.chart_events.tags IS 'event_type and action, separated by a comma';

-- Where nothing else is said, a column means what the column of the same name means in the view it is taken from.
DO $$
DECLARE
    copied record;
BEGIN
    FOR copied IN
        SELECT v.attrelid::regclass AS view_name, v.attname, col_description(a.attrelid, a.attnum) AS description
        FROM (VALUES ('optimizer.chart_implementations'::regclass, 'optimizer.implementations'::regclass),
                     ('optimizer.chart_accuracy'::regclass, 'optimizer.implementations'::regclass),
                     ('optimizer.chart_events'::regclass, 'optimizer.events'::regclass)) AS pair (view_oid, oid)
        JOIN pg_attribute v ON v.attrelid = pair.view_oid AND v.attnum > 0
            AND col_description(v.attrelid, v.attnum) IS NULL
        JOIN pg_attribute a ON a.attrelid = pair.oid AND a.attname = v.attname
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L',
                       copied.view_name, copied.attname, copied.description);
    END LOOP;
END
$$;

GRANT SELECT ON
    optimizer.chart_implementations, optimizer.chart_implementation_buckets,
    optimizer.chart_seconds_saved, optimizer.chart_accuracy, optimizer.chart_events
TO pg_monitor;
