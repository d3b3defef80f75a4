-- What the planner makes of each statement, and why it makes nothing of some. Made anew when the statement was read anew, and
-- once a day: statistics and sizes move plans without any DDL.

CREATE TABLE optimizer.query_plans (
    query_hash bigint PRIMARY KEY REFERENCES optimizer.query_readings ON DELETE CASCADE,
    is_planned boolean NOT NULL,
    reason text CHECK (is_planned = (reason IS NULL)),
    detail text,
    total_cost float8 CHECK (is_planned = (total_cost IS NOT NULL)),
    estimated_rows float8,
    is_parallel boolean,
    shape text,
    shape_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    reading_read_at timestamptz NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX query_plans_planned_at_idx ON optimizer.query_plans (planned_at);

COMMENT ON TABLE optimizer.query_plans IS
    'What the planner makes of each statement with no parameter known, or why it was not planned';
COMMENT ON COLUMN optimizer.query_plans.query_hash IS 'queryid of pg_stat_statements';
COMMENT ON COLUMN optimizer.query_plans.is_planned IS 'It was planned; nothing is ever executed';
COMMENT ON COLUMN optimizer.query_plans.reason IS
    'Why it was not: a stable word such as untrusted_function';
COMMENT ON COLUMN optimizer.query_plans.detail IS 'The same as a sentence';
COMMENT ON COLUMN optimizer.query_plans.total_cost IS 'Cost of the generic plan, in the planner''s units';
COMMENT ON COLUMN optimizer.query_plans.estimated_rows IS 'Rows that the planner expects';
COMMENT ON COLUMN optimizer.query_plans.is_parallel IS 'The plan has a Gather';
COMMENT ON COLUMN optimizer.query_plans.shape IS
    'Node types, relations and indexes, without numbers: the same until the planner decides otherwise';
COMMENT ON COLUMN optimizer.query_plans.shape_since IS 'Since when the plan has had this shape';
COMMENT ON COLUMN optimizer.query_plans.reading_read_at IS
    'When the reading that it was planned from was made';
COMMENT ON COLUMN optimizer.query_plans.planned_at IS 'When it was last planned';

CREATE VIEW optimizer.plans AS
SELECT p.query_hash,
       p.query_hash::text AS query_hash_text,
       CASE WHEN shown THEN t.query ELSE hidden END AS query,
       p.is_planned,
       p.reason,
       CASE WHEN shown THEN p.detail WHEN p.detail IS NOT NULL THEN hidden END AS detail,
       p.total_cost,
       p.estimated_rows,
       p.is_parallel,
       p.shape,
       p.shape_since,
       p.planned_at
FROM optimizer.query_plans p
JOIN optimizer.query_texts t ON t.query_hash = p.query_hash
CROSS JOIN (SELECT pg_has_role('pg_read_all_stats', 'USAGE'), '<insufficient privilege>'::text)
    AS privilege (shown, hidden);
COMMENT ON VIEW optimizer.plans IS
    'What the planner makes of each statement with no parameter known, with its text; plan_query() says more about one';
