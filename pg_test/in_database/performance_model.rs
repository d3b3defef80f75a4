//! The performance model in the database: trained on outcomes, used where it is better, the same in Rust and SQL.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    /// Implementations that worked, `came` an expression over n (1 to `count`) and the mean time in ms before.
    fn outcomes(count: i32, came: &str) {
        run(&format!(
            "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns,
                 estimated_improvement_percent, confidence_score, made_by)
             SELECT n, 'orders', 'CREATE INDEX ON orders (c' || n || ')', '{{a}}', 40 + n % 40, 0.8, 'tester'
             FROM generate_series(1, {count}) AS n"
        ));
        run("SELECT optimizer.aggregate_recommendations()");
        run(&format!(
            "INSERT INTO optimizer.optimization_implementations (recommendation_id, query_hash,
                 implementation_timestamp, implemented_by, pre_optimization_stats, predicted_improvement_percent,
                 confidence_at_record, forecast_at_record_percent, actual_improvement_percent, verdict, status,
                 measured_at, recorded_with, change_bucket_start, made_by, kind, stated_confidence)
             SELECT r.id, n, now(), 'tester',
                    jsonb_build_object('calls', 100, 'calls_per_hour', 50, 'mean_exec_time_ms', ms, 'rows', 100,
                                       'shared_blks_per_call', 10),
                    r.estimated_improvement_percent, 0.8, r.estimated_improvement_percent, {came}, 'improved',
                    'implemented', now(), n, now(), 'tester', 'btree', 0.8
             FROM (SELECT r.*, r.query_hash AS n, exp(r.query_hash * 7 % 80 / 10.0) AS ms
                   FROM optimizer.optimization_recommendations r) AS r"
        ));
        run("UPDATE optimizer.optimization_recommendations SET status = 'implemented'");
    }

    const BY_TIME: &str = "10 + 0.2 * r.estimated_improvement_percent + 6 * ln(1 + ms)";

    fn trained(column: &str) -> String {
        one(&format!("SELECT {column}::text FROM optimizer.train_performance_model()"))
    }

    #[pg_test]
    fn nothing_is_trained_from_too_little_and_it_says_so() {
        assert_eq!(trained("message"), "nothing trained: 0 outcomes, 50 are needed");
        outcomes(49, BY_TIME);
        assert_eq!(trained("message"), "nothing trained: 49 outcomes, 50 are needed");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.performance_models"), 0);
    }

    #[pg_test]
    fn training_again_on_the_same_outcomes_adds_no_version() {
        outcomes(60, BY_TIME);
        let versions = || one::<i64>("SELECT count(*) FROM optimizer.performance_models");
        let first = trained("model_version");
        let again: (String, String) = (trained("model_version"), trained("message"));
        assert_eq!(again.0, first);
        assert!(again.1.starts_with("no outcome is new; "), "{}", again.1);
        assert_eq!(versions(), 1);
        run("UPDATE optimizer.optimization_implementations
             SET actual_improvement_percent = actual_improvement_percent / 2 WHERE query_hash = 7");
        assert_ne!(trained("model_version"), first, "another outcome is another model");
        assert_eq!(versions(), 2);
    }

    #[pg_test]
    fn a_better_model_makes_the_forecast_in_rust_as_in_sql() {
        ingest(1000, 1.0, 500, 900.0);
        ingest(1001, 1.0, 500, 1.5);
        outcomes(60, BY_TIME);
        for hash in [1000, 1001, 1002] {
            recommend_index(hash, 60.0, 0.8);
        }
        assert_eq!(trained("is_used"), "true");
        let forecast = |hash: i64| {
            one::<f64>(&format!(
                "SELECT forecast_improvement_percent FROM optimizer.recommendations WHERE query_hash = {hash}"
            ))
        };
        let truth = |ms: f64| 10.0 + 0.2 * 60.0 + 6.0 * (1.0 + ms).ln();
        assert!((forecast(1000) - truth(900.0)).abs() < 3.0, "{}", forecast(1000));
        assert!((forecast(1001) - truth(1.5)).abs() < 3.0, "{}", forecast(1001));
        // A query without metrics tells the model nothing: the kind's own rate.
        let rate =
            one::<f64>("SELECT coalesce(max(realisation_rate), 1) FROM optimizer.learned_kinds");
        assert!((forecast(1002) - 60.0 * rate).abs() < 1e-9);
        // The same from what was kept, by hand.
        let by_hand = one::<f64>(
            "SELECT (c ->> 'intercept')::float8 + (c ->> 'stated_percent')::float8 * 60
                    + (c ->> 'ln_calls_per_hour')::float8 * ln(1 + a.calls_per_hour)
                    + (c ->> 'ln_mean_exec_time_ms')::float8 * ln(1 + a.mean_exec_time_ms)
                    + (c ->> 'ln_shared_blks_per_call')::float8 * ln(1 + a.shared_blks_per_call)
                    + (c ->> 'ln_rows_per_call')::float8 * ln(1 + a.rows::float8 / a.calls)
                    + (c ->> 'cost_ratio_unknown')::float8 + (c ->> 'source:index')::float8
                    + (c ->> 'kind:tester/index/btree')::float8
             FROM optimizer.query_activity a, (SELECT coefficients FROM optimizer.performance_models) AS m (c)
             WHERE a.query_hash = 1000",
        );
        assert!((forecast(1000) - by_hand).abs() < 1e-9);
    }

    /// Outcomes that followed the planner's cost, which halves to a twentieth.
    fn outcomes_by_cost() {
        outcomes(60, "20 - 20 * ln(1 / (2 + n % 19)::float8)");
        run(
            "UPDATE optimizer.optimization_implementations i SET plan_cost_ratio = 1 / (2 + i.query_hash % 19)::float8",
        );
    }

    #[pg_test]
    fn costs_of_the_planner_are_a_feature_where_a_source_states_them() {
        ingest(1000, 1.0, 500, 90.0);
        ingest(1001, 1.0, 500, 90.0);
        outcomes_by_cost();
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns,
                 estimated_improvement_percent, confidence_score, made_by, plan_cost_before, plan_cost_after)
             VALUES (1000, 'orders', 'CREATE INDEX ON orders (x)', '{a}', 60, 0.8, 'tester', 1000, 500),
                    (1001, 'orders', 'CREATE INDEX ON orders (y)', '{a}', 60, 0.8, 'tester', 1000, 100)");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(trained("is_used"), "true");
        let forecast = |hash: i64| {
            one::<f64>(&format!(
                "SELECT forecast_improvement_percent FROM optimizer.recommendations WHERE query_hash = {hash}"
            ))
        };
        for (hash, ratio) in [(1000, 0.5_f64), (1001, 0.1)] {
            let truth = 20.0 - 20.0 * ratio.ln();
            assert!((forecast(hash) - truth).abs() < 3.0, "{hash}: {} not {truth}", forecast(hash));
        }
        let difference = one::<f64>(
            "SELECT (coefficients ->> 'ln_cost_ratio')::float8 * ln(0.1::float8 / 0.5) FROM optimizer.performance_models",
        );
        assert!((forecast(1001) - forecast(1000) - difference).abs() < 1e-9);
        // It follows the suggestion, and is kept with what is recorded.
        run("UPDATE optimizer.index_suggestions SET plan_cost_after = 500 WHERE query_hash = 1001;
             SELECT optimizer.aggregate_recommendations()");
        assert!((forecast(1001) - forecast(1000)).abs() < 1e-9);
        record(one("SELECT id FROM optimizer.recommendations WHERE query_hash = 1001"), 1.0);
        assert!(one::<bool>(
            "SELECT plan_cost_ratio = 0.5 FROM optimizer.implementations WHERE query_hash = 1001"
        ));
        for costs in ["0, 1", "1, 'NaN'", "1, -1", "1, 'Infinity'"] {
            let (code, _, _) = raised(&format!(
                "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                     estimated_improvement_percent, confidence_score, plan_cost_before, plan_cost_after)
                 VALUES (5, 'o', 'CREATE INDEX ON o (z)', 60, 0.8, {costs})"
            ));
            assert_eq!(code, "23514", "{costs}");
        }
    }

    #[pg_test]
    fn what_a_model_forecasts_the_aggregation_leaves_alone() {
        ingest(1000, 1.0, 500, 900.0);
        outcomes(60, BY_TIME);
        recommend_index(1000, 60.0, 0.8);
        trained("is_used");
        let state = "SELECT string_agg(ctid::text || xmin::text, ',' ORDER BY id) FROM optimizer.optimization_recommendations";
        let before = one::<String>(state);
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(one::<String>(state), before);
    }

    #[pg_test]
    fn a_prediction_says_what_it_rests_on() {
        ingest(1000, 1.0, 500, 900.0);
        let id = recommend_index(1000, 60.0, 0.8);
        let basis = format!(
            "SELECT concat_ws(' ', basis, model_version IS NOT NULL, forecast_improvement_percent = 60)
             FROM optimizer.predict_improvement({id})"
        );
        assert_eq!(one::<String>(&basis), "stated f t");
        outcomes(60, BY_TIME);
        run(
            "UPDATE optimizer.optimization_recommendations SET status = 'open' WHERE query_hash = 1000",
        );
        assert_eq!(trained("is_used"), "true");
        assert_eq!(one::<String>(&basis), "model t f");
        assert_eq!(raised("SELECT optimizer.predict_improvement(0)").0, "22023");
        assert_eq!(raised("SELECT optimizer.predict_improvement(99999)").0, "P0002");
    }

    #[pg_test]
    fn a_model_that_is_no_better_is_kept_and_not_used() {
        ingest(1000, 1.0, 500, 900.0);
        outcomes(60, "0.8 * r.estimated_improvement_percent + (n * 37 % 11 - 5)");
        recommend_index(1000, 60.0, 0.8);
        assert_eq!(trained("is_used"), "false");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.performance_models"), 1);
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.performance_model_in_use"), 0);
    }

    #[pg_test]
    fn the_latest_model_counts_and_an_older_one_does_not_come_back() {
        ingest(1000, 1.0, 500, 900.0);
        outcomes(60, BY_TIME);
        let id = recommend_index(1000, 60.0, 0.8);
        assert_eq!(trained("is_used"), "true");
        run("UPDATE optimizer.optimization_implementations SET actual_improvement_percent =
                 0.8 * predicted_improvement_percent + (query_hash * 37 % 11 - 5)");
        assert_eq!(trained("is_used"), "false");
        assert_eq!(
            one::<String>(&format!("SELECT basis FROM optimizer.predict_improvement({id})")),
            "stated"
        );
        let forecast = "SELECT forecast_improvement_percent FROM optimizer.recommendations WHERE query_hash = 1000";
        assert_eq!(one::<f64>(forecast), 60.0);
    }

    #[pg_test]
    fn an_outcome_that_completes_fifty_trains_by_itself() {
        outcomes(49, BY_TIME);
        let (_, id) = implemented(2000, 60.0, 100.0, 40.0);
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        assert_eq!(
            one::<String>(
                "SELECT concat_ws(' ', outcomes, examples, is_used) FROM optimizer.performance_models"
            ),
            "50 50 t"
        );
    }
}
