#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::JsonB;
    use pgrx::prelude::*;

    #[pg_test]
    fn recording_takes_it_off_the_list_and_keeps_the_metrics_from_before() {
        ingest(-9, 5.0, 300, 40.0);
        ingest(-9, 0.0, 100, 80.0);
        ingest(-9, 24.0 * 8.0, 100, 9999.0);
        let id = recommend_index(-9, 60.0, 0.7);
        let snapshot = one::<JsonB>(&format!(
            "SELECT pre_snapshot FROM optimizer.record_recommendation_implementation({id}, -9, 'done')"
        ))
        .0;
        // 300 x 40 and 100 x 80 in two observed hours; what is older than 7 days is not in it.
        assert_eq!(snapshot["calls"], 400);
        assert_eq!(snapshot["mean_exec_time_ms"], 50.0);
        assert_eq!(snapshot["calls_per_hour"], 200.0);
        assert_eq!(snapshot["total_exec_time_ms"], 20_000.0);
        assert!(snapshot["window_start"].is_string() && snapshot["window_end"].is_string());
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.get_top_recommendations()"), 0);
        let row = one::<String>(
            "SELECT format('%s|%s|%s|%s|%s|%s', status, implementation_notes, implemented_by,
                 predicted_improvement_percent, confidence_at_record, verdict)
             FROM optimizer.implementations",
        );
        let user = one::<String>("SELECT current_user::text");
        assert_eq!(row, format!("pending|done|{user}|60|0.7|"));
    }

    #[pg_test]
    fn a_query_without_metrics_can_be_recorded_with_an_empty_snapshot() {
        let id = recommend_index(5, 60.0, 0.7);
        let snapshot = one::<JsonB>(&format!(
            "SELECT pre_snapshot FROM optimizer.record_recommendation_implementation({id})"
        ))
        .0;
        assert_eq!(snapshot["calls"], 0);
        assert!(snapshot["mean_exec_time_ms"].is_null());
    }

    #[pg_test]
    fn one_pending_implementation_per_recommendation() {
        let id = recommend_index(5, 60.0, 0.7);
        let first = record(id, 0.0);
        let (code, message, hint) =
            raised(&format!("SELECT optimizer.record_recommendation_implementation({id})"));
        assert_eq!(code, "55000");
        assert!(message.contains(&format!("implementation {first}")), "{message}");
        assert!(hint.contains("revert_implementation"), "{hint}");
    }

    #[pg_test]
    fn one_action_is_recorded_for_every_query_it_helps() {
        for hash in [1, 2] {
            run(&format!(
                "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                     estimated_improvement_percent, confidence_score)
                 VALUES ({hash}, 't', 'CREATE INDEX{} ON t (a)', 10, 0.5)",
                " ".repeat(hash)
            ));
        }
        suggest_index(3, 10.0, 0.5);
        run("SELECT optimizer.aggregate_recommendations()");
        let id = one::<i64>("SELECT id FROM optimizer.recommendations WHERE query_hash = 2");
        let implementation = record(id, 0.0);
        assert_eq!(
            one::<String>(
                "SELECT string_agg(query_hash::text, ',' ORDER BY query_hash)
                 FROM optimizer.implementations"
            ),
            "1,2"
        );
        assert_eq!(
            one::<i64>(&format!(
                "SELECT count(*) FROM optimizer.implementations WHERE recorded_with = {implementation}"
            )),
            2
        );
        // Neither another query nor another change of the same one says it again.
        record(recommend_index(2, 20.0, 0.5), 0.0);
        let repeats = "SELECT count(*) FROM optimizer.implementations WHERE is_repeat";
        assert_eq!(one::<i64>(repeats), 0);
    }

    #[pg_test]
    fn a_change_of_one_querys_own_text_or_settings_is_no_action_of_another() {
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name,
                 recommended_value, scope, estimated_improvement_percent, confidence_score)
             VALUES (1, 'work_mem', '64MB', 'query', 10, 0.5), (2, 'work_mem', '64MB', 'query', 10, 0.5),
                    (3, 'jit', 'off', 'server', 10, 0.5), (4, 'jit', 'off', 'server', 10, 0.5);
             INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type,
                 description, suggested_rewrite, estimated_improvement_percent, confidence_score)
             VALUES (5, 'x', 'x', '', 10, 0.5), (6, 'x', 'x', '', 10, 0.5);
             SELECT optimizer.aggregate_recommendations()");
        for hash in [1, 3, 5] {
            record(
                one(&format!("SELECT id FROM optimizer.recommendations WHERE query_hash = {hash}")),
                0.0,
            );
        }
        assert_eq!(
            one::<String>(
                "SELECT string_agg(query_hash::text, ',' ORDER BY query_hash)
                 FROM optimizer.implementations"
            ),
            "1,3,4,5",
            "only the setting of the whole server reaches another query"
        );
    }

    #[pg_test]
    fn a_change_is_reverted_for_every_query_it_reached_and_each_outcome_weighs_its_share() {
        for hash in [1, 2] {
            lived_through(hash, 50.0, 8, 100.0, 10.0);
            run(&format!(
                "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                     estimated_improvement_percent, confidence_score, made_by)
                 VALUES ({hash}, 't', 'CREATE INDEX ON t (a)', 90, 0.5, 'tester')"
            ));
        }
        run("SELECT optimizer.aggregate_recommendations();
             CREATE TABLE public.t (a int); CREATE INDEX ON public.t (a)");
        let id = record(one("SELECT id FROM optimizer.recommendations WHERE query_hash = 1"), 50.0);
        run(&format!("SELECT optimizer.measure_implementation_results({id}, true)"));
        assert_eq!(
            one::<f64>("SELECT outcome_weight FROM optimizer.learned_kinds"),
            0.5,
            "half, before the other half is in"
        );
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        assert_eq!(
            one::<String>("SELECT string_agg(status, ',') FROM optimizer.implementations"),
            "reverted,reverted"
        );
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.recommendations WHERE status = 'open'"),
            2
        );
    }

    #[pg_test]
    fn a_failed_implementation_can_be_reverted_and_done_again() {
        let (recommendation, id) = implemented(1, 60.0, 100.0, 10.0);
        run("UPDATE optimizer.optimization_implementations SET pre_optimization_stats = '{}'");
        for _ in 0..3 {
            run("SELECT optimizer.measure_pending_implementations()");
        }
        assert_eq!(one::<String>("SELECT status FROM optimizer.implementations"), "failed");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        assert!(record(recommendation, 0.0) > id);
    }

    #[pg_test]
    fn work_counted_after_the_change_is_not_before_it_whatever_the_bucket_width_is_now() {
        ingest(1, 3.0, 100, 10.0);
        ingest(1, 0.0, 100, 90.0);
        run("INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, sampled_seconds)
             SELECT now() - interval '30 minutes', 60, 60");
        let id = recommend_index(1, 80.0, 0.9);
        let calls = one::<String>(&format!(
            "SELECT pre_snapshot ->> 'calls'
             FROM optimizer.record_recommendation_implementation({id},
                 implemented_at => now() - interval '10 minutes')"
        ));
        assert_eq!(calls, "100");
    }

    #[pg_test]
    fn a_change_in_the_past_lies_in_a_bucket_of_the_width_of_its_time() {
        let at = |minutes: i32| {
            format!(
                "date_trunc('hour', now()) - interval '48 hours' + interval '{minutes} minutes'"
            )
        };
        run(&format!(
            "INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
             VALUES ({}, 600, true)",
            at(0)
        ));
        for (minutes, total_ms) in [(5, 10_000), (15, 10_000), (35, 2_000)] {
            run(&format!(
                "SELECT optimizer.ingest_query_metrics(1, {}, 100, {total_ms})",
                at(minutes)
            ));
        }
        ingest(2, 0.0, 1, 1.0);
        let recommendation = recommend_index(1, 80.0, 0.9);
        let row = one::<String>(&format!(
            "SELECT format('%s %s', pre_snapshot ->> 'calls', actual_improvement_percent)
             FROM optimizer.record_recommendation_implementation({recommendation}, implemented_at => {}) AS r,
                  optimizer.measure_implementation_results(r.impl_id, true)",
            at(20)
        ));
        assert_eq!(row, "200 80");
    }

    #[pg_test]
    fn a_revert_opens_the_recommendation_again() {
        let (recommendation, implementation) = implemented(1, 30.0, 100.0, 10.0);
        assert_eq!(
            one::<String>(&format!(
                "SELECT optimizer.revert_implementation({implementation}, 'too big')"
            )),
            "reverted"
        );
        assert_eq!(
            one::<String>(&format!(
                "SELECT status FROM optimizer.recommendations WHERE id = {recommendation}"
            )),
            "open"
        );
        assert_eq!(
            one::<String>("SELECT notes::text FROM optimizer.implementations"),
            "{\"fewer than 5 other queries are suitable to compare with\",\"reverted: too big\"}"
        );
        let again = raised(&format!("SELECT optimizer.revert_implementation({implementation})"));
        assert_eq!(again.0, "55000");
        let second = record(recommendation, 0.0);
        assert!(second > implementation);
    }

    #[pg_test]
    fn reverting_what_was_found_not_to_help_dismisses_it_with_that_reason() {
        let (recommendation, implementation) = implemented(1, 60.0, 100.0, 130.0);
        run("SELECT optimizer.measure_pending_implementations()");
        run(&format!("SELECT optimizer.revert_implementation({implementation})"));
        let row = one::<String>(&format!(
            "SELECT status || ' ' || dismissal_reason FROM optimizer.recommendations
             WHERE id = {recommendation}"
        ));
        assert!(
            row.starts_with("dismissed regressed: slower: a call takes 30.0 % more time"),
            "{row}"
        );
        assert_eq!(
            one::<i32>("SELECT outcomes FROM optimizer.learned_kinds"),
            1,
            "an outcome that was given still counts"
        );
    }

    #[pg_test]
    fn a_rewrite_is_measured_on_its_new_query() {
        ingest(10, 40.0, 100, 100.0);
        ingest(11, 20.0, 100, 25.0);
        run("INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type,
                 description, estimated_improvement_percent, confidence_score)
             VALUES (10, 'or_to_in', 'Use IN', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()");
        let id = one::<i64>("SELECT id FROM optimizer.recommendations");
        let implementation = one::<i64>(&format!(
            "SELECT impl_id FROM optimizer.record_recommendation_implementation({id},
                 implemented_at => now() - interval '30 hours',
                 new_query_text => 'SELECT 1 WHERE 1 IN ($1, 2)')"
        ));
        let measured = |column: &str| {
            one::<String>(&format!(
                "SELECT {column}::text FROM optimizer.measure_implementation_results({implementation})"
            ))
        };
        let reason = measured("verdict || ' ' || verdict_reason");
        assert!(reason.starts_with("inconclusive query_vanished: "), "{reason}");
        run(&format!("SELECT optimizer.set_implementation_query({implementation}, 11)"));
        run("DELETE FROM optimizer.implementation_measurements");
        assert_eq!(measured("actual_improvement_percent"), "75");
    }

    #[pg_test]
    fn only_a_rewrite_is_measured_on_another_query() {
        let id = recommend_index(5, 60.0, 0.7);
        let (code, message, _) = raised(&format!(
            "SELECT optimizer.record_recommendation_implementation({id}, new_query_hash => 6)"
        ));
        assert_eq!(code, "22023", "{message}");
        let implementation = record(id, 0.0);
        let (code, message, _) =
            raised(&format!("SELECT optimizer.set_implementation_query({implementation}, 6)"));
        assert_eq!(code, "55000", "{message}");
    }

    #[pg_test]
    fn a_new_query_text_is_exactly_one_statement_and_is_never_run() {
        run("INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type,
                 description, estimated_improvement_percent, confidence_score)
             VALUES (5, 'or_to_in', 'Use IN', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()");
        let id = one::<i64>("SELECT id FROM optimizer.recommendations");
        let recorded = |text: &str| {
            raised(&format!(
                "SELECT optimizer.record_recommendation_implementation({id}, new_query_text => $q${text}$q$)"
            ))
        };
        for (text, code) in [
            ("SELECT 1; DROP TABLE t", "22023"),
            ("", "22023"),
            ("-- nothing", "22023"),
            ("SELEC 1", "42601"),
        ] {
            assert_eq!(recorded(text).0, code, "{text}");
        }
        let (_, message, hint) = recorded("SELEC 1");
        assert_eq!(message, "new_query_text does not parse: syntax error at or near \"SELEC\"");
        assert!(hint.starts_with("Give one SELECT"), "{hint}");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.implementations"), 0);
        assert_eq!(recorded("DROP TABLE optimizer.query_metrics").0, "00000");
        run("SELECT FROM optimizer.query_metrics");
    }
}
