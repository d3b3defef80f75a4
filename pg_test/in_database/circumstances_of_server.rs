//! What happened to the server around a change, and what a verdict makes of it: settings in each scope, restarts, an upgrade.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn without_controls_days_before_a_change_of_settings_are_not_compared_with() {
        let slower_until_five_days_before = |query_hash: i64| {
            let (_, id) = implemented(query_hash, 50.0, 100.0, 100.0);
            run(&format!(
                "UPDATE optimizer.query_metrics SET total_exec_time_ms = 3 * total_exec_time_ms
                 WHERE query_hash = {query_hash} AND bucket_start < now() - interval '50 hours' - interval '5 days'"
            ));
            id
        };
        let setting = "event_type, setting_name, setting_scope, old_value, new_value";
        let changed = "'changed', 'setting', 'jit', 'server', 'on', 'off'";
        let blind = slower_until_five_days_before(1);
        run(&format!("SELECT optimizer.measure_implementation_results({blind})"));
        assert!(adjusted(blind) > 20.0, "{}", adjusted(blind));
        event(50.0 + 5.0 * 24.0, setting, changed);
        let told = slower_until_five_days_before(2);
        run(&format!("SELECT optimizer.measure_implementation_results({told})"));
        assert!(adjusted(told).abs() < 2.0, "{}", adjusted(told));
        assert!(of(told, "notes").contains("jit went from on to off"), "{}", of(told, "notes"));
        // In the other direction, it is the change that was recorded when that setting was.
        assert_eq!(
            one::<i32>(&format!(
                "SELECT days_before FROM optimizer.implementation_measurements WHERE implementation_id = {told}"
            )),
            3
        );
    }

    #[pg_test]
    fn a_setting_that_was_set_back_was_there_until_then() {
        lived_through(1, 50.0, 8, 100.0, 250.0);
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value,
                 recommended_value, scope, estimated_improvement_percent, confidence_score, made_by)
             VALUES (1, 'work_mem', '4MB', '77MB', 'server', 40, 0.5, 'tester');
             SELECT optimizer.aggregate_recommendations();
             UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'");
        let id = record(one("SELECT id FROM optimizer.recommendations"), 50.0);
        let setting = "event_type, setting_name, setting_scope, old_value, new_value";
        event(50.0, setting, "'changed', 'setting', 'work_mem', 'server', '4MB', '78848kB'");
        event(10.0, setting, "'changed', 'setting', 'work_mem', 'server', '77MB', '4MB'");
        run("SET LOCAL optimizer_workflow.measure_after = '60h';
             SET LOCAL optimizer_workflow.measure_deadline = '70h'");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        assert_eq!(of(id, "status || ' ' || verdict"), "reverted regressed");
        let ended = of(
            id,
            "(post_optimization_stats ->> 'window_end')::timestamptz <= now() - interval '10 hours'",
        );
        assert_eq!(ended, "true");
    }

    #[pg_test]
    fn settings_of_the_role_that_runs_the_query_confound_whatever_there_is_to_compare_with() {
        controls(6, 50.0, 80.0, 80.0);
        let setting = "event_type, setting_name, setting_scope, role_name, old_value, new_value";
        for (hash, role, said) in
            [(1, "nobody_here", "improved faster"), (2, "postgres", "inconclusive confounded")]
        {
            let (_, id) = implemented(hash, 50.0, 100.0, 20.0);
            touches(hash, "select", &format!("orders_{hash}"));
            run("UPDATE optimizer.query_readings SET user_oid = 10");
            let role = if role == "postgres" {
                one::<String>("SELECT pg_get_userbyid(10)::text")
            } else {
                role.to_owned()
            };
            event(
                49.0,
                setting,
                &format!("'created', 'setting', 'work_mem', 'role', '{role}', NULL, '256MB'"),
            );
            assert_eq!(look(id), said);
        }
    }

    #[pg_test]
    fn a_setting_that_may_have_changed_in_the_window_is_an_event() {
        let setting = "event_type, setting_name, setting_scope, database_name, old_value, new_value, occurred_after";
        for (hash, since_hours_ago, said) in
            [(1, 1.9, "improved faster"), (2, 8.0, "inconclusive uncontrolled")]
        {
            let (_, id) = implemented(hash, 50.0, 100.0, 20.0);
            event(
                1.0,
                setting,
                &format!(
                    "'changed', 'setting', 'jit', 'database', current_database(), 'on', 'off',
                     now() - {since_hours_ago} * interval '1 hour'"
                ),
            );
            assert_eq!(look(id), said);
        }
    }

    #[pg_test]
    fn a_setting_excuses_the_one_restart_that_it_needs() {
        let with_restarts = |hash: i64, hours_ago: &[f64]| {
            lived_through(hash, 50.0, 8, 100.0, 20.0);
            run(&format!(
                "DELETE FROM optimizer.system_events;
                 INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value,
                     recommended_value, scope, estimated_improvement_percent, confidence_score)
                 VALUES ({hash}, 'shared_buffers', '1MB', current_setting('shared_buffers'), 'server', 40, 0.5);
                 SELECT optimizer.aggregate_recommendations();
                 UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'"
            ));
            for restart in hours_ago {
                event(*restart, "event_type", "'started', 'restart'");
            }
            let id = record(
                one(&format!("SELECT id FROM optimizer.recommendations WHERE query_hash = {hash}")),
                50.0,
            );
            let said = look(id);
            assert!(!of(id, "verdict_reason").contains("for role"), "{}", of(id, "verdict_reason"));
            run("UPDATE optimizer.optimization_implementations SET status = 'reverted',
                     implementation_timestamp = now() - interval '60 days', reverted_at = now() - interval '59 days'");
            said
        };
        assert_eq!(with_restarts(1, &[49.9]), "improved faster");
        assert_eq!(with_restarts(2, &[49.9, 30.0]), "inconclusive uncontrolled");
    }

    #[pg_test]
    fn a_setting_that_was_tried_on_the_way_is_not_the_end_of_the_change() {
        lived_through(1, 50.0, 8, 100.0, 250.0);
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value,
                 recommended_value, scope, estimated_improvement_percent, confidence_score, made_by)
             VALUES (1, 'work_mem', '4MB', '77MB', 'server', 40, 0.5, 'tester');
             SELECT optimizer.aggregate_recommendations();
             UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'");
        let id = record(one("SELECT id FROM optimizer.recommendations"), 50.0);
        let setting = "event_type, setting_name, setting_scope, old_value, new_value";
        for (hours_ago, old, new) in [
            (49.9, "4MB", "77MB"),
            (49.8, "77MB", "32MB"),
            (49.7, "32MB", "77MB"),
            (5.0, "77MB", "4MB"),
        ] {
            event(
                hours_ago,
                setting,
                &format!("'changed', 'setting', 'work_mem', 'server', '{old}', '{new}'"),
            );
        }
        run("SET LOCAL optimizer_workflow.measure_after = '60h';
             SET LOCAL optimizer_workflow.measure_deadline = '70h'");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        // Seen for 45 hours, and not for six minutes.
        assert!(one::<bool>(&format!(
            "SELECT days_after = 1 FROM optimizer.implementation_measurements WHERE implementation_id = {id}"
        )));
    }

    #[pg_test]
    fn an_upgrade_of_long_ago_only_shortens_the_baseline() {
        for (hash, hours_before, said) in
            [(1, 5.0 * 24.0, "improved faster"), (2, 12.0, "inconclusive epoch_change")]
        {
            let (_, id) = implemented(hash, 50.0, 100.0, 20.0);
            run("DELETE FROM optimizer.system_events");
            event(
                50.0 + hours_before,
                "event_type, old_value, new_value",
                "'changed', 'version', '15.20', '16.1'",
            );
            assert_eq!(look(id), said);
        }
        assert_eq!(
            one::<i32>(
                "SELECT days_before FROM optimizer.implementation_measurements WHERE days_before IS NOT NULL"
            ),
            3
        );
    }

    #[pg_test]
    fn a_change_of_the_server_is_judged_by_what_was_costly_before_it() {
        lived_through(1, 50.0, 8, 100.0, 50.0);
        for hash in 101..=130 {
            lived_through(hash, 50.0, 8, 100.0, 30.0);
        }
        for hash in 201..=215 {
            lived_through(hash, 50.0, 8, 60.0, 61.0);
        }
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value,
                 recommended_value, scope, estimated_improvement_percent, confidence_score)
             VALUES (1, 'work_mem', '1MB', current_setting('work_mem'), 'server', 40, 0.5);
             SELECT optimizer.aggregate_recommendations();
             UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'");
        let id = record(one("SELECT id FROM optimizer.recommendations"), 50.0);
        // By the week up to now, the 15 that did not move would be the costliest.
        run("UPDATE optimizer.query_metrics SET calls = 2, total_exec_time_ms = 2 * 30, rows = 2
             WHERE query_hash BETWEEN 101 AND 130 AND bucket_start > now() - interval '20 hours'");
        run("UPDATE optimizer.query_metrics SET total_exec_time_ms = 200 * total_exec_time_ms, calls = 200 * calls
             WHERE query_hash BETWEEN 201 AND 215 AND bucket_start > now() - interval '20 hours'");
        assert_eq!(look(id), "improved faster");
    }
}
