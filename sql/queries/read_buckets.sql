/* optimizer_workflow: which part of each bucket was observed. $1 first, $2 last bucket (its start). Moments are
   microseconds since 2000-01-01 00:00 UTC; hour and weekend are those of the server's time zone, whoever asks. */
WITH zone AS (
    SELECT coalesce(
        (SELECT f.setting FROM pg_file_settings f
         WHERE lower(f.name) = 'timezone' AND f.applied ORDER BY f.seqno DESC LIMIT 1),
        (SELECT s.boot_val FROM pg_settings s WHERE lower(s.name) = 'timezone')) AS name
)
SELECT coalesce(array_agg(b.start_micros ORDER BY b.bucket_start), '{}'),
       coalesce(array_agg(b.bucket_width_seconds ORDER BY b.bucket_start), '{}'),
       coalesce(array_agg(b.observed_share ORDER BY b.bucket_start), '{}'),
       coalesce(array_agg(b.hour_of_day ORDER BY b.bucket_start), '{}'),
       coalesce(array_agg(b.is_weekend ORDER BY b.bucket_start), '{}')
FROM (
    SELECT c.bucket_start, c.bucket_width_seconds, c.observed_share,
           (extract(epoch FROM c.bucket_start - '2000-01-01 00:00:00+00'::timestamptz)
            * 1000000)::bigint AS start_micros,
           extract(hour FROM c.bucket_start AT TIME ZONE zone.name)::integer AS hour_of_day,
           extract(isodow FROM c.bucket_start AT TIME ZONE zone.name) >= 6 AS is_weekend
    FROM optimizer.sampling_coverage c
    CROSS JOIN zone
    WHERE c.bucket_start BETWEEN $1 AND $2
) AS b
