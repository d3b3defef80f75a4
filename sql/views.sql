-- What people read. Owner-rights views over tables that are granted to nobody; texts are shown to
-- members of pg_read_all_stats, as pg_stat_statements does it.

CREATE VIEW optimizer.recent_window AS
SELECT w.window_start,
       w.bucket_width_seconds,
       c.observed_seconds,
       CASE WHEN c.observed_seconds >= w.bucket_width_seconds THEN 'observed'
            ELSE 'since_reset' END AS basis
FROM (SELECT date_bin(width, now(), '2000-01-01 00:00:00+00'::timestamptz)
             - 23 * width AS window_start,
             extract(epoch FROM width)::integer AS bucket_width_seconds
      FROM (SELECT make_interval(secs => optimizer.bucket_width_seconds())) AS s (width)) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(observed_share * sc.bucket_width_seconds), 0) AS observed_seconds
    FROM optimizer.sampling_coverage sc
    WHERE sc.bucket_start >= w.window_start AND sc.bucket_start <= now()) AS c;
COMMENT ON VIEW optimizer.recent_window IS
    'The last 24 buckets, the current one among them (24 h where bucket_width is 1h), and how much of them was observed';
COMMENT ON COLUMN optimizer.recent_window.window_start IS 'Start of the first of the 24 buckets';
COMMENT ON COLUMN optimizer.recent_window.bucket_width_seconds IS 'Width of a bucket, seconds';
COMMENT ON COLUMN optimizer.recent_window.observed_seconds IS 'Observed part of them, seconds';
COMMENT ON COLUMN optimizer.recent_window.basis IS
    'observed, or since_reset while less than one bucket was observed';

-- A standby cannot even plan a statement that names an unlogged table; PL/pgSQL plans it when it gets
-- there, which on a standby it does not.
CREATE FUNCTION optimizer.counters_since_reset(basis text)
RETURNS TABLE (query_hash bigint, calls bigint, total_exec_time_ms float8, rows bigint,
               shared_blks bigint, hours float8, shared_blks_hit float8)
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF basis <> 'since_reset' OR pg_is_in_recovery() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.query_hash, LEAST(sum(c.calls), 9223372036854775807)::bigint, sum(c.total_exec_time_ms),
           LEAST(sum(c.rows), 9223372036854775807)::bigint,
           LEAST(sum(c.shared_blks_hit::numeric + c.shared_blks_read), 9223372036854775807)::bigint,
           (extract(epoch FROM s.sampled_at - s.stats_reset) / 3600)::float8,
           sum(c.shared_blks_hit)::float8
    FROM optimizer.sampler_counters c
    CROSS JOIN optimizer.sampler_state s
    WHERE s.sampled_at > s.stats_reset
    GROUP BY c.query_hash, s.sampled_at, s.stats_reset
    HAVING sum(c.calls) > 0;
END
$$;

CREATE FUNCTION optimizer.last_sample_at() RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT s.sampled_at FROM optimizer.sampler_state s);
END
$$;

CREATE VIEW optimizer.unread_texts AS
SELECT count(*) AS texts
FROM optimizer.query_texts t
WHERE NOT t.is_own AND NOT EXISTS (SELECT FROM optimizer.query_readings r WHERE r.query_hash = t.query_hash);
COMMENT ON VIEW optimizer.unread_texts IS 'How many texts wait for the statement reader';
COMMENT ON COLUMN optimizer.unread_texts.texts IS 'Texts of others than the extension without a row in query_readings';

CREATE VIEW optimizer.query_activity AS
SELECT m.query_hash,
       -- what another collector delivers may add up to more than a bigint holds
       LEAST(m.calls, 9223372036854775807)::bigint AS calls,
       m.calls * 3600.0::float8 / w.observed_seconds AS calls_per_hour,
       m.total_exec_time_ms / m.calls::float8 AS mean_exec_time_ms,
       m.total_exec_time_ms,
       LEAST(m.rows, 9223372036854775807)::bigint AS rows,
       m.shared_blks::float8 / m.calls::float8 AS shared_blks_per_call,
       w.basis,
       m.shared_blks_hit::float8 / nullif(m.shared_blks, 0)::float8 AS shared_hit_share
FROM optimizer.recent_window w
CROSS JOIN (
    SELECT query_hash,
           sum(calls) AS calls,
           sum(total_exec_time_ms) AS total_exec_time_ms,
           sum(rows) AS rows,
           sum(shared_blks_hit + shared_blks_read) AS shared_blks,
           sum(shared_blks_hit) AS shared_blks_hit
    FROM optimizer.query_metrics
    -- as one value, so that it is found before the rows are
    WHERE bucket_start >= (
        SELECT window_start FROM optimizer.recent_window WHERE basis = 'observed')
      AND bucket_start <= now()
    GROUP BY query_hash
    HAVING sum(calls) > 0
) AS m
WHERE w.basis = 'observed'
UNION ALL
SELECT c.query_hash,
       c.calls,
       c.calls / c.hours,
       c.total_exec_time_ms / c.calls,
       c.total_exec_time_ms,
       c.rows,
       c.shared_blks::float8 / c.calls,
       w.basis,
       c.shared_blks_hit / nullif(c.shared_blks, 0)
FROM optimizer.recent_window w
CROSS JOIN LATERAL optimizer.counters_since_reset(w.basis) c;
COMMENT ON VIEW optimizer.query_activity IS
    'How often and how long each query ran in the last 24 buckets (24 h where bucket_width is 1h); while less than one bucket was observed: since the counters were reset';
COMMENT ON COLUMN optimizer.query_activity.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_activity.calls IS 'Executions';
COMMENT ON COLUMN optimizer.query_activity.calls_per_hour IS 'Executions per observed hour';
COMMENT ON COLUMN optimizer.query_activity.mean_exec_time_ms IS 'Mean time of one, ms';
COMMENT ON COLUMN optimizer.query_activity.total_exec_time_ms IS 'Time of all, ms';
COMMENT ON COLUMN optimizer.query_activity.rows IS 'Rows returned or affected';
COMMENT ON COLUMN optimizer.query_activity.shared_blks_per_call IS
    'Shared blocks hit or read by one execution';
COMMENT ON COLUMN optimizer.query_activity.basis IS 'observed or since_reset';
COMMENT ON COLUMN optimizer.query_activity.shared_hit_share IS
    'Share of those blocks that were in shared_buffers, 0 to 1; null where it touched none';

-- Grouped once more, to tell the planner that a query has one row.
CREATE VIEW optimizer.query_urgency AS
SELECT query_hash,
       max(optimizer.urgency_score(calls_per_hour, mean_exec_time_ms)) AS urgency,
       max(calls_per_hour * mean_exec_time_ms) AS time_ms_per_hour,
       max(CASE WHEN weights IS NOT NULL THEN
               weights[1] * ln(1 + calls_per_hour) + weights[2] * ln(1 + mean_exec_time_ms)
               + weights[3] * ln(1 + shared_blks_per_call)
               + weights[4] * ln(1 + rows::float8 / calls) END) AS model_activity_percent
FROM (
    SELECT a.*, (SELECT m.activity_weights
                 FROM optimizer.performance_model_in_use m) AS weights
    FROM optimizer.query_activity a
) AS active
GROUP BY query_hash;
COMMENT ON VIEW optimizer.query_urgency IS 'What the activity of each query weighs in its scores';
COMMENT ON COLUMN optimizer.query_urgency.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_urgency.urgency IS 'Frequency x impact, 0 to 1';
COMMENT ON COLUMN optimizer.query_urgency.time_ms_per_hour IS 'Its time per observed hour, ms';
COMMENT ON COLUMN optimizer.query_urgency.model_activity_percent IS
    'What its activity adds to a forecast of the performance model in use, percentage points; null while none is';

CREATE VIEW optimizer.query_stats AS
SELECT a.query_hash,
       a.query_hash::text AS query_hash_text,
       CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN t.query
            ELSE '<insufficient privilege>' END AS query,
       a.calls,
       a.calls_per_hour,
       a.mean_exec_time_ms,
       a.total_exec_time_ms,
       a.rows,
       a.shared_blks_per_call,
       a.total_exec_time_ms / nullif(sum(a.total_exec_time_ms) OVER (), 0) AS share_of_total_time,
       a.basis
FROM optimizer.query_activity a
LEFT JOIN optimizer.query_texts t ON t.query_hash = a.query_hash
WHERE t.is_own IS NOT TRUE;
COMMENT ON VIEW optimizer.query_stats IS
    'Each query over the last 24 buckets (24 h where bucket_width is 1h): how often, how long, which share of all time';
COMMENT ON COLUMN optimizer.query_stats.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_stats.query_hash_text IS
    'The same as text: JSON and JavaScript lose digits past 2^53';
COMMENT ON COLUMN optimizer.query_stats.query IS 'Normalised text';
COMMENT ON COLUMN optimizer.query_stats.calls IS 'Executions';
COMMENT ON COLUMN optimizer.query_stats.calls_per_hour IS 'Executions per observed hour';
COMMENT ON COLUMN optimizer.query_stats.mean_exec_time_ms IS 'Mean time of one, ms';
COMMENT ON COLUMN optimizer.query_stats.total_exec_time_ms IS 'Time of all, ms';
COMMENT ON COLUMN optimizer.query_stats.rows IS 'Rows returned or affected';
COMMENT ON COLUMN optimizer.query_stats.shared_blks_per_call IS
    'Shared blocks hit or read by one execution';
COMMENT ON COLUMN optimizer.query_stats.share_of_total_time IS
    'Its share of the time of all queries, 0 to 1';
COMMENT ON COLUMN optimizer.query_stats.basis IS
    'observed: interval deltas; since_reset: cumulative counters, until one bucket was observed';

CREATE VIEW optimizer.recommendations AS
SELECT r.id,
       r.query_hash,
       r.query_hash::text AS query_hash_text,
       r.source_type,
       r.source_id,
       r.kind,
       CASE WHEN shown THEN r.recommendation_text ELSE hidden END AS recommendation_text,
       CASE WHEN shown THEN r.detailed_explanation ELSE hidden END AS detailed_explanation,
       CASE WHEN shown THEN r.action_sql ELSE hidden END AS action_sql,
       CASE WHEN shown THEN r.undo_sql ELSE hidden END AS undo_sql,
       r.estimated_improvement_percent,
       r.stated_confidence,
       r.confidence_score,
       r.made_by,
       r.action_key,
       r.forecast_improvement_percent,
       r.forecast_low_percent,
       r.forecast_high_percent,
       r.urgency_score,
       r.roi_score,
       r.expected_saving_ms_per_hour,
       r.implementation_complexity,
       r.status,
       r.is_dismissed,
       CASE WHEN shown THEN r.dismissal_reason ELSE hidden END AS dismissal_reason,
       r.created_at,
       r.updated_at,
       CASE WHEN shown THEN t.query ELSE hidden END AS query,
       r.roi_rank,
       r.saving_rank,
       CASE WHEN r.status = 'open' THEN l.looks_implemented_at END AS looks_implemented_at,
       r.plan_cost_ratio
FROM optimizer.optimization_recommendations r
LEFT JOIN optimizer.query_texts t ON t.query_hash = r.query_hash
LEFT JOIN optimizer.looks_implemented l ON l.recommendation_id = r.id
CROSS JOIN (SELECT pg_has_role('pg_read_all_stats', 'USAGE'), '<insufficient privilege>'::text)
    AS privilege (shown, hidden);
COMMENT ON VIEW optimizer.recommendations IS
    'Every recommendation with its scores, where it stands, and the text of its query';

CREATE VIEW optimizer.implementations AS
SELECT i.id,
       i.recommendation_id,
       i.query_hash,
       i.query_hash::text AS query_hash_text,
       i.new_query_hash,
       r.source_type,
       i.kind,
       i.made_by,
       CASE WHEN shown THEN r.recommendation_text ELSE hidden END AS recommendation_text,
       i.status,
       i.verdict,
       -- behind the word it quotes errors, settings and names
       CASE WHEN shown THEN i.verdict_reason ELSE split_part(i.verdict_reason, ':', 1) END AS verdict_reason,
       i.predicted_improvement_percent,
       i.actual_improvement_percent,
       i.adjusted_improvement_percent,
       i.improvement_low_percent,
       i.improvement_high_percent,
       i.accuracy_score,
       i.actual_improvement_seconds,
       i.confidence_at_record,
       i.forecast_at_record_percent,
       i.basis,
       i.controls,
       i.side_effect,
       CASE WHEN shown THEN i.notes ELSE ARRAY[hidden] END AS notes,
       i.pre_optimization_stats,
       i.post_optimization_stats,
       i.implementation_timestamp,
       CASE WHEN shown THEN i.implementation_notes ELSE hidden END AS implementation_notes,
       i.implemented_by,
       i.recorded_at,
       i.recorded_with,
       i.measured_at,
       i.reverted_at,
       CASE WHEN shown THEN i.error_message ELSE hidden END AS error_message,
       CASE WHEN i.status = 'pending' THEN
           (SELECT sum(m.calls) FILTER (WHERE m.query_hash = i.query_hash)::float8
                   / nullif(sum(m.calls), 0)::float8
            FROM optimizer.query_metrics m
            WHERE m.bucket_start > i.change_bucket_start AND m.bucket_start <= now()
              AND m.query_hash = ANY (i.query_hash || ARRAY(
                  SELECT q.query_hash FROM optimizer.implementation_queries q
                  WHERE q.implementation_id = i.id))
            HAVING EXISTS (SELECT FROM optimizer.implementation_queries q
                           WHERE q.implementation_id = i.id AND q.query_hash <> i.query_hash))
       ELSE (i.post_optimization_stats ->> 'share_of_calls_on_old_text')::float8 END
           AS share_of_calls_on_old_text,
       i.forecast_low_at_record_percent,
       i.forecast_high_at_record_percent,
       i.plan_cost_ratio,
       EXISTS (SELECT FROM optimizer.optimization_implementations o
               WHERE o.recorded_with = i.recorded_with AND o.query_hash = i.query_hash AND o.id < i.id) AS is_repeat
FROM optimizer.optimization_implementations i
JOIN optimizer.optimization_recommendations r ON r.id = i.recommendation_id
CROSS JOIN (SELECT pg_has_role('pg_read_all_stats', 'USAGE'), '<insufficient privilege>'::text)
    AS privilege (shown, hidden);
COMMENT ON VIEW optimizer.implementations IS
    'What was applied, with predicted beside actual, the verdict, and both snapshots';

COMMENT ON COLUMN optimizer.implementations.share_of_calls_on_old_text IS
    'After a rewrite, which part of the calls still uses the old text, 0 to 1: of the last look, while pending as of now; null until a new query is linked';
COMMENT ON COLUMN optimizer.implementations.is_repeat IS
    'Another maker''s word for the same change of the same query, recorded with it: it teaches how far to trust that maker, and sums leave it out';
COMMENT ON COLUMN optimizer.implementations.recommendation_text IS
    'What to do, in one sentence, as the recommendation says it today: open again, it follows its suggestion';

-- Where nothing else is said, the columns of these views mean what the columns of the same name in
-- their tables mean.
DO $$
DECLARE
    copied record;
BEGIN
    FOR copied IN
        SELECT v.attrelid::regclass AS view_name, v.attname,
               coalesce(col_description(t.oid, a.attnum), CASE v.attname
                   WHEN 'query_hash_text' THEN
                       'query_hash as text: JSON and JavaScript lose digits past 2^53'
                   WHEN 'query' THEN 'Normalised text of the query'
                   WHEN 'looks_implemented_at' THEN
                       'When somebody seems to have followed it, by what the server was seen to have since; null: nobody did'
               END, col_description('optimizer.optimization_recommendations'::regclass, r.attnum))
               AS description
        FROM (VALUES ('optimizer.recommendations'::regclass,
                      'optimizer.optimization_recommendations'::regclass),
                     ('optimizer.implementations'::regclass,
                      'optimizer.optimization_implementations'::regclass),
                     ('optimizer.events'::regclass,
                      'optimizer.system_events'::regclass),
                     ('optimizer.readings'::regclass, 'optimizer.query_readings'::regclass),
                     ('optimizer.plans'::regclass, 'optimizer.query_plans'::regclass),
                     ('optimizer.advice'::regclass,
                      'optimizer.optimization_recommendations'::regclass),
                     ('optimizer.rewrite_advice'::regclass,
                      'optimizer.optimization_recommendations'::regclass),
                     ('optimizer.parameter_advice'::regclass,
                      'optimizer.optimization_recommendations'::regclass),
                     ('optimizer.workload_pattern_advice'::regclass,
                      'optimizer.optimization_recommendations'::regclass),
                     ('optimizer.index_advice'::regclass,
                      'optimizer.optimization_recommendations'::regclass)) AS pair (view_oid, oid)
        JOIN pg_attribute v ON v.attrelid = pair.view_oid AND v.attnum > 0
            AND col_description(v.attrelid, v.attnum) IS NULL
        JOIN pg_class t ON t.oid = pair.oid
        LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = v.attname
        LEFT JOIN pg_attribute r
            ON r.attrelid = 'optimizer.optimization_recommendations'::regclass
            AND r.attname = v.attname
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L',
                       copied.view_name, copied.attname, copied.description);
    END LOOP;
END
$$;
