/* optimizer_workflow: brings the built-in suggestions of indexes to make in line with what was chosen. $1 query hashes, $2 relations,
   $3 definitions, $4 columns (JSON), $5 access methods, $6 sizes in bytes, $7 reasonings, $8 other queries helped (JSON),
   $9 improvements in percent, $10 confidences, $11 and $12 planner's costs before and after: arrays, one element for each suggestion.
   A row is written when it says something else: numbers that drift by less than a point are written once a day.
   Withdrawn is what has lost its ground: not of queries that merely did not run lately, and not what somebody seems to have followed. */
WITH wanted AS MATERIALIZED (
    SELECT w.query_hash, w.relation, w.definition, ARRAY(SELECT jsonb_array_elements_text(w.columns::jsonb)) AS columns,
           w.access_method, w.estimated_size_bytes, w.reasoning,
           ARRAY(SELECT e::bigint FROM jsonb_array_elements_text(w.others::jsonb) AS e) AS affected_query_hashes,
           w.improvement, w.confidence, w.cost_before, w.cost_after
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                $9::float8[], $10::float8[], $11::float8[], $12::float8[])
        AS w (query_hash, relation, definition, columns, access_method, estimated_size_bytes, reasoning, others,
              improvement, confidence, cost_before, cost_after)
), withdrawn AS (
    DELETE FROM optimizer.index_suggestions s
    WHERE s.made_by = 'builtin' AND s.definition !~* '^(\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)*drop\s'
      AND NOT EXISTS (SELECT FROM wanted w WHERE (w.query_hash, w.definition) = (s.query_hash, s.definition))
      -- its query has not run since its plan has a new index: nothing is known
      AND NOT EXISTS (SELECT FROM optimizer.queries_of_changed_indexes c
                      WHERE c.query_hash = s.query_hash AND c.mean_exec_time_ms IS NULL AND to_regclass(s.relation) IS NOT NULL
                        -- but what is there by now, or did not help
                        AND NOT EXISTS (
                            SELECT FROM pg_catalog.pg_index x
                            WHERE x.indrelid = to_regclass(s.relation)
                              AND optimizer.index_fingerprint(pg_get_indexdef(x.indexrelid)) = optimizer.index_fingerprint(s.definition))
                        AND NOT EXISTS (
                            SELECT FROM optimizer.index_failures f
                            JOIN pg_catalog.pg_class r ON r.oid = to_regclass(s.relation)
                            WHERE f.query_hash = s.query_hash AND f.fingerprint = optimizer.index_fingerprint(s.definition)
                              -- and the table is about as large as it was then
                              AND greatest(r.reltuples, 0) BETWEEN f.table_rows / 2 AND f.table_rows * 2))
      AND (EXISTS (SELECT FROM optimizer.query_activity a WHERE a.query_hash = s.query_hash)
           OR NOT EXISTS (SELECT FROM optimizer.query_texts t WHERE t.query_hash = s.query_hash)
           -- a relation that is gone has no index any more, whether its queries run or not
           OR to_regclass(s.relation) IS NULL)
      -- somebody is following it, and the ledger has not looked since
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_index x
          JOIN optimizer.optimization_recommendations r
              ON r.source_type = 'index' AND r.source_id = s.id AND r.status = 'open'
          WHERE x.indrelid = to_regclass(s.relation)
            AND (NOT EXISTS (SELECT FROM optimizer.seen_indexes n WHERE n.index_id = x.indexrelid AND n.is_valid)
                 -- or it has, and could not say that it came after the suggestion
                 OR EXISTS (SELECT FROM optimizer.system_events e
                            WHERE e.event_type = 'index' AND e.action = 'created' AND e.object_id = x.indexrelid
                              AND e.occurred_at >= s.created_at))
            AND optimizer.index_fingerprint(pg_get_indexdef(x.indexrelid)) = optimizer.index_fingerprint(s.definition))
      AND NOT EXISTS (
          SELECT FROM optimizer.optimization_recommendations r
          JOIN optimizer.looks_implemented l ON l.recommendation_id = r.id
          WHERE r.source_type = 'index' AND r.source_id = s.id AND r.status = 'open'
            AND to_regclass(s.relation) IS NOT NULL)
    RETURNING 1
), renewed AS (
    UPDATE optimizer.index_suggestions s
    SET relation = w.relation, columns = w.columns, access_method = w.access_method,
        estimated_size_bytes = w.estimated_size_bytes, reasoning = w.reasoning,
        affected_query_hashes = w.affected_query_hashes, estimated_improvement_percent = w.improvement,
        confidence_score = w.confidence, plan_cost_before = w.cost_before, plan_cost_after = w.cost_after
    FROM wanted w
    WHERE s.query_hash = w.query_hash AND s.definition = w.definition AND s.made_by = 'builtin'
      AND (abs(s.estimated_improvement_percent - w.improvement) >= 1
           OR abs(s.confidence_score - w.confidence) >= 0.02
           OR s.affected_query_hashes <> w.affected_query_hashes
           OR s.plan_cost_before IS DISTINCT FROM w.cost_before OR s.plan_cost_after IS DISTINCT FROM w.cost_after
           OR s.reasoning IS DISTINCT FROM w.reasoning AND s.updated_at < clock_timestamp() - interval '1 day')
    RETURNING 1
), added AS (
    INSERT INTO optimizer.index_suggestions
        (query_hash, relation, definition, columns, access_method, estimated_size_bytes, reasoning, affected_query_hashes,
         estimated_improvement_percent, confidence_score, plan_cost_before, plan_cost_after, made_by)
    SELECT w.query_hash, w.relation, w.definition, w.columns, w.access_method, w.estimated_size_bytes, w.reasoning,
           w.affected_query_hashes, w.improvement, w.confidence, w.cost_before, w.cost_after, 'builtin'
    FROM wanted w
    WHERE NOT EXISTS (SELECT FROM optimizer.index_suggestions s
                      WHERE (s.query_hash, s.definition) = (w.query_hash, w.definition))
    ON CONFLICT (query_hash, definition) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM renewed), (SELECT count(*) FROM withdrawn)
