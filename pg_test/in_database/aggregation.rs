#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    fn suggest_from_all_four(hash: i64) {
        suggest_index(hash, 90.0, 0.8);
        run(&format!(
            "INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type,
                 description, original_query, suggested_rewrite, estimated_improvement_percent,
                 confidence_score)
             VALUES ({hash}, 'or_to_in', 'Use IN', 'a', 'b', 30, 0.7);
             INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name,
                 current_value, recommended_value, estimated_improvement_percent, confidence_score)
             VALUES ({hash}, 'work_mem', '4MB', '64MB', 20, 0.6);
             INSERT INTO optimizer.workload_patterns (pattern_type, description, confidence_score,
                 pattern_metadata)
             VALUES ('hourly_peak', 'Peak at nine', 0.5, '{{\"query_hashes\": [{hash}, 77]}}')"
        ));
    }

    fn aggregated(hash: i64) -> (i32, String) {
        let row = Spi::get_two::<i32, String>(&format!(
            "SELECT recommendation_count, source_types::text
             FROM optimizer.aggregate_recommendations_for_query({hash})"
        ))
        .unwrap();
        (row.0.unwrap(), row.1.unwrap())
    }

    #[pg_test]
    fn all_four_sources_become_recommendations_of_their_queries() {
        suggest_from_all_four(-42);
        assert_eq!(aggregated(-42), (4, "{index,parameter,rewrite,workload_pattern}".to_owned()));
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.recommendations"),
            4,
            "only the query that was asked for"
        );
        let all = Spi::get_two::<i32, String>(
            "SELECT recommendation_count, source_types::text FROM optimizer.aggregate_recommendations()",
        )
        .unwrap();
        assert_eq!(all, (Some(5), Some("{index,parameter,rewrite,workload_pattern}".to_owned())));
        assert_eq!(aggregated(77), (1, "{workload_pattern}".to_owned()));
    }

    #[pg_test]
    fn a_query_without_suggestions_has_none_and_that_is_no_error() {
        assert_eq!(aggregated(123), (0, "{}".to_owned()));
    }

    #[pg_test]
    fn a_query_without_metrics_has_urgency_zero() {
        suggest_from_all_four(1);
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(one::<f64>("SELECT max(urgency_score) FROM optimizer.recommendations"), 0.0);
        assert_eq!(one::<f64>("SELECT max(roi_score) FROM optimizer.recommendations"), 0.0);
    }

    #[pg_test]
    fn a_second_time_with_nothing_new_writes_no_tuple() {
        ingest(1, 0.0, 1000, 20.0);
        suggest_from_all_four(1);
        run("SELECT optimizer.aggregate_recommendations()");
        let state = "SELECT string_agg(ctid::text || xmin::text, ',' ORDER BY id)
                     FROM optimizer.optimization_recommendations";
        // Sequences are not rolled back: other tests have moved it, too.
        let sequence = "SELECT last_value FROM optimizer.optimization_recommendations_id_seq";
        let (before, number) = (one::<String>(state), one::<i64>(sequence));
        run("SELECT optimizer.aggregate_recommendations()");
        run("SELECT optimizer.aggregate_recommendations_for_query(1, 0.99)");
        assert_eq!(one::<String>(state), before);
        assert_eq!(one::<i64>(sequence), number, "no number is used up either");
    }

    #[pg_test]
    fn a_changed_suggestion_updates_its_open_recommendation() {
        let id = recommend_index(1, 50.0, 0.5);
        run("UPDATE optimizer.index_suggestions SET confidence_score = 0.7");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(
            one::<f64>(&format!(
                "SELECT stated_confidence FROM optimizer.recommendations WHERE id = {id}"
            )),
            0.7
        );
    }

    #[pg_test]
    fn a_suggestion_that_changes_twice_in_one_transaction_is_taken_up_twice() {
        suggest_index(1, 90.0, 0.8);
        for reasoning in ["first", "second", "third"] {
            run(&format!("UPDATE optimizer.index_suggestions SET reasoning = '{reasoning}'"));
            run("SELECT optimizer.aggregate_recommendations()");
            assert_eq!(
                one::<String>("SELECT detailed_explanation FROM optimizer.recommendations"),
                reasoning
            );
        }
    }

    #[pg_test]
    fn a_renamed_database_is_named_anew() {
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name,
                 recommended_value, scope, estimated_improvement_percent, confidence_score)
             VALUES (1, 'work_mem', '64MB', 'database', 20, 0.6)");
        run("SELECT optimizer.aggregate_recommendations()");
        let action = || one::<String>("SELECT action_sql FROM optimizer.recommendations");
        let made = action();
        run("UPDATE optimizer.optimization_recommendations
             SET action_sql = 'ALTER DATABASE old_name SET work_mem = ''64MB'''");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(action(), made);
    }

    #[pg_test]
    fn every_score_is_the_formulas() {
        ingest(1, 0.0, 5_000, 250.0);
        ingest(2, 0.0, 500, 450.0);
        for hash in 1..=3 {
            suggest_from_all_four(hash);
        }
        run("INSERT INTO optimizer.learned_kinds (made_by, source_type, kind, outcomes,
                 inconclusive, outcome_weight, success_weight, harm_weight, realisation_rate,
                 forecast_half_width_percent)
             SELECT DISTINCT made_by, 'index', 'btree', 12, 0, 12, 9, 1, 0.8, 20
             FROM optimizer.index_suggestions");
        let wrong = "SELECT count(*) FROM optimizer.recommendations r
             LEFT JOIN optimizer.query_activity a ON a.query_hash = r.query_hash
             WHERE roi_score <> optimizer.roi_score(confidence_score, forecast_improvement_percent,
                                                    urgency_score)
                OR urgency_score <> coalesce(optimizer.urgency_score(a.calls_per_hour,
                                                                     a.mean_exec_time_ms), 0)
                OR expected_saving_ms_per_hour <> confidence_score * forecast_improvement_percent
                   / 100 * coalesce(a.calls_per_hour * a.mean_exec_time_ms, 0)";
        for traffic in [0, 700, 900] {
            if traffic > 0 {
                ingest(3, 0.0, traffic, 100.0);
            }
            run("SELECT optimizer.aggregate_recommendations()");
            assert_eq!(one::<i64>(wrong), 0);
        }
        // N = 12, S = 9, stated 0.8: m = 0.785, (9 + 8 x 0.785) / 20; 80 % of the stated 90 %.
        assert_eq!(
            one::<String>(
                "SELECT string_agg(DISTINCT format('%s %s %s', round(confidence_score::numeric, 9),
                     forecast_improvement_percent, forecast_low_percent), ', ')
                 FROM optimizer.recommendations WHERE source_type = 'index'"
            ),
            "0.764000000 72 52"
        );
    }

    #[pg_test]
    fn the_list_is_the_best_of_all_however_many_reach_the_impact() {
        // A third of the queries have no traffic: their scores are 0 and confidence orders them.
        for hash in 1..=27 {
            ingest(hash, 0.0, hash * 7 % 41, 100.0);
        }
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score)
             SELECT 1 + n * 13 % 40, 't', format('CREATE INDEX i%s ON t (a)', n), n * 37 % 100,
                    n * 17 % 97 / 100.0
             FROM generate_series(1, 500) AS n;
             INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type,
                 description, estimated_improvement_percent, confidence_score)
             SELECT 1 + n * 11 % 40, 'kind ' || n, 'x', n * 31 % 90, n * 19 % 89 / 100.0
             FROM generate_series(1, 300) AS n;
             SELECT optimizer.aggregate_recommendations()");
        // Scores move a little, ranks stay: the list is exact all the same.
        run("UPDATE optimizer.query_metrics
             SET total_exec_time_ms = total_exec_time_ms * (0.97 + 0.01 * (query_hash % 7));
             SELECT optimizer.aggregate_recommendations()");
        let lagging = "SELECT count(*) FROM optimizer.optimization_recommendations
                       WHERE roi_rank <> roi_score";
        assert!(one::<i64>(lagging) > 250);
        for (order, column) in [("roi", "roi_score"), ("saving", "expected_saving_ms_per_hour")] {
            for source in ["NULL", "'index'"] {
                for least in [0, 5, 50, 60, 61, 75, 85, 88, 99, 100] {
                    for most in [1, 20, 100] {
                        assert_eq!(
                            one::<i64>(&format!(
                                "SELECT count(*) FROM (
                                 SELECT rec_id, row_number() OVER ()
                                 FROM optimizer.get_top_recommendations({most}, {least}, {source},
                                                                        '{order}')
                             ) AS listed FULL JOIN (
                                 SELECT id, row_number() OVER (
                                     ORDER BY {column} DESC, confidence_score DESC, id)
                                 FROM optimizer.recommendations
                                 WHERE status = 'open' AND estimated_improvement_percent >= {least}
                                   AND source_type = coalesce({source}, source_type)
                                 ORDER BY {column} DESC, confidence_score DESC, id LIMIT {most}
                             ) AS best ON rec_id = id AND listed.row_number = best.row_number
                             WHERE rec_id IS NULL OR id IS NULL"
                            )),
                            0,
                            "the {most} best by {order}, from {source}, at least {least} %"
                        );
                    }
                }
            }
        }
    }

    fn status_of(id: i64) -> String {
        one(&format!("SELECT status FROM optimizer.recommendations WHERE id = {id}"))
    }

    #[pg_test]
    fn a_suggestion_that_is_gone_expires_its_recommendation_until_it_is_made_again() {
        let id = recommend_index(1, 50.0, 0.5);
        run("CREATE TEMP TABLE kept AS SELECT * FROM optimizer.index_suggestions");
        run("DELETE FROM optimizer.index_suggestions");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(status_of(id), "expired");
        run("INSERT INTO optimizer.index_suggestions SELECT * FROM kept");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(status_of(id), "open");
    }

    #[pg_test]
    fn a_dismissed_recommendation_stays_dismissed_whatever_its_suggestion_does() {
        let id = recommend_index(1, 50.0, 0.5);
        assert_eq!(
            one::<String>(&format!("SELECT optimizer.dismiss_recommendation({id}, 'not now')")),
            "dismissed"
        );
        run("UPDATE optimizer.index_suggestions SET confidence_score = 0.9");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(status_of(id), "dismissed");
        run("DELETE FROM optimizer.index_suggestions");
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(status_of(id), "dismissed");
        assert!(one::<bool>(&format!(
            "SELECT is_dismissed AND dismissal_reason = 'not now'
             FROM optimizer.recommendations WHERE id = {id}"
        )));
        assert_eq!(one::<String>(&format!("SELECT optimizer.reopen_recommendation({id})")), "open");
        assert!(!one::<bool>(&format!(
            "SELECT is_dismissed FROM optimizer.recommendations WHERE id = {id}"
        )));
    }

    #[pg_test]
    fn min_confidence_keeps_new_ones_out_and_expires_nothing() {
        let id = recommend_index(1, 50.0, 0.5);
        suggest_index(2, 50.0, 0.5);
        suggest_index(3, 50.0, 0.8);
        run("SELECT optimizer.aggregate_recommendations(0.8)");
        assert_eq!(status_of(id), "open");
        assert_eq!(
            one::<String>(
                "SELECT string_agg(query_hash::text, ',' ORDER BY query_hash)
                 FROM optimizer.recommendations"
            ),
            "1,3"
        );
    }

    #[pg_test]
    fn the_list_is_ordered_by_roi_then_confidence_and_filtered() {
        ingest(1, 0.0, 100, 100.0);
        ingest(2, 0.0, 100_000, 1.0);
        suggest_index(1, 90.0, 0.9);
        suggest_index(2, 90.0, 0.8);
        suggest_index(3, 90.0, 0.1);
        suggest_index(4, 90.0, 0.2);
        suggest_index(5, 4.9, 0.2);
        run("SELECT optimizer.aggregate_recommendations()");
        let top = |arguments: &str| {
            one::<String>(&format!(
                "SELECT coalesce(string_agg(query_hash::text, ',' ORDER BY n), '')
                 FROM optimizer.get_top_recommendations({arguments}) WITH ORDINALITY AS t
                     (rec_id, query_hash, a, b, c, d, e, f, g, h, i, j, k, n)"
            ))
        };
        // Query 2 takes ten times the time of query 1.
        assert_eq!(top(""), "2,1,4,3");
        // Query 5 promises 4.9 %, below the default of 5; confidence breaks the tie of no traffic.
        assert_eq!(top("min_impact => 0"), "2,1,4,5,3");
        assert_eq!(top("max_rows => 1"), "2");
        assert_eq!(top("only_query => 4"), "4");
        assert_eq!(top("only_source => 'rewrite'"), "");
        assert_eq!(top("order_by => 'saving'"), "2,1,4,3");
    }

    #[pg_test]
    fn very_hot_and_very_fast_shows_in_saving_not_in_roi() {
        // Both caps hit: a million calls of 1 ms weigh as much as 100,000 in urgency.
        ingest(1, 0.0, 1_000_000, 1.0);
        ingest(2, 0.0, 100_000, 2.0);
        suggest_index(1, 50.0, 0.5);
        suggest_index(2, 50.0, 0.5);
        run("SELECT optimizer.aggregate_recommendations()");
        let first = |order: &str| {
            one::<i64>(&format!(
                "SELECT query_hash FROM optimizer.get_top_recommendations(1, order_by => '{order}')"
            ))
        };
        assert_eq!((first("roi"), first("saving")), (2, 1));
    }

    #[pg_test]
    fn what_to_type_is_complete() {
        run("INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name,
                 current_value, recommended_value, scope, estimated_improvement_percent,
                 confidence_score)
             VALUES (1, 'work_mem', '4MB', '64MB', 'query', 10, 0.5),
                    (2, 'random_page_cost', NULL, '1.1', 'server', 10, 0.5),
                    (3, 'search_path', 'a', 'b, \"C d\"', 'database', 10, 0.5);
             INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score)
             VALUES (4, 'app.t', 'create unique index concurrently if not exists \"My idx\" on app.t (a) ; ', 10, 0.5),
                    (5, 't', 'CREATE INDEX ON t (a)', 10, 0.5)");
        run("SELECT optimizer.aggregate_recommendations()");
        let at = |hash: i64, column: &str| {
            one::<String>(&format!(
                "SELECT coalesce({column}, 'null') FROM optimizer.recommendations
                 WHERE query_hash = {hash}"
            ))
        };
        assert_eq!(at(1, "action_sql"), "SET LOCAL work_mem = '64MB'");
        assert_eq!(at(1, "undo_sql"), "SET LOCAL work_mem = '4MB'");
        assert_eq!(
            at(2, "action_sql"),
            "ALTER SYSTEM SET random_page_cost = '1.1'; SELECT pg_reload_conf()"
        );
        assert_eq!(
            at(2, "undo_sql"),
            "ALTER SYSTEM RESET random_page_cost; SELECT pg_reload_conf()"
        );
        let database = one::<String>("SELECT quote_ident(current_database())");
        assert_eq!(
            at(3, "action_sql"),
            format!("ALTER DATABASE {database} SET search_path = 'b', 'C d'")
        );
        assert_eq!(one::<String>("SELECT optimizer.list_literal('\"a,b\", c')"), "'a,b', 'c'");
        assert_eq!(one::<String>("SELECT optimizer.list_literal('')"), "''");
        assert_eq!(
            at(4, "action_sql"),
            "create unique index concurrently if not exists \"My idx\" on app.t (a)"
        );
        assert_eq!(at(4, "undo_sql"), "DROP INDEX CONCURRENTLY app.\"My idx\"");
        assert_eq!(at(5, "undo_sql"), "null", "an index without a name cannot be named");
    }
}
