/* optimizer_workflow: report, what came of it: what was changed or measured in the period, and what is being measured.
   $1 days, $2 rows, $3 characters of a sentence, $4 and $5 seconds to the first and to the last look. */
WITH recent AS (
    SELECT i.id, i.implementation_timestamp
    FROM optimizer.implementations i
    WHERE i.status = 'pending'
       OR i.implementation_timestamp >= now() - make_interval(days => $1)
       OR i.measured_at >= now() - make_interval(days => $1)
), listed AS (
    SELECT id FROM recent ORDER BY implementation_timestamp DESC, id DESC LIMIT $2
)
SELECT jsonb_build_object(
    'total', (SELECT count(*) FROM recent),
    'rows', coalesce(jsonb_agg(jsonb_build_object(
        'id', i.id,
        'recommendation_id', i.recommendation_id,
        'text', left(i.recommendation_text, $3 + 1),
        'source_type', i.source_type,
        'kind', left(i.kind, $3 + 1),
        'status', i.status,
        'verdict', i.verdict,
        'reason', left(i.verdict_reason, $3 + 1),
        'implemented_by', i.implemented_by,
        'implemented_at', extract(epoch FROM i.implementation_timestamp::timestamp),
        'measured_at', extract(epoch FROM i.measured_at::timestamp),
        'first_look_at', CASE WHEN i.status = 'pending' THEN extract(epoch FROM
            (i.implementation_timestamp + make_interval(secs => $4))::timestamp) END,
        'last_look_at', CASE WHEN i.status = 'pending' THEN extract(epoch FROM
            (i.implementation_timestamp + make_interval(secs => $5))::timestamp) END,
        'predicted_percent', i.predicted_improvement_percent,
        'actual_percent', i.actual_improvement_percent,
        'adjusted_percent', i.adjusted_improvement_percent,
        'low_percent', i.improvement_low_percent,
        'high_percent', i.improvement_high_percent,
        'accuracy', i.accuracy_score,
        'controls', i.controls,
        'mean_before_ms', i.pre_optimization_stats -> 'mean_exec_time_ms',
        'mean_after_ms', i.post_optimization_stats -> 'mean_exec_time_ms',
        'seconds_saved_per_day', CASE WHEN i.status = 'implemented' AND i.verdict <> 'inconclusive' THEN
            ((i.pre_optimization_stats ->> 'mean_exec_time_ms')::float8
             - (i.post_optimization_stats ->> 'mean_exec_time_ms')::float8)
            * (i.post_optimization_stats ->> 'calls_per_hour')::float8 * 24 / 1000 END,
        'smallest_visible_percent', look.smallest_visible_effect_percent,
        'more_calls_needed', look.more_calls_needed,
        'notes', left(nullif(array_to_string(i.notes, '; '), ''), $3 + 1))
        ORDER BY i.implementation_timestamp DESC, i.id DESC), '[]'))::text
FROM listed l
JOIN optimizer.implementations i ON i.id = l.id
LEFT JOIN LATERAL (
    SELECT m.smallest_visible_effect_percent, m.more_calls_needed
    FROM optimizer.implementation_measurements m
    WHERE m.implementation_id = i.id
    ORDER BY m.measured_at DESC
    LIMIT 1) AS look ON true
