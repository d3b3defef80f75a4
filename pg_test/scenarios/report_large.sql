-- A large database: :queries queries with texts of 100 kB, advice on each, :buckets hours in which every tenth of them ran.
INSERT INTO optimizer.query_texts (query_hash, query)
SELECT n, format('SELECT /* %s */ ', n) || repeat(format('column_%s, <b>"&', n), 100000 / 16) FROM generate_series(1, :queries) AS n;
INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
SELECT date_trunc('hour', now()) - n * interval '1 hour', 3600, true FROM generate_series(1, :buckets) AS n;
INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                     sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
SELECT 1 + (query * 10 + n * 7) % :queries, b, b + interval '1 hour', 5, 5 * (1 + query % 50), 0, 5, 50, 1
FROM generate_series(1, :buckets) AS n, generate_series(1, :queries / 10) AS query,
     LATERAL (SELECT date_trunc('hour', now()) - n * interval '1 hour') AS bucket (b);
INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, estimated_improvement_percent, confidence_score,
                                         made_by, reasoning)
SELECT n, 'shop.t' || n, format('CREATE INDEX ON shop.t%s (a)', n), '{a}', 10 + n % 80, 0.5, 'a tool',
       repeat('it is so because ', 6000)
FROM generate_series(1, :queries) AS n;
SELECT optimizer.aggregate_recommendations();
SET client_min_messages = error;
SELECT optimizer.record_recommendation_implementation(id, implemented_at => date_trunc('hour', now()) - interval '60 hours')
FROM optimizer.recommendations ORDER BY id LIMIT 60;
SELECT optimizer.measure_pending_implementations();
VACUUM (ANALYZE);
