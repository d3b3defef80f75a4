-- Statements as pg_stat_statements keeps them, over 40 tables with foreign keys, views and partitions: joins, conditions,
-- order and limits vary, every fifth has an interval literal, which is no SQL any more.
DO $$
BEGIN
    FOR i IN 0 .. 39 LOOP
        EXECUTE format('CREATE TABLE bench.t%s (id bigint PRIMARY KEY, parent_id bigint, status text, kind integer, total numeric,
                        happened_at timestamptz, note text, tags text[], payload jsonb)', i);
        IF i > 0 THEN
            EXECUTE format('ALTER TABLE bench.t%s ADD FOREIGN KEY (parent_id) REFERENCES bench.t%s', i, i - 1);
        END IF;
        EXECUTE format('CREATE INDEX ON bench.t%s (parent_id)', i);
        EXECUTE format('CREATE VIEW bench.v%s AS SELECT id, status, total FROM bench.t%1$s WHERE kind = 1', i);
    END LOOP;
END
$$;

CREATE FUNCTION bench.normalised(k integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    c text[] := '{id, parent_id, status, kind, total, happened_at, note, tags}';
    a integer := k % 40;
    b integer := (k / 40 + 1 + k) % 40;
    columns text := format('a.%s, a.%s', c[1 + k % 8], c[1 + k / 8 % 8]);
BEGIN
    RETURN CASE k % 10
        WHEN 0 THEN format('SELECT %s FROM bench.t%s a WHERE a.happened_at > now() - interval $1 day AND a.status = $2 LIMIT $3 /* %s */', columns, a, k)
        WHEN 1 THEN format('SELECT %s, b.total FROM bench.t%s a JOIN bench.t%s b ON b.parent_id = a.id WHERE a.status IN ($1, $2, $3) AND b.total > $4 ORDER BY a.happened_at DESC LIMIT $5 /* %s */', columns, a, b, k)
        WHEN 2 THEN format('UPDATE bench.t%s AS a SET status = $1, total = total + $2 WHERE a.id = $3 /* %s */', a, k)
        WHEN 3 THEN format('SELECT a.status, count(*), sum(b.total) FROM bench.t%s a LEFT JOIN bench.v%s b ON b.id = a.parent_id WHERE a.kind = $1 GROUP BY a.status HAVING count(*) > $2 ORDER BY count(*) DESC /* %s */', a, b, k)
        WHEN 4 THEN format('INSERT INTO bench.t%s (id, parent_id, status) VALUES ($1, $2, $3), ($4, $5, $6) ON CONFLICT (id) DO UPDATE SET status = excluded.status RETURNING id /* %s */', a, k)
        WHEN 5 THEN format('SELECT %s FROM bench.t%s a WHERE a.happened_at >= timestamp with time zone $1 AND a.payload ->> $2 = $3 ORDER BY a.id /* %s */', columns, a, k)
        WHEN 6 THEN format('WITH recent AS (SELECT id, parent_id FROM bench.t%s WHERE kind = $1) SELECT %s FROM bench.t%s a WHERE EXISTS (SELECT FROM recent r WHERE r.parent_id = a.id) AND a.tags @> $2 /* %s */', b, columns, a, k)
        WHEN 7 THEN format('DELETE FROM bench.t%s a USING bench.t%s b WHERE b.id = a.parent_id AND b.status = $1 /* %s */', a, b, k)
        WHEN 8 THEN format('SELECT %s, row_number() OVER (PARTITION BY a.kind ORDER BY a.total DESC) FROM bench.t%s a WHERE lower(a.note) = $1 OR a.id = ANY ($2) /* %s */', columns, a, k)
        ELSE format('SELECT v.id FROM bench.v%s v WHERE v.status = $1 UNION ALL SELECT a.id FROM bench.t%s a WHERE a.total BETWEEN $2 AND $3 ORDER BY 1 LIMIT $4 /* %s */', a, b, k)
    END;
END
$$;

CREATE FUNCTION bench.make_statements(n integer) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO optimizer.query_texts (query_hash, query) SELECT k, bench.normalised(k) FROM generate_series(1, n) AS k;
    INSERT INTO optimizer.sampler_counters
    SELECT k, current_user::regrole, true, 1000 + k % 77, k, 1, 1, 1, 1, 1, 1 FROM generate_series(1, n) AS k;
$$;

CREATE FUNCTION bench.forget_readings() RETURNS void
LANGUAGE sql AS $$
    DELETE FROM optimizer.query_readings;
    DELETE FROM optimizer.query_relations;
$$;

-- The advise step until it wants no more; texts that pg_stat_statements has are none.
CREATE FUNCTION bench.read_all() RETURNS TABLE (statements integer, calls integer)
LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    statements := 0;
    calls := 0;
    LOOP
        detail := optimizer.run_maintenance_step('advise');
        statements := statements + substring(detail FROM '([0-9]+) statements read')::integer;
        calls := calls + 1;
        EXIT WHEN detail NOT LIKE '%more';
    END LOOP;
    RETURN NEXT;
END
$$;
