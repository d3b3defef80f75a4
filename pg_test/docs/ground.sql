-- What the pages of the docs speak about: a shop whose last three weeks are told to the extension, traffic of this minute, three
-- changes of three days ago with their verdicts, and open advice. Verdicts and advice are the extension's own.
-- What pages may lean on: tables customers and orders (20,000 rows, nothing on customer_id), invoices, reviews, tickets (small, with an
-- index that was made) and eight more; query -1234567890, delivered from outside; recommendation 1 is open, implementation 1 is the next
-- that is recorded; 101 to 103 are the three that were measured.
-- Trap: the ledger of events is off while the three indexes are made, or it would say that they were made now.
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION optimizer_workflow;
SET optimizer_workflow.retention = '60d';
ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE;
ALTER EVENT TRIGGER optimizer_workflow_drop DISABLE;

CREATE TABLE customers (id bigint PRIMARY KEY, name text);
INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 2000) AS n;
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL, status text DEFAULT 'new' NOT NULL,
                     total numeric NOT NULL, placed_at timestamptz DEFAULT now() NOT NULL);
INSERT INTO orders (customer_id, status, total) SELECT 1 + n % 2000, CASE WHEN n % 50 = 0 THEN 'open' ELSE 'paid' END, n FROM generate_series(1, 20000) AS n;
SELECT format('CREATE TABLE %I (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint, note text)', name)
FROM unnest('{invoices,reviews,tickets,carts,visits,returns,payments,labels,parcels,vouchers,sessions}'::text[]) AS name \gexec
ANALYZE;

-- Traffic of the shop.
SELECT optimizer.take_sample();
SELECT format('SELECT id, total FROM orders WHERE customer_id = %s ORDER BY id DESC LIMIT 20', n) FROM generate_series(1, 40) AS n \gexec
SELECT format('SELECT name FROM customers WHERE id = %s', n) FROM generate_series(1, 10) AS n \gexec
SELECT format('SELECT id, note FROM %I WHERE customer_id = %s', name, n)
FROM unnest('{invoices,reviews,tickets,carts,visits,returns,payments,labels,parcels,vouchers,sessions}'::text[]) AS name, generate_series(1, 3) AS n \gexec
UPDATE optimizer.sampler_state SET texts_read_at = NULL;
SELECT optimizer.take_sample();
SELECT optimizer.ingest_query_metrics(-1234567890, now(), calls => 60, total_exec_time_ms => 180, rows => 60,
           query_text => 'SELECT count(*) FROM orders WHERE status = $1 AND placed_at > $2');

-- Three weeks, hour by hour; the three were changed 72 hours ago.
CREATE SCHEMA ground;
CREATE TABLE ground.story AS
SELECT t.query_hash, s.*
FROM (VALUES ('orders', 900, 9.0, 9.0), ('invoices', 500, 42.0, 1.4), ('reviews', 400, 12.0, 12.0), ('tickets', 300, 9.0, 28.5),
             ('carts', 200, 3.0, 3.0), ('visits', 700, 2.0, 2.0), ('returns', 120, 5.0, 5.0), ('payments', 240, 4.0, 4.0),
             ('labels', 150, 2.5, 2.5), ('parcels', 180, 3.5, 3.5), ('vouchers', 90, 6.0, 6.0), ('sessions', 600, 1.5, 1.5))
     AS s (relation, calls_per_hour, before_ms, after_ms)
JOIN optimizer.query_texts t ON t.query ~ format('^SELECT id, (note|total) FROM %s WHERE', s.relation);
INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
SELECT date_trunc('hour', now()) - n * interval '1 hour', 3600, true FROM generate_series(1, 504) AS n
ON CONFLICT DO NOTHING;
INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                     sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
SELECT query_hash, b, b + interval '1 hour', calls_per_hour, calls_per_hour * ms, 0, calls_per_hour, calls_per_hour * 40, calls_per_hour * 2
FROM ground.story, generate_series(1, 504) AS n,
     LATERAL (SELECT date_trunc('hour', now()) - n * interval '1 hour') AS bucket (b),
     LATERAL (SELECT (CASE WHEN n > 72 THEN before_ms ELSE after_ms END)
                     * (0.94 + 0.12 * (hashtextextended(relation, n) & 1023) / 1024.0)) AS time (ms)
ON CONFLICT (query_hash, bucket_start) DO NOTHING;

-- Texts are read and indexes are tried: recommendation 1 is the first that comes of it.
SELECT optimizer.run_maintenance_step('advise');
INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, reasoning, estimated_improvement_percent, confidence_score, made_by)
SELECT query_hash, 'public.orders', 'CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id, id DESC)', '{customer_id,id}',
       'sequential scan of 20,000 rows for 10', 95, 0.85, 'index_advisor'
FROM ground.story
WHERE relation = 'orders' AND NOT EXISTS (SELECT FROM optimizer.index_suggestions);
SELECT optimizer.aggregate_recommendations();

-- What was done three days ago.
ALTER TABLE optimizer.optimization_recommendations ALTER COLUMN id RESTART WITH 101;
ALTER TABLE optimizer.optimization_implementations ALTER COLUMN id RESTART WITH 101;
INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, reasoning, estimated_improvement_percent, confidence_score, made_by)
SELECT query_hash, 'public.' || relation, format('CREATE INDEX %1$s_customer_id_idx ON public.%1$s (customer_id)', relation), '{customer_id}',
       'sequential scan', estimated, confidence, 'index_advisor'
FROM ground.story JOIN (VALUES ('invoices', 95, 0.85), ('reviews', 80, 0.7), ('tickets', 70, 0.75)) AS a (relation, estimated, confidence) USING (relation)
ORDER BY relation;
SELECT optimizer.aggregate_recommendations();
UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '9 days' WHERE id > 100;
CREATE INDEX invoices_customer_id_idx ON public.invoices (customer_id);
CREATE INDEX reviews_customer_id_idx ON public.reviews (customer_id);
CREATE INDEX tickets_customer_id_idx ON public.tickets (customer_id);
SET client_min_messages = warning;
SELECT optimizer.record_recommendation_implementation(id, implementation_notes => 'built at noon',
           implemented_at => date_trunc('hour', now()) - interval '72 hours')
FROM (SELECT r.id FROM optimizer.optimization_recommendations r JOIN ground.story s USING (query_hash)
      WHERE r.id > 100 ORDER BY s.relation) AS done;
SELECT optimizer.measure_pending_implementations();
ALTER TABLE optimizer.optimization_recommendations ALTER COLUMN id RESTART WITH 2;
ALTER TABLE optimizer.optimization_implementations ALTER COLUMN id RESTART WITH 1;

-- Advice that is still open.
INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query, suggested_rewrite, reasoning,
                                                 estimated_improvement_percent, confidence_score, made_by)
SELECT query_hash, 'materialise', 'Keep the number of visits in a summary table', 'SELECT id, note FROM visits WHERE customer_id = $1',
       'SELECT visits FROM visits_by_customer WHERE customer_id = $1', 'It is asked 700 times an hour.', 60, 0.5, 'a colleague'
FROM ground.story WHERE relation = 'visits';
INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value, recommended_value, reasoning,
                                                    estimated_improvement_percent, confidence_score, made_by)
SELECT query_hash, 'work_mem', '4MB', '16MB', 'It sorts 9 MB on disk.', 15, 0.3, 'a colleague' FROM ground.story WHERE relation = 'sessions';
SELECT optimizer.aggregate_recommendations();
SELECT optimizer.run_maintenance_step('events');
ALTER EVENT TRIGGER optimizer_workflow_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER optimizer_workflow_drop ENABLE ALWAYS;
DROP SCHEMA ground CASCADE;
