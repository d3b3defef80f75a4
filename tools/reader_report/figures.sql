-- What was read and planned of what is in pg_stat_statements: one row for each statement in `judged`, the table for
-- docs/reader.md in `report_lines`. Which statements count is told from their text, not by the reader that is being judged: those
-- that begin with SELECT, WITH, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE, and those behind PREPARE .. AS, under which the
-- server counts what EXECUTE runs.

CREATE FUNCTION plan_or_error(query_hash bigint, OUT planned boolean, OUT reason text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.planned, p.reason, p.detail INTO planned, reason, detail FROM optimizer.plan_query(query_hash) p;
EXCEPTION WHEN OTHERS THEN
    planned := false; reason := 'error'; detail := SQLERRM;
END $$;

CREATE TABLE judged AS
WITH statement AS (
    SELECT DISTINCT ON (s.queryid) s.queryid, CASE r.rolname WHEN 'dumper' THEN 'pg_dump' ELSE r.rolname END::text AS origin, s.query
    FROM pg_stat_statements s
    JOIN pg_roles r ON r.oid = s.userid
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND r.rolname IN ('tpch', 'pgbench', 'orm', 'psql', 'dumper')
      AND regexp_replace(s.query, '^(\s|/\*.*?\*/|--[^\n]*\n|\()+', '') ~* '^(select|with|values|table|insert|update|delete|merge|prepare\y.*?\yas\s+(select|with|insert|update|delete))\y'
    ORDER BY s.queryid, r.rolname
)
SELECT t.*,
       coalesce(q.state = 'read', false) AS is_read,
       coalesce(p.planned, false) AS is_planned,
       optimizer.statement_fingerprint(t.query) IS NOT NULL AS has_fingerprint,
       CASE WHEN q.state IS DISTINCT FROM 'read' THEN 'not read: ' || coalesce(q.reason, 'never')
            WHEN NOT coalesce(p.planned, false) THEN 'not planned: ' || coalesce(p.reason, 'unknown') END AS reason,
       CASE WHEN q.state IS DISTINCT FROM 'read' THEN q.detail ELSE p.detail END AS detail
FROM statement t
LEFT JOIN optimizer.query_readings q ON q.query_hash = t.queryid
CROSS JOIN LATERAL plan_or_error(t.queryid) p;

CREATE TABLE report_lines AS
WITH counted AS (
    SELECT coalesce(origin, 'all') AS origin, grouping(origin) AS is_sum, count(*) AS statements,
           count(*) FILTER (WHERE is_read) AS were_read, count(*) FILTER (WHERE is_planned) AS were_planned,
           count(*) FILTER (WHERE has_fingerprint) AS with_fingerprint
    FROM judged GROUP BY ROLLUP (origin)
), reasons AS (
    SELECT coalesce(origin, 'all') AS origin, string_agg(format('%s (%s)', reason, n), ', ' ORDER BY n DESC, reason) AS listed
    FROM (SELECT origin, reason, count(*) AS n FROM judged WHERE reason IS NOT NULL GROUP BY GROUPING SETS ((origin, reason), (reason))) r
    GROUP BY coalesce(origin, 'all')
)
SELECT line FROM (
    SELECT 0 AS part, '' AS origin, '| statements of | SELECT, INSERT, UPDATE, DELETE, MERGE | read | planned | with a fingerprint | the rest |' AS line
    UNION ALL SELECT 1, '', '|---|---|---|---|---|---|'
    UNION ALL
    SELECT 2 + is_sum, c.origin,
           format('| %s | %s | %s (%s %%) | %s (%s %%) | %s | %s |', c.origin, statements,
                  were_read, round(100.0 * were_read / statements, 1), were_planned, round(100.0 * were_planned / statements, 1),
                  with_fingerprint, coalesce(r.listed, ''))
    FROM counted c LEFT JOIN reasons r USING (origin)
    UNION ALL SELECT 4, '', format(E'\nPostgreSQL %s.', current_setting('server_version'))
) AS lines ORDER BY part, origin;
