#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    fn open_one(column: &str) -> f64 {
        one(&format!("SELECT {column} FROM optimizer.recommendations WHERE status = 'open'"))
    }

    #[pg_test]
    fn without_outcomes_confidence_and_forecast_are_as_stated() {
        recommend_index(1, 97.5, 0.995);
        assert_eq!(open_one("confidence_score"), 0.995);
        assert_eq!(open_one("forecast_improvement_percent"), 97.5);
        assert_eq!(open_one("forecast_low_percent"), 62.5);
        assert_eq!(open_one("forecast_high_percent"), 100.0);
    }

    #[pg_test]
    fn an_outcome_moves_the_open_recommendations_of_its_kind_at_once_and_once() {
        let (_, id) = implemented(1, 60.0, 100.0, 40.0);
        ingest(2, 0.0, 1000, 100.0);
        recommend_index(2, 50.0, 0.9);
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        // N = S = 1: m = 0.9 + 0.5/9 x 0.1, (1 + 8 m) / 9.
        let confidence = (1.0 + 8.0 * (0.9 + 0.5 / 9.0 * 0.1)) / 9.0;
        // 60 where 80 was predicted: (4800 + 5 x 6400) / (6400 + 5 x 6400).
        let forecast = 50.0 * 36_800.0 / 38_400.0;
        assert!((open_one("confidence_score") - confidence).abs() < 1e-12);
        assert!((open_one("forecast_improvement_percent") - forecast).abs() < 1e-12);
        let urgency = open_one("urgency_score");
        assert!((open_one("roi_score") - confidence * forecast / 100.0 * urgency).abs() < 1e-15);
        // An aggregation afterwards finds nothing to do, and measuring again learns nothing twice.
        let state = "SELECT string_agg(ctid::text || xmin::text, ',' ORDER BY id)
                     FROM optimizer.optimization_recommendations";
        let before = one::<String>(state);
        run("SELECT optimizer.aggregate_recommendations()");
        run("SELECT optimizer.measure_pending_implementations()");
        assert_eq!(one::<String>(state), before);
        assert_eq!(one::<i32>("SELECT outcomes FROM optimizer.learned_kinds"), 1);
    }

    #[pg_test]
    fn advice_that_does_nothing_loses_confidence_and_another_kind_keeps_its_own() {
        let (_, id) = implemented(1, 60.0, 100.0, 101.0);
        recommend_index(2, 50.0, 0.9);
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 access_method, estimated_improvement_percent, confidence_score, made_by)
             VALUES (3, 't', 'CREATE INDEX ON t USING gin (a)', 'gin', 50, 0.9, 'tester'),
                    (4, 't', 'CREATE INDEX ON t (a)', 'btree', 50, 0.9, 'another tool')");
        run("SELECT optimizer.aggregate_recommendations()");
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        let of = |hash: i64| {
            one::<f64>(&format!(
                "SELECT confidence_score FROM optimizer.recommendations WHERE query_hash = {hash}"
            ))
        };
        assert!(of(2) < 0.8, "{}", of(2));
        assert_eq!((of(3), of(4)), (0.9, 0.9));
    }

    #[pg_test]
    fn an_outcome_stays_with_who_made_the_advice_that_was_recorded() {
        let (_, id) = implemented(1, 60.0, 100.0, 40.0);
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        let learned = "SELECT string_agg(concat_ws(' ', made_by, kind, outcomes), ',')
                       FROM optimizer.learned_kinds";
        let before = one::<String>(learned);
        // It opens again, and another tool takes the suggestion over with another access method.
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        run(
            "UPDATE optimizer.index_suggestions SET made_by = 'another tool', access_method = 'gin'",
        );
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(one::<String>("SELECT made_by FROM optimizer.recommendations"), "another tool");
        let (_, other) = implemented(2, 60.0, 100.0, 40.0);
        run(&format!("SELECT optimizer.measure_implementation_results({other})"));
        assert_eq!(one::<String>(learned), before.replace(" 1", " 2"));
        assert_eq!(one::<String>("SELECT DISTINCT kind FROM optimizer.implementations"), "btree");
    }

    #[pg_test]
    fn what_is_pooled_moves_the_intervals_of_other_kinds_too() {
        for hash in 1..=4 {
            implemented(hash, 60.0, 100.0, 20.0);
        }
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 access_method, estimated_improvement_percent, confidence_score, made_by)
             VALUES (9, 't', 'CREATE INDEX ON t USING gin (a)', 'gin', 50, 0.9, 'another tool');
             SELECT optimizer.aggregate_recommendations()");
        assert_eq!(open_one("forecast_low_percent"), 15.0);
        run("SELECT optimizer.measure_pending_implementations()");
        // Four outcomes that were exactly as predicted.
        assert!((open_one("forecast_low_percent") - 50.0).abs() < 1e-9);
        assert_eq!(open_one("confidence_score"), 0.9);
    }

    #[pg_test]
    fn what_comes_back_to_the_list_has_todays_scores() {
        let other = recommend_index(2, 50.0, 0.9);
        run(&format!("SELECT optimizer.dismiss_recommendation({other}, 'later')"));
        let (_, id) = implemented(1, 60.0, 100.0, 101.0);
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        run(&format!("SELECT optimizer.reopen_recommendation({other})"));
        assert!(open_one("confidence_score") < 0.9);
    }

    #[pg_test]
    fn an_inconclusive_outcome_teaches_nothing() {
        index_of(1);
        let id = record(recommend_index(1, 50.0, 0.9), 60.0);
        recommend_index(2, 50.0, 0.9);
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        assert_eq!(open_one("confidence_score"), 0.9);
        assert_eq!(
            one::<String>(
                "SELECT format('%s %s', outcomes, inconclusive) FROM optimizer.learned_kinds"
            ),
            "0 1"
        );
    }
}
