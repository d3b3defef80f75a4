/* optimizer_workflow: the open recommendations, best first. {order} is the score to go by, {rank} the
   one that an index has in order; $1 rows, $2 least estimated improvement, $3 sources.
   Source by source, and exact although a rank may be off by the slack: what belongs into the list
   ranks at most that much below ({least_rank} times) the least score among those that rank first. Where at most 50 of a source improve
   that much they are all looked at: by score they could be the last of a million. */
SELECT r.id, r.query_hash, r.source_type, r.recommendation_text,
       r.estimated_improvement_percent, r.confidence_score, r.urgency_score, r.roi_score, r.kind,
       r.forecast_improvement_percent, r.expected_saving_ms_per_hour, r.action_sql, r.query,
       r.looks_implemented_at
FROM (
    SELECT best.id
    FROM (SELECT source_type::"char" AS letter FROM unnest($3::text[]) AS s (source_type)) AS source
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM optimizer.recommendations r
            WHERE r.status = 'open' AND r.source_type::"char" = source.letter
              AND r.estimated_improvement_percent >= $2
            ORDER BY r.estimated_improvement_percent DESC
            OFFSET 50 LIMIT 1) AS are_many
        OFFSET 0
    ) AS matches
    CROSS JOIN LATERAL (
        SELECT min(first.score) AS score
        FROM (SELECT r.{order} AS score
              FROM optimizer.recommendations r
              WHERE matches.are_many
                AND r.status = 'open' AND r.source_type::"char" = source.letter
                AND r.estimated_improvement_percent >= $2
              ORDER BY r.{rank} DESC
              LIMIT $1) AS first
        OFFSET 0
    ) AS least
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT r.id, r.{order} AS score, r.confidence_score
            FROM optimizer.recommendations r
            WHERE matches.are_many
              AND r.status = 'open' AND r.source_type::"char" = source.letter
              AND r.estimated_improvement_percent >= $2
              AND r.{rank} >= {least_rank} * least.score AND r.{rank} > 0
            UNION ALL
            -- a rank of 0 is a score of 0: the index has them in the order of the list
            (SELECT r.id, r.{order}, r.confidence_score
             FROM optimizer.recommendations r
             WHERE matches.are_many AND least.score = 0
               AND r.status = 'open' AND r.source_type::"char" = source.letter
               AND r.estimated_improvement_percent >= $2
               AND r.{rank} = 0
             ORDER BY r.confidence_score DESC, r.id
             LIMIT $1)
            UNION ALL
            (SELECT r.id, r.{order}, r.confidence_score
             FROM optimizer.recommendations r
             WHERE NOT matches.are_many
               AND r.status = 'open' AND r.source_type::"char" = source.letter
               AND r.estimated_improvement_percent >= $2
             ORDER BY r.estimated_improvement_percent DESC
             LIMIT 50)
        ) AS candidate
        ORDER BY candidate.score DESC, candidate.confidence_score DESC, candidate.id
        LIMIT $1
    ) AS best
    ORDER BY best.score DESC, best.confidence_score DESC, best.id
    LIMIT $1
) AS top
JOIN optimizer.recommendations r ON r.id = top.id
ORDER BY r.{order} DESC, r.confidence_score DESC, r.id
