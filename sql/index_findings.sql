-- What the index advisor goes by beside the trials, and what it found.

CREATE VIEW optimizer.queries_of_changed_indexes AS
SELECT c.query_hash, c.changed_at, m.total_exec_time_ms / nullif(m.calls, 0)::float8 AS mean_exec_time_ms
FROM (SELECT i.query_hash, max(e.occurred_at) AS changed_at
      FROM optimizer.system_events e
      JOIN optimizer.query_relations q ON q.relation = e.relation_id AND q.is_read
      -- its plan has the index: what it took before is no measure any more
      JOIN optimizer.index_trials i ON i.query_hash = q.query_hash AND strpos(translate(i.trial #>> '{before,shape}', ');', ',,') || ',', ' by ' || e.object_name || ',') > 0
      WHERE e.event_type = 'index' AND e.action = 'created'
        AND e.occurred_at > (SELECT w.window_start FROM optimizer.recent_window w)
      GROUP BY i.query_hash) AS c
LEFT JOIN LATERAL (
    SELECT sum(x.calls) AS calls, sum(x.total_exec_time_ms) AS total_exec_time_ms
    FROM optimizer.query_metrics x
    WHERE x.query_hash = c.query_hash AND x.bucket_start >= c.changed_at AND x.bucket_start <= now()) AS m ON true;
COMMENT ON VIEW optimizer.queries_of_changed_indexes IS
    'Queries whose plan has an index that was created in the last 24 buckets (24 h where bucket_width is 1h), and what they take since';
COMMENT ON COLUMN optimizer.queries_of_changed_indexes.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.queries_of_changed_indexes.changed_at IS 'When the last of those indexes was created';
COMMENT ON COLUMN optimizer.queries_of_changed_indexes.mean_exec_time_ms IS
    'Mean time of a call in the whole buckets since, ms; null until there are any';

-- Why a query got no index: what a person asks first. Without a word of its text.
CREATE VIEW optimizer.index_findings AS
SELECT a.query_hash, a.query_hash::text AS query_hash_text, round(a.share::numeric, 5)::float8 AS time_share, w.outcome,
       coalesce(s.finding, 'not planned: ' || replace(w.outcome, '_', ' ')) AS finding,
       round(t.saving_percent::numeric, 1)::float8 AS plan_cost_saving_percent, t.tried_at
FROM (SELECT q.query_hash, q.total_exec_time_ms / nullif(sum(q.total_exec_time_ms) OVER (), 0) AS share
      FROM optimizer.query_activity q) AS a
JOIN optimizer.query_texts x ON x.query_hash = a.query_hash AND NOT x.is_own
LEFT JOIN optimizer.query_readings r ON r.query_hash = a.query_hash
LEFT JOIN (
    SELECT i.query_hash, i.outcome, i.tried_at,
           (SELECT CASE WHEN count(*) > 0
                        THEN 100 * greatest(1 - min((e.value #>> '{after,cost}')::float8) / nullif((i.trial #>> '{before,cost}')::float8, 0), 0) END
            FROM jsonb_array_elements(i.trial -> 'sets') AS e) AS saving_percent
    FROM optimizer.index_trials i) AS t ON t.query_hash = a.query_hash
LEFT JOIN optimizer.queries_of_changed_indexes c ON c.query_hash = a.query_hash
LEFT JOIN (
    SELECT s.query_hash FROM optimizer.index_suggestions s WHERE s.made_by = 'builtin' AND s.access_method NOT LIKE 'drop%'
    UNION SELECT unnest(s.affected_query_hashes) FROM optimizer.index_suggestions s
        WHERE s.made_by = 'builtin' AND s.access_method NOT LIKE 'drop%'
) AS g ON g.query_hash = a.query_hash
CROSS JOIN LATERAL (
    SELECT CASE WHEN g.query_hash IS NOT NULL THEN 'suggested'
                WHEN r.query_hash IS NULL THEN 'not_read'
                WHEN r.reason = 'utility' THEN 'utility'
                WHEN r.state <> 'read' THEN 'not_readable'
                WHEN r.is_catalog_only THEN 'catalog_only'
                WHEN t.query_hash IS NULL AND a.share < 0.001 THEN 'too_little_time'
                WHEN t.query_hash IS NULL THEN 'waits'
                WHEN c.query_hash IS NOT NULL AND c.mean_exec_time_ms IS NULL THEN 'waits_for_calls'
                WHEN t.outcome = 'helped' AND a.share < 0.001 THEN 'too_little_time'
                WHEN t.outcome = 'helped' THEN 'not_chosen'
                ELSE t.outcome END
) AS w (outcome)
LEFT JOIN (VALUES
    ('suggested', 'an index that helps it is suggested: see recommendations'),
    ('not_read', 'its text was not read yet: the advise step or generate_suggestions() does that'),
    ('not_readable', 'the server cannot read its text: readings says why'),
    ('utility', 'it is no query: nothing in it can be planned'),
    ('catalog_only', 'it reads the system catalog only'),
    ('too_little_time', 'it takes less than 0.1 % of all time'),
    ('waits', 'it was not tried yet: the advise step or generate_suggestions() does that; without HypoPG nothing is tried'),
    ('waits_for_calls', 'its plan has an index that was created lately: it has to run in a whole bucket after that'),
    ('not_chosen', 'an index would lower the planner''s cost, but less than 10 % is promised after all doubts, it does not pay for its writes and its room, or one was made and did not help'),
    ('no_candidate', 'no index could help: no condition, join or order on a table of 1,000 rows or more that is not indexed already'),
    ('not_helped', 'the planner would use no further index, or save less than 15 % of its cost'),
    ('at_risk', 'the planner would use an index for it and may get slower by that'),
    ('not_made', 'no hypothetical index could be made: a lock, a limit, or HypoPG is switched off; it is tried again after an hour'),
    ('not_finite', 'the planner''s costs are no numbers: look at the settings of the role that runs it'))
    AS s (outcome, finding) ON s.outcome = w.outcome;
COMMENT ON VIEW optimizer.index_findings IS
    'What the index advisor found for each query of the last 24 buckets (24 h where bucket_width is 1h), also why it suggests nothing; plans has more where a query was not planned';
COMMENT ON COLUMN optimizer.index_findings.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.index_findings.query_hash_text IS 'The same as text: clients round large numbers';
COMMENT ON COLUMN optimizer.index_findings.time_share IS 'Its share of the time of all queries, 0 to 1, to five places';
COMMENT ON COLUMN optimizer.index_findings.outcome IS
    'suggested, not_chosen, not_helped, no_candidate, at_risk, too_little_time, waits, waits_for_calls, not_read, not_readable, utility, catalog_only, not_made, not_finite, or why it was not planned';
COMMENT ON COLUMN optimizer.index_findings.finding IS 'The same as a sentence';
COMMENT ON COLUMN optimizer.index_findings.plan_cost_saving_percent IS
    'What the best indexes that were tried would save of the planner''s cost, percent; null where none helped';
COMMENT ON COLUMN optimizer.index_findings.tried_at IS 'When indexes were last tried on it; null: never';
