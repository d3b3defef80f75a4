/* optimizer_workflow: the open recommendations as one JSON document. {top} is the list, $1 to $3 are its. */
SELECT jsonb_build_object(
           'recommendations', coalesce(jsonb_agg(
               jsonb_build_object(
                   'id', top.id,
                   'query_hash', top.query_hash,
                   'query_hash_text', top.query_hash::text,
                   'source_type', top.source_type,
                   'kind', top.kind,
                   'recommendation_text', top.recommendation_text,
                   'estimated_improvement_percent', top.estimated_improvement_percent,
                   'forecast_improvement_percent', top.forecast_improvement_percent,
                   'confidence_score', top.confidence_score,
                   'urgency_score', top.urgency_score,
                   'roi_score', top.roi_score,
                   'expected_saving_ms_per_hour', top.expected_saving_ms_per_hour,
                   'action_sql', top.action_sql)
               ORDER BY top.roi_score DESC, top.confidence_score DESC, top.id), '[]'),
           'count', count(*),
           'total_roi_potential', coalesce(sum(top.roi_score), 0),
           'timestamp', now())
       || CASE WHEN count(*) = 0
               THEN jsonb_build_object('message', 'no open recommendation matches')
               ELSE '{}' END
FROM ({top}) AS top
