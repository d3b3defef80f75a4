/* optimizer_workflow: the open recommendations, best first. {order} is the score to go by;
   $1 rows, $2 least estimated improvement, $3 sources.
   Source by source, so that each comes out of its index in order; 100 is the most that $1 may ask
   for. Where at most 200 of a source improve that much they are all looked at: in order of score they
   could be the last of a million. */
SELECT r.id, r.query_hash, r.source_type, r.recommendation_text,
       r.estimated_improvement_percent, r.confidence_score, r.urgency_score, r.roi_score, r.kind,
       r.forecast_improvement_percent, r.expected_saving_ms_per_hour, r.action_sql, r.query
FROM (
    SELECT best.id
    FROM unnest($3::text[]) AS source (source_type)
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM optimizer.recommendations r
            WHERE r.status = 'open'
              AND r.source_type::"char" = source.source_type::"char"
              AND r.estimated_improvement_percent >= $2
            ORDER BY r.estimated_improvement_percent DESC
            OFFSET 200 LIMIT 1) AS are_many
        OFFSET 0
    ) AS matches
    CROSS JOIN LATERAL (
        SELECT * FROM (
            (SELECT r.id, r.{order}, r.confidence_score
             FROM optimizer.recommendations r
             WHERE matches.are_many
               AND r.status = 'open'
               AND r.source_type::"char" = source.source_type::"char"
               AND r.estimated_improvement_percent >= $2
             ORDER BY r.{order} DESC, r.confidence_score DESC, r.id
             LIMIT 100)
            UNION ALL
            (SELECT r.id, r.{order}, r.confidence_score
             FROM optimizer.recommendations r
             WHERE NOT matches.are_many
               AND r.status = 'open'
               AND r.source_type::"char" = source.source_type::"char"
               AND r.estimated_improvement_percent >= $2
             ORDER BY r.estimated_improvement_percent DESC
             LIMIT 200)
        ) AS of_source
        ORDER BY of_source.{order} DESC, of_source.confidence_score DESC, of_source.id
        LIMIT $1
    ) AS best
    ORDER BY best.{order} DESC, best.confidence_score DESC, best.id
    LIMIT $1
) AS top
JOIN optimizer.recommendations r ON r.id = top.id
ORDER BY r.{order} DESC, r.confidence_score DESC, r.id
