#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    const OLD: &str = "SELECT a FROM t WHERE b = $1 OR b = $2";
    const NEW: &str = "SELECT a FROM t WHERE b IN ($1, $2)";

    /// Query 10 is slow, and rewriting it is recommended; the recommendation's number.
    fn rewrite_of_query_10() -> i64 {
        ingest_text(10, OLD);
        run("INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type,
                 description, estimated_improvement_percent, confidence_score)
             VALUES (10, 'or_to_in', 'Use IN', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()");
        one("SELECT id FROM optimizer.recommendations")
    }

    fn ingest_text(query_hash: i64, text: &str) {
        run(&format!(
            "SELECT optimizer.ingest_query_metrics({query_hash}, now() - interval '40 hours', 100, 10000,
                 query_text => $q${text}$q$)"
        ));
    }

    fn record_with_text(recommendation: i64, text: &str) -> i64 {
        one(&format!(
            "SELECT impl_id FROM optimizer.record_recommendation_implementation({recommendation},
                 implemented_at => now() - interval '30 hours', new_query_text => $q${text}$q$)"
        ))
    }

    fn advise() -> String {
        run("DELETE FROM optimizer.maintenance_runs");
        one("SELECT detail FROM optimizer.run_maintenance('advise')")
    }

    fn links() -> String {
        one("SELECT coalesce(string_agg(format('%s>%s by %s', implementation_id, query_hash, linked_by), ','
                                        ORDER BY query_hash), '')
             FROM optimizer.implementation_queries")
    }

    #[pg_test]
    fn a_statement_that_appears_with_the_new_text_is_linked() {
        run("CREATE EXTENSION pg_stat_statements");
        let id = record_with_text(rewrite_of_query_10(), "select a from t where b in (7, 8, 9);");
        assert_eq!(links(), "");
        ingest_text(11, "SELECT a FROM t WHERE c IN ($1, $2)");
        ingest_text(12, NEW);
        ingest_text(13, "SELECT a FROM t WHERE b IN ($1, $2, $3)");
        advise();
        let by = "by optimizer_workflow";
        assert_eq!(links(), format!("{id}>12 {by},{id}>13 {by}"));
        advise();
        assert_eq!(links(), format!("{id}>12 {by},{id}>13 {by}"));
    }

    #[pg_test]
    fn a_statement_that_runs_is_linked_by_what_pg_stat_statements_calls_it() {
        run("CREATE EXTENSION pg_stat_statements; SET LOCAL pg_stat_statements.track = 'all';
             CREATE TABLE t (a int, b int, ts timestamptz)");
        let text = "SELECT a FROM t WHERE b IN (1, 2) AND ts > now() - interval '1 day' LIMIT 5";
        let id = record_with_text(rewrite_of_query_10(), text);
        run(&text.replace("1 day", "3 hours"));
        advise();
        let linked = one::<i64>("SELECT query_hash FROM optimizer.implementation_queries");
        assert_eq!(
            linked,
            one::<i64>(
                "SELECT queryid FROM pg_stat_statements WHERE query LIKE '%FROM t WHERE b IN%LIMIT $_'"
            )
        );
        assert!(links().starts_with(&format!("{id}>")));
    }

    #[pg_test]
    fn a_statement_that_is_known_when_the_rewrite_is_recorded_is_linked_at_once() {
        ingest_text(12, NEW);
        let id = record_with_text(rewrite_of_query_10(), "SELECT a FROM t WHERE b IN (1)");
        assert_eq!(links(), format!("{id}>12 by {}", one::<String>("SELECT session_user::text")));
    }

    #[pg_test]
    fn a_text_that_is_the_old_one_is_refused() {
        let recommendation = rewrite_of_query_10();
        let (code, message, hint) = raised(&format!(
            "SELECT optimizer.record_recommendation_implementation({recommendation},
                 new_query_text => 'select a from t where b = 1 or b = 2')"
        ));
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("22023", "new_query_text is query 10 as it is")
        );
        assert!(hint.contains("leave new_query_text out"), "{hint}");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.implementations"), 0);
    }

    #[pg_test]
    fn what_is_final_is_not_linked_any_more() {
        run("CREATE EXTENSION pg_stat_statements");
        let id = record_with_text(rewrite_of_query_10(), "SELECT a FROM t WHERE b IN (1)");
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        ingest_text(12, NEW);
        advise();
        assert_eq!(links(), "");
    }

    #[pg_test]
    fn fingerprints_of_other_rules_are_made_anew() {
        run("CREATE EXTENSION pg_stat_statements");
        ingest_text(12, NEW);
        ingest_text(13, "not SQL");
        let kept = || {
            one::<String>(
                "SELECT string_agg(fingerprint, ',' ORDER BY query_hash) FROM optimizer.query_texts WHERE query_hash IN (12, 13)",
            )
        };
        let made = kept();
        assert!(made.ends_with(",1:") && made.len() > 20, "{made}");
        for other in ["NULL", "'0:abc'", "'2:'"] {
            run(&format!("UPDATE optimizer.query_texts SET fingerprint = {other}"));
            advise();
            assert_eq!(kept(), made, "{other}");
        }
    }

    #[pg_test]
    fn calls_that_still_use_the_old_text_are_counted_and_noted() {
        let id = record_with_text(rewrite_of_query_10(), "SELECT a FROM t WHERE b IN (1)");
        let share = || {
            Spi::get_one::<f64>("SELECT share_of_calls_on_old_text FROM optimizer.implementations")
                .unwrap()
        };
        assert_eq!(share(), None, "nothing is linked yet");
        run(&format!("SELECT optimizer.set_implementation_query({id}, 12)"));
        ingest(10, 20.0, 38, 100.0);
        ingest(12, 20.0, 62, 25.0);
        observed(40.0);
        assert_eq!(share(), Some(0.38));
        run(&format!("SELECT optimizer.measure_implementation_results({id})"));
        let kept = one::<String>(
            "SELECT concat_ws(' ', post_optimization_stats ->> 'share_of_calls_on_old_text',
                              post_optimization_stats ->> 'calls', share_of_calls_on_old_text, notes)
             FROM optimizer.implementations",
        );
        assert!(kept.starts_with("0.38 62 0.38 {"), "{kept}");
        assert!(kept.contains("38.0 % of the calls still use the old text"), "{kept}");
        let (pre, index): (i64, i64) = (
            one(
                "SELECT count(*) FROM optimizer.implementations WHERE pre_optimization_stats ? 'share_of_calls_on_old_text'",
            ),
            recommend_index(20, 50.0, 0.5),
        );
        assert_eq!(pre, 0);
        record(index, 0.0);
        assert_eq!(
            one::<i64>(
                "SELECT count(*) FROM optimizer.implementations WHERE share_of_calls_on_old_text IS NULL"
            ),
            1
        );
    }
}
