-- What the report has to draw, from the tables, as one JSON document: read by report_check.py. Moments are seconds since 1970.
SELECT jsonb_build_object(
    'implementations', (SELECT jsonb_agg(jsonb_build_object(
        'id', i.id, 'verdict', i.verdict, 'predicted', i.predicted_improvement_percent,
        'adjusted', i.adjusted_improvement_percent, 'low', i.improvement_low_percent, 'high', i.improvement_high_percent,
        'changed_at', extract(epoch FROM i.implementation_timestamp), 'change_bucket', extract(epoch FROM i.change_bucket_start),
        'mean_before', i.pre_optimization_stats -> 'mean_exec_time_ms', 'mean_after', i.post_optimization_stats -> 'mean_exec_time_ms',
        'buckets', (SELECT coalesce(jsonb_agg(jsonb_build_array(extract(epoch FROM m.bucket_start), m.calls, m.total_exec_time_ms)), '[]')
                    FROM optimizer.query_metrics m WHERE m.query_hash = i.query_hash)))
        FROM optimizer.optimization_implementations i),
    'hours', (SELECT jsonb_agg(jsonb_build_array(weekday, hour, total * 3600 / observed)) FROM (
        SELECT extract(isodow FROM c.bucket_start) AS weekday, extract(hour FROM c.bucket_start) AS hour,
               sum(c.observed_share * c.bucket_width_seconds) AS observed,
               sum((SELECT coalesce(sum(m.total_exec_time_ms), 0) FROM optimizer.query_metrics m
                    WHERE m.bucket_start = c.bucket_start)) AS total
        FROM optimizer.sampling_coverage c GROUP BY 1, 2) AS h),
    'costliest', (SELECT jsonb_agg(query_hash::text ORDER BY total DESC, query_hash) FROM (
        SELECT query_hash, sum(total_exec_time_ms) AS total FROM optimizer.query_metrics
        GROUP BY query_hash ORDER BY 2 DESC, 1 LIMIT 20) AS q),
    'kinds', (SELECT coalesce(jsonb_agg(jsonb_build_object('stated', c.mean_stated_confidence, 'learned', c.learned_confidence)
                  ORDER BY c.outcomes DESC, c.inconclusive DESC, c.made_by, c.source_type, c.kind), '[]')
              FROM optimizer.calibration c),
    'reliability', (SELECT coalesce(jsonb_agg(jsonb_build_array(r.mean_confidence, r.success_rate) ORDER BY r.confidence_from), '[]')
                    FROM optimizer.reliability r));
