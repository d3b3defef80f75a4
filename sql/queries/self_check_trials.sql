/* optimizer_workflow: queries that nobody changed, and moments in their past. $1 trials, $2 first bucket there is, at the
   earliest, $3 last moment that leaves room for both looks, $4 buckets a query must have run in. */
WITH changed AS (
    SELECT i.query_hash FROM optimizer.optimization_implementations i
    UNION
    SELECT q.query_hash FROM optimizer.implementation_queries q
), eligible AS MATERIALIZED (
    SELECT m.query_hash
    FROM optimizer.query_metrics m
    WHERE m.bucket_start >= $2
      AND NOT EXISTS (SELECT FROM changed c WHERE c.query_hash = m.query_hash)
    GROUP BY m.query_hash
    HAVING count(*) >= $4
), numbered AS (
    SELECT array_agg(e.query_hash) AS hashes, count(*)::integer AS queries FROM eligible e
)
SELECT n.hashes[1 + floor(random() * n.queries)::integer],
       $2 + random() * ($3 - $2)
FROM numbered n
CROSS JOIN generate_series(1, $1)
WHERE n.queries > 0 AND $3 > $2
