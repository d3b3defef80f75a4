//! What happened around a change, and what a verdict makes of it: builds, reverts, DDL of others, looks that come too early. Settings and restarts are in circumstances_of_server.rs.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    /// An index of somebody else on the table of a query, which was noticed some hours ago and may have come hours before.
    fn other_index(query_hash: i64, noticed_hours_ago: f64, since_hours_ago: f64) {
        event(
            noticed_hours_ago,
            "event_type, relation_id, object_name, definition, occurred_after",
            &format!(
                "'created', 'index', 'public.orders_{query_hash}'::regclass, 'public.other',
                 'CREATE INDEX other ON public.orders_{query_hash} (customer_id DESC)',
                 now() - {since_hours_ago} * interval '1 hour'"
            ),
        );
    }

    /// A rewrite of a query, recorded so many hours ago.
    fn rewritten(query_hash: i64, hours_ago: f64) -> i64 {
        run(&format!(
            "INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description,
                 suggested_rewrite, estimated_improvement_percent, confidence_score)
             VALUES ({query_hash}, 'or_to_in', 'Use IN', 'SELECT 1', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()"
        ));
        record(
            one(&format!(
                "SELECT id FROM optimizer.recommendations
                 WHERE query_hash = {query_hash} AND source_type = 'rewrite' AND status = 'open'"
            )),
            hours_ago,
        )
    }

    #[pg_test]
    fn the_time_in_which_an_index_was_built_is_left_out() {
        let built = |query_hash: i64, started_hours_ago: &str| {
            let (_, id) = implemented(query_hash, 50.0, 100.0, 50.0);
            // Everything stood in line for ten hours, until it was there.
            run(&format!(
                "UPDATE optimizer.query_metrics SET total_exec_time_ms = 40 * total_exec_time_ms
                 WHERE query_hash = {query_hash}
                   AND bucket_start BETWEEN now() - interval '51 hours' AND now() - interval '40 hours'"
            ));
            event(
                40.0,
                "event_type, relation_id, object_name, definition, started_at",
                &format!(
                    "'created', 'index', 'public.orders_{query_hash}'::regclass, 'public.own',
                     'CREATE INDEX own ON public.orders_{query_hash} (customer_id)', {started_hours_ago}"
                ),
            );
            run(&format!("SELECT optimizer.measure_implementation_results({id})"));
            adjusted(id)
        };
        let left_out = built(1, "now() - interval '50 hours'");
        assert!((left_out - 50.0).abs() < 2.0, "{left_out}");
        let counted = built(2, "NULL");
        assert!(counted < 0.0, "{counted}");
    }

    #[pg_test]
    fn the_event_trigger_knows_when_a_build_began() {
        run("SELECT setval('optimizer.index_events_noted', 1);
             CREATE TABLE public.built (a int); CREATE INDEX built_idx ON public.built (a)");
        let is_known = one::<bool>(
            "SELECT started_at = statement_timestamp() AND occurred_at > started_at
             FROM optimizer.system_events WHERE object_name = 'public.built_idx'",
        );
        // No rollback takes a sequence back.
        run("SELECT setval('optimizer.index_events_noted', 1000000)");
        assert!(is_known);
    }

    #[pg_test]
    fn ddl_that_was_noticed_late_counts_by_the_interval_it_lies_in() {
        // The window of a change of 50 hours ago ended 2 hours ago.
        for (hash, since_hours_ago, said) in
            [(1, 3.0, "inconclusive confounded"), (2, 1.9, "improved faster")]
        {
            let (_, id) = implemented(hash, 50.0, 100.0, 20.0);
            touches(hash, "select", &format!("orders_{hash}"));
            other_index(hash, 1.0, since_hours_ago);
            assert_eq!(look(id), said, "since {since_hours_ago} hours");
        }
    }

    #[pg_test]
    fn another_change_that_is_taken_back_on_the_same_table_confounds_too() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        lived_through(2, 50.0, 8, 100.0, 100.0);
        touches(2, "select", "orders_1");
        let other = rewritten(2, 24.0 * 20.0);
        run(&format!(
            "UPDATE optimizer.optimization_implementations
             SET status = 'reverted', reverted_at = now() - interval '30 hours' WHERE id = {other}"
        ));
        assert_eq!(look(id), "inconclusive confounded");
        assert!(of(id, "verdict_reason").contains("was taken back"));
    }

    #[pg_test]
    fn what_was_recorded_by_mistake_and_taken_back_at_once_confounds_nothing() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        lived_through(2, 50.0, 8, 100.0, 100.0);
        touches(2, "select", "orders_1");
        let mistake = rewritten(2, 30.0);
        let taken_back = |minutes: i32| {
            run(&format!(
                "UPDATE optimizer.optimization_implementations SET status = 'reverted',
                     reverted_at = implementation_timestamp + {minutes} * interval '1 minute' WHERE id = {mistake}"
            ))
        };
        run("SET LOCAL optimizer_workflow.measure_after = '80h';
             SET LOCAL optimizer_workflow.measure_deadline = '90h'");
        let confounded = || look_reason(id).contains("confounded: ");
        taken_back(61);
        assert!(confounded(), "{}", look_reason(id));
        taken_back(59);
        assert!(!confounded(), "{}", look_reason(id));
        // However late it is noticed of an index that never was.
        taken_back(300);
        assert!(confounded(), "{}", look_reason(id));
        run(&format!(
            r#"UPDATE optimizer.optimization_implementations
               SET ground = '{{"index_fingerprint": "of none", "relation": "orders_1", "relations": []}}' WHERE id = {mistake}"#
        ));
        assert!(!confounded(), "{}", look_reason(id));
        run("INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, relation_id, relation_name, object_name, fingerprint)
             VALUES (now() - interval '60 days', 'look', 'index', 'created', 1, 'orders_1', 'was_there', 'of none')");
        assert!(confounded(), "{}", look_reason(id));
    }

    #[pg_test]
    fn a_deadline_shorter_than_a_day_of_buckets_waits_for_that_day() {
        run("SET LOCAL optimizer_workflow.measure_after = '1h';
             SET LOCAL optimizer_workflow.measure_deadline = '2h'");
        let (_, id) = implemented(1, 23.0, 100.0, 20.0);
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.measure_pending_implementations()"),
            0
        );
        assert!(look_reason(id).starts_with("provisional, next look at "));
        assert_eq!(of(id, "status"), "pending");
        let (_, due) = implemented(2, 25.0, 100.0, 20.0);
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.measure_pending_implementations()"),
            1
        );
        assert_eq!(of(due, "status || ' ' || verdict"), "implemented improved");
    }

    #[pg_test]
    fn a_look_that_raises_does_not_keep_a_change_from_being_taken_back() {
        let (recommendation, id) = implemented(1, 30.0, 100.0, 20.0);
        run(&format!(
            "UPDATE optimizer.optimization_implementations SET pre_optimization_stats = '{{}}' WHERE id = {id};
             SET LOCAL client_min_messages = error"
        ));
        assert_eq!(
            one::<String>(&format!("SELECT optimizer.revert_implementation({id})")),
            "reverted"
        );
        assert_eq!(of(id, "concat_ws(' ', status, verdict)"), "reverted");
        assert!(of(id, "error_message").contains("missing field"), "{}", of(id, "error_message"));
        let status =
            format!("SELECT status FROM optimizer.recommendations WHERE id = {recommendation}");
        assert_eq!(one::<String>(&status), "open");
    }

    #[pg_test]
    fn what_is_no_control_takes_no_place_from_what_may_be_one() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        // Seven that read the changed table beside the one that three of five controls read, and cost more than those.
        let read = |hash: i64, ms: f64, table: &str| {
            lived_through(hash, 50.0, 8, ms, ms);
            touches(hash, "select", table);
        };
        for hash in 20..27 {
            read(hash, 500.0, "orders_1");
            run(&format!(
                "CREATE TABLE IF NOT EXISTS public.shared (customer_id int);
                 INSERT INTO optimizer.query_relations
                     (query_hash, relation, relation_name, relkind, is_read, is_written, by_foreign_key, topmost)
                 VALUES ({hash}, 'public.shared'::regclass, 'public.shared', 'r', true, false, false,
                         'public.shared'::regclass)"
            ));
        }
        for hash in 30..33 {
            read(hash, 50.0, "shared");
        }
        controls(2, 50.0, 80.0, 80.0);
        assert_eq!(look(id), "improved faster");
        assert_eq!(of(id, "controls"), "5");
    }

    #[pg_test]
    fn recommendations_of_one_action_weigh_as_one_in_what_is_published() {
        for (hash, after) in [(1, 20.0), (2, 20.0), (3, 101.0)] {
            implemented(hash, 60.0, 100.0, after);
        }
        run("SELECT optimizer.measure_pending_implementations()");
        let rate = |view: &str| {
            one::<String>(&format!(
                "SELECT round(success_rate::numeric, 4)::text FROM optimizer.{view}"
            ))
        };
        assert_eq!(rate("reliability"), "0.6667");
        // The forecast before any outcome was 80 +- 35 points, and both took 80 % less.
        assert!(one::<bool>("SELECT forecast_coverage = 1 FROM optimizer.calibration"));
        run("UPDATE optimizer.optimization_implementations SET recorded_with = (SELECT min(id) FROM optimizer.optimization_implementations)
             WHERE query_hash IN (1, 2)");
        assert_eq!(rate("reliability"), "0.5000");
        run(
            "UPDATE optimizer.optimization_implementations SET forecast_low_at_record_percent = 90 WHERE query_hash = 1",
        );
        assert!(one::<bool>("SELECT forecast_coverage = 0.5 FROM optimizer.calibration"));
    }

    #[pg_test]
    fn an_index_like_the_own_one_elsewhere_or_at_another_time_is_somebody_elses() {
        let ddl = |action: &str, hash: i64, hours_ago: f64, columns: &str| {
            event(
                hours_ago,
                "event_type, relation_id, object_name, definition",
                &format!(
                    "'{action}', 'index', 'public.orders_{hash}'::regclass, 'public.like_it',
                     'CREATE INDEX like_it ON public.orders_{hash} ({columns})'"
                ),
            );
        };
        let change = |hash: i64| {
            let (_, id) = implemented(hash, 50.0, 100.0, 20.0);
            touches(hash, "select", &format!("orders_{hash}"));
            id
        };
        // On the other table of a join.
        let id = change(1);
        run("CREATE TABLE public.orders_900 (customer_id int);
             INSERT INTO optimizer.query_relations
                 (query_hash, relation, relation_name, relkind, is_read, is_written, by_foreign_key, topmost)
             VALUES (1, 'public.orders_900'::regclass, 'public.orders_900', 'r', true, false, false,
                     'public.orders_900'::regclass)");
        ddl("created", 900, 45.0, "customer_id");
        assert_eq!(look(id), "inconclusive confounded");
        // Made, dropped and made again.
        let id = change(2);
        for (action, hours_ago) in [("created", 50.0), ("dropped", 45.0), ("created", 15.0)] {
            ddl(action, 2, hours_ago, "customer_id");
        }
        assert_eq!(look(id), "inconclusive confounded");
        // There until five days before.
        let id = change(3);
        ddl("dropped", 3, 50.0 + 5.0 * 24.0, "customer_id");
        assert_eq!(look(id), "improved faster");
        assert!(of(id, "notes").contains("was dropped"), "{}", of(id, "notes"));
        // The own one, recorded some hours after it was made.
        let id = change(4);
        ddl("created", 4, 60.0, "customer_id");
        assert_eq!(look(id), "improved faster");
    }

    #[pg_test]
    fn the_drop_of_another_index_is_not_the_drop_that_was_advised() {
        for (hash, dropped, said) in
            [(1, "surplus_1", "improved faster"), (2, "another", "inconclusive confounded")]
        {
            lived_through(hash, 50.0, 8, 100.0, 20.0);
            touches(hash, "select", &format!("orders_{hash}"));
            run(&format!(
                "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                     estimated_improvement_percent, confidence_score)
                 VALUES ({hash}, 'orders_{hash}', 'DROP INDEX surplus_{hash}', 50, 0.5);
                 SELECT optimizer.aggregate_recommendations();
                 UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'"
            ));
            event(
                45.0,
                "event_type, relation_id, object_name, definition",
                &format!(
                    "'dropped', 'index', 'public.orders_{hash}'::regclass, 'public.{dropped}',
                     'CREATE INDEX {dropped} ON public.orders_{hash} (customer_id)'"
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
    fn an_index_that_went_elsewhere_was_not_the_one_that_was_recorded() {
        run("SET LOCAL optimizer_workflow.measure_after = '60h';
             SET LOCAL optimizer_workflow.measure_deadline = '70h';
             CREATE TABLE public.elsewhere (customer_id int)");
        let (recommendation, id) = implemented(1, 50.0, 100.0, 100.0);
        run("DROP INDEX public.orders_1_customer_id_idx");
        event(
            15.0,
            "event_type, relation_id, relation_name, object_name, definition",
            "'dropped', 'index', 'public.elsewhere'::regclass, 'public.elsewhere', 'public.e_idx',
             'CREATE INDEX e_idx ON public.elsewhere (customer_id)'",
        );
        run(&format!("SELECT optimizer.revert_implementation({id})"));
        assert_eq!(of(id, "split_part(verdict_reason, ':', 1)"), "not_applied");
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.learned_kinds WHERE outcomes > 0"),
            0
        );
        let status =
            format!("SELECT status FROM optimizer.recommendations WHERE id = {recommendation}");
        assert_eq!(one::<String>(&status), "open");
    }

    #[pg_test]
    fn what_is_recorded_and_not_there_confounds_nothing_before_its_own_look_either() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score, made_by)
             VALUES (1, 'orders_1', 'CREATE INDEX ON orders_1 (customer_id DESC)', 50, 0.5, 'another');
             SELECT optimizer.aggregate_recommendations()");
        record(one("SELECT id FROM optimizer.recommendations WHERE made_by = 'another'"), 20.0);
        assert_eq!(look(id), "improved faster");
        let (_, second) = implemented(2, 50.0, 100.0, 20.0);
        touches(2, "select", "orders_2");
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score, made_by)
             VALUES (2, 'orders_2', 'CREATE INDEX ON orders_2 (customer_id DESC)', 50, 0.5, 'another');
             CREATE INDEX ON public.orders_2 (customer_id DESC);
             SELECT optimizer.aggregate_recommendations()");
        record(
            one(
                "SELECT id FROM optimizer.recommendations WHERE made_by = 'another' AND query_hash = 2",
            ),
            20.0,
        );
        assert_eq!(look(second), "inconclusive confounded");
    }

    #[pg_test]
    fn ddl_is_never_a_rewrite() {
        lived_through(1, 50.0, 8, 100.0, 100.0);
        lived_through(3, 50.0, 8, 20.0, 20.0);
        run("DELETE FROM optimizer.query_metrics
             WHERE (query_hash = 1) = (bucket_start > now() - interval '50 hours')");
        touches(1, "select", "orders_1");
        let id = rewritten(1, 50.0);
        run(&format!("SELECT optimizer.set_implementation_query({id}, 3);
             UPDATE optimizer.optimization_recommendations SET created_at = now() - interval '40 days'"));
        other_index(1, 49.5, 49.5);
        assert_eq!(look(id), "inconclusive confounded");
    }

    #[pg_test]
    fn statements_that_read_nothing_take_no_place_among_controls() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        touches(1, "select", "orders_1");
        controls(6, 50.0, 80.0, 80.0);
        for hash in 100..220 {
            lived_through(hash, 50.0, 8, 900.0, 900.0);
            touches(hash, "insert", &format!("written_{}", hash % 20));
        }
        run(
            "UPDATE optimizer.query_relations SET is_read = false WHERE query_hash BETWEEN 100 AND 219",
        );
        assert_eq!(look(id), "improved faster");
        assert_eq!(of(id, "controls"), "6");
    }

    #[pg_test]
    fn a_rewrite_is_never_compared_with_itself() {
        lived_through(1, 50.0, 8, 100.0, 20.0);
        run("INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description,
                 estimated_improvement_percent, confidence_score)
             VALUES (1, 'or_to_in', 'Use IN', 70, 0.6);
             SELECT optimizer.aggregate_recommendations()");
        let id = one::<i64>("SELECT id FROM optimizer.recommendations");
        let (code, message, _) = raised(&format!(
            "SELECT optimizer.record_recommendation_implementation({id}, new_query_hash => 1)"
        ));
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("22023", "new_query_hash 1 is the query as it was before")
        );
        let implementation = record(id, 30.0);
        let own = format!("SELECT optimizer.set_implementation_query({implementation}, 1)");
        assert_eq!(raised(&own).0, "22023");
    }

    #[pg_test]
    fn what_was_done_before_anything_is_kept_cannot_be_recorded() {
        let id = recommend_index(1, 80.0, 0.9);
        let (code, _, hint) = raised(&format!(
            "SELECT optimizer.record_recommendation_implementation({id}, implemented_at => '1000-01-01')"
        ));
        assert_eq!(code, "22023");
        assert!(hint.contains("now() - interval '2 hours'"), "{hint}");
    }

    #[pg_test]
    fn more_work_than_a_number_holds_is_as_much_as_it_holds() {
        run(
            "SELECT optimizer.ingest_query_metrics(7, now(), 1000000000000000, 1, 0, 1000000000000000)",
        );
        observed(3.0);
        run("UPDATE optimizer.query_metrics SET calls = 9000000000000000000, rows = 9000000000000000000;
             INSERT INTO optimizer.query_metrics
             SELECT 7, bucket_start - n * interval '1 hour', counted_until, calls, total_exec_time_ms,
                    sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read
             FROM optimizer.query_metrics, generate_series(1, 2) AS n");
        assert_eq!(
            one::<i64>("SELECT calls FROM optimizer.query_stats WHERE query_hash = 7"),
            i64::MAX
        );
        suggest_index(7, 50.0, 0.5);
        assert_eq!(
            one::<i32>("SELECT recommendation_count FROM optimizer.aggregate_recommendations()"),
            1
        );
    }

    #[pg_test]
    fn texts_that_were_not_read_yet_are_counted() {
        let shown = "SELECT detail FROM optimizer.status() WHERE item = 'statements read'";
        run(
            "INSERT INTO optimizer.query_texts (query_hash, query, is_own)
             VALUES (1, 'SELECT 1', false), (2, 'SELECT 2', false), (3, '/* optimizer_workflow: own */ SELECT 3', true)",
        );
        assert!(one::<String>(shown).contains("; 2 more texts wait"), "{}", one::<String>(shown));
    }

    #[pg_test]
    fn nothing_is_noted_twice() {
        let (_, id) = implemented(1, 50.0, 100.0, 20.0);
        run("UPDATE optimizer.query_metrics SET calls = calls / 5, total_exec_time_ms = total_exec_time_ms / 5
             WHERE query_hash = 1 AND bucket_start > now() - interval '50 hours'");
        look(id);
        assert_eq!(
            one::<i64>(&format!(
                "SELECT count(*) FROM optimizer.implementations i, unnest(i.notes) AS note
                 WHERE i.id = {id} AND note LIKE 'calls per hour went from %'"
            )),
            1
        );
    }
}
