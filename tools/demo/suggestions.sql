-- What other tools would send: plain INSERTs into the four tables, each under the name of the tool that made it.
-- Hashes are looked up by query text, as a tool that reads pg_stat_statements would do. The index on orders is not among them: our own advisor
-- finds it.
-- Trap: two of these are wrong on purpose, in ways that are common. Nearly every review is published, so that an index on
-- that can save nothing ("a column in WHERE has no index"). The open tickets are old, so that an index on their date lets
-- the planner walk past all the newer ones ("ORDER BY without an index"): it does not know that the two columns go together.

INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, access_method,
    estimated_size_bytes, reasoning, estimated_improvement_percent, confidence_score, made_by)
SELECT q.query_hash, a.relation, a.definition, a.columns, 'btree', a.bytes, a.reasoning, a.improvement, a.confidence,
       'index_advisor'
FROM (VALUES
    ('SELECT kind, happened_at FROM events%', 'public.events',
     'CREATE INDEX CONCURRENTLY events_customer_id_idx ON public.events (customer_id)',
     ARRAY['customer_id'], 2359296, 'reads 100,000 rows to return five', 90.0, 0.80),
    ('SELECT count(*), sum(helpful_votes)%FROM reviews%', 'public.reviews',
     'CREATE INDEX CONCURRENTLY reviews_is_published_idx ON public.reviews (is_published)',
     ARRAY['is_published'], 262144, 'a column in WHERE has no index', 80.0, 0.70),
    ('SELECT id, subject, opened_at FROM tickets%', 'public.tickets',
     'CREATE INDEX CONCURRENTLY tickets_opened_at_idx ON public.tickets (opened_at)',
     ARRAY['opened_at'], 1359872, 'sorts for ORDER BY on each call', 70.0, 0.75)
) AS a (text_like, relation, definition, columns, bytes, reasoning, improvement, confidence)
JOIN optimizer.query_stats AS q ON q.query LIKE a.text_like;

INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query,
    suggested_rewrite, reasoning, estimated_improvement_percent, confidence_score, made_by)
SELECT q.query_hash, 'summary_table', 'Keep monthly invoices in a summary table', q.query,
       'SELECT month, total_cents FROM invoices_per_month ORDER BY month',
       'past months never change, yet they are summed up again on each call', 80, 0.5, 'query_linter'
FROM optimizer.query_stats AS q WHERE q.query LIKE 'SELECT date_trunc(%FROM invoices%';

INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value, recommended_value,
    reasoning, estimated_improvement_percent, confidence_score, made_by)
SELECT q.query_hash, 'work_mem', '4MB', '16MB', 'grouping 20,000 customers may spill', 15, 0.3, 'settings_checker'
FROM optimizer.query_stats AS q WHERE q.query LIKE 'SELECT country, count(*) FROM customers%';

INSERT INTO optimizer.workload_patterns (query_hash, database_name, pattern_type, pattern_metadata, description,
    affected_query_count, confidence_score, made_by)
SELECT q.query_hash, current_database(), 'hourly_peak', '{"hours": [18, 19, 20]}',
       'most orders are placed between 18 and 21 h', 1, 0.6, 'load_watcher'
FROM optimizer.query_stats AS q WHERE q.query LIKE 'INSERT INTO orders%';
