/* optimizer_workflow: what planning found. Arrays, one element for each statement. */
INSERT INTO optimizer.query_plans AS p
    (query_hash, is_planned, reason, detail, total_cost, estimated_rows, is_parallel, shape,
     reading_read_at)
SELECT * FROM unnest($1::bigint[], $2::boolean[], $3::text[], $4::text[], $5::float8[],
                     $6::float8[], $7::boolean[], $8::text[], $9::timestamptz[])
ON CONFLICT (query_hash) DO UPDATE SET
    is_planned = excluded.is_planned,
    reason = excluded.reason,
    detail = excluded.detail,
    total_cost = excluded.total_cost,
    estimated_rows = excluded.estimated_rows,
    is_parallel = excluded.is_parallel,
    shape = excluded.shape,
    shape_since = CASE WHEN p.shape IS NOT DISTINCT FROM excluded.shape THEN p.shape_since
                       ELSE excluded.shape_since END,
    reading_read_at = excluded.reading_read_at,
    planned_at = excluded.planned_at
