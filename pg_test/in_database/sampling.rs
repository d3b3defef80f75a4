//! Rules that need no second transaction. pg_stat_statements itself is not transactional, so what it
//! counts here is real.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn without_pg_stat_statements_the_hint_says_what_to_do() {
        let (code, message, hint) = raised("SELECT optimizer.take_sample()");
        assert_eq!(code, "55000");
        assert!(message.contains("not installed"), "{message}");
        assert!(hint.contains("CREATE EXTENSION pg_stat_statements"), "{hint}");
        assert!(one::<bool>(
            "SELECT NOT ok AND hint LIKE '%CREATE EXTENSION%' FROM optimizer.status()
             WHERE item = 'pg_stat_statements'"
        ));
    }

    #[pg_test]
    fn with_compute_query_id_off_the_hint_says_what_to_set() {
        run("CREATE EXTENSION pg_stat_statements");
        run("SET LOCAL compute_query_id = off");
        let (code, _, hint) = raised("SELECT optimizer.take_sample()");
        assert_eq!(code, "55000");
        assert!(hint.contains("compute_query_id"), "{hint}");
    }

    #[pg_test]
    fn a_sample_works_in_any_schema_and_the_first_one_writes_no_bucket() {
        run("CREATE SCHEMA \"Odd schema\"");
        run("CREATE EXTENSION pg_stat_statements SCHEMA \"Odd schema\"");
        run("SELECT \"Odd schema\".pg_stat_statements_reset()");
        run("SELECT count(*) FROM pg_class");
        assert_eq!(one::<i32>("SELECT buckets_written FROM optimizer.take_sample()"), 0);
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_metrics"), 0);
    }

    #[pg_test]
    fn the_second_sample_writes_what_ran_in_between_and_nothing_of_our_own() {
        run("CREATE EXTENSION pg_stat_statements");
        run("SET LOCAL pg_stat_statements.track = 'all'");
        run("CREATE TABLE sampled_table (a int)");
        run("SELECT optimizer.take_sample()");
        for _ in 0..7 {
            run("SELECT count(*) FROM sampled_table WHERE a = 1");
        }
        // Texts are read at most 0.5 % of the time.
        run("UPDATE optimizer.sampler_state SET texts_read_at = NULL");
        run("SELECT optimizer.take_sample()");
        let calls = one::<i64>(
            "SELECT calls FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash)
             WHERE query LIKE '%FROM sampled_table WHERE%'",
        );
        assert_eq!(calls, 7);
        assert_eq!(
            one::<i64>(
                "SELECT count(*) FROM optimizer.query_metrics
                 JOIN optimizer.query_texts USING (query_hash)
                 WHERE is_own OR query LIKE '%optimizer.%'"
            ),
            0
        );
        assert!(one::<bool>(
            "SELECT sum(sampled_seconds) > 0 AND sum(sampled_seconds) < 60
             FROM optimizer.sampling_coverage"
        ));
    }

    #[pg_test]
    fn until_one_bucket_is_observed_figures_rest_on_the_counters_since_their_reset() {
        run("CREATE EXTENSION pg_stat_statements");
        run("SET LOCAL pg_stat_statements.track = 'all'");
        run("SELECT pg_stat_statements_reset()");
        run("CREATE TABLE early_table (a int)");
        for _ in 0..3 {
            run("SELECT count(*) FROM early_table");
        }
        run("SELECT optimizer.take_sample()");
        let row = one::<String>(
            "SELECT format('%s %s', calls, basis) FROM optimizer.query_stats
             WHERE query LIKE '%FROM early_table'",
        );
        assert_eq!(row, "3 since_reset");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_metrics"), 0);
    }

    #[pg_test]
    fn an_entry_that_was_reset_alone_gives_its_new_value_and_is_lossy() {
        run("CREATE EXTENSION pg_stat_statements");
        run("SET LOCAL pg_stat_statements.track = 'all'");
        run("CREATE TABLE reset_table (a int)");
        for _ in 0..9 {
            run("SELECT count(*) FROM reset_table");
        }
        run("SELECT optimizer.take_sample()");
        run("SELECT pg_stat_statements_reset(0, 0, queryid) FROM pg_stat_statements
             WHERE query LIKE '%FROM reset_table'");
        for _ in 0..2 {
            run("SELECT count(*) FROM reset_table");
        }
        run("SELECT optimizer.take_sample()");
        let row = one::<String>(
            "SELECT format('%s %s', calls, lossy) FROM optimizer.query_metrics
             JOIN optimizer.query_texts USING (query_hash) WHERE query LIKE '%FROM reset_table'",
        );
        assert_eq!(row, "2 t");
    }

    #[pg_test]
    fn maintenance_does_each_step_that_is_due_and_says_what_it_did() {
        run("CREATE EXTENSION pg_stat_statements");
        suggest_index(1, 50.0, 0.5);
        let steps = || {
            one::<String>(
                "SELECT string_agg(step || ': ' || detail, '; ' ORDER BY n)
                 FROM optimizer.run_maintenance() WITH ORDINALITY AS t (step, detail, ms, n)",
            )
        };
        let first = steps();
        assert!(first.starts_with("purge: 0 rows deleted; sample: "), "{first}");
        assert!(first.contains("aggregate: 1 recommendations added"), "{first}");
        assert!(first.ends_with("measure: 0 looks taken"), "{first}");
        assert_eq!(
            steps(),
            "purge: not due; sample: not due; events: not due; advise: not due; aggregate: not due; \
             measure: not due"
        );
        let (code, _, hint) = raised("SELECT optimizer.run_maintenance('vacuum')");
        assert_eq!(code, "22023");
        assert!(hint.contains("sample, purge, events, advise, aggregate, measure"), "{hint}");
    }

    #[pg_test]
    fn a_failing_step_takes_no_other_with_it() {
        let row = one::<String>(
            "SELECT string_agg(step, ',' ORDER BY step) FROM optimizer.run_maintenance()
             WHERE detail LIKE 'failed: %'",
        );
        assert_eq!(row, "advise,sample", "pg_stat_statements is not installed");
        assert_eq!(
            one::<i64>(
                "SELECT count(*) FROM optimizer.maintenance_runs WHERE detail NOT LIKE 'failed%'"
            ),
            4
        );
    }

    #[pg_test]
    fn what_is_older_than_the_retention_goes_and_what_is_implemented_stays() {
        run("SET LOCAL optimizer_workflow.retention = '1h'");
        ingest(1, 3.0, 1, 1.0);
        ingest(2, 0.0, 1, 1.0);
        let kept = recommend_index(1, 50.0, 0.5);
        record(kept, 0.0);
        recommend_index(2, 50.0, 0.5);
        run("DELETE FROM optimizer.index_suggestions");
        run("SELECT optimizer.aggregate_recommendations()");
        run(
            "UPDATE optimizer.optimization_recommendations SET updated_at = now() - interval '2 hours'",
        );
        let detail = one::<String>("SELECT detail FROM optimizer.run_maintenance('purge')");
        // One bucket, its coverage, one expired recommendation.
        assert_eq!(detail, "3 rows deleted");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.recommendations"), 1);
    }

    #[pg_test]
    fn time_that_was_observed_before_is_not_observed_again() {
        run("CREATE EXTENSION pg_stat_statements");
        run("SET LOCAL pg_stat_statements.track = 'all'");
        run("SELECT optimizer.take_sample()");
        run("INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, sampled_seconds)
             SELECT date_bin('1 hour', clock_timestamp() + n * interval '1 hour', '2000-01-01 00:00:00+00'), 3600, 3600
             FROM generate_series(0, 1) AS n");
        run("SELECT count(*) FROM pg_class");
        assert_eq!(one::<i32>("SELECT buckets_written FROM optimizer.take_sample()"), 0);
        assert!(one::<bool>("SELECT max(sampled_seconds) = 3600 FROM optimizer.sampling_coverage"));
    }

    #[pg_test]
    fn what_a_clock_left_in_the_future_is_not_of_the_last_24_hours() {
        ingest(1, 0.0, 100, 10.0);
        run("INSERT INTO optimizer.query_metrics
             SELECT query_hash, bucket_start + interval '25 hours', counted_until + interval '25 hours', calls,
                    total_exec_time_ms, sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read, lossy
             FROM optimizer.query_metrics;
             INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
             SELECT bucket_start + interval '25 hours', 60, ingested FROM optimizer.sampling_coverage");
        assert_eq!(
            one::<String>(
                "SELECT format('%s %s', calls, calls_per_hour) FROM optimizer.query_stats"
            ),
            "100 100"
        );
    }
}
