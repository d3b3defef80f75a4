//! Claims about what is drawn: the values in the chart views are those of the tables.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    const VIEWS: [&str; 9] = [
        "chart_queries",
        "chart_query_buckets",
        "chart_workload",
        "chart_hourly_pattern",
        "chart_implementations",
        "chart_implementation_buckets",
        "chart_seconds_saved",
        "chart_accuracy",
        "chart_events",
    ];

    fn judged(query_hash: i64, before_ms: f64, after_ms: f64) -> i64 {
        let (_, id) = implemented(query_hash, 50.0, before_ms, after_ms);
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        id
    }

    #[pg_test]
    fn an_empty_database_has_empty_charts() {
        for view in VIEWS {
            // creating the extension may have been noticed
            let rows = one::<i64>(&format!(
                "SELECT count(*) FROM optimizer.{view} WHERE to_jsonb({view}) ->> 'event_type' IS NULL"
            ));
            assert_eq!(rows, 0, "{view}");
        }
    }

    #[pg_test]
    fn every_chart_with_a_time_calls_it_time() {
        assert_eq!(
            one::<String>(
                "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'time' AND a.atttypid = 'timestamptz'::regtype
                 WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relname ^@ 'chart_'"
            ),
            "chart_accuracy chart_events chart_implementation_buckets chart_implementations chart_query_buckets \
             chart_seconds_saved chart_workload"
        );
    }

    #[pg_test]
    fn a_bucket_shows_the_work_of_its_query_per_observed_hour() {
        lived_through(-7, 5.0, 1, 30.0, 30.0);
        run("UPDATE optimizer.sampling_coverage SET ingested = false, sampled_seconds = 1800;
             INSERT INTO optimizer.query_texts (query_hash, query) VALUES (-7, E'SELECT\n   1  ')");
        assert_eq!(
            one::<String>(
                "SELECT DISTINCT format('%s %s %s %s %s %s %s %s %s', query_hash_text, query_summary, series, calls,
                     calls_per_hour, mean_exec_time_ms, total_exec_time_ms, exec_time_ms_per_hour, shared_blks_per_call)
                 FROM optimizer.chart_query_buckets"
            ),
            "-7 SELECT 1 SELECT 1 #-7 100 200 30 3000 6000 10"
        );
    }

    #[pg_test]
    fn no_calls_and_nothing_observed_are_null_not_zero() {
        lived_through(1, 2.0, 1, 30.0, 30.0);
        run("UPDATE optimizer.query_metrics SET calls = 0, total_exec_time_ms = 0;
             DELETE FROM optimizer.sampling_coverage");
        assert!(one::<bool>(
            "SELECT count(*) > 0 AND bool_and(mean_exec_time_ms IS NULL AND shared_blks_per_call IS NULL
                 AND calls_per_hour IS NULL AND exec_time_ms_per_hour IS NULL AND query_summary = 'query 1')
             FROM optimizer.chart_query_buckets"
        ));
        assert!(one::<bool>(
            "SELECT bool_and(calls_per_hour IS NULL AND busy_sessions IS NULL AND mean_exec_time_ms IS NULL)
             FROM optimizer.chart_workload"
        ));
    }

    #[pg_test]
    fn own_statements_are_in_no_chart() {
        lived_through(1, 2.0, 1, 30.0, 30.0);
        lived_through(2, 2.0, 1, 1000.0, 1000.0);
        run(
            "INSERT INTO optimizer.query_texts (query_hash, query, is_own) VALUES (2, 'own', true)",
        );
        assert_eq!(
            one::<String>(
                "SELECT format('%s %s %s', (SELECT array_agg(DISTINCT query_hash) FROM optimizer.chart_query_buckets),
                     (SELECT max(queries) FROM optimizer.chart_workload), (SELECT count(*) FROM optimizer.chart_queries))"
            ),
            "{1} 1 0"
        );
    }

    #[pg_test]
    fn the_workload_is_the_sum_of_its_queries() {
        lived_through(1, 2.0, 1, 30.0, 30.0);
        lived_through(2, 2.0, 1, 150.0, 150.0);
        assert_eq!(
            one::<String>(
                "SELECT DISTINCT format('%s %s %s %s %s %s', queries, calls_per_hour, exec_time_ms_per_hour,
                     busy_sessions, mean_exec_time_ms, shared_blks_hit_per_hour) FROM optimizer.chart_workload"
            ),
            "2 200 18000 0.005 90 2000"
        );
        assert!(one::<bool>(
            "SELECT bool_and(day_of_week = extract(isodow FROM time) AND hour_of_day = extract(hour FROM time)
                 AND day_name = to_char(time, 'Dy')) FROM optimizer.chart_workload"
        ));
    }

    #[pg_test]
    fn the_hourly_pattern_is_the_mean_over_weeks() {
        lived_through(1, 2.0, 27, 30.0, 30.0);
        run("UPDATE optimizer.query_metrics SET calls = 500
             WHERE bucket_start = (SELECT min(bucket_start) FROM optimizer.query_metrics)");
        assert_eq!(
            one::<String>(
                "SELECT format('%s %s', p.buckets, p.calls_per_hour) FROM optimizer.chart_hourly_pattern p
                 JOIN (SELECT min(bucket_start) AS first FROM optimizer.query_metrics) AS m
                   ON p.day_of_week = extract(isodow FROM m.first) AND p.hour_of_day = extract(hour FROM m.first)"
            ),
            "4 200"
        );
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.chart_hourly_pattern"), 168);
    }

    #[pg_test]
    fn an_implementation_shows_what_was_predicted_beside_what_came() {
        let id = judged(1, 100.0, 20.0);
        assert_eq!(
            one::<String>(&format!(
                "SELECT format('%s %s %s %s %s %s %s', verdict, predicted_improvement_percent,
                     actual_improvement_percent, mean_before_ms, mean_after_ms, seconds_saved_per_day, side_effect_query_hash_text)
                 FROM optimizer.chart_implementations
                 WHERE implementation_id = {id} AND series ^@ '#{id} Create a btree index'"
            )),
            // 80 ms x 100 calls x 24 hours
            "improved 80 80 100 20 192 "
        );
        assert!(one::<bool>(
            "SELECT c.time = i.implementation_timestamp
                    AND c.adjusted_improvement_percent = i.adjusted_improvement_percent
                    AND c.improvement_low_percent < c.adjusted_improvement_percent
             FROM optimizer.chart_implementations c JOIN optimizer.implementations i ON i.id = c.implementation_id"
        ));
        run("UPDATE optimizer.optimization_implementations SET side_effect =
             '{\"query_hash\": -5, \"query_hash_text\": \"-5\", \"slower_percent\": 12.5, \"low_percent\": 10, \"high_percent\": 15}'");
        assert_eq!(
            one::<String>(
                "SELECT concat_ws(' ', side_effect_query_hash_text, side_effect_query_summary, side_effect_slower_percent,
                     side_effect_low_percent, side_effect_high_percent) FROM optimizer.chart_implementations"
            ),
            "-5 query -5 12.5 10 15"
        );
    }

    #[pg_test]
    fn what_is_pending_saves_nothing_yet() {
        implemented(1, 23.0, 100.0, 20.0);
        assert!(one::<bool>(
            "SELECT verdict IS NULL AND seconds_saved_per_day IS NULL AND mean_after_ms IS NULL AND mean_before_ms = 100
             FROM optimizer.chart_implementations"
        ));
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.chart_seconds_saved"), 0);
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.chart_accuracy"), 0);
    }

    #[pg_test]
    fn the_buckets_of_an_implementation_lie_before_and_after_its_change() {
        implemented(1, 30.0, 100.0, 20.0);
        assert_eq!(
            one::<String>(
                "SELECT string_agg(format('%s %s %s %s', phase, series, buckets, ms), ', ' ORDER BY phase)
                 FROM (SELECT phase, series, count(*) AS buckets, avg(mean_exec_time_ms) AS ms
                       FROM optimizer.chart_implementation_buckets GROUP BY phase, series) AS s"
            ),
            "after after the change 30 20, before before the change 192 100, change hour of the change 1 20"
        );
        run("UPDATE optimizer.optimization_implementations
             SET status = 'reverted', reverted_at = change_bucket_start + interval '10 hours'");
        assert_eq!(
            one::<String>(
                "SELECT string_agg(phase || ' ' || n, ', ' ORDER BY phase) FROM (SELECT phase, count(*) AS n
                     FROM optimizer.chart_implementation_buckets GROUP BY phase) AS s"
            ),
            "after 9, before 192, change 1, reverted 21"
        );
    }

    #[pg_test]
    fn what_took_a_rewritten_query_s_place_comes_after() {
        let (_, id) = implemented(1, 30.0, 100.0, 90.0);
        lived_through(2, 30.0, 0, 10.0, 10.0);
        run(&format!(
            "INSERT INTO optimizer.implementation_queries (implementation_id, query_hash, linked_by) VALUES ({id}, 2, 'tester')"
        ));
        assert_eq!(
            one::<String>(
                "SELECT string_agg(series || ' ' || ms, ', ' ORDER BY series)
                 FROM (SELECT series, avg(mean_exec_time_ms) AS ms
                       FROM optimizer.chart_implementation_buckets WHERE phase <> 'change' GROUP BY series) AS s"
            ),
            "after the change 10, before the change 100, old text, after the change 90"
        );
    }

    #[pg_test]
    fn seconds_saved_are_the_calls_of_each_day_times_what_one_saves() {
        let id = judged(1, 100.0, 20.0);
        judged(2, 10.0, 20.0);
        // 50 buckets after that of the change, 100 calls in each, 80 ms saved by one
        assert_eq!(
            one::<String>(&format!(
                "SELECT format('%s %s', sum(calls), sum(seconds_saved)) FROM optimizer.chart_seconds_saved
                 WHERE implementation_id = {id} AND verdict = 'improved'"
            )),
            "5000 400"
        );
        assert_eq!(
            one::<f64>(
                "SELECT sum(seconds_saved) FROM optimizer.chart_seconds_saved WHERE verdict = 'regressed'"
            ),
            -50.0
        );
        assert!(one::<bool>(
            "SELECT count(DISTINCT time) IN (3, 4) AND bool_and(time = date_trunc('day', time, 'UTC'))
             FROM optimizer.chart_seconds_saved"
        ));
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        run(&format!(
            "UPDATE optimizer.optimization_implementations SET reverted_at = change_bucket_start + interval '11 hours'
             WHERE id = {id}"
        ));
        assert_eq!(
            one::<f64>(&format!(
                "SELECT sum(seconds_saved) FROM optimizer.chart_seconds_saved WHERE implementation_id = {id}"
            )),
            80.0
        );
    }

    #[pg_test]
    fn accuracy_so_far_counts_every_verdict_up_to_then() {
        let ids = [judged(1, 100.0, 20.0), judged(2, 100.0, 100.0), judged(3, 100.0, 20.0)];
        for (place, id) in ids.iter().enumerate() {
            run(&format!(
                "UPDATE optimizer.optimization_implementations SET measured_at = now() - {} * interval '1 hour' WHERE id = {id}",
                3 - place
            ));
        }
        run(&format!(
            "UPDATE optimizer.optimization_implementations SET verdict = 'inconclusive', accuracy_score = NULL WHERE id = {}",
            ids[2]
        ));
        assert_eq!(
            one::<String>(
                "SELECT string_agg(concat_ws(' ', verdict, mean_accuracy_so_far, success_rate_so_far::float8,
                     round(inconclusive_rate_so_far::numeric, 2)), ', ' ORDER BY time) FROM optimizer.chart_accuracy"
            ),
            "improved 1 1 0.00, not_improved 0.5 0.5 0.00, inconclusive 0.5 0.5 0.33"
        );
        assert_eq!(
            one::<String>("SELECT DISTINCT series FROM optimizer.chart_accuracy"),
            "index: btree by tester"
        );
    }

    #[pg_test]
    fn events_say_what_happened_to_what() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        run("INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, setting_name, old_value, new_value)
             VALUES (now(), 'look', 'setting', 'changed', 'work_mem', '4MB', '64MB')");
        assert_eq!(
            one::<String>(
                "SELECT series || ': ' || description || ' [' || tags || ']' FROM optimizer.chart_events
                 WHERE event_type = 'setting'"
            ),
            "setting changed: work_mem from 4MB to 64MB [setting,changed]"
        );
        assert!(one::<bool>(&format!(
            "SELECT series = 'implementation recorded' AND description ~ 'implementation #{id}.* by '
                    AND time = now() - interval '50 hours'
             FROM optimizer.chart_events WHERE implementation_id = {id}"
        )));
    }

    #[pg_test]
    fn charts_show_text_to_members_of_pg_read_all_stats_only() {
        run(
            "SELECT optimizer.ingest_query_metrics(1, now(), 10, 10, query_text => 'SELECT secret')",
        );
        implemented(2, 50.0, 100.0, 20.0);
        run("INSERT INTO optimizer.query_texts (query_hash, query) VALUES (2, 'SELECT secret');
             INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, setting_name, old_value, new_value)
             VALUES (now(), 'look', 'setting', 'changed', 'work_mem', 'secret', 'secret');
             UPDATE optimizer.optimization_recommendations SET recommendation_text = 'secret';
             CREATE ROLE reader; GRANT USAGE ON SCHEMA optimizer TO reader;
             GRANT SELECT ON ALL TABLES IN SCHEMA optimizer TO reader;
             GRANT EXECUTE ON FUNCTION optimizer.bucket_width_seconds(), optimizer.query_summary(text) TO reader");
        let shown = |view: &str| {
            one::<bool>(&format!(
                "SELECT coalesce(bool_or(to_jsonb({view})::text ~ 'secret'), false) FROM optimizer.{view}"
            ))
        };
        let with_text =
            ["chart_queries", "chart_query_buckets", "chart_implementations", "chart_events"];
        for view in with_text {
            assert!(shown(view), "{view}");
        }
        run("SET LOCAL ROLE reader");
        for view in VIEWS {
            assert!(!shown(view), "{view}");
        }
        assert_eq!(
            one::<String>(
                "SELECT DISTINCT query_summary FROM optimizer.chart_query_buckets WHERE query_hash = 1"
            ),
            "query 1"
        );
        assert!(one::<bool>(
            "SELECT bool_and(series ~ '^#[0-9]+ index: btree$') FROM optimizer.chart_implementations"
        ));
    }

    #[pg_test]
    fn of_all_that_is_kept_no_text_gets_into_a_chart_or_an_answer_without_the_right_to_it() {
        let id = judged(1, 100.0, 20.0);
        implemented(2, 50.0, 100.0, 20.0);
        run("INSERT INTO optimizer.query_texts (query_hash, query) VALUES (1, 'SELECT 1'), (2, 'SELECT 2');
             INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, setting_name, old_value, new_value)
             VALUES (now(), 'look', 'setting', 'changed', 'work_mem', '1', '2')");
        run(&format!(
            "UPDATE optimizer.optimization_implementations SET side_effect =
                 '{{\"query_hash\": 2, \"query_hash_text\": \"2\", \"slower_percent\": 12.5, \"low_percent\": 10, \"high_percent\": 15}}'
             WHERE id = {id}"
        ));
        suggest_index(3, 90.0, 0.9);
        run("SELECT optimizer.aggregate_recommendations()");
        run(include_str!("../secret.sql"));
        assert_eq!(
            Spi::get_one::<String>(
                "SELECT string_agg(place, ' ') FROM public.plant_secret() WHERE NOT is_checked"
            ),
            Ok(None),
            "what takes no other word has a list of words"
        );
        run("CREATE ROLE reader; GRANT USAGE ON SCHEMA optimizer TO reader;
             GRANT SELECT ON ALL TABLES IN SCHEMA optimizer TO reader;
             GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA optimizer TO reader");
        let answers = [
            "optimizer.api_optimization_recommendations()",
            "optimizer.api_optimization_results()",
            "optimizer.report_html()",
        ];
        let sources =
            VIEWS.iter().map(|view| format!("optimizer.{view}")).chain(answers.map(str::to_owned));
        let shown = |source: &str| {
            one::<bool>(&format!(
                "SELECT coalesce(bool_or(to_jsonb(a)::text ~ 'secret'), false) FROM {source} AS a"
            ))
        };
        let without_text = [
            "optimizer.chart_workload",
            "optimizer.chart_hourly_pattern",
            "optimizer.chart_implementation_buckets",
            "optimizer.chart_seconds_saved",
            "optimizer.chart_accuracy",
        ];
        for source in sources {
            assert!(one::<i64>(&format!("SELECT count(*) FROM {source} AS a")) > 0, "{source}");
            assert_eq!(shown(&source), !without_text.contains(&source.as_str()), "{source}");
            run("SET LOCAL ROLE reader");
            assert!(!shown(&source), "{source}");
            run("RESET ROLE");
        }
    }
}
