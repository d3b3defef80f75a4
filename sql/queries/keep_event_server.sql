/* optimizer_workflow: the server as this look saw it */
INSERT INTO optimizer.seen_server AS s
    (looked_at, started_at, cumulative_reset_at, statements_reset_at, system_identifier, timeline,
     version_num, version, counting_since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
ON CONFLICT (only_row) DO UPDATE SET
    looked_at = excluded.looked_at,
    started_at = excluded.started_at,
    cumulative_reset_at = excluded.cumulative_reset_at,
    statements_reset_at = excluded.statements_reset_at,
    system_identifier = excluded.system_identifier,
    timeline = excluded.timeline,
    version_num = excluded.version_num,
    version = excluded.version
