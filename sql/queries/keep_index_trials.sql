/* optimizer_workflow: what trying indexes found. Arrays, one element for each statement. */
INSERT INTO optimizer.index_trials AS i (query_hash, ground, outcome, trial)
SELECT n.query_hash, n.ground, n.outcome, n.trial::jsonb
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) AS n (query_hash, ground, outcome, trial)
JOIN optimizer.query_readings r ON r.query_hash = n.query_hash
ON CONFLICT (query_hash) DO UPDATE SET
    ground = excluded.ground, outcome = excluded.outcome, trial = excluded.trial, tried_at = excluded.tried_at
