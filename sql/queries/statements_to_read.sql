/* optimizer_workflow: statements that were not read yet, or not as things are now, the most expensive first; at most $1.
   Texts of more than $2 bytes come as null. */
WITH statement AS MATERIALIZED (
    SELECT c.query_hash, sum(c.total_exec_time_ms) AS total_exec_time_ms,
           (array_agg(c.user_oid ORDER BY c.calls DESC, c.user_oid))[1] AS user_oid,
           array_agg(c.user_oid) AS user_oids
    FROM optimizer.sampler_counters c
    GROUP BY c.query_hash
), reader AS MATERIALIZED (
    SELECT t.query_hash, s.total_exec_time_ms,
           -- A role that ran it first stays the one, as long as it runs it: two that take turns are no news.
           -- A text that somebody delivered is read as that role: nobody writes what another one reads.
           CASE WHEN t.ingested_by IS NOT NULL
                    THEN (SELECT i.oid FROM pg_roles i WHERE i.rolname = t.ingested_by)
                WHEN r.state = 'read' AND (s.query_hash IS NULL OR r.user_oid = ANY (s.user_oids))
                THEN r.user_oid ELSE coalesce(s.user_oid, r.user_oid) END AS user_oid
    FROM optimizer.query_texts t
    LEFT JOIN statement s ON s.query_hash = t.query_hash
    LEFT JOIN optimizer.query_readings r ON r.query_hash = t.query_hash
    WHERE NOT t.is_own
), role AS MATERIALIZED (
    SELECT u.user_oid, a.oid IS NOT NULL AS is_there,
           coalesce((
               SELECT substr(c.setting, length('search_path=') + 1)
               FROM pg_db_role_setting s
               CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
               WHERE s.setrole IN (0, u.user_oid)
                 AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                 AND c.setting LIKE 'search\_path=%'
               ORDER BY s.setrole = 0, s.setdatabase = 0
               LIMIT 1), '"$user", public') AS search_path
    FROM (SELECT DISTINCT user_oid FROM reader WHERE user_oid IS NOT NULL) AS u
    LEFT JOIN pg_roles a ON a.oid = u.user_oid
), relations_now AS MATERIALIZED (
    SELECT coalesce(bit_xor(hashtextextended(c.relname::text, c.oid::bigint)
                            # coalesce(hash_array_extended(c.relacl, c.oid::bigint), 0)), 0) AS signature
    FROM pg_class c
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relpersistence <> 't'
), signature AS MATERIALIZED (
    SELECT q.query_hash, bit_xor(hashint8extended(coalesce(n.signature, 0), q.relation::bigint)) AS signature
    FROM optimizer.query_relations q
    LEFT JOIN optimizer.relation_signatures(
        ARRAY(SELECT DISTINCT relation FROM optimizer.query_relations)) n ON n.relation = q.relation
    GROUP BY q.query_hash
)
SELECT d.query_hash,
       CASE WHEN octet_length(t.query) <= $2 THEN t.query END,
       d.user_oid,
       coalesce(o.is_there, false),
       o.search_path,
       n.signature
FROM reader d
CROSS JOIN relations_now n
JOIN optimizer.query_texts t ON t.query_hash = d.query_hash
LEFT JOIN role o ON o.user_oid = d.user_oid
LEFT JOIN optimizer.query_readings r ON r.query_hash = d.query_hash
LEFT JOIN signature g ON g.query_hash = d.query_hash
WHERE r.query_hash IS NULL
   OR (d.user_oid, o.search_path) IS DISTINCT FROM (r.user_oid, r.search_path)
   OR CASE
          WHEN r.state = 'read' THEN r.signature <> coalesce(g.signature, 0)
          -- What was in the way of these may have gone without a trace.
          WHEN r.reason IN ('timed_out', 'lock_not_available') THEN r.read_at < clock_timestamp() - interval '1 hour'
          WHEN r.reason IN ('utility', 'too_long', 'invalid_text') THEN false
          ELSE r.signature <> n.signature
      END
ORDER BY d.total_exec_time_ms DESC NULLS LAST, d.query_hash
LIMIT $1
