-- What the server's parser says of each statement. A text is read once, and again when a relation that it names has
-- changed, when it is another role's or under another search_path, or, where it could not be read, when there are other
-- relations than then. Roles and relations are named by oid, so nothing of this is dumped: elsewhere it is read anew. The shape holds pieces of texts, so the table is granted to nobody.

CREATE TABLE optimizer.query_readings (
    query_hash bigint PRIMARY KEY REFERENCES optimizer.query_texts ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('read', 'skipped', 'failed')),
    reason text CHECK ((state = 'read') = (reason IS NULL)),
    detail text,
    statement_kind text,
    is_complete boolean NOT NULL DEFAULT false CHECK (NOT is_complete OR state = 'read'),
    is_catalog_only boolean NOT NULL DEFAULT false,
    user_oid oid,
    search_path text,
    assumptions text[] NOT NULL DEFAULT '{}',
    shape jsonb CHECK ((state = 'read') = (shape IS NOT NULL)),
    signature bigint NOT NULL,
    read_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE optimizer.query_readings IS 'What the parser says of each statement, or why it could not be read';
COMMENT ON COLUMN optimizer.query_readings.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_readings.state IS
    'read; skipped: it cannot be read now, or there is nothing to read; failed: the reader could not';
COMMENT ON COLUMN optimizer.query_readings.reason IS 'Why it was not read: a stable word such as relation_gone';
COMMENT ON COLUMN optimizer.query_readings.detail IS 'The same in the words of the server';
COMMENT ON COLUMN optimizer.query_readings.statement_kind IS 'select, insert, update, delete, merge or utility';
COMMENT ON COLUMN optimizer.query_readings.is_complete IS
    'All that it reads and writes is known: it calls no function that may read anything, and fires no trigger';
COMMENT ON COLUMN optimizer.query_readings.is_catalog_only IS 'All relations it names are the system''s';
COMMENT ON COLUMN optimizer.query_readings.user_oid IS
    'The role it was read as: the one that runs it most, until that one stops running it';
COMMENT ON COLUMN optimizer.query_readings.search_path IS 'The search_path that this role has in this database';
COMMENT ON COLUMN optimizer.query_readings.assumptions IS
    'What made it readable: repaired (text), grouped (repeated expressions), $1 as int4 (a parameter''s type)';
COMMENT ON COLUMN optimizer.query_readings.shape IS
    'Relations, levels with predicates, joins, order, groups and limits, writes';
COMMENT ON COLUMN optimizer.query_readings.signature IS
    'Digest of the definitions of its relations when it was read; of the set of all relations when it was not';
COMMENT ON COLUMN optimizer.query_readings.read_at IS 'When it was last read';

CREATE TABLE optimizer.query_relations (
    query_hash bigint NOT NULL REFERENCES optimizer.query_texts ON DELETE CASCADE,
    relation oid NOT NULL,
    relation_name text NOT NULL,
    relkind "char" NOT NULL,
    is_read boolean NOT NULL,
    is_written boolean NOT NULL,
    by_foreign_key boolean NOT NULL,
    topmost oid NOT NULL,
    PRIMARY KEY (query_hash, relation)
);
CREATE INDEX query_relations_relation_idx ON optimizer.query_relations (relation);
CREATE INDEX query_relations_topmost_idx ON optimizer.query_relations (topmost);

COMMENT ON TABLE optimizer.query_relations IS
    'The relations that each statement reads and writes, the system''s own left out; where query_readings.is_complete does not hold, there may be more';
COMMENT ON COLUMN optimizer.query_relations.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_relations.relation IS
    'Oid of the table, partition, view (and what lies behind it), materialized view or foreign table';
COMMENT ON COLUMN optimizer.query_relations.relation_name IS 'Its schema and name at reading, quoted where they must be';
COMMENT ON COLUMN optimizer.query_relations.relkind IS 'relkind of pg_class';
COMMENT ON COLUMN optimizer.query_relations.is_read IS 'Its rows are read';
COMMENT ON COLUMN optimizer.query_relations.is_written IS 'Its rows are written';
COMMENT ON COLUMN optimizer.query_relations.by_foreign_key IS
    'The statement does not name it: a foreign key that a write checks or follows does';
COMMENT ON COLUMN optimizer.query_relations.topmost IS
    'The topmost table that it is a partition of; itself when it is none';

-- xmin of a row of the catalog is another one after each change of the row, but for a second change in one transaction. That
-- of pg_class says too much: TRUNCATE changes it.
CREATE FUNCTION optimizer.relation_signatures(relations oid[])
RETURNS TABLE (relation oid, signature bigint)
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    WITH asked AS MATERIALIZED (
        SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
               c.relacl, c.relhastriggers
        FROM pg_class c
        WHERE c.oid = ANY (relations)
    ), part (oid, digest) AS (
        SELECT a.oid, hashtextextended(format('%s %s %s %s %s %s', a.relname, a.relnamespace, a.relkind,
                                              a.relrowsecurity, a.relforcerowsecurity, a.relowner), 1)
               # coalesce(hash_array_extended(a.relacl, 2), 0)
        FROM asked a
        UNION ALL
        SELECT t.attrelid, bit_xor(hashtextextended(t.attname::text, t.attnum::bigint)
                                   # hashint8extended(t.xmin::text::bigint, t.attnum::bigint))
        FROM asked a JOIN pg_attribute t ON t.attrelid = a.oid AND t.attnum > 0
        GROUP BY t.attrelid
        UNION ALL
        SELECT a.oid, bit_xor(hashint8extended(k.xmin::text::bigint, k.oid::bigint))
        FROM asked a JOIN pg_constraint k ON k.conrelid = a.oid
        GROUP BY a.oid
        UNION ALL
        -- Two rows of pg_constraint for one key must not cancel each other out.
        SELECT a.oid, bit_xor(hashint8extended(k.xmin::text::bigint, k.oid::bigint + 1))
        FROM asked a JOIN pg_constraint k ON k.confrelid = a.oid
        GROUP BY a.oid
        UNION ALL
        SELECT a.oid, bit_xor(hashint8extended(g.xmin::text::bigint, g.oid::bigint))
        FROM asked a JOIN pg_trigger g ON g.tgrelid = a.oid
        WHERE a.relhastriggers
        GROUP BY a.oid
        UNION ALL
        SELECT a.oid, bit_xor(hashint8extended(w.xmin::text::bigint, w.oid::bigint))
        FROM asked a JOIN pg_rewrite w ON w.ev_class = a.oid
        GROUP BY a.oid
        UNION ALL
        SELECT a.oid, bit_xor(hashint8extended(p.xmin::text::bigint, p.oid::bigint))
        FROM asked a JOIN pg_policy p ON p.polrelid = a.oid
        GROUP BY a.oid
    )
    SELECT p.oid, bit_xor(p.digest) FROM part p GROUP BY p.oid
$$;
COMMENT ON FUNCTION optimizer.relation_signatures(oid[]) IS
    'Digest of the definition of each relation: columns, constraints, triggers, rules, policies, rights; for query_readings';

CREATE VIEW optimizer.readings AS
SELECT r.query_hash,
       r.query_hash::text AS query_hash_text,
       CASE WHEN shown THEN t.query ELSE hidden END AS query,
       r.state,
       r.reason,
       CASE WHEN shown THEN r.detail WHEN r.detail IS NOT NULL THEN hidden END AS detail,
       r.statement_kind,
       r.is_complete,
       r.is_catalog_only,
       r.user_oid,
       r.search_path,
       r.assumptions,
       CASE WHEN shown THEN r.shape END AS shape,
       r.read_at
FROM optimizer.query_readings r
JOIN optimizer.query_texts t ON t.query_hash = r.query_hash
CROSS JOIN (SELECT pg_has_role('pg_read_all_stats', 'USAGE'), '<insufficient privilege>'::text)
    AS privilege (shown, hidden);
COMMENT ON VIEW optimizer.readings IS 'What the parser says of each statement, with its text';
