//! Claims about the four functions for HTTP gateways: their keys, their totals, their errors. Roles and transactions as a
//! gateway has them are in scenarios/http.sh.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;
    use serde_json::{Value, json};

    fn answer(call: &str) -> Value {
        one::<pgrx::JsonB>(&format!("SELECT optimizer.{call}")).0
    }

    fn keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    fn is_iso_8601(value: &Value) -> bool {
        let text = value.as_str().unwrap();
        one::<bool>(&format!(
            "SELECT '{text}' ~ '^\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d([.]\\d+)?[+-]\\d\\d:\\d\\d$'
                    AND '{text}'::timestamptz <= now()"
        ))
    }

    const LARGE: i64 = -9_223_372_036_854_775_807;

    #[pg_test]
    fn an_aggregation_answers_with_what_is_open_and_from_where() {
        suggest_index(LARGE, 90.0, 0.8);
        suggest_index(2, 50.0, 0.4);
        let one_query = answer("api_aggregate_recommendations(query_hash := 2)");
        assert_eq!(one_query["recommendations_aggregated"], json!(1));
        assert_eq!(one_query["message"], json!("1 recommendation is open"));
        let all = answer("api_aggregate_recommendations()");
        assert_eq!(
            keys(&all),
            ["aggregated_at", "message", "recommendations_aggregated", "source_types"]
        );
        assert_eq!(all["recommendations_aggregated"], json!(2));
        assert_eq!(all["source_types"], json!(["index"]));
        assert_eq!(all["message"], json!("2 recommendations are open"));
        assert!(is_iso_8601(&all["aggregated_at"]));
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.recommendations WHERE status = 'open'"),
            2
        );
    }

    #[pg_test]
    fn an_aggregation_of_a_query_without_advice_answers_with_none() {
        let none =
            answer("api_aggregate_recommendations(query_hash := 4711, min_confidence := 0.5)");
        assert_eq!(none["recommendations_aggregated"], json!(0));
        assert_eq!(none["source_types"], json!([]));
        assert_eq!(none["message"], json!("no suggestion makes a recommendation"));
    }

    #[pg_test]
    fn recommendations_come_as_the_list_has_them() {
        for (hash, mean_ms) in [(LARGE, 900.0), (2, 4000.0), (3, 50.0)] {
            observed(3.0);
            ingest(hash, 1.0, 5000, mean_ms);
            suggest_index(hash, 80.0, 0.5);
        }
        run("SELECT optimizer.aggregate_recommendations()");
        let page = answer("api_optimization_recommendations(max_rows := 2)");
        assert_eq!(keys(&page), ["count", "recommendations", "timestamp", "total_roi_potential"]);
        assert_eq!(page["count"], json!(2));
        assert!(is_iso_8601(&page["timestamp"]));
        let rows = page["recommendations"].as_array().unwrap();
        assert_eq!(
            keys(&rows[0]),
            [
                "action_sql",
                "confidence_score",
                "estimated_improvement_percent",
                "expected_saving_ms_per_hour",
                "forecast_improvement_percent",
                "id",
                "kind",
                "query_hash",
                "query_hash_text",
                "recommendation_text",
                "roi_score",
                "source_type",
                "urgency_score"
            ]
        );
        let listed = one::<String>(
            "SELECT string_agg(rec_id || ' ' || query_hash, ',' ORDER BY place)
             FROM optimizer.get_top_recommendations(2) WITH ORDINALITY AS list
                  (rec_id, query_hash, source, text, improvement, confidence, urgency, roi, kind,
                   forecast, saving, action, query, seen, full_text, full_query, place)",
        );
        let answered: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row["id"], row["query_hash_text"].as_str().unwrap()))
            .collect();
        assert_eq!(answered.join(","), listed);
        assert_eq!(rows[1]["query_hash"], json!(LARGE));
        assert_eq!(rows[1]["query_hash_text"], json!("-9223372036854775807"));
        // Of the page, not of everything.
        let roi: f64 = rows.iter().map(|row| row["roi_score"].as_f64().unwrap()).sum();
        assert!((page["total_roi_potential"].as_f64().unwrap() - roi).abs() < 1e-12);
        assert!(
            roi > 0.0
                && roi < one("SELECT total_roi_potential FROM optimizer.optimization_summary()")
        );
    }

    #[pg_test]
    fn recommendations_keep_to_source_and_impact() {
        recommend_index(1, 80.0, 0.5);
        let count = |call: &str| answer(call)["count"].clone();
        assert_eq!(count("api_optimization_recommendations(min_impact := 80)"), json!(1));
        assert_eq!(count("api_optimization_recommendations(min_impact := 80.1)"), json!(0));
        assert_eq!(count("api_optimization_recommendations(source_type := 'index')"), json!(1));
        assert_eq!(count("api_optimization_recommendations(source_type := 'rewrite')"), json!(0));
    }

    #[pg_test]
    fn an_empty_list_says_so() {
        let page = answer("api_optimization_recommendations()");
        assert_eq!(page["recommendations"], json!([]));
        assert_eq!(page["count"], json!(0));
        assert_eq!(page["total_roi_potential"], json!(0));
        assert_eq!(page["message"], json!("no open recommendation matches"));
        let results = answer("api_optimization_results()");
        assert_eq!(results["results"], json!([]));
        assert_eq!(results["count"], json!(0));
        assert_eq!(results["total_actual_improvement"], json!(0));
        assert_eq!(results["message"], json!("no implementation matches"));
    }

    #[pg_test]
    fn an_implementation_is_recorded_with_the_metrics_from_before() {
        ingest(LARGE, 1.0, 100, 50.0);
        let id = recommend_index(LARGE, 80.0, 0.5);
        let recorded = answer(&format!(
            "api_implement_recommendation(recommendation_id := {id}, query_hash := {LARGE}, implementation_notes := 'by HTTP')"
        ));
        assert_eq!(
            keys(&recorded),
            [
                "implementation_id",
                "message",
                "notices",
                "pre_metrics",
                "query_hash",
                "query_hash_text",
                "recommendation_id",
                "status",
                "timestamp"
            ]
        );
        assert_eq!(recorded["status"], json!("pending"));
        assert_eq!(recorded["query_hash"], json!(LARGE));
        assert_eq!(recorded["query_hash_text"], json!(LARGE.to_string()));
        assert_eq!(recorded["pre_metrics"]["mean_exec_time_ms"], json!(50.0));
        assert!(is_iso_8601(&recorded["timestamp"]));
        let notices = recorded["notices"].as_array().unwrap();
        assert!(
            notices.iter().any(|notice| notice
                .as_str()
                .unwrap()
                .contains("has no valid index of that definition")),
            "{notices:?}"
        );
        let number = recorded["implementation_id"].as_i64().unwrap();
        assert_eq!(
            recorded["message"],
            json!(format!("recommendation {id} is recorded as implementation {number}"))
        );
        assert_eq!(
            one::<String>(&format!(
                "SELECT concat_ws(' ', recommendation_id, status, implementation_notes)
                 FROM optimizer.implementations WHERE id = {number}"
            )),
            format!("{id} pending by HTTP")
        );
    }

    #[pg_test]
    fn results_total_what_is_in_effect_and_was_measured_to_a_verdict() {
        controls(6, 60.0, 50.0, 50.0);
        let (_, improved) = implemented(LARGE, 60.0, 100.0, 40.0);
        run(&format!("SELECT optimizer.measure_implementation_results({improved})"));
        ingest(77, 1.0, 100, 50.0);
        let pending = recommend_index(77, 80.0, 0.5);
        record(pending, 0.0);
        let results = answer("api_optimization_results()");
        assert_eq!(keys(&results), ["count", "results", "timestamp", "total_actual_improvement"]);
        assert_eq!(results["count"], json!(2));
        let rows = results["results"].as_array().unwrap();
        for key in [
            "implementation_id",
            "recommendation_id",
            "query_hash",
            "query_hash_text",
            "implementation_notes",
            "pre_metrics",
            "post_metrics",
            "actual_improvement_percent",
            "predicted_improvement_percent",
            "accuracy_score",
            "status",
            "verdict",
            "implemented_at",
            "measured_at",
        ] {
            assert!(rows[0].get(key).is_some(), "{key} is there, null or not");
        }
        assert_eq!(rows[0]["status"], json!("pending"), "the newest first");
        assert_eq!(rows[0]["measured_at"], Value::Null);
        assert_eq!(rows[1]["verdict"], json!("improved"));
        assert_eq!(rows[1]["query_hash_text"], json!(LARGE.to_string()));
        assert!(is_iso_8601(&rows[1]["implemented_at"]) && is_iso_8601(&rows[1]["measured_at"]));
        let actual = rows[1]["actual_improvement_percent"].as_f64().unwrap();
        assert!((actual - 60.0).abs() < 0.1, "{actual}");
        assert_eq!(results["total_actual_improvement"].as_f64().unwrap(), actual);
        let only = |arguments: &str| {
            answer(&format!("api_optimization_results({arguments})"))["count"].clone()
        };
        assert_eq!(only("status := 'pending'"), json!(1));
        assert_eq!(only(&format!("recommendation_id := {pending}")), json!(1));
        assert_eq!(only("max_rows := 1"), json!(1));
        run(&format!("SELECT optimizer.revert_implementation({improved})"));
        assert_eq!(answer("api_optimization_results()")["total_actual_improvement"], json!(0));
    }

    #[pg_test]
    fn what_is_missing_or_wrong_is_answered_by_name() {
        let id = recommend_index(5, 80.0, 0.5);
        let implement =
            |arguments: &str| format!("SELECT optimizer.api_implement_recommendation({arguments})");
        let cases = [
            (implement(&format!("recommendation_id := {id}")), "22023", "query_hash is required"),
            (implement("query_hash := 5"), "22023", "recommendation_id is required"),
            (
                implement("recommendation_id := 0, query_hash := 5"),
                "22023",
                "recommendation_id must be positive, not 0",
            ),
            (
                implement(&format!("recommendation_id := {id}, query_hash := 0")),
                "22023",
                "query_hash must not be 0",
            ),
            (
                implement(&format!("recommendation_id := {id}, query_hash := 6")),
                "22023",
                &*format!("query_hash 6 is not that of recommendation {id}"),
            ),
            (
                implement("recommendation_id := 9000000000, query_hash := 5"),
                "P0002",
                "recommendation 9000000000 does not exist",
            ),
            (
                "SELECT optimizer.api_optimization_results(recommendation_id := 0)".to_owned(),
                "22023",
                "recommendation_id must be positive, not 0",
            ),
            (
                "SELECT optimizer.api_optimization_results(status := 'done')".to_owned(),
                "22023",
                "status \"done\" is unknown",
            ),
            (
                "SELECT optimizer.api_optimization_recommendations(source_type := 'hunch')"
                    .to_owned(),
                "22023",
                "source_type \"hunch\" is unknown",
            ),
            (
                "SELECT optimizer.api_optimization_recommendations(max_rows := 0)".to_owned(),
                "22023",
                "max_rows must be between 1 and 100, not 0",
            ),
            (
                "SELECT optimizer.api_optimization_recommendations(min_impact := -1)".to_owned(),
                "22023",
                "min_impact must be a finite number of at least 0, not -1",
            ),
            (
                "SELECT optimizer.api_aggregate_recommendations(query_hash := 0)".to_owned(),
                "22023",
                "query_hash must not be 0",
            ),
        ];
        for (call, code, message) in cases {
            let refused = raised(&call);
            assert_eq!((refused.0.as_str(), refused.1.as_str()), (code, message), "{call}");
            assert!(!refused.2.is_empty(), "a hint for {call}");
        }
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.implementations"), 0);
    }
}
