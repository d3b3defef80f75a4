/* optimizer_workflow: report, where and when. $1 days, $2 seconds of a bucket, $3 between two runs of the advisors, $4 to the first look at a change and $5
   to the last. Moments are seconds since 1970 on the
   clock of the session's TimeZone. */
SELECT jsonb_build_object(
    'database', current_database(),
    'server_version', current_setting('server_version'),
    'extension_version', (SELECT extversion FROM pg_extension WHERE extname = 'optimizer_workflow'),
    'time_zone', current_setting('TimeZone'),
    'is_standby', pg_is_in_recovery(),
    'days', $1::integer,
    'generated_at', extract(epoch FROM now()::timestamp),
    'period_start', extract(epoch FROM (now() - make_interval(days => $1))::timestamp),
    'observed_from', extract(epoch FROM min(c.bucket_start)::timestamp),
    'observed_until', extract(epoch FROM LEAST(now(), max(
        c.bucket_start + make_interval(secs => c.bucket_width_seconds)))::timestamp),
    'observed_seconds', coalesce(sum(c.observed_share * c.bucket_width_seconds), 0),
    'bucket_width_seconds', $2::float8, 'advise_interval_seconds', $3::float8,
    'measure_after_seconds', $4::float8, 'measure_deadline_seconds', $5::float8)::text
FROM optimizer.sampling_coverage c
WHERE c.bucket_start >= now() - make_interval(days => $1)
  AND c.bucket_start <= now()
  AND c.observed_share > 0
