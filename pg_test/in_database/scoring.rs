#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn the_worked_examples_come_out_to_the_last_digit() {
        assert_eq!(one::<f64>("SELECT optimizer.urgency_score(500, 450)"), 0.000225);
        assert_eq!(
            one::<f64>("SELECT optimizer.roi_score(0.92, 95, optimizer.urgency_score(500, 450))"),
            0.00019665
        );
        assert_eq!(
            one::<f64>("SELECT optimizer.roi_score(0.83, 80, optimizer.urgency_score(5000, 250))"),
            0.00083
        );
    }

    #[pg_test]
    fn a_worked_example_goes_through_tables_to_the_last_digit() {
        ingest(-17, 0.0, 500, 450.0);
        let id = recommend_index(-17, 95.0, 0.92);
        let at = |column: &str| {
            one::<f64>(&format!("SELECT {column} FROM optimizer.recommendations WHERE id = {id}"))
        };
        assert_eq!(at("urgency_score"), 0.000225);
        assert_eq!(at("roi_score"), 0.00019665);
        assert_eq!(at("confidence_score"), 0.92);
        assert_eq!(at("forecast_improvement_percent"), 95.0);
        // 0.92 x 0.95 x 500 x 450
        assert!((at("expected_saving_ms_per_hour") - 196_650.0).abs() < 1e-6);
    }

    #[pg_test]
    fn the_references_are_settings() {
        run("SET LOCAL optimizer_workflow.frequency_reference = 1000");
        run("SET LOCAL optimizer_workflow.impact_reference = '900ms'");
        assert_eq!(one::<f64>("SELECT optimizer.urgency_score(500, 450)"), 0.25);
    }

    #[pg_test]
    fn what_cannot_be_scored_is_refused_with_a_hint() {
        for sql in [
            "SELECT optimizer.urgency_score(-1, 1)",
            "SELECT optimizer.urgency_score('NaN', 1)",
            "SELECT optimizer.roi_score(1.5, 10, 0.5)",
            "SELECT optimizer.roi_score(0.5, 'Infinity', 0.5)",
        ] {
            let (code, message, hint) = raised(sql);
            assert_eq!(code, "22023", "{sql}: {message}");
            assert!(!hint.is_empty(), "{sql}");
        }
    }
}
