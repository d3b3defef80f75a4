/* optimizer_workflow: report, the time of changed queries before and after, of the newest changes in the period. $1 days, $2 changes,
   $3 characters of a sentence, $4 seconds of a bucket, $5 seconds to the last look, $6 points of a change.
   From the start of what it was compared with to the last look, in steps that begin at the change. The bucket in which
   the change lies counts on neither side. */
WITH listed AS (
    SELECT i.id, i.verdict, i.implementation_timestamp AS changed_at,
           left(i.recommendation_text, $3 + 1) AS text,
           i.pre_optimization_stats AS before, i.post_optimization_stats AS after
    FROM optimizer.implementations i
    WHERE i.status = 'pending'
       OR i.implementation_timestamp >= now() - make_interval(days => $1)
       OR i.measured_at >= now() - make_interval(days => $1)
    ORDER BY i.implementation_timestamp DESC, i.id DESC
    LIMIT $2
), spanned AS (
    SELECT l.*,
           LEAST(coalesce((l.before ->> 'window_start')::timestamptz, 'infinity'),
                 l.changed_at - make_interval(secs => 24 * $4)) AS start,
           GREATEST(coalesce((l.after ->> 'window_end')::timestamptz,
                             LEAST(now(), l.changed_at + make_interval(secs => $5))),
                    l.changed_at + make_interval(secs => $4)) AS stop
    FROM listed l
), stepped AS (
    SELECT s.*, GREATEST(ceil(extract(epoch FROM s.stop - s.start)::float8 / $4 / $6), 1) * $4 AS step
    FROM spanned s
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'implementation_id', s.id,
    'text', s.text,
    'verdict', s.verdict,
    'changed_at', extract(epoch FROM s.changed_at::timestamp),
    'from', extract(epoch FROM s.start::timestamp),
    'until', extract(epoch FROM s.stop::timestamp),
    'step_seconds', s.step,
    'mean_before_ms', s.before -> 'mean_exec_time_ms',
    'mean_after_ms', s.after -> 'mean_exec_time_ms',
    'points', coalesce(drawn.points, '[]')) ORDER BY s.changed_at DESC, s.id DESC), '[]')::text
FROM stepped s
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'at', extract(epoch FROM (s.changed_at + make_interval(secs => p.place * s.step))::timestamp),
               'mean_ms', p.total_exec_time_ms / p.calls,
               'calls', p.calls) ORDER BY p.place) AS points
    FROM (SELECT floor(extract(epoch FROM b.time - s.changed_at)::float8 / s.step) AS place,
                 sum(b.calls)::float8 AS calls, sum(b.total_exec_time_ms) AS total_exec_time_ms
          FROM optimizer.chart_implementation_buckets b
          WHERE b.implementation_id = s.id
            AND b.time >= s.start AND b.time < s.stop
            AND b.phase <> 'change'
          GROUP BY 1
          HAVING sum(b.calls) > 0) AS p) AS drawn
