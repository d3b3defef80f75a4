-- Words that want to be markup, hide or reorder, wherever a person or a tool may write some: query texts, suggestions, notes, names.
CREATE FUNCTION public.hostile(place text) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
    SELECT format($w$%s</code></script><script>document.title = 'injected'</script><img src=x onerror="document.title='injected'"> "'&amp;<b>&#60; ]]> --> <!-- $w$, place)
           || chr(8238) || 'reordered' || chr(8236) || chr(8207) || chr(1) || chr(27) || '[31m' || chr(127) || ' 🙂 👩' || chr(8205) || '🚒 é' || chr(65279)
$f$;
INSERT INTO optimizer.query_texts (query_hash, query)
VALUES (-7, 'SELECT ' || public.hostile('query')), (8, public.hostile('long') || repeat('<i>& "long" text</i>' || chr(10), 5000)),
       (9, repeat('x', 100000)), (10, 'SELECT 1 /* </style></title></textarea> */');
INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
SELECT date_trunc('hour', now()) - n * interval '1 hour', 3600, true FROM generate_series(1, 120) AS n;
INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                     sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
SELECT query, b, b + interval '1 hour', 30, 30 * (10 + n % 7), 0, 30, 300, 0
FROM generate_series(1, 120) AS n, unnest('{-7,8,9,10}'::bigint[]) AS query,
     LATERAL (SELECT date_trunc('hour', now()) - n * interval '1 hour') AS bucket (b);
INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query, suggested_rewrite, reasoning,
                                                 estimated_improvement_percent, confidence_score, made_by)
SELECT query, public.hostile('kind'), public.hostile('description'), public.hostile('original') || long, public.hostile('rewrite') || long,
       public.hostile('reasoning') || long, 50, 0.5, public.hostile('made_by')
FROM unnest('{-7,8,9}'::bigint[]) AS query, repeat('<u>0123456789</u>', 6000) AS long;
SELECT optimizer.aggregate_recommendations();
SET client_min_messages = error;
SELECT optimizer.record_recommendation_implementation(min(id), implementation_notes => public.hostile('note'),
           implemented_at => date_trunc('hour', now()) - interval '50 hours', new_query_hash => 10)
FROM optimizer.recommendations WHERE query_hash = -7;
SELECT optimizer.measure_pending_implementations();
