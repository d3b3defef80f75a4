/* optimizer_workflow: open recommendations of one query ($1), or of all, and their sources */
SELECT coalesce(sum(per_source.n), 0)::bigint,
       coalesce(array_agg(per_source.source_type ORDER BY per_source.source_type), '{}')
FROM (SELECT r.source_type, count(*) AS n
      FROM optimizer.optimization_recommendations r
      WHERE r.status = 'open' AND ($1 IS NULL OR r.query_hash = $1)
      GROUP BY r.source_type) AS per_source
