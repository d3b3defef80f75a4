#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::JsonB;
    use pgrx::prelude::*;

    fn measured(id: i64, force: bool, columns: &str) -> String {
        one(&format!(
            "SELECT format({columns}) FROM optimizer.measure_implementation_results({id}, {force})"
        ))
    }

    const OUTCOME: &str = "'%s %s %s', status, verdict, actual_improvement_percent";

    #[pg_test]
    fn before_measure_after_it_is_provisional_and_nothing_is_stored() {
        let (_, id) = implemented(1, 23.0, 100.0, 20.0);
        assert_eq!(measured(id, false, OUTCOME), "pending inconclusive 80");
        let reason = measured(id, false, "'%s', verdict_reason");
        assert!(reason.starts_with("provisional, next look at "), "{reason}");
        assert!(reason.contains("less than one whole day"), "{reason}");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.implementation_measurements"), 0);
        assert!(one::<bool>("SELECT measured_at IS NULL FROM optimizer.implementations"));
    }

    #[pg_test]
    fn the_first_look_is_final_when_it_improved() {
        let (_, id) = implemented(1, 25.0, 100.0, 20.0);
        assert_eq!(measured(id, false, OUTCOME), "implemented improved 80");
        assert_eq!(one::<f64>("SELECT accuracy_score FROM optimizer.implementations"), 1.0);
        let (code, message, _) =
            raised(&format!("SELECT optimizer.measure_implementation_results({id})"));
        assert_eq!(code, "55000");
        assert!(message.contains("already final"), "{message}");
    }

    #[pg_test]
    fn the_first_look_that_decides_nothing_is_stored_once_and_the_last_is_final() {
        let (_, id) = implemented(1, 25.0, 100.0, 99.0);
        assert_eq!(measured(id, false, OUTCOME), "pending not_improved 1");
        let reason = measured(id, false, "'%s', verdict_reason");
        assert!(reason.starts_with("provisional"), "the first look was taken: {reason}");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.implementation_measurements"), 1);
        run("SET LOCAL optimizer_workflow.measure_deadline = '25h'");
        assert_eq!(measured(id, false, OUTCOME), "implemented not_improved 1");
        assert_eq!(
            one::<String>(
                "SELECT string_agg(look, ',' ORDER BY measured_at, look)
                 FROM optimizer.implementation_measurements"
            ),
            "first,last"
        );
    }

    #[pg_test]
    fn a_look_at_time_that_nobody_observed_concludes_nothing_forced_or_not() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        let (_, forced) = implemented(2, 50.0, 100.0, 20.0);
        run("DELETE FROM optimizer.sampling_coverage
             WHERE bucket_start BETWEEN now() - interval '48 hours' AND now() - interval '15 hours'");
        assert_eq!(measured(id, false, OUTCOME), "implemented inconclusive 80");
        let reason = one::<String>(&format!(
            "SELECT verdict_reason FROM optimizer.implementations WHERE id = {id}"
        ));
        assert!(reason.starts_with("coverage: "), "{reason}");
        assert_eq!(measured(forced, true, OUTCOME), "implemented inconclusive 80");
    }

    #[pg_test]
    fn what_got_slower_is_negative() {
        let (_, id) = implemented(1, 50.0, 100.0, 250.0);
        assert_eq!(measured(id, false, OUTCOME), "implemented regressed -150");
        assert_eq!(one::<f64>("SELECT accuracy_score FROM optimizer.implementations"), 0.0);
    }

    #[pg_test]
    fn force_is_final_with_what_there_is() {
        index_of(1);
        let id = record(recommend_index(1, 80.0, 0.9), 2.0);
        assert_eq!(measured(id, true, OUTCOME), "implemented inconclusive ");
        let reason = one::<String>("SELECT verdict_reason FROM optimizer.implementations");
        assert!(reason.starts_with("coverage: less than one whole day"), "{reason}");
    }

    #[pg_test]
    fn no_window_reaches_past_the_deadline() {
        let (_, id) = implemented(1, 24.0 * 5.0, 100.0, 50.0);
        run("UPDATE optimizer.query_metrics SET total_exec_time_ms = 1000 * total_exec_time_ms
             WHERE bucket_start > now() - interval '60 hours'");
        assert_eq!(measured(id, false, OUTCOME), "implemented improved 50");
    }

    #[pg_test]
    fn work_in_the_bucket_of_the_change_counts_on_its_own_side() {
        // All three in the same hour: what was there at recording was before, the rest is after.
        ingest(1, 0.0, 100, 90.0);
        let id = record(recommend_index(1, 80.0, 0.9), 0.0);
        ingest(1, 0.0, 50, 30.0);
        assert_eq!(measured(id, false, "'%s', round(actual_improvement_percent)"), "67");
        run(&format!("SELECT optimizer.measure_implementation_results({id}, true)"));
        let after = one::<JsonB>("SELECT post_metrics FROM optimizer.get_optimization_results()");
        assert_eq!(after.0["calls"], 50);
        assert_eq!(after.0["mean_exec_time_ms"], 30.0);
    }

    #[pg_test]
    fn a_bucket_that_mixes_before_and_after_counts_on_neither_side() {
        ingest(1, 5.0, 100, 90.0);
        // The change was made an hour and a minute before this work was all in.
        run(
            "SELECT optimizer.ingest_query_metrics(1, date_trunc('hour', now()) - interval '1 minute', 100, 100000)",
        );
        ingest(1, 0.0, 30, 45.0);
        let recommendation = recommend_index(1, 80.0, 0.9);
        let id = one::<i64>(&format!(
            "SELECT impl_id FROM optimizer.record_recommendation_implementation({recommendation},
                 implemented_at => date_trunc('hour', now()) - interval '30 minutes')"
        ));
        assert_eq!(measured(id, true, OUTCOME), "implemented inconclusive 50");
    }

    #[pg_test]
    fn all_that_is_due_is_measured_once() {
        implemented(1, 30.0, 100.0, 20.0);
        implemented(2, 60.0, 100.0, 100.0);
        implemented(3, 5.0, 100.0, 20.0);
        let measured = || {
            one::<String>(
                "SELECT coalesce(string_agg(verdict || ' ' || status, ', ' ORDER BY impl_id), '')
                 FROM optimizer.measure_pending_implementations()",
            )
        };
        assert_eq!(measured(), "improved implemented, not_improved implemented");
        assert_eq!(measured(), "");
        let summary = one::<String>(
            "SELECT format('%s pending %s implemented %s improved %s not_improved %s %s', pending,
                 implemented, improved, not_improved, total_actual_improvement_percent,
                 mean_accuracy) FROM optimizer.optimization_summary()",
        );
        assert_eq!(summary, "1 pending 2 implemented 1 improved 1 not_improved 80 0.5");
    }

    #[pg_test]
    fn a_look_that_raises_an_error_keeps_no_other_from_being_taken_and_ends_after_three() {
        let (_, broken) = implemented(1, 60.0, 100.0, 20.0);
        let (_, sound) = implemented(2, 60.0, 100.0, 20.0);
        run(&format!(
            "UPDATE optimizer.optimization_implementations
             SET pre_optimization_stats = '{{}}' WHERE id = {broken}"
        ));
        for pass in 1..=3 {
            let taken =
                one::<i64>("SELECT count(*) FROM optimizer.measure_pending_implementations()");
            assert_eq!(taken, i64::from(pass == 1));
        }
        let state = |id: i64| {
            one::<String>(&format!(
                "SELECT format('%s %s', status, verdict) FROM optimizer.implementations WHERE id = {id}"
            ))
        };
        assert_eq!(state(broken), "failed inconclusive");
        assert_eq!(state(sound), "implemented improved");
        assert!(one::<bool>(&format!(
            "SELECT error_message LIKE '%missing field%' FROM optimizer.implementations WHERE id = {broken}"
        )));
    }

    #[pg_test]
    fn results_show_predicted_beside_actual() {
        implemented(-3, 30.0, 100.0, 20.0);
        run("SELECT optimizer.measure_pending_implementations()");
        let row = one::<String>(
            "SELECT format('%s %s %s %s %s %s', query_hash, source_type, kind,
                 predicted_improvement_percent, actual_improvement_percent,
                 pre_metrics ->> 'mean_exec_time_ms')
             FROM optimizer.get_optimization_results('implemented')",
        );
        assert_eq!(row, "-3 index btree 80 80 100.0");
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.get_optimization_results('pending')"),
            0
        );
    }
}
