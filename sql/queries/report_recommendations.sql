/* optimizer_workflow: report, what is worth doing. $1 rows, $2 characters of a sentence, $3 of an explanation, $4 of a
   statement: one more is read of each, which says that there are more.
   Recommendations of one action are one row. They are found among the best 100; what ranks below adds to no row. */
WITH best AS (
    SELECT t.rec_id AS id, t.ordinality AS place
    FROM optimizer.get_top_recommendations(100, 0) WITH ORDINALITY AS t
), action AS (
    SELECT r.id, b.place,
           row_number() OVER action_order AS place_in_action,
           count(*) OVER action AS serves,
           sum(r.expected_saving_ms_per_hour) OVER action AS saving_ms_per_hour
    FROM best b
    JOIN optimizer.recommendations r ON r.id = b.id
    WINDOW action AS (PARTITION BY coalesce(r.action_key, r.id::text)),
           action_order AS (PARTITION BY coalesce(r.action_key, r.id::text) ORDER BY b.place)
), listed AS (
    SELECT * FROM action WHERE place_in_action = 1 ORDER BY place LIMIT $1
)
SELECT jsonb_build_object(
    'total', (SELECT count(*) FROM optimizer.recommendations WHERE status = 'open')
             - coalesce(sum(l.serves - 1), 0),
    'rows', coalesce(jsonb_agg(jsonb_build_object(
        'id', r.id,
        'query_hash', r.query_hash_text,
        'source_type', r.source_type,
        'kind', left(r.kind, $2 + 1),
        'made_by', r.made_by,
        'text', left(r.recommendation_text, $2 + 1),
        'explanation', left(r.detailed_explanation, $3 + 1),
        'action_sql', left(r.action_sql, $4 + 1),
        'undo_sql', left(r.undo_sql, $4 + 1),
        'query', left(r.query, $4 + 1),
        'complexity', r.implementation_complexity,
        'serves', l.serves,
        'stated_percent', r.estimated_improvement_percent,
        'forecast_percent', r.forecast_improvement_percent,
        'forecast_low_percent', r.forecast_low_percent,
        'forecast_high_percent', r.forecast_high_percent,
        'stated_confidence', r.stated_confidence,
        'confidence', r.confidence_score,
        'roi', r.roi_score,
        'saving_ms_per_hour', l.saving_ms_per_hour,
        'looks_implemented_at', extract(epoch FROM r.looks_implemented_at::timestamp)) ORDER BY l.place), '[]'))::text
FROM listed l
JOIN optimizer.recommendations r ON r.id = l.id
