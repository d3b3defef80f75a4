//! Claims about the ledger of events, as far as one transaction can show them: a scenario shows the rest.
#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    /// One look now; what it said.
    fn look() -> String {
        run("DELETE FROM optimizer.maintenance_runs WHERE step = 'events';
             UPDATE optimizer.seen_server SET catalog_look_ms = 0");
        one("SELECT detail FROM optimizer.run_maintenance('events')")
    }

    /// Type, action and object of all events, in order.
    fn events() -> String {
        Spi::get_one(
            "SELECT string_agg(concat_ws(' ', event_type, action, coalesce(object_name, setting_name)),
                               ', ' ORDER BY id) FROM optimizer.events",
        )
        .unwrap()
        .unwrap_or_default()
    }

    /// As it is before the first look. A sequence keeps its value when a test is rolled back.
    fn close() {
        run(
            "SELECT setval('optimizer.index_events_noted', 1000000), setval('optimizer.table_events_noted', 1000000)",
        );
    }

    fn orders() {
        close();
        run("CREATE TABLE public.orders (id int, customer_id int, c1 int)");
        look();
    }

    fn suggest(definition: &str) -> i64 {
        run(&format!(
            "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score)
             VALUES (1, 'orders', '{definition}', 50, 0.5);
             SELECT optimizer.aggregate_recommendations()"
        ));
        one("SELECT max(id) FROM optimizer.recommendations")
    }

    fn looks_implemented() -> bool {
        one("SELECT count(looks_implemented_at) > 0 FROM optimizer.get_top_recommendations(100)")
    }

    #[pg_test]
    fn who_asks_for_advice_takes_the_first_look_and_no_other() {
        close();
        run("CREATE TABLE public.orders (id int); CREATE INDEX o_idx ON public.orders (id)");
        let known = "SELECT count(*) FROM optimizer.seen_indexes WHERE index_name = 'public.o_idx'";
        assert_eq!(one::<i64>(known), 0);
        run("SELECT optimizer.generate_suggestions()");
        assert_eq!(one::<i64>(known), 1);
        // A second look would find it gone.
        run("DROP INDEX public.o_idx;
             UPDATE optimizer.seen_server SET catalog_look_ms = 0; SELECT optimizer.generate_suggestions()");
        assert_eq!(one::<i64>(known), 1);
    }

    #[pg_test]
    fn the_first_look_notes_nothing() {
        close();
        run("CREATE TABLE public.orders (id int); CREATE INDEX ON public.orders (id)");
        assert_eq!(look(), "first look: nothing to compare with");
        assert_eq!(events(), "");
        assert_eq!(look(), "0 events noted");
    }

    #[pg_test]
    fn nothing_is_noted_before_the_first_look() {
        close();
        run("CREATE TABLE public.orders (id int)");
        assert_eq!(events(), "");
    }

    #[pg_test]
    fn one_change_is_one_event_whoever_sees_it_first() {
        orders();
        run("CREATE INDEX o_idx ON public.orders (id)");
        assert_eq!(events(), "index created public.o_idx");
        look();
        look();
        assert_eq!(events(), "index created public.o_idx");
        run(
            "ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE; CREATE INDEX p_idx ON public.orders (id)",
        );
        assert_eq!(look(), "1 events noted");
        look();
        assert_eq!(events(), "index created public.o_idx, index created public.p_idx");
    }

    #[pg_test]
    fn names_that_need_quotes_are_quoted() {
        close();
        run("CREATE SCHEMA \"A b\"; CREATE TABLE \"A b\".\"O'r\"\"ders\" (\"x\"\"y\" int)");
        look();
        run("CREATE INDEX \"i'n\"\"x\" ON \"A b\".\"O'r\"\"ders\" (\"x\"\"y\");
             DROP TABLE \"A b\".\"O'r\"\"ders\"");
        look();
        assert_eq!(
            events(),
            "index created \"A b\".\"i'n\"\"x\", table dropped \"A b\".\"O'r\"\"ders\""
        );
    }

    #[pg_test]
    fn an_index_that_follows_a_suggestion_is_offered_with_its_time() {
        orders();
        let id = suggest("CREATE INDEX CONCURRENTLY some_name ON orders (customer_id)");
        run("CREATE INDEX another_name ON public.orders USING btree (customer_id)");
        look();
        assert!(looks_implemented());
        assert!(one::<bool>(&format!(
            "SELECT hint LIKE '%record_recommendation_implementation({id})%' AND ok
             FROM optimizer.status() WHERE item = 'looks implemented'"
        )));
        run(&format!("SELECT optimizer.record_recommendation_implementation({id})"));
        assert!(one::<bool>(
            "SELECT i.implementation_timestamp = e.occurred_at
             FROM optimizer.implementations i, optimizer.events e WHERE e.event_type = 'index'"
        ));
        assert!(!looks_implemented());
    }

    #[pg_test]
    fn an_index_of_another_table_or_definition_is_not_offered() {
        orders();
        suggest("CREATE INDEX ON orders (customer_id)");
        run("CREATE TABLE public.lines (customer_id int); CREATE INDEX ON public.lines (customer_id);
             CREATE INDEX ON public.orders (customer_id) WHERE id > 1;
             CREATE INDEX ON public.orders (customer_id DESC)");
        look();
        assert!(!looks_implemented());
    }

    #[pg_test]
    fn an_index_that_was_there_before_the_suggestion_is_not_offered() {
        orders();
        run("CREATE INDEX ON public.orders (customer_id)");
        look();
        run("INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score, created_at)
             VALUES (1, 'orders', 'CREATE INDEX ON orders (customer_id)', 50, 0.5, clock_timestamp());
             SELECT optimizer.aggregate_recommendations()");
        look();
        assert!(!looks_implemented());
    }

    #[pg_test]
    fn an_index_that_may_have_been_there_before_is_not_offered() {
        orders();
        run("ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE;
             CREATE INDEX ON public.orders (customer_id);
             INSERT INTO optimizer.index_suggestions (query_hash, relation, definition,
                 estimated_improvement_percent, confidence_score, created_at)
             VALUES (1, 'orders', 'CREATE INDEX ON orders (customer_id)', 50, 0.5, clock_timestamp());
             SELECT optimizer.aggregate_recommendations()");
        look();
        assert_eq!(events(), "index created public.orders_customer_id_idx");
        assert!(!looks_implemented());
    }

    #[pg_test]
    fn an_index_that_is_gone_again_is_not_offered_any_more() {
        orders();
        suggest("CREATE INDEX ON orders (customer_id)");
        run("CREATE INDEX o_idx ON public.orders (customer_id)");
        look();
        assert!(looks_implemented());
        run("DROP INDEX public.o_idx");
        look();
        assert!(!looks_implemented());
    }

    #[pg_test]
    fn what_was_recorded_and_taken_back_is_not_offered_for_the_same_event() {
        orders();
        let id = suggest("CREATE INDEX ON orders (customer_id)");
        run("CREATE INDEX o_idx ON public.orders (customer_id)");
        let implementation = one::<i64>(&format!(
            "SELECT impl_id FROM optimizer.record_recommendation_implementation({id},
                 implemented_at => clock_timestamp())"
        ));
        // One transaction has one now(): the revert lies after the index in real life.
        run(&format!(
            "SELECT optimizer.revert_implementation({implementation});
             UPDATE optimizer.optimization_implementations SET reverted_at = clock_timestamp()"
        ));
        look();
        assert_eq!(one::<String>("SELECT status FROM optimizer.recommendations"), "open");
        assert!(!looks_implemented());
    }

    #[pg_test]
    fn a_time_that_is_given_wins_over_the_ledger() {
        orders();
        let id = suggest("CREATE INDEX ON orders (customer_id)");
        run("CREATE INDEX o_idx ON public.orders (customer_id)");
        look();
        record(id, 5.0);
        assert!(one::<bool>(
            "SELECT implementation_timestamp = now() - interval '5 hours' FROM optimizer.implementations"
        ));
    }

    #[pg_test]
    fn a_time_that_is_not_given_is_when_the_ledger_saw_it_at_the_latest() {
        orders();
        let id = suggest("CREATE INDEX ON orders (customer_id)");
        run("CREATE INDEX o_idx ON public.orders (customer_id)");
        look();
        run("UPDATE optimizer.index_suggestions SET created_at = now() - interval '4 hours';
             UPDATE optimizer.system_events SET occurred_after = now() - interval '3 hours', occurred_at = now() - interval '1 hour'");
        run(&format!("SELECT optimizer.record_recommendation_implementation({id})"));
        assert!(one::<bool>(
            "SELECT implementation_timestamp = now() - interval '1 hour' FROM optimizer.implementations"
        ));
    }

    #[pg_test]
    fn recording_and_reverting_are_events() {
        let id = recommend_index(5, 60.0, 0.7);
        let implementation = record(id, 2.0);
        run(&format!("SELECT optimizer.revert_implementation({implementation})"));
        let found = one::<String>(
            "SELECT string_agg(format('%s %s %s %s', action, actor = current_user, implementation_id > 0,
                                      occurred_at = now()), ', ' ORDER BY id) FROM optimizer.events",
        );
        assert_eq!(found, "recorded t t f, reverted t t t");
    }

    #[pg_test]
    fn values_and_definitions_are_shown_to_members_of_pg_read_all_stats_only() {
        orders();
        run(
            "CREATE INDEX o_idx ON public.orders (id) WHERE id = 4711; CREATE ROLE reader;
             GRANT USAGE ON SCHEMA optimizer TO reader; GRANT SELECT ON optimizer.events TO reader",
        );
        let row = "SELECT e::text FROM optimizer.events e";
        run("SET LOCAL ROLE reader");
        assert!(!one::<String>(row).contains("4711"));
        run("RESET ROLE; GRANT pg_read_all_stats TO reader; SET LOCAL ROLE reader");
        assert!(one::<String>(row).contains("4711"));
    }

    #[pg_test]
    fn two_hundred_events_of_a_type_in_an_hour_are_enough() {
        orders();
        run("ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE;
             DO $$ BEGIN FOR n IN 1..250 LOOP
                 EXECUTE format('CREATE TABLE public.many_%s ()', n);
             END LOOP; END $$");
        look();
        let counted = "SELECT format('%s %s', count(*) FILTER (WHERE action = 'created'),
                           string_agg(detail, ', ')) FROM optimizer.events";
        assert_eq!(one::<String>(counted), "200 at least 50 more in this hour are not listed");
        run("CREATE TABLE public.one_more ()");
        look();
        assert_eq!(one::<String>(counted), "200 at least 50 more in this hour are not listed");
    }

    #[pg_test]
    fn one_name_can_be_written_in_many_ways() {
        for (written, is_it) in [
            ("orders", true),
            ("Shop.ORDERS", true),
            (" shop.orders ", true),
            ("orders_2", false),
            ("other.orders", false),
            ("\"orders\"", false),
        ] {
            assert_eq!(
                one::<bool>(&format!(
                    "SELECT optimizer.names_relation('{written}', 'shop', 'orders')"
                )),
                is_it,
                "{written}"
            );
        }
        assert!(one::<bool>(
            "SELECT optimizer.names_relation('shop.\"Orders\"', 'shop', 'Orders')"
        ));
    }
}
