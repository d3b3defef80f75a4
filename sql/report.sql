-- What the report needs and no other view has.

CREATE VIEW optimizer.texts AS
SELECT t.query_hash,
       t.query_hash::text AS query_hash_text,
       CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN t.query
            ELSE '<insufficient privilege>' END AS query,
       t.is_own
FROM optimizer.query_texts t;
COMMENT ON VIEW optimizer.texts IS
    'The text of each query that was read, shown to members of pg_read_all_stats';
COMMENT ON COLUMN optimizer.texts.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.texts.query_hash_text IS
    'The same as text: JSON and JavaScript lose digits past 2^53';
COMMENT ON COLUMN optimizer.texts.query IS 'Normalised text';
COMMENT ON COLUMN optimizer.texts.is_own IS 'A statement of this extension';
GRANT SELECT ON optimizer.texts TO pg_monitor;

COMMENT ON FUNCTION optimizer.report_html(integer) IS
    'One self-contained HTML page over so many days: what is worth doing, what was done and whether it helped, how far to trust it; psql -Atc writes it into a file';
GRANT EXECUTE ON FUNCTION optimizer.report_html(integer) TO pg_monitor;
