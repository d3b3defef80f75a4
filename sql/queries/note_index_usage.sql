/* optimizer_workflow: how often each index was scanned, as far as that is another number than the one that was noted */
WITH usage AS MATERIALIZED (
    SELECT x.indexrelid, pg_stat_get_numscans(x.indexrelid) AS scans
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'i' AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'optimizer')
), gone AS (
    DELETE FROM optimizer.seen_index_usage s
    WHERE NOT EXISTS (SELECT FROM usage u WHERE u.indexrelid = s.index_oid)
), changed AS (
    UPDATE optimizer.seen_index_usage s SET scans = u.scans, unchanged_since = clock_timestamp()
    FROM usage u
    WHERE u.indexrelid = s.index_oid AND u.scans <> s.scans
)
INSERT INTO optimizer.seen_index_usage (index_oid, scans)
SELECT u.indexrelid, u.scans FROM usage u
WHERE NOT EXISTS (SELECT FROM optimizer.seen_index_usage s WHERE s.index_oid = u.indexrelid)
ON CONFLICT DO NOTHING
