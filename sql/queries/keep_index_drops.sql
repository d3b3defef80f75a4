/* optimizer_workflow: brings the built-in suggestions of indexes to drop in line with the catalog: those that are invalid and not being built,
   those that are another one again, and those that were not scanned for $1 days. Never one that is unique, backs a constraint or is the
   replica identity, none of a partitioned index, none of a table under $2 rows. Each hangs on the write of its table that takes most time,
   where one takes $3 of all time or more. */
WITH index AS MATERIALIZED (
    SELECT x.indexrelid, x.indrelid, x.indisvalid, x.indisready, c.relpages, t.reltuples,
           format('%I.%I', n.nspname, c.relname) AS name, format('%I.%I', tn.nspname, t.relname) AS relation,
           pg_get_indexdef(x.indexrelid) AS definition,
           NOT x.indisunique AND NOT x.indisprimary AND NOT x.indisexclusion AND NOT x.indisreplident AND NOT c.relispartition
           AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid) AS may_go,
           s.scans, s.unchanged_since,
           -- What makes two of a table the same: what is unique or most scanned is the one that stays.
           row_number() OVER (
               PARTITION BY x.indrelid, c.relam, x.indkey::text, x.indnkeyatts, x.indclass::text, x.indcollation::text,
                            x.indoption::text, pg_get_expr(x.indexprs, x.indrelid), pg_get_expr(x.indpred, x.indrelid),
                            x.indisvalid
               ORDER BY x.indisprimary DESC, x.indisunique DESC,
                        EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid) DESC,
                        x.indisreplident DESC, c.relispartition DESC, s.scans DESC NULLS LAST, x.indexrelid) AS place,
           first_value(format('%I.%I', n.nspname, c.relname)) OVER (
               PARTITION BY x.indrelid, c.relam, x.indkey::text, x.indnkeyatts, x.indclass::text, x.indcollation::text,
                            x.indoption::text, pg_get_expr(x.indexprs, x.indrelid), pg_get_expr(x.indpred, x.indrelid),
                            x.indisvalid
               ORDER BY x.indisprimary DESC, x.indisunique DESC,
                        EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid) DESC,
                        x.indisreplident DESC, c.relispartition DESC, s.scans DESC NULLS LAST, x.indexrelid) AS first
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indexrelid AND c.relkind = 'i' AND c.relpersistence <> 't'
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = x.indrelid AND t.relkind IN ('r', 'm')
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN optimizer.seen_index_usage s ON s.index_oid = x.indexrelid
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'optimizer')
), replica AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM pg_stat_replication) OR EXISTS (SELECT FROM pg_replication_slots WHERE slot_type = 'physical') AS is_there
), found AS MATERIALIZED (
    SELECT i.*, why.kind,
           CASE why.kind
               WHEN 'invalid' THEN format('%s is invalid: a build that failed left it, no query can use it%s.', i.name,
                                          CASE WHEN i.indisready THEN ', and every write keeps it up' ELSE '' END)
               WHEN 'duplicate' THEN format('%s is %s again: same columns, order, operator classes and condition.', i.name, i.first)
               ELSE format('%s was not scanned since %s (%s scans before): a task that runs once a month or a year would be missed.', i.name,
                           to_char(i.unchanged_since AT TIME ZONE 'UTC', 'YYYY-MM-DD "UTC"'), i.scans)
           END
           || CASE WHEN why.kind = 'unused' AND r.is_there
                   THEN ' Standbys may use it: their scans are not known here.' ELSE '' END AS reasoning,
           CASE why.kind WHEN 'duplicate' THEN 0.9 WHEN 'invalid' THEN 0.8
                         ELSE CASE WHEN r.is_there THEN 0.4 ELSE 0.6 END END AS confidence
    FROM index i
    CROSS JOIN replica r
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN NOT i.indisvalid
                THEN CASE WHEN NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
                               THEN 'invalid' END
            WHEN i.place > 1 THEN 'duplicate'
            WHEN i.unchanged_since <= clock_timestamp() - make_interval(days => $1) THEN 'unused' END
    ) AS why (kind)
    WHERE i.may_go AND i.reltuples >= $2 AND why.kind IS NOT NULL
), load AS MATERIALIZED (
    SELECT a.query_hash, a.total_exec_time_ms, a.mean_exec_time_ms, a.rows::float8 / a.calls AS rows_per_call,
           a.total_exec_time_ms / nullif(sum(a.total_exec_time_ms) OVER (), 0) AS share
    FROM optimizer.query_activity a
), wanted AS MATERIALIZED (
    SELECT DISTINCT ON (f.indexrelid) l.query_hash, f.relation, f.kind,
           'DROP INDEX CONCURRENTLY ' || f.name AS definition,
           regexp_replace(f.definition, '^CREATE INDEX ', 'CREATE INDEX CONCURRENTLY ') AS undo_definition,
           f.reasoning || format(' It has %s MB, and each row that is written adds an entry to it.',
                                 round(f.relpages * 8192 / 1e6, 1)) AS reasoning,
           f.confidence,
           -- 8 us for an entry, as for an index to make (core/src/advisors/index/size.rs)
           least(30, 100 * 0.008 * l.rows_per_call / l.mean_exec_time_ms) AS improvement,
           ARRAY(SELECT DISTINCT o.query_hash FROM optimizer.query_relations o
                 JOIN load m ON m.query_hash = o.query_hash
                 WHERE o.relation = f.indrelid AND o.is_written AND NOT o.by_foreign_key AND o.query_hash <> l.query_hash
                 ORDER BY 1 LIMIT 100) AS affected_query_hashes
    FROM found f
    JOIN optimizer.query_relations q ON q.relation = f.indrelid AND q.is_written AND NOT q.by_foreign_key
    JOIN optimizer.query_readings r ON r.query_hash = q.query_hash AND r.statement_kind IN ('insert', 'update', 'merge')
    JOIN load l ON l.query_hash = q.query_hash AND l.share >= $3 AND l.mean_exec_time_ms > 0
    ORDER BY f.indexrelid, l.total_exec_time_ms DESC, l.query_hash
), withdrawn AS (
    DELETE FROM optimizer.index_suggestions s
    WHERE s.made_by = 'builtin' AND s.definition ~* '^(\s|--[^\n]*\n|/[*]([^*]|[*]+[^*/])*[*]+/)*drop\s'
      AND NOT EXISTS (SELECT FROM wanted w WHERE (w.query_hash, w.definition) = (s.query_hash, s.definition))
      AND NOT EXISTS (
          SELECT FROM optimizer.optimization_recommendations r
          JOIN optimizer.looks_implemented l ON l.recommendation_id = r.id
          WHERE r.source_type = 'index' AND r.source_id = s.id AND r.status = 'open')
      -- somebody has followed it, and the ledger has not looked since
      AND NOT EXISTS (
          SELECT FROM optimizer.optimization_recommendations r
          WHERE r.source_type = 'index' AND r.source_id = s.id AND r.status = 'open'
            AND to_regclass(s.relation) IS NOT NULL AND to_regclass(substr(s.definition, length('DROP INDEX CONCURRENTLY ') + 1)) IS NULL
            AND (EXISTS (SELECT FROM optimizer.seen_indexes n WHERE n.index_name = substr(s.definition, length('DROP INDEX CONCURRENTLY ') + 1))
                 OR EXISTS (SELECT FROM optimizer.system_events e
                            WHERE e.event_type = 'index' AND e.action = 'dropped' AND e.object_name = substr(s.definition, length('DROP INDEX CONCURRENTLY ') + 1)
                              AND e.occurred_at >= s.created_at)))
    RETURNING 1
), added AS (
    INSERT INTO optimizer.index_suggestions
        (query_hash, relation, definition, access_method, undo_definition, reasoning, affected_query_hashes,
         estimated_improvement_percent, confidence_score, made_by)
    SELECT w.query_hash, w.relation, w.definition, 'drop_' || w.kind, w.undo_definition, w.reasoning, w.affected_query_hashes,
           w.improvement, w.confidence, 'builtin'
    FROM wanted w
    WHERE NOT EXISTS (SELECT FROM optimizer.index_suggestions s
                      WHERE (s.query_hash, s.definition) = (w.query_hash, w.definition))
    ON CONFLICT (query_hash, definition) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM withdrawn)
