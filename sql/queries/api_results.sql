/* optimizer_workflow: results as one JSON document. {results} is the list, $1 to $3 are its. As in the
   summary, only what is in effect and was measured to a verdict counts for the total. */
SELECT jsonb_build_object(
           'results', coalesce(jsonb_agg(
               jsonb_build_object(
                   'implementation_id', i.id,
                   'recommendation_id', i.recommendation_id,
                   'query_hash', i.query_hash,
                   'query_hash_text', i.query_hash::text,
                   'source_type', i.source_type,
                   'kind', i.kind,
                   'recommendation_text', i.recommendation_text,
                   'implementation_notes', i.implementation_notes,
                   'pre_metrics', i.pre_optimization_stats,
                   'post_metrics', i.post_optimization_stats,
                   'actual_improvement_percent', i.actual_improvement_percent,
                   'predicted_improvement_percent', i.predicted_improvement_percent,
                   'adjusted_improvement_percent', i.adjusted_improvement_percent,
                   'improvement_low_percent', i.improvement_low_percent,
                   'improvement_high_percent', i.improvement_high_percent,
                   'accuracy_score', i.accuracy_score,
                   'status', i.status,
                   'verdict', i.verdict,
                   'verdict_reason', i.verdict_reason,
                   'implemented_at', i.implementation_timestamp,
                   'measured_at', i.measured_at)
               ORDER BY i.implementation_timestamp DESC, i.id DESC), '[]'),
           'count', count(*),
           'total_actual_improvement', coalesce(sum(i.actual_improvement_percent)
               FILTER (WHERE i.status = 'implemented' AND i.verdict <> 'inconclusive'), 0),
           'timestamp', now())
       || CASE WHEN count(*) = 0
               THEN jsonb_build_object('message', 'no implementation matches')
               ELSE '{}' END
FROM ({results}) AS i
