/* optimizer_workflow: what is expected of one recommendation ($1) now, and what that rests on */
SELECT score.forecast, score.low, score.high,
       CASE WHEN x.model_activity_percent IS NOT NULL
            THEN (SELECT m.id FROM optimizer.performance_model_in_use m) END AS model_version,
       CASE WHEN x.model_activity_percent IS NOT NULL THEN 'model'
            WHEN learned.realisation_rate IS NOT NULL THEN 'kind'
            ELSE 'stated' END AS basis
FROM (
    SELECT r.*, coalesce(a.urgency, 0) AS urgency,
           coalesce(a.time_ms_per_hour, 0) AS time_ms_per_hour, a.model_activity_percent
    FROM optimizer.optimization_recommendations r
    LEFT JOIN optimizer.query_urgency a ON a.query_hash = r.query_hash
    WHERE r.id = $1
) AS x
{scores}
