/* optimizer_workflow: the server as it is now. Only the recovery from a crash empties all cumulative
   statistics at one moment, to the microsecond: a reset by hand takes one kind, or each at its own time. */
SELECT clock_timestamp() AS looked_at,
       pg_postmaster_start_time() AS started_at,
       CASE WHEN bgwriter.stats_reset = wal.stats_reset AND wal.stats_reset = archiver.stats_reset
            THEN bgwriter.stats_reset END AS cumulative_reset_at,
       CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier FROM pg_control_system()) END AS system_identifier,
       -- the first eight digits of a segment's name; the control file knows it only after a checkpoint
       ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer AS timeline,
       current_setting('server_version_num')::integer AS version_num,
       current_setting('server_version') AS version
FROM pg_stat_bgwriter AS bgwriter, pg_stat_wal AS wal, pg_stat_archiver AS archiver
