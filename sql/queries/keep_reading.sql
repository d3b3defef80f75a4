/* optimizer_workflow: what this sample said about itself */
INSERT INTO optimizer.sampler_state AS s (sampled_at, stats_reset, dealloc)
VALUES ($1, $2, $3)
ON CONFLICT (only_row) DO UPDATE SET
    sampled_at = excluded.sampled_at,
    stats_reset = excluded.stats_reset,
    dealloc = excluded.dealloc
