#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn what_is_ingested_twice_into_a_bucket_adds_up_with_its_spread() {
        let end = "date_trunc('hour', now()) - interval '30 minutes'";
        run(&format!("SELECT optimizer.ingest_query_metrics(-5, {end}, 2, 6, 1, 2, 3, 4)"));
        run(&format!("SELECT optimizer.ingest_query_metrics(-5, {end}, 3, 21, 2, 1, 1, 1)"));
        let row = one::<String>(
            "SELECT format('%s %s %s %s %s', calls, total_exec_time_ms, rows, shared_blks_hit,
                           shared_blks_read) FROM optimizer.query_metrics WHERE query_hash = -5",
        );
        assert_eq!(row, "5 27 3 4 5");
        // 2 x 1 + 3 x 4, and 16 x 2 x 3 / 5 between means of 3 and 7.
        let spread = one::<f64>(
            "SELECT sum_squared_deviation_ms2 FROM optimizer.query_metrics WHERE query_hash = -5",
        );
        assert!((spread - 33.2).abs() < 1e-12, "{spread}");
    }

    #[pg_test]
    fn an_interval_that_ended_on_a_boundary_belongs_before_it() {
        run("SELECT optimizer.ingest_query_metrics(5, date_trunc('hour', now()), 1, 1)");
        assert!(one::<bool>(
            "SELECT bucket_start = date_trunc('hour', now()) - interval '1 hour'
             FROM optimizer.query_metrics WHERE query_hash = 5"
        ));
        assert_eq!(
            one::<f64>("SELECT observed_share FROM optimizer.sampling_coverage"),
            1.0,
            "a bucket fed by ingest alone counts as whole"
        );
    }

    #[pg_test]
    fn calls_per_hour_are_over_the_observed_hours() {
        ingest(7, 0.0, 300, 10.0);
        ingest(8, 2.0, 300, 10.0);
        ingest(9, 30.0, 300, 10.0);
        let of = |hash: i64| {
            one::<f64>(&format!(
                "SELECT calls_per_hour FROM optimizer.query_stats WHERE query_hash = {hash}"
            ))
        };
        // Two of the last 24 hours were observed; what is older does not count.
        assert_eq!((of(7), of(8)), (150.0, 150.0));
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_stats"), 2);
        assert_eq!(one::<String>("SELECT DISTINCT basis FROM optimizer.query_stats"), "observed");
        let shares = one::<f64>("SELECT sum(share_of_total_time) FROM optimizer.query_stats");
        assert!((shares - 1.0).abs() < 1e-12);
    }

    #[pg_test]
    fn bad_work_is_refused_and_nothing_is_written() {
        for (sql, word) in [
            ("0, now(), 1, 1", "query_hash must not be 0"),
            ("NULL, now(), 1, 1", "query_hash is required"),
            ("1, NULL, 1, 1", "collected_at is required"),
            ("1, now() + interval '1 hour', 1, 1", "future"),
            ("1, 'infinity', 1, 1", "infinity"),
            ("1, now(), -1, 1", "calls"),
            ("1, now(), 1, 'NaN'", "total_exec_time_ms"),
            ("1, now(), 1, 1.7e308", "total_exec_time_ms"),
            ("1, now(), 9223372036854775807, 1", "calls"),
            ("1, now(), 1, 1, 'Infinity'", "stddev_exec_time_ms"),
            ("1, now(), 1, 1, 0, -1", "rows"),
            ("1, now(), 0, 1", "calls is 0"),
            ("1, now(), 1, 1, NULL", "stddev_exec_time_ms is required"),
            ("1, now(), 1, 1, 0, NULL", "rows is required"),
        ] {
            let (code, message, hint) =
                raised(&format!("SELECT optimizer.ingest_query_metrics({sql})"));
            assert_eq!(code, "22023", "{sql}: {message}");
            assert!(message.contains(word), "{sql}: {message}");
            assert!(!hint.is_empty(), "{sql}");
        }
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_metrics"), 0);
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.sampling_coverage"), 0);
    }
}
