/* optimizer_workflow: deletes what is older than $1 seconds, at most $2 rows of each table. Expired
   recommendations go unless somebody implemented them; texts go with the last thing that names them. */
WITH cutoff AS (
    SELECT now() - make_interval(secs => $1) AS before
), old_metrics AS (
    DELETE FROM optimizer.query_metrics
    WHERE ctid = ANY (ARRAY(
        SELECT m.ctid FROM optimizer.query_metrics m, cutoff
        WHERE m.bucket_start < cutoff.before LIMIT $2))
    RETURNING 1
), old_coverage AS (
    DELETE FROM optimizer.sampling_coverage
    WHERE bucket_start = ANY (ARRAY(
        SELECT c.bucket_start FROM optimizer.sampling_coverage c, cutoff
        WHERE c.bucket_start < cutoff.before LIMIT $2))
    RETURNING 1
), old_recommendations AS (
    DELETE FROM optimizer.optimization_recommendations
    WHERE status = 'expired' AND id = ANY (ARRAY(
        SELECT r.id FROM optimizer.optimization_recommendations r, cutoff
        WHERE r.status = 'expired' AND r.updated_at < cutoff.before
          AND NOT EXISTS (SELECT FROM optimizer.optimization_implementations i
                          WHERE i.recommendation_id = r.id)
        LIMIT $2))
    RETURNING 1
), old_texts AS (
    DELETE FROM optimizer.query_texts
    WHERE query_hash = ANY (ARRAY(
        SELECT t.query_hash FROM optimizer.query_texts t, cutoff
        WHERE t.first_seen_at < cutoff.before AND NOT t.is_own
          AND NOT EXISTS (SELECT FROM optimizer.query_metrics m
                          WHERE m.query_hash = t.query_hash AND m.bucket_start >= cutoff.before)
          AND NOT EXISTS (SELECT FROM optimizer.sampler_counters c
                          WHERE c.query_hash = t.query_hash)
          AND NOT EXISTS (SELECT FROM optimizer.optimization_recommendations r
                          WHERE r.query_hash = t.query_hash)
        LIMIT $2))
    RETURNING 1
), old_events AS (
    DELETE FROM optimizer.system_events
    WHERE id = ANY (ARRAY(
        SELECT e.id FROM optimizer.system_events e, cutoff
        WHERE e.occurred_at < cutoff.before AND e.noticed_at < cutoff.before AND e.settled LIMIT $2))
    RETURNING 1
), counted AS (
    SELECT (SELECT count(*) FROM old_metrics) AS metrics,
           (SELECT count(*) FROM old_coverage) AS coverage,
           (SELECT count(*) FROM old_recommendations) AS recommendations,
           (SELECT count(*) FROM old_texts) AS texts,
           (SELECT count(*) FROM old_events) AS events
)
SELECT metrics + coverage + recommendations + texts + events,
       GREATEST(metrics, coverage, recommendations, texts, events)
FROM counted
