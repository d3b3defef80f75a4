/* optimizer_workflow: what is known of the tables $1, each as the document that core reads (advisors/index/facts.rs). Partitions
   count with their table. Names are as they stand in SQL. */
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, n.nspname, c.relhassubclass
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname <> 'optimizer'
), tree (oid, relid) AS (
    -- pg_partition_tree() would lock each of them
    SELECT a.oid, a.oid FROM asked a
    UNION
    SELECT t.oid, h.inhrelid FROM tree t JOIN pg_inherits h ON h.inhparent = t.relid
    WHERE EXISTS (SELECT FROM asked a WHERE a.oid = t.oid AND a.relkind = 'p')
), part AS MATERIALIZED (
    SELECT t.oid, t.relid FROM tree t JOIN pg_class c ON c.oid = t.relid WHERE c.relkind <> 'p'
), counted AS MATERIALIZED (
    SELECT p.oid,
           sum(greatest(c.reltuples, 0)::float8) AS rows,
           sum(c.relpages::float8) AS pages,
           -- Counters of less than a day are mostly the loading of the table.
           CASE WHEN max(h.hours) >= 24 THEN sum(pg_stat_get_tuples_inserted(p.relid)) / max(h.hours) ELSE 0 END AS inserted,
           CASE WHEN max(h.hours) >= 24 THEN sum(pg_stat_get_tuples_updated(p.relid)) / max(h.hours) ELSE 0 END AS updated,
           CASE WHEN max(h.hours) >= 24 THEN sum(pg_stat_get_tuples_deleted(p.relid)) / max(h.hours) ELSE 0 END AS deleted,
           sum(pg_stat_get_tuples_hot_updated(p.relid))::float8
               / nullif(sum(pg_stat_get_tuples_updated(p.relid)), 0) AS hot
    FROM part p
    JOIN pg_class c ON c.oid = p.relid
    CROSS JOIN (
        SELECT greatest(extract(epoch FROM clock_timestamp()
                   - coalesce(pg_stat_get_db_stat_reset_time(d.oid), pg_stat_get_bgwriter_stat_reset_time())) / 3600, 0)::float8
        FROM pg_database d WHERE d.datname = current_database()
    ) AS h (hours)
    GROUP BY p.oid
), type AS MATERIALIZED (
    SELECT y.oid, y.typtype, y.typcategory,
           y.oid < 16384 AND y.typtype = 'b' OR y.typtype = 'e' AS is_plain,
           y.typtype IN ('e', 'r') OR y.oid = 'varchar'::regtype
           OR EXISTS (SELECT FROM pg_opclass o
                      WHERE o.opcintype = y.oid AND o.opcdefault
                        AND o.opcmethod = (SELECT m.oid FROM pg_am m WHERE m.amname = 'btree')) AS has_btree
    FROM pg_type y
    WHERE y.oid IN (SELECT t.atttypid FROM pg_attribute t JOIN asked a ON a.oid = t.attrelid)
), columns AS MATERIALIZED (
    SELECT t.attrelid,
           jsonb_agg(jsonb_build_object(
               'number', t.attnum,
               'name', quote_ident(t.attname),
               'kind', kind.name,
               'width', coalesce(s.stawidth, CASE WHEN t.attlen > 0 THEN t.attlen ELSE 32 END),
               'distinct', greatest(CASE WHEN s.stadistinct > 0 THEN s.stadistinct
                                         WHEN s.stadistinct < 0 THEN -s.stadistinct * c.rows
                                         ELSE least(200, greatest(c.rows, 1)) END, 1),
               'null_share', coalesce(s.stanullfrac, 0),
               'most_common_share', coalesce(CASE 1 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
                                                    WHEN s.stakind3 THEN s.stanumbers3[1] WHEN s.stakind4 THEN s.stanumbers4[1]
                                                    WHEN s.stakind5 THEN s.stanumbers5[1] END, 0),
               'common', coalesce((
                   SELECT jsonb_agg(jsonb_build_array(v.value, v.share))
                   FROM unnest(CASE WHEN y.is_plain THEN CASE 1 WHEN s.stakind1 THEN s.stavalues1::text::text[]
                                   WHEN s.stakind2 THEN s.stavalues2::text::text[] END END,
                               CASE 1 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2 END)
                       WITH ORDINALITY AS v (value, share, place)
                   WHERE v.place <= 20 AND v.value IS NOT NULL AND length(v.value) < 200), '[]'),
               'correlation', CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
                                     WHEN s.stakind3 THEN s.stanumbers3[1] WHEN s.stakind4 THEN s.stanumbers4[1]
                                     WHEN s.stakind5 THEN s.stanumbers5[1] END,
               'has_btree', y.has_btree AND kind.name IN ('plain', 'text', 'boolean'),
               'deduplicates', y.oid NOT IN ('numeric'::regtype, 'float4'::regtype, 'float8'::regtype, 'interval'::regtype)
                               AND kind.name IN ('plain', 'text', 'boolean')
                               AND coalesce((SELECT l.collisdeterministic FROM pg_collation l WHERE l.oid = t.attcollation), true),
               'is_plain_type', y.is_plain,
               'is_collated', coalesce((SELECT CASE l.collname WHEN 'default' THEN d.datcollate NOT IN ('C', 'POSIX')
                                                               ELSE l.collname NOT IN ('C', 'POSIX') END
                                        FROM pg_collation l, pg_database d
                                        WHERE l.oid = t.attcollation AND d.datname = current_database()), false),
               'has_statistics', s.starelid IS NOT NULL) ORDER BY t.attnum) AS list
    FROM asked a
    JOIN counted c ON c.oid = a.oid
    JOIN pg_attribute t ON t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped
    JOIN type y ON y.oid = t.atttypid
    CROSS JOIN LATERAL (
        SELECT CASE WHEN y.oid = 'jsonb'::regtype THEN 'json'
                    WHEN y.oid = 'tsvector'::regtype THEN 'text_search'
                    WHEN y.typcategory = 'A' THEN 'array'
                    WHEN y.oid IN ('text'::regtype, 'varchar'::regtype) THEN 'text'
                    WHEN y.oid = 'bool'::regtype THEN 'boolean'
                    ELSE 'plain' END
    ) AS kind (name)
    LEFT JOIN LATERAL (
        SELECT x.* FROM pg_statistic x
        WHERE x.starelid = a.oid AND x.staattnum = t.attnum
        ORDER BY x.stainherit = a.relhassubclass DESC
        LIMIT 1
    ) AS s ON true
    GROUP BY t.attrelid
), indexes AS MATERIALIZED (
    SELECT x.indrelid,
           jsonb_agg(jsonb_build_object(
               'oid', x.indexrelid::bigint,
               'name', format('%I.%I', n.nspname, c.relname),
               'method', m.amname,
               'keys', to_jsonb((x.indkey::int2[])[0:x.indnkeyatts - 1]),
               'includes', to_jsonb((x.indkey::int2[])[x.indnkeyatts:]),
               'is_unique', x.indisunique AND x.indimmediate,
               -- or somebody is building it right now (CONCURRENTLY; one that is built without is seen when it is done)
               'is_valid', x.indisvalid AND x.indisready AND x.indislive
                           OR EXISTS (SELECT FROM pg_stat_progress_create_index b
                                      WHERE b.datname = current_database() AND b.index_relid = x.indexrelid),
               'is_partial', x.indpred IS NOT NULL,
               'has_expressions', x.indexprs IS NOT NULL,
               'is_ordinary', NOT EXISTS (
                   SELECT FROM generate_series(0, x.indnkeyatts - 1) AS k (place)
                   LEFT JOIN pg_attribute t ON t.attrelid = x.indrelid AND t.attnum = x.indkey[k.place]
                   LEFT JOIN pg_opclass o ON o.oid = x.indclass[k.place]
                   WHERE x.indoption[k.place] <> 0 OR NOT o.opcdefault
                      OR x.indcollation[k.place] <> coalesce(t.attcollation, 0))) ORDER BY x.indexrelid) AS list
    FROM asked a
    JOIN pg_index x ON x.indrelid = a.oid
    JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_am m ON m.oid = c.relam
    GROUP BY x.indrelid
), written AS MATERIALIZED (
    -- Of the last 24 buckets, as measured: rows of the statements that write the table.
    SELECT q.relation,
           sum(w.rows_per_hour) FILTER (WHERE r.statement_kind = 'insert') AS inserted,
           sum(w.rows_per_hour) FILTER (WHERE r.statement_kind IN ('update', 'merge')) AS updated,
           sum(w.rows_per_hour) FILTER (WHERE r.statement_kind = 'delete') AS deleted
    FROM asked a
    JOIN optimizer.query_relations q ON q.relation = a.oid AND q.is_written AND NOT q.by_foreign_key
    JOIN optimizer.query_readings r ON r.query_hash = q.query_hash
    JOIN (SELECT v.query_hash, v.rows * v.calls_per_hour / v.calls AS rows_per_hour
          FROM optimizer.query_activity v
          CROSS JOIN optimizer.recent_window n
          -- What ran a few times in less than a day may be a load that never comes again: that is no rate.
          WHERE v.calls >= 10 OR n.observed_seconds >= 20 * n.bucket_width_seconds) AS w ON w.query_hash = q.query_hash
    GROUP BY q.relation
), updated AS MATERIALIZED (
    SELECT a.oid, jsonb_agg(DISTINCT column_number.value) AS list
    FROM asked a
    JOIN optimizer.query_relations q ON q.relation = a.oid AND q.is_written
    JOIN optimizer.query_readings r ON r.query_hash = q.query_hash AND r.state = 'read'
    CROSS JOIN LATERAL jsonb_array_elements(r.shape -> 'writes') AS w (write)
    CROSS JOIN LATERAL jsonb_array_elements(w.write -> 'sets') AS column_number (value)
    WHERE (w.write ->> 'relation')::bigint = a.oid::bigint AND (w.write ->> 'updates')::boolean
    GROUP BY a.oid
)
SELECT a.oid,
       jsonb_build_object(
           'oid', a.oid::bigint,
           'schema', quote_ident(a.nspname),
           'name', quote_ident(a.relname),
           'is_partitioned', a.relkind = 'p',
           'rows', c.rows,
           'pages', c.pages,
           'columns', coalesce(l.list, '[]'),
           'indexes', coalesce(i.list, '[]'),
           'inserts_per_hour', greatest(c.inserted, w.inserted, 0),
           'updates_per_hour', greatest(c.updated, w.updated, 0),
           'deletes_per_hour', greatest(c.deleted, w.deleted, 0),
           'hot_share', coalesce(c.hot, 0),
           'updated', coalesce(u.list, '[]'),
           'trigram_schema', (SELECT quote_ident(n.nspname) FROM pg_extension e
                              JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'),
           'names', (SELECT coalesce(jsonb_agg(r.relname), '[]') FROM pg_class r
                     WHERE r.relnamespace = a.relnamespace AND starts_with(r.relname, left(a.relname, 40))))::text
FROM asked a
JOIN counted c ON c.oid = a.oid
LEFT JOIN columns l ON l.attrelid = a.oid
LEFT JOIN indexes i ON i.indrelid = a.oid
LEFT JOIN written w ON w.relation = a.oid
LEFT JOIN updated u ON u.oid = a.oid
