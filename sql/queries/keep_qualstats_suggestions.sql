/* optimizer_workflow: brings the suggestions of pg_qualstats in line with what its advisor says now. Each hangs on the query that takes most time of
   those with a condition on its first column, else of those that read the table: version 2.0 does not say which queries an index is for. It states no improvement either: 20 % with a
   confidence of 0.3 are assumed until outcomes of that maker say more. What begins like an index that is there, or like one that our own
   advisor suggests, is left out. */
WITH advised AS MATERIALIZED (
    SELECT regexp_replace(q.definition, '^CREATE INDEX ON', 'CREATE INDEX CONCURRENTLY ON') AS definition,
           (regexp_match(q.definition, ' ON (.+) USING '))[1] AS relation,
           (regexp_match(q.definition, ' USING (\w+) '))[1] AS access_method,
           (regexp_match(q.definition, ' USING \w+ \((.+)\)$'))[1] AS keys
    FROM optimizer.qualstats_advice() AS q
), wanted AS MATERIALIZED (
    SELECT DISTINCT ON (v.definition) a.query_hash, v.relation, v.definition, v.access_method, v.keys
    FROM advised v
    JOIN optimizer.query_relations r ON r.relation = to_regclass(v.relation) AND r.is_read
    JOIN optimizer.query_activity a ON a.query_hash = r.query_hash
    WHERE NOT EXISTS (
              SELECT FROM pg_catalog.pg_index x
              JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
              JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = v.access_method
              WHERE x.indrelid = r.relation AND x.indisvalid AND x.indpred IS NULL
                AND starts_with((SELECT string_agg(pg_get_indexdef(x.indexrelid, k, false), ', ' ORDER BY k)
                                 FROM generate_series(1, x.indnkeyatts) AS k) || ', ', v.keys || ', '))
      AND NOT EXISTS (
              SELECT FROM optimizer.index_suggestions s
              WHERE s.made_by = 'builtin' AND s.access_method = v.access_method AND to_regclass(s.relation) = r.relation
                AND s.definition !~* '^(\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)*drop\s'
                AND s.definition !~* '\sWHERE\s'
                AND starts_with(array_to_string(s.columns, ', ') || ', ', v.keys || ', '))
    ORDER BY v.definition, EXISTS (
                 SELECT FROM optimizer.query_readings d
                 CROSS JOIN LATERAL (
                     SELECT jsonb_path_query(d.shape, '$.levels[*].predicates[*].term.column')
                     UNION ALL SELECT jsonb_path_query(d.shape, '$.levels[*].joins[*].left.column')
                     UNION ALL SELECT jsonb_path_query(d.shape, '$.levels[*].joins[*].right.column')) AS c (compared)
                 WHERE d.query_hash = a.query_hash
                   AND (c.compared ->> 'relation')::oid = r.relation
                   AND quote_ident(c.compared ->> 'name') = (regexp_match(v.keys, '^("(?:[^"]|"")+"|[^ ,(]+)'))[1]) DESC,
             a.total_exec_time_ms DESC, a.query_hash
), withdrawn AS (
    DELETE FROM optimizer.index_suggestions s
    WHERE s.made_by = 'pg_qualstats'
      -- a failure says nothing about what it said before
      AND NOT EXISTS (SELECT FROM advised v WHERE v.definition IS NULL)
      AND NOT EXISTS (SELECT FROM wanted w WHERE w.definition = s.definition)
      AND NOT EXISTS (
          SELECT FROM optimizer.optimization_recommendations o
          JOIN optimizer.looks_implemented l ON l.recommendation_id = o.id
          WHERE o.source_type = 'index' AND o.source_id = s.id AND o.status = 'open')
    RETURNING 1
), added AS (
    INSERT INTO optimizer.index_suggestions
        (query_hash, relation, definition, columns, access_method, reasoning, estimated_improvement_percent, confidence_score, made_by)
    SELECT w.query_hash, w.relation, w.definition, string_to_array(w.keys, ', '), w.access_method,
           'pg_qualstats saw conditions on these columns filter out most of the rows that were read. It states no improvement: 20 % are assumed.',
           20, 0.3, 'pg_qualstats'
    FROM wanted w
    -- it stays with the query that it was first hung on
    WHERE NOT EXISTS (SELECT FROM optimizer.index_suggestions s WHERE s.definition = w.definition)
    ON CONFLICT (query_hash, definition) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM withdrawn)
