/* optimizer_workflow: what trying indexes found. Arrays, one element for each statement. A try that met a lock or a limit says nothing
   about the indexes: what an earlier one found stands. */
INSERT INTO optimizer.index_trials AS i (query_hash, ground, outcome, trial, is_cut_off)
SELECT n.query_hash, n.ground, n.outcome, n.trial::jsonb,
       n.outcome IN ('timed_out', 'lock_not_available', 'not_made')
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) AS n (query_hash, ground, outcome, trial)
JOIN optimizer.query_readings r ON r.query_hash = n.query_hash
ON CONFLICT (query_hash) DO UPDATE SET
    ground = excluded.ground,
    outcome = CASE WHEN excluded.is_cut_off THEN i.outcome ELSE excluded.outcome END,
    trial = CASE WHEN excluded.is_cut_off THEN i.trial ELSE excluded.trial END,
    tried_at = excluded.tried_at,
    is_cut_off = excluded.is_cut_off
