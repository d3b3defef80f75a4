//! How the index advisor behaves: when it looks again, what it leaves alone, what it takes back.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::advice_ground::*;
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    const BY_CUSTOMER: &str = "SELECT * FROM shop.orders WHERE customer_id = $1";

    fn generated() -> i32 {
        one("SELECT suggestions FROM optimizer.generate_suggestions() WHERE source_type = 'index'")
    }

    /// How many statements the next pass tries.
    fn tried() -> i64 {
        let said = one::<String>("SELECT optimizer.run_maintenance_step('advise')");
        let words: Vec<&str> = said.split(", ").collect();
        words[2].rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{said}"))
    }

    #[pg_test]
    fn without_hypopg_there_is_no_index_advice_and_status_says_what_to_type() {
        shop();
        run("DROP EXTENSION hypopg");
        costly(1, BY_CUSTOMER);
        advise();
        assert_eq!((generated(), outcome(1).as_str()), (0, "not tried"));
        let status =
            "SELECT ok::text || ' ' || hint FROM optimizer.status() WHERE item = 'index advice'";
        assert_eq!(one::<String>(status), "false CREATE EXTENSION hypopg;");
        run("CREATE EXTENSION hypopg");
        assert!(one::<bool>(
            "SELECT ok AND hint IS NULL FROM optimizer.status() WHERE item = 'index advice'"
        ));
        assert_eq!(generated(), 1);
    }

    #[pg_test]
    fn what_the_caller_has_set_for_hypopg_is_no_finding_and_stays() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        assert_eq!(outcome(1), "helped");
        run("SET LOCAL hypopg.enabled = off; SET LOCAL hypopg.use_real_oids = on");
        assert_eq!(
            one::<i32>(
                "SELECT suggestions FROM optimizer.generate_suggestions(1) WHERE source_type = 'index'"
            ),
            1
        );
        assert_eq!(outcome(1), "helped");
        assert_eq!(
            one::<String>(
                "SELECT current_setting('hypopg.enabled') || current_setting('hypopg.use_real_oids')"
            ),
            "offon"
        );
    }

    #[pg_test]
    fn costs_that_a_role_has_set_beyond_all_bounds_stop_nobody() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        let role = one::<String>(
            "SELECT user_oid::regrole::text FROM optimizer.query_readings WHERE query_hash = 1",
        );
        run(&format!("ALTER ROLE {role} SET cpu_tuple_cost = '1.7e308'; ALTER ROLE {role} SET seq_page_cost = '1.7e308';
                      ALTER ROLE {role} SET random_page_cost = '1.7e308'; ALTER ROLE {role} SET cpu_operator_cost = '1.7e308';
                      ALTER ROLE {role} SET cpu_index_tuple_cost = '1.7e308'"));
        run("SELECT optimizer.generate_suggestions(1)");
        assert_eq!(outcome(1), "not_finite");
        run(&format!("ALTER ROLE {role} RESET ALL; SELECT optimizer.generate_suggestions(1)"));
        assert_eq!(outcome(1), "helped");
    }

    #[pg_test]
    fn a_try_that_was_cut_off_leaves_what_was_found() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        let keep = include_str!("../../sql/queries/keep_index_trials.sql");
        Spi::run_with_args(
            keep,
            &[
                vec![1_i64].into(),
                vec![77_i64].into(),
                vec!["lock_not_available"].into(),
                vec![None::<String>].into(),
            ],
        )
        .unwrap();
        assert_eq!(outcome(1), "helped");
        assert!(one::<bool>(
            "SELECT is_cut_off AND trial IS NOT NULL AND ground = 77 FROM optimizer.index_trials"
        ));
        assert_eq!(generated(), 1);
    }

    #[pg_test]
    fn an_extension_of_that_name_is_asked_for_not_a_function() {
        shop();
        run("DROP EXTENSION hypopg;
             CREATE FUNCTION public.hypopg_create_index(text) RETURNS TABLE (indexrelid oid, indexname text)
             LANGUAGE sql AS 'SELECT 1::oid, NULL::text'");
        costly(1, BY_CUSTOMER);
        advise();
        assert_eq!(outcome(1), "not tried");
    }

    #[pg_test]
    fn a_persons_own_hypothetical_indexes_stay_and_change_nothing() {
        shop();
        run(
            "SELECT hypo.hypopg_create_index('CREATE INDEX ON shop.orders (customer_id)');
             SELECT hypo.hypopg_create_index('CREATE INDEX ON optimizer.query_texts (query_hash)')",
        );
        costly(1, BY_CUSTOMER);
        advise();
        assert_eq!(suggested(1), ["orders USING btree (customer_id)"]);
        let names = "SELECT count(*) FROM hypo.hypopg()";
        assert_eq!(one::<i64>(names), 2);
        // And no later statement of the session sees them but EXPLAIN.
        assert!(
            Spi::explain(&BY_CUSTOMER.replace("$1", "5")).unwrap().0.to_string().contains("btree")
        );
        assert_eq!(one::<i64>("SELECT count(*) FROM shop.orders WHERE customer_id = 5"), 10);
    }

    #[pg_test]
    fn nothing_hypothetical_is_left_after_an_error() {
        shop();
        costly(1, BY_CUSTOMER);
        costly(
            2,
            "SELECT * FROM shop.orders WHERE customer_id = $1 AND placed_at > public.theirs()",
        );
        run("CREATE ROLE somebody;
             CREATE FUNCTION public.theirs() RETURNS timestamptz LANGUAGE plpgsql STABLE AS 'BEGIN RAISE EXCEPTION ''no''; END';
             ALTER FUNCTION public.theirs() OWNER TO somebody");
        advise();
        assert_eq!(outcome(2), "untrusted_function");
        assert_eq!(suggested(1).len(), 1);
        assert_eq!(one::<i64>("SELECT count(*) FROM hypo.hypopg()"), 0);
    }

    #[pg_test]
    fn a_statement_is_looked_at_again_when_its_ground_is_another_one() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        assert_eq!(tried(), 0);
        for change in [
            "INSERT INTO shop.orders (id, customer_id) SELECT n, 1 FROM generate_series(40001, 60000) n; ANALYZE shop.orders",
            "ALTER TABLE shop.orders ALTER customer_id SET STATISTICS 200; ANALYZE shop.orders",
            "CREATE INDEX orders_status_idx ON shop.orders (status)",
            "ALTER ROLE CURRENT_USER SET random_page_cost = 3",
            "ALTER TABLE shop.orders ADD COLUMN more int",
        ] {
            run(change);
            assert_eq!(tried(), 1, "{change}");
            assert_eq!(tried(), 0, "{change}");
        }
    }

    #[pg_test]
    fn a_second_pass_with_nothing_changed_writes_nothing() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        let state = "SELECT max(updated_at)::text || max(id) FROM optimizer.index_suggestions";
        let before = one::<String>(state);
        assert_eq!(generated(), 1);
        assert_eq!(one::<String>(state), before);
    }

    #[pg_test]
    fn a_suggestion_without_ground_is_withdrawn_and_one_of_others_is_not() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
             VALUES (1, 'shop.orders', 'CREATE INDEX mine ON shop.orders (status)', 50, 0.5, 'tester');
             CREATE INDEX anything ON shop.orders (customer_id)");
        advise();
        assert_eq!(suggested(1), [""; 0]);
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.index_suggestions WHERE made_by = 'tester'"),
            1
        );
        run("DROP INDEX shop.anything");
        advise();
        assert_eq!(suggested(1).len(), 1);
        run("DROP TABLE shop.orders CASCADE");
        advise();
        assert_eq!(suggested(1), [""; 0]);
    }

    #[pg_test]
    fn a_query_whose_plan_has_a_new_index_counts_with_what_it_takes_since() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE customer_id = $1 AND placed_at = $2");
        costly(
            2,
            "SELECT o.note FROM shop.orders o, shop.customers c WHERE o.customer_id = $1 AND o.placed_at = $2 AND c.email = $3",
        );
        costly(3, "SELECT * FROM shop.orders WHERE amount = $1");
        run("CREATE INDEX since ON shop.orders (customer_id);
             DELETE FROM optimizer.system_events WHERE event_type = 'index'");
        advise();
        assert_eq!((suggested(1).len(), suggested(3).len()), (1, 1));
        let before = suggested(2);
        assert!(before.len() > 1, "{before:?}");
        run("INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, relation_id, relation_name, object_name)
             VALUES (now(), 'look', 'index', 'created', 'shop.orders'::regclass, 'shop.orders', 'shop.since');
             DELETE FROM optimizer.index_suggestions WHERE query_hash = 1");
        advise();
        // What would be new waits, what stands stays, and a plan without the index has nothing to do with it.
        assert_eq!((suggested(1).len(), suggested(2), suggested(3).len()), (0, before, 1));
        // An index whose name begins alike is another one.
        run("UPDATE optimizer.system_events SET object_name = 'shop.sinc'");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.queries_of_changed_indexes"), 0);
        run("UPDATE optimizer.system_events SET object_name = 'shop.since'");
        assert_eq!(finding(3), "suggested");
        run("DELETE FROM optimizer.index_suggestions WHERE query_hash = 2");
        assert_eq!(finding(1), "waits_for_calls");
        run(
            "UPDATE optimizer.system_events SET occurred_at = now() - interval '2 hours' WHERE object_name = 'shop.since'",
        );
        advise();
        assert_eq!(suggested(1).len(), 1);
        // It ran slow before, and is fast since: nothing is left to save.
        run(
            "UPDATE optimizer.query_metrics SET bucket_start = bucket_start - interval '3 hours' WHERE query_hash = 1",
        );
        ran(1, 1000, 0.02, 1000, "");
        advise();
        assert_eq!(suggested(1), [""; 0]);
        assert_eq!(finding(1), "not_chosen");
    }

    /// What `index_findings` says of a query.
    fn finding(query_hash: i64) -> String {
        one(&format!(
            "SELECT coalesce((SELECT outcome FROM optimizer.index_findings WHERE query_hash = {query_hash}), 'none')"
        ))
    }

    #[pg_test]
    fn each_query_has_a_finding_also_where_nothing_is_suggested() {
        shop();
        costly(1, BY_CUSTOMER);
        costly(2, "SELECT count(*) FROM shop.customers");
        costly(3, "SELECT * FROM shop.orders WHERE note LIKE 'x%'");
        costly(4, "SELECT count(*) FROM pg_class");
        costly(5, "SELECT * FROM shop.nowhere");
        costly(7, "VACUUM shop.orders");
        // A collector without times.
        ran(8, 10, 0.0, 10, "SELECT note FROM shop.orders WHERE customer_id = $1 AND id > $2");
        ran(6, 1, 0.01, 1, "SELECT * FROM shop.orders WHERE placed_at = $1");
        assert_eq!(finding(1), "not_read");
        advise();
        run("SELECT optimizer.generate_suggestions(8)");
        let all: Vec<String> = (1..=7).map(finding).collect();
        assert_eq!(
            all,
            [
                "suggested",
                "no_candidate",
                "not_helped",
                "catalog_only",
                "not_readable",
                "too_little_time",
                "utility"
            ]
        );
        assert!(one::<bool>(
            "SELECT bool_and(finding NOT LIKE 'not planned%') AND bool_or(plan_cost_saving_percent > 90)
                    AND bool_and(plan_cost_saving_percent = round(plan_cost_saving_percent::numeric, 1)::float8)
                    AND bool_and(plan_cost_saving_percent IS NULL) FILTER (WHERE outcome IN ('not_helped', 'no_candidate'))
             FROM optimizer.index_findings"
        ));
        // Without its outcome, the sentence is there all the same.
        run(
            "UPDATE optimizer.index_trials SET outcome = 'timed_out', trial = NULL WHERE query_hash = 3",
        );
        assert_eq!(
            one::<String>("SELECT finding FROM optimizer.index_findings WHERE query_hash = 3"),
            "not planned: timed out"
        );
    }

    #[pg_test]
    fn a_load_of_once_is_no_rate_of_writes() {
        shop();
        costly(1, BY_CUSTOMER);
        let load = "INSERT INTO shop.orders (id, customer_id) SELECT n, n FROM generate_series($1, $2) AS n";
        ran(7, 9, 100.0, 500_000, load);
        advise();
        assert!(!said(1, "reasoning").contains("ms of writing"), "{}", said(1, "reasoning"));
        ran(7, 1, 100.0, 500_000, load);
        advise();
        run("SELECT optimizer.generate_suggestions(1)");
        let written = one::<bool>(
            "SELECT count(*) = 0 OR bool_or(reasoning LIKE '%ms of writing%') FROM optimizer.index_suggestions WHERE query_hash = 1",
        );
        assert!(written);
    }

    #[pg_test]
    fn a_load_in_a_day_is_a_rate_however_few_its_calls() {
        shop();
        costly(1, BY_CUSTOMER);
        ran(
            7,
            9,
            100.0,
            500_000,
            "INSERT INTO shop.orders (id, customer_id) SELECT n, n FROM generate_series($1, $2) AS n",
        );
        let is_told_of_writing = || {
            run(
                "DELETE FROM optimizer.index_suggestions; SELECT optimizer.generate_suggestions(1)",
            );
            said(1, "reasoning").contains("ms of writing")
        };
        advise();
        // 19 of the last 24 hours were observed, then 20.
        observed(18.0);
        assert!(!is_told_of_writing());
        observed(19.0);
        assert!(is_told_of_writing());
    }

    #[pg_test]
    fn a_query_that_rests_keeps_its_suggestion() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        run("DELETE FROM optimizer.query_metrics WHERE query_hash = 1");
        costly(2, "SELECT count(*) FROM shop.customers");
        advise();
        assert_eq!(suggested(1).len(), 1);
    }

    #[pg_test]
    fn the_same_suggestion_of_another_tool_is_left_alone() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        let definition = said(1, "definition");
        run("UPDATE optimizer.index_suggestions SET made_by = 'other', estimated_improvement_percent = 33;
             SELECT * FROM optimizer.generate_suggestions(1)");
        assert_eq!(
            said(1, "definition || made_by || estimated_improvement_percent"),
            format!("{definition}other33")
        );
    }

    #[pg_test]
    fn below_a_thousandth_of_the_time_nothing_is_tried() {
        shop();
        ran(1, 10, 10.0, 10, BY_CUSTOMER);
        ran(2, 10_000, 10.0, 10_000, "SELECT count(*) FROM shop.customers");
        advise();
        // 100 of 100,100 ms.
        assert_eq!(outcome(1), "not tried");
        ran(1, 1, 0.2, 1, BY_CUSTOMER);
        assert_eq!(tried(), 1);
        assert_eq!(outcome(1), "helped");
    }

    #[pg_test]
    fn what_was_made_and_did_not_help_is_not_suggested_again_until_the_table_has_another_size() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        run("SELECT optimizer.aggregate_recommendations()");
        let id = one::<i64>("SELECT id FROM optimizer.recommendations");
        run(&said(1, "replace(definition, 'CONCURRENTLY ', '')"));
        let implementation = record(id, 0.0);
        run(&format!(
            "UPDATE optimizer.optimization_implementations SET verdict = 'regressed', status = 'reverted' WHERE id = {implementation};
             DROP INDEX shop.orders_customer_id_idx"
        ));
        advise();
        assert_eq!(suggested(1), [""; 0]);
        // Another query may still have it.
        costly(2, "SELECT note FROM shop.orders WHERE customer_id = $1");
        advise();
        assert_eq!((suggested(1).len(), suggested(2).len()), (0, 1));
        run(
            "INSERT INTO shop.orders (id, customer_id) SELECT n, n % 4000 + 1 FROM generate_series(40001, 90000) n; ANALYZE shop.orders",
        );
        advise();
        assert_eq!(suggested(1).len(), 1);
    }

    #[pg_test]
    fn generate_suggestions_says_what_it_does_not_take() {
        shop();
        run("CREATE ROLE nobody_in_particular; GRANT USAGE ON SCHEMA optimizer TO nobody_in_particular;
             GRANT EXECUTE ON FUNCTION optimizer.generate_suggestions(bigint) TO nobody_in_particular;
             SET LOCAL ROLE nobody_in_particular");
        let (code, _, hint) = raised("SELECT optimizer.generate_suggestions()");
        run("RESET ROLE");
        assert_eq!(code, "42501");
        assert!(hint.contains("GRANT pg_read_all_stats"));
        let (code, _, hint) = raised("SELECT optimizer.generate_suggestions(0)");
        assert_eq!(code, "22023");
        assert!(!hint.is_empty());
        let (code, message, hint) = raised("SELECT optimizer.generate_suggestions(4711)");
        assert_eq!((code.as_str(), message.as_str()), ("P0002", "no text of query 4711 is known"));
        assert!(hint.contains("query_stats"));
    }

    #[pg_test]
    fn one_query_is_tried_anew_when_it_is_asked_for() {
        shop();
        costly(1, BY_CUSTOMER);
        costly(2, "SELECT * FROM shop.customers WHERE email = $1");
        advise();
        run("UPDATE optimizer.index_trials SET tried_at = '2000-01-01'");
        assert_eq!(
            one::<i32>("SELECT suggestions FROM optimizer.generate_suggestions(only_query => 2)"),
            1
        );
        let anew = "SELECT string_agg(query_hash::text, ',') FROM optimizer.index_trials WHERE tried_at > '2000-01-02'";
        assert_eq!(one::<String>(anew), "2");
    }

    #[pg_test]
    fn each_statement_is_planned_as_its_own_role() {
        shop();
        run("CREATE ROLE reader; GRANT USAGE ON SCHEMA shop, optimizer TO reader; GRANT SELECT ON shop.customers TO reader;
             GRANT EXECUTE ON FUNCTION optimizer.ingest_query_metrics(bigint, timestamptz, bigint, float8, float8, bigint, bigint, bigint, text) TO reader;
             SET LOCAL ROLE reader");
        costly(1, BY_CUSTOMER);
        costly(2, "SELECT * FROM shop.customers WHERE email = $1");
        run("RESET ROLE");
        advise();
        assert_eq!((outcome(1).as_str(), outcome(2).as_str()), ("not tried", "helped"));
        run("REVOKE SELECT ON shop.customers FROM reader");
        advise();
        assert_eq!(suggested(2), [""; 0]);
    }
}
