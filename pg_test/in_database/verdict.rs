//! The measured verdict through SQL: what stands beside a query decides with it.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::JsonB;
    use pgrx::prelude::*;

    fn look(id: i64) -> String {
        one(&format!(
            "SELECT concat_ws(' ', verdict, split_part(verdict_reason, ':', 1))
             FROM optimizer.measure_implementation_results({id})"
        ))
    }

    fn of(id: i64, column: &str) -> String {
        one(&format!("SELECT ({column})::text FROM optimizer.implementations WHERE id = {id}"))
    }

    fn event(hours_ago: f64, columns: &str, values: &str) {
        run(&format!(
            "INSERT INTO optimizer.system_events (occurred_at, noticed_by, action, {columns})
             VALUES (now() - {hours_ago} * interval '1 hour', 'look', {values})"
        ));
    }

    #[pg_test]
    fn what_moved_every_query_is_no_improvement_of_one() {
        controls(6, 50.0, 80.0, 60.0);
        let (_, id) = implemented(1, 50.0, 100.0, 75.0);
        assert_eq!(look(id), "not_improved below_promise");
        assert_eq!(of(id, "controls"), "6");
        assert_eq!(of(id, "actual_improvement_percent"), "25");
        let adjusted: f64 = of(id, "adjusted_improvement_percent").parse().unwrap();
        assert!(adjusted.abs() < 8.0, "{adjusted}");
        assert!(of(id, "improvement_low_percent <= adjusted_improvement_percent") == "true");
    }

    #[pg_test]
    fn the_same_without_others_to_compare_with_says_so() {
        controls(4, 50.0, 80.0, 60.0);
        let (_, id) = implemented(1, 50.0, 100.0, 75.0);
        assert_eq!(look(id), "improved faster");
        assert_eq!(of(id, "controls IS NULL"), "true");
        assert!(of(id, "notes").contains("fewer than 5 other queries"));
    }

    #[pg_test]
    fn a_restart_and_nothing_to_compare_with_is_no_verdict() {
        let (_, id) = implemented(1, 50.0, 100.0, 60.0);
        event(30.0, "event_type", "'started', 'restart'");
        assert_eq!(look(id), "inconclusive uncontrolled");
    }

    #[pg_test]
    fn a_restart_with_controls_is_taken_out() {
        controls(6, 50.0, 80.0, 80.0);
        let (_, id) = implemented(1, 50.0, 100.0, 60.0);
        event(30.0, "event_type", "'started', 'restart'");
        assert_eq!(look(id), "improved faster");
    }

    #[pg_test]
    fn another_major_version_ends_every_comparison() {
        controls(6, 50.0, 80.0, 80.0);
        let (_, id) = implemented(1, 50.0, 100.0, 60.0);
        event(30.0, "event_type, old_value, new_value", "'changed', 'version', '15.20', '16.1'");
        assert_eq!(look(id), "inconclusive epoch_change");
    }

    #[pg_test]
    fn an_index_that_is_not_there_was_not_made() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        run("DROP INDEX public.orders_1_customer_id_idx");
        assert_eq!(look(id), "inconclusive not_applied");
        assert!(
            of(id, "verdict_reason").contains("orders_1 has no valid index of that definition")
        );
    }

    #[pg_test]
    fn recording_what_is_not_there_says_so() {
        run("CREATE TABLE public.orders_1 (customer_id int)");
        let id = record(recommend_index(1, 80.0, 0.9), 1.0);
        assert_eq!(
            one::<String>(&format!(
                "SELECT optimizer.unmet_ground(ground) FROM optimizer.optimization_implementations WHERE id = {id}"
            )),
            "orders_1 has no valid index of that definition"
        );
        // An index of the same definition under another name is the one.
        run("CREATE INDEX another_name ON public.orders_1 USING btree (customer_id)");
        assert!(one::<bool>(&format!(
            "SELECT optimizer.unmet_ground(ground) IS NULL FROM optimizer.optimization_implementations WHERE id = {id}"
        )));
    }

    #[pg_test]
    fn another_change_on_the_same_table_confounds() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        lived_through(2, 50.0, 8, 100.0, 100.0);
        touches(2, "select", "orders_1");
        run("INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description,
                 suggested_rewrite, estimated_improvement_percent, confidence_score)
             VALUES (2, 'or_to_in', 'Use IN', 'SELECT 1', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()");
        record(one("SELECT id FROM optimizer.recommendations WHERE query_hash = 2"), 30.0);
        assert_eq!(look(id), "inconclusive confounded");
    }

    #[pg_test]
    fn what_was_never_made_confounds_nothing() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        lived_through(2, 50.0, 8, 100.0, 100.0);
        touches(2, "select", "orders_1");
        run("INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description,
                 suggested_rewrite, estimated_improvement_percent, confidence_score)
             VALUES (2, 'or_to_in', 'Use IN', 'SELECT 1', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()");
        let never =
            record(one("SELECT id FROM optimizer.recommendations WHERE query_hash = 2"), 30.0);
        run(&format!(
            "UPDATE optimizer.optimization_implementations
             SET verdict = 'inconclusive', verdict_reason = 'not_applied: not there', status = 'implemented',
                 measured_at = now() WHERE id = {never}"
        ));
        assert_eq!(look(id), "improved faster");
    }

    #[pg_test]
    fn ddl_of_somebody_else_on_the_same_table_confounds_and_the_change_itself_does_not() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        event(
            50.0,
            "event_type, relation_id, object_name, definition",
            "'created', 'index', 'public.orders_1'::regclass, 'public.own', 'CREATE INDEX own ON public.orders_1 (customer_id)'",
        );
        assert_eq!(
            one::<String>(&format!(
                "SELECT verdict FROM optimizer.measure_implementation_results({id}, false)"
            )),
            "improved"
        );
        let (_, other) = implemented(2, 50.0, 100.0, 20.0);
        touches(2, "select", "orders_2");
        event(
            40.0,
            "event_type, relation_id, object_name, definition",
            "'created', 'index', 'public.orders_2'::regclass, 'public.other', 'CREATE INDEX other ON public.orders_2 (customer_id DESC)'",
        );
        assert_eq!(look(other), "inconclusive confounded");
    }

    #[pg_test]
    fn ddl_at_the_moment_of_a_change_that_names_none_is_that_change() {
        for (hash, ddl_hours_ago, said) in
            [(1, 50.0, "improved faster"), (2, 45.0, "inconclusive confounded")]
        {
            lived_through(hash, 50.0, 8, 100.0, 20.0);
            touches(hash, "select", &format!("orders_{hash}"));
            run(&format!(
                "INSERT INTO optimizer.workload_patterns (query_hash, database_name, pattern_type, estimated_improvement_percent,
                     confidence_score, description)
                 VALUES ({hash}, current_database(), 'batch_job', 60, 0.5, 'Partition the orders');
                 SELECT optimizer.aggregate_recommendations();
                 UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'"
            ));
            event(
                ddl_hours_ago,
                "event_type, relation_id, object_name",
                &format!(
                    "'altered', 'table', 'public.orders_{hash}'::regclass, 'public.orders_{hash}'"
                ),
            );
            let id = record(
                one(&format!("SELECT id FROM optimizer.recommendations WHERE query_hash = {hash}")),
                50.0,
            );
            assert_eq!(look(id), said);
        }
    }

    #[pg_test]
    fn a_rewrite_is_the_old_query_before_against_the_new_one_after() {
        lived_through(10, 50.0, 8, 100.0, 100.0);
        lived_through(11, 50.0, 8, 25.0, 25.0);
        run("DELETE FROM optimizer.query_metrics WHERE query_hash = 11 AND bucket_start < now() - interval '50 hours';
             UPDATE optimizer.query_metrics SET calls = 25, total_exec_time_ms = 2500, rows = 25
             WHERE query_hash = 10 AND bucket_start > now() - interval '50 hours';
             INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description,
                 estimated_improvement_percent, confidence_score)
             VALUES (10, 'or_to_in', 'Use IN', 70, 0.6);
             SELECT optimizer.aggregate_recommendations();
             UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'");
        let id = record(one("SELECT id FROM optimizer.recommendations"), 50.0);
        assert_eq!(
            one::<String>(&format!(
                "SELECT split_part(verdict_reason, ': ', 3) FROM optimizer.measure_implementation_results({id})"
            )),
            "",
            "final by now"
        );
        assert_eq!(of(id, "split_part(verdict_reason, ':', 1)"), "query_vanished");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        let again = record(one("SELECT id FROM optimizer.recommendations"), 50.0);
        run(&format!("SELECT optimizer.set_implementation_query({again}, 11)"));
        assert_eq!(look(again), "improved faster");
        let adjusted: f64 = of(again, "adjusted_improvement_percent").parse().unwrap();
        assert!((adjusted - 75.0).abs() < 2.0, "{adjusted}");
        assert!(
            of(again, "notes").contains("20.0 % of the calls still use the old text"),
            "{}",
            of(again, "notes")
        );
    }

    #[pg_test]
    fn a_change_of_the_server_is_judged_by_its_costliest_queries() {
        let record_setting = |hash: i64| {
            run(&format!(
                "INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value,
                     recommended_value, scope, estimated_improvement_percent, confidence_score, made_by)
                 VALUES ({hash}, 'work_mem', '1MB', current_setting('work_mem'), 'server', 40, 0.5, 'tester');
                 SELECT optimizer.aggregate_recommendations();
                 UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'"
            ));
            record(
                one(&format!("SELECT id FROM optimizer.recommendations WHERE query_hash = {hash}")),
                50.0,
            )
        };
        lived_through(1, 50.0, 8, 100.0, 50.0);
        controls(6, 50.0, 80.0, 81.0);
        let id = record_setting(1);
        assert_eq!(look(id), "inconclusive uncontrolled");
        assert!(
            of(id, "verdict_reason").contains("costliest queries became faster"),
            "{}",
            of(id, "verdict_reason")
        );
        run("UPDATE optimizer.query_metrics SET total_exec_time_ms = total_exec_time_ms / 2
             WHERE query_hash > 9000 AND bucket_start > now() - interval '50 hours'");
        run("UPDATE optimizer.optimization_implementations SET status = 'reverted'");
        lived_through(2, 50.0, 8, 100.0, 50.0);
        run(
            "UPDATE optimizer.optimization_implementations SET implementation_timestamp = now() - interval '30 days'",
        );
        let second = record_setting(2);
        assert_eq!(look(second), "improved faster");
    }

    #[pg_test]
    fn a_setting_with_another_value_was_not_made() {
        lived_through(1, 50.0, 8, 100.0, 50.0);
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value,
                 recommended_value, scope, estimated_improvement_percent, confidence_score, made_by)
             VALUES (1, 'work_mem', '4MB', '77MB', 'server', 40, 0.5, 'tester');
             SELECT optimizer.aggregate_recommendations()");
        let id = record(one("SELECT id FROM optimizer.recommendations"), 50.0);
        assert_eq!(look(id), "inconclusive not_applied");
        assert!(of(id, "verdict_reason").contains("work_mem is 4MB, not 77MB"));
    }

    #[pg_test]
    fn what_others_on_the_table_pay_is_shown_beside_the_verdict() {
        controls(6, 50.0, 80.0, 80.0);
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        lived_through(7, 50.0, 8, 10.0, 20.0);
        touches(7, "insert", "orders_1");
        assert_eq!(look(id), "improved faster");
        let side = one::<JsonB>("SELECT side_effect FROM optimizer.implementations").0;
        assert_eq!(side["query_hash"], 7);
        let slower = side["slower_percent"].as_f64().unwrap();
        assert!((slower - 100.0).abs() < 10.0, "{side}");
    }

    #[pg_test]
    fn a_change_taken_back_half_way_is_judged_by_what_was_seen_until_then() {
        let (recommendation, id) = implemented(1, 30.0, 100.0, 250.0);
        run("SET LOCAL optimizer_workflow.measure_after = '40h'");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        assert_eq!(of(id, "status || ' ' || verdict"), "reverted regressed");
        assert_eq!(
            one::<String>("SELECT look FROM optimizer.implementation_measurements"),
            "reverted"
        );
        let status =
            format!("SELECT status FROM optimizer.recommendations WHERE id = {recommendation}");
        assert_eq!(one::<String>(&status), "dismissed");
        assert_eq!(one::<i32>("SELECT outcomes FROM optimizer.learned_kinds"), 1);
        // Taken back within a day: nothing was seen.
        let (early_recommendation, early) = implemented(2, 5.0, 100.0, 250.0);
        run(&format!("SELECT optimizer.revert_implementation({early})"));
        assert_eq!(of(early, "concat_ws(' ', status, verdict)"), "reverted");
        let status = format!(
            "SELECT status FROM optimizer.recommendations WHERE id = {early_recommendation}"
        );
        assert_eq!(one::<String>(&status), "open");
    }

    #[pg_test]
    fn what_came_after_the_index_was_gone_does_not_count() {
        let (_, id) = implemented(1, 40.0, 100.0, 250.0);
        touches(1, "select", "orders_1");
        run("SET LOCAL optimizer_workflow.measure_after = '47h'; DROP INDEX public.orders_1_customer_id_idx;
             DELETE FROM optimizer.system_events WHERE relation_name LIKE '%orders_1'");
        let of_orders = |hours_ago: f64, action: &str, definition: &str| {
            event(
                hours_ago,
                "event_type, relation_id, object_name, definition",
                &format!(
                    "'{action}', 'index', 'public.orders_1'::regclass, 'public.i', 'CREATE INDEX i ON public.orders_1 ({definition})'"
                ),
            );
        };
        // 30 hours with it; what happened on the table later is somebody else's story.
        of_orders(10.0, "dropped", "customer_id");
        of_orders(5.0, "created", "customer_id DESC");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        assert_eq!(of(id, "status || ' ' || verdict"), "reverted regressed");
        let ended = of(
            id,
            "(post_optimization_stats ->> 'window_end')::timestamptz <= now() - interval '10 hours'",
        );
        assert_eq!(ended, "true");
    }

    #[pg_test]
    fn an_earlier_change_of_the_same_query_is_not_compared_with() {
        lived_through(1, 50.0, 12, 100.0, 50.0);
        // 6 days before the change another one halved it.
        run("UPDATE optimizer.query_metrics SET total_exec_time_ms = 2 * total_exec_time_ms
             WHERE bucket_start < now() - interval '50 hours' - interval '6 days'");
        let recommendation = recommend_index(1, 80.0, 0.9);
        run(
            "UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'",
        );
        index_of(1);
        touches(1, "select", "orders_1");
        event(
            50.0 + 6.0 * 24.0,
            "event_type, relation_id, object_name",
            "'altered', 'table', 'public.orders_1'::regclass, 'public.orders_1'",
        );
        let id = record(recommendation, 50.0);
        assert_eq!(look(id), "improved faster");
        let adjusted: f64 = of(id, "adjusted_improvement_percent").parse().unwrap();
        assert!((adjusted - 50.0).abs() < 3.0, "{adjusted}");
    }

    #[pg_test]
    fn self_check_finds_little_where_nothing_happened_and_says_when_it_cannot() {
        let checked = |column: &str| {
            one::<String>(&format!("SELECT ({column})::text FROM optimizer.self_check(60)"))
        };
        assert!(checked("message").starts_with("too little history"));
        assert_eq!(checked("concat_ws(' ', trials, false_verdict_rate)"), "0");
        for hash in 1..=12 {
            lived_through(hash, 1.0, 16, 50.0, 50.0);
        }
        run("SELECT setseed(0.5);
             UPDATE optimizer.query_metrics SET total_exec_time_ms = total_exec_time_ms * exp(0.1 * (random() + random() + random() - 1.5))");
        assert_eq!(
            checked("trials = 60 AND improved + not_improved + regressed + inconclusive = 60"),
            "true"
        );
        let rate: f64 = checked("false_verdict_rate").parse().unwrap();
        assert!(rate <= 0.06, "{rate}");
        assert_eq!(
            checked("rate_low <= false_verdict_rate AND false_verdict_rate <= rate_high"),
            "true"
        );
        for trials in ["0", "-1", "10001", "NULL"] {
            assert_eq!(raised(&format!("SELECT optimizer.self_check({trials})")).0, "22023");
        }
    }

    #[pg_test]
    fn calibration_shows_what_was_said_and_what_came() {
        // Concluded nothing: nothing is known of the kind.
        index_of(5);
        let open = record(recommend_index(5, 80.0, 0.9), 1.0);
        run(&format!("SELECT optimizer.measure_implementation_results({open}, true)"));
        assert!(one::<bool>(
            "SELECT learned_confidence IS NULL AND learned_low IS NULL AND learned_high IS NULL
                             AND inconclusive = 1 FROM optimizer.calibration"
        ));
        for (hash, after) in [(1, 20.0), (2, 20.0), (3, 101.0), (4, 250.0)] {
            implemented(hash, 60.0, 100.0, after);
        }
        run("SELECT optimizer.measure_pending_implementations()");
        let row = one::<String>(
            "SELECT format('%s %s %s %s %s %s', made_by, kind, outcomes, round(success_rate::numeric, 3),
                 round(harm_rate::numeric, 4), round(brier_stated::numeric, 3)) FROM optimizer.calibration",
        );
        // harm: (1 + 1) / (20 + 4); Brier: (2 x 0.1^2 + 2 x 0.9^2) / 4.
        assert_eq!(row, "tester btree 4 0.500 0.0833 0.410");
        assert!(one::<bool>("SELECT learned_low < learned_confidence AND learned_confidence < learned_high
                             AND learned_confidence < mean_stated_confidence FROM optimizer.calibration"));
        let bin = one::<String>(
            "SELECT format('%s %s %s', confidence_from, outcomes, success_rate) FROM optimizer.reliability",
        );
        assert_eq!(bin, "0.9 4 0.5");
        assert!(one::<bool>(
            "SELECT rate_low BETWEEN 0.14 AND 0.16 AND rate_high BETWEEN 0.84 AND 0.86 FROM optimizer.reliability"
        ));
    }
}
