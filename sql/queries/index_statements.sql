/* optimizer_workflow: statements whose indexes are to be tried, the most expensive first, at most $3. $1 only this query, or null;
   $2 least share of the total time; $4 version of the advisor. With the ground that a trial rests on: what was not planned for a
   reason that passes is tried again after an hour, everything else when its ground is another one. */
WITH load AS MATERIALIZED (
    SELECT a.query_hash, a.total_exec_time_ms, a.mean_exec_time_ms,
           a.total_exec_time_ms / nullif(sum(a.total_exec_time_ms) OVER (), 0) AS share
    FROM optimizer.query_activity a
), statement AS MATERIALIZED (
    SELECT r.query_hash, r.user_oid, r.read_at, r.search_path, l.total_exec_time_ms, l.mean_exec_time_ms
    FROM load l
    JOIN optimizer.query_readings r ON r.query_hash = l.query_hash
    JOIN optimizer.query_texts t ON t.query_hash = l.query_hash
    WHERE (l.share >= $2 OR l.query_hash = $1) AND ($1::bigint IS NULL OR l.query_hash = $1)
      AND r.state = 'read' AND NOT r.is_catalog_only AND NOT t.is_own AND r.user_oid IS NOT NULL
      AND r.statement_kind <> 'utility'
), named AS MATERIALIZED (
    SELECT q.query_hash, q.relation FROM optimizer.query_relations q JOIN statement s USING (query_hash)
), relation AS MATERIALIZED (
    SELECT DISTINCT n.relation FROM named n
), relation_ground AS MATERIALIZED (
    SELECT r.relation,
           -- sizes in steps of a quarter
           hashint8extended(coalesce(sum(trunc(log(1.25, 1 + greatest(c.relpages, 0)))), 0)::bigint, 1)
           # hashint8extended(coalesce(sum(trunc(log(1.25, 1 + greatest(c.reltuples, 0)::numeric))), 0)::bigint, 2)
           # coalesce(bit_xor(i.ground), 0) # coalesce(bit_xor(s.ground), 0) AS ground
    FROM relation r
    LEFT JOIN LATERAL (
        -- pg_partition_tree() would lock each of them
        WITH RECURSIVE tree (relid) AS (
            SELECT r.relation
            UNION
            SELECT h.inhrelid FROM tree t JOIN pg_inherits h ON h.inhparent = t.relid
        )
        SELECT tree.relid FROM tree
    ) AS part ON true
    LEFT JOIN pg_class c ON c.oid = part.relid
    LEFT JOIN LATERAL (
        SELECT bit_xor(hashint8extended(x.indexrelid::bigint, x.indisvalid::int)) AS ground
        FROM pg_index x WHERE x.indrelid = c.oid
    ) AS i ON true
    LEFT JOIN LATERAL (
        SELECT bit_xor(hashtextextended(x.ctid::text, x.xmin::text::bigint)) AS ground
        FROM pg_statistic x WHERE x.starelid = c.oid
    ) AS s ON true
    GROUP BY r.relation
), statement_ground AS MATERIALIZED (
    SELECT n.query_hash, bit_xor(hashint8extended(g.ground, g.relation::bigint)) AS ground
    FROM named n JOIN relation_ground g ON g.relation = n.relation
    GROUP BY n.query_hash
), setting AS MATERIALIZED (
    SELECT hashtextextended(coalesce(string_agg(s.name || '=' || s.reset_val, ',' ORDER BY s.name), ''), $4)
           # coalesce((SELECT bit_xor(hashtextextended(d.setconfig::text, d.setrole::bigint))
                       FROM pg_db_role_setting d
                       WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database
                                                   WHERE datname = current_database()))), 0)
           # coalesce((SELECT bit_xor(hashtextextended(e.extname || e.extversion, e.oid::bigint))
                       FROM pg_extension e WHERE e.extname IN ('hypopg', 'pg_trgm')), 0) AS ground
    FROM pg_settings s
    WHERE s.category LIKE 'Query Tuning / %'
      AND s.source IN ('default', 'configuration file', 'command line', 'environment variable', 'override')
), grounded AS MATERIALIZED (
    SELECT s.*, hashtextextended(s.read_at::text, 3) # hashint8extended(coalesce(g.ground, 0), 4) # x.ground AS ground
    FROM statement s
    CROSS JOIN setting x
    LEFT JOIN statement_ground g ON g.query_hash = s.query_hash
)
SELECT g.query_hash, t.query, g.user_oid, g.ground, r.shape::text, g.mean_exec_time_ms
FROM grounded g
JOIN optimizer.query_texts t ON t.query_hash = g.query_hash
JOIN optimizer.query_readings r ON r.query_hash = g.query_hash
LEFT JOIN optimizer.index_trials i ON i.query_hash = g.query_hash
WHERE i.query_hash IS NULL OR i.ground <> g.ground
   OR i.is_cut_off AND i.tried_at < clock_timestamp() - interval '1 hour'
ORDER BY g.total_exec_time_ms DESC, g.query_hash
LIMIT $3
