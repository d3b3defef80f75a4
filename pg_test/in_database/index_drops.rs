//! Which indexes are suggested to be dropped, and which never are.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::advice_ground::*;
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    /// Orders are written, and nothing reads them.
    fn written() {
        shop();
        ran(1, 1000, 1.0, 10_000, "INSERT INTO shop.orders (id, customer_id) VALUES ($1, $2)");
        ran(2, 100, 1.0, 100, "UPDATE shop.orders SET note = $1 WHERE id = $2");
    }

    fn dropped() -> Vec<String> {
        advise();
        let all = one::<String>(
            "SELECT coalesce(string_agg(access_method || ' ' || regexp_replace(definition, '^.*[.]', ''), ';' ORDER BY definition), '')
             FROM optimizer.index_suggestions WHERE made_by = 'builtin' AND definition LIKE 'DROP%'",
        );
        if all.is_empty() { Vec::new() } else { all.split(';').map(str::to_owned).collect() }
    }

    /// As if nothing had been scanned for so many days.
    fn unscanned_for(days: f64) {
        advise();
        run(&format!(
            "UPDATE optimizer.seen_index_usage SET unchanged_since = clock_timestamp() - {days} * interval '1 day'"
        ));
    }

    #[pg_test]
    fn of_two_that_are_the_same_the_later_goes_and_neither_when_they_differ() {
        written();
        run("CREATE INDEX first ON shop.orders (status); CREATE INDEX second ON shop.orders (status);
             CREATE INDEX other_order ON shop.orders (status DESC); CREATE INDEX a_part ON shop.orders (status) WHERE id > 5;
             CREATE INDEX more ON shop.orders (status) INCLUDE (note); CREATE INDEX by_hash ON shop.orders USING hash (status)");
        assert_eq!(dropped(), ["drop_duplicate second"]);
        assert_eq!(
            said(1, "undo_definition"),
            "CREATE INDEX CONCURRENTLY second ON shop.orders USING btree (status)"
        );
        assert!(said(1, "reasoning").contains("shop.second is shop.first again"));
        run("DROP INDEX shop.second");
        assert_eq!(dropped(), [""; 0]);
    }

    #[pg_test]
    fn a_copy_of_a_primary_key_goes_and_the_key_stays() {
        written();
        run("CREATE INDEX copy ON shop.orders (id); CREATE UNIQUE INDEX again ON shop.orders (id)");
        assert_eq!(dropped(), ["drop_duplicate copy"]);
    }

    #[pg_test]
    fn what_was_not_scanned_for_two_weeks_is_unused() {
        written();
        run("CREATE INDEX idle ON shop.orders (status)");
        unscanned_for(13.9);
        assert_eq!(dropped(), [""; 0]);
        unscanned_for(14.0);
        assert_eq!(dropped(), ["drop_unused idle"]);
        assert!(said(1, "reasoning").contains("was not scanned since"));
        // Scanned once, it begins anew.
        run("UPDATE optimizer.seen_index_usage SET scans = scans + 1");
        assert_eq!(dropped(), [""; 0]);
    }

    #[pg_test]
    fn what_is_unique_backs_a_constraint_or_is_the_replica_identity_never_goes() {
        written();
        run("ALTER TABLE shop.orders ADD CONSTRAINT no_two EXCLUDE USING btree (id WITH =);
             CREATE UNIQUE INDEX one_each ON shop.orders (id, status);
             ALTER TABLE shop.orders ALTER id SET NOT NULL, ALTER status SET NOT NULL;
             ALTER TABLE shop.orders REPLICA IDENTITY USING INDEX one_each");
        unscanned_for(100.0);
        assert_eq!(dropped(), [""; 0]);
        run("CREATE INDEX plain ON shop.orders (note)");
        unscanned_for(100.0);
        assert_eq!(dropped(), ["drop_unused plain"]);
    }

    #[pg_test]
    fn an_invalid_one_goes() {
        written();
        run("CREATE INDEX broken ON shop.orders (status);
             UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.broken'::regclass");
        assert_eq!(dropped(), ["drop_invalid broken"]);
        assert!(said(1, "reasoning").contains("every write keeps it up"));
    }

    #[pg_test]
    fn statements_that_ask_for_drops_say_it_as_the_index_on_them_does() {
        let condition = one::<String>(
            "SELECT substring(pg_get_expr(indpred, indrelid) FROM $$'.*'$$) FROM pg_index
             WHERE indexrelid = 'optimizer.index_suggestions_drop_idx'::regclass",
        );
        for statement in [
            include_str!("../../sql/queries/keep_index_drops.sql"),
            include_str!("../../sql/queries/keep_index_suggestions.sql"),
            include_str!("../../sql/queries/keep_qualstats_suggestions.sql"),
            include_str!("../../sql/queries/offer_from_events.sql"),
        ] {
            assert!(statement.contains(&condition), "{condition} is not in {statement}");
        }
        for (definition, is_drop) in [
            ("DROP INDEX a", true),
            ("  drop\n index a", true),
            ("/* no * scan **/ -- at all\n DROP INDEX a", true),
            ("CREATE INDEX ON t (\"drop date\")", false),
            ("-- DROP INDEX a\n CREATE INDEX ON t (a)", false),
            ("/* DROP INDEX a */ CREATE INDEX ON t (a)", false),
            ("dropped a", false),
        ] {
            let says = one::<bool>(&format!("SELECT '{definition}' ~* {condition}"));
            assert_eq!(says, is_drop, "{definition}");
        }
    }

    #[pg_test]
    fn what_was_followed_stays_until_the_ledger_has_looked() {
        written();
        run(
            "CREATE INDEX first ON shop.orders (status); CREATE INDEX second ON shop.orders (status);
             SELECT optimizer.generate_suggestions()",
        );
        // Nobody made a recommendation of it: nobody has followed it.
        run("DROP INDEX shop.second");
        assert_eq!(dropped(), [""; 0]);
        run("CREATE INDEX second ON shop.orders (status); SELECT optimizer.generate_suggestions()");
        assert_eq!(dropped(), ["drop_duplicate second"]);
        run(
            "SELECT optimizer.aggregate_recommendations(); SELECT optimizer.run_maintenance_step('events')",
        );
        run("DROP INDEX shop.second");
        assert_eq!(dropped(), ["drop_duplicate second"]);
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(
            one::<String>("SELECT status FROM optimizer.recommendations WHERE kind LIKE 'drop%'"),
            "open"
        );
        run("DROP TABLE shop.orders CASCADE");
        assert_eq!(dropped(), [""; 0]);
    }

    /// An index twice, a recommendation to drop the second, and a ledger that has seen both.
    fn told_to_drop_the_second() {
        written();
        run("CREATE INDEX first ON shop.orders (status); CREATE INDEX second ON shop.orders (status);
             SELECT optimizer.generate_suggestions(); SELECT optimizer.aggregate_recommendations();
             SELECT optimizer.run_maintenance_step('events')");
        assert_eq!(dropped(), ["drop_duplicate second"]);
    }

    #[pg_test]
    fn a_drop_was_followed_when_the_ledger_knew_the_index_or_saw_it_go_since() {
        told_to_drop_the_second();
        run("DROP INDEX shop.second; DELETE FROM optimizer.looks_implemented;
             DELETE FROM optimizer.system_events WHERE event_type = 'index'");
        // It is known from before, and nobody has looked since.
        assert_eq!(dropped(), ["drop_duplicate second"]);
        run("DELETE FROM optimizer.seen_indexes WHERE index_name = 'shop.second';
             INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, relation_id, relation_name, object_name)
             SELECT s.created_at + shift, 'look', 'index', 'dropped', 'shop.orders'::regclass, 'shop.orders', name
             FROM optimizer.index_suggestions s, (VALUES (interval '0', 'shop.second'), ('-1 s', 'shop.second'), ('0', 'shop.third')) AS e (shift, name)");
        assert_eq!(dropped(), ["drop_duplicate second"]);
        // Gone before it was advised, and another one since.
        run("DELETE FROM optimizer.system_events e USING optimizer.index_suggestions s
             WHERE e.object_name = 'shop.second' AND e.occurred_at = s.created_at");
        assert_eq!(dropped(), [""; 0]);
    }

    #[pg_test]
    fn a_drop_that_nobody_followed_goes_with_its_ground() {
        told_to_drop_the_second();
        run("DROP INDEX shop.first");
        assert_eq!(dropped(), [""; 0]);
    }

    #[pg_test]
    fn a_drop_that_was_dismissed_is_not_followed() {
        told_to_drop_the_second();
        run("SELECT optimizer.dismiss_recommendation(id, 'not now') FROM optimizer.recommendations WHERE kind LIKE 'drop%';
             DROP INDEX shop.second");
        assert_eq!(dropped(), [""; 0]);
    }

    #[pg_test]
    fn it_hangs_on_the_costliest_write_and_is_not_made_when_there_is_none() {
        shop();
        run(
            "CREATE INDEX first ON shop.orders (status); CREATE INDEX second ON shop.orders (status)",
        );
        costly(5, "SELECT count(*) FROM shop.orders");
        assert_eq!(dropped(), [""; 0]);
        ran(6, 1000, 1.0, 10_000, "INSERT INTO shop.orders (id) VALUES ($1)");
        ran(7, 1000, 9.0, 10_000, "UPDATE shop.orders SET note = $1 WHERE status = $2");
        assert_eq!(dropped().len(), 1);
        assert_eq!(said(7, "affected_query_hashes"), "{6}");
    }

    #[pg_test]
    fn it_is_a_recommendation_with_what_to_type_and_how_to_take_it_back() {
        written();
        run(
            "CREATE INDEX first ON shop.orders (status); CREATE INDEX second ON shop.orders (status)",
        );
        dropped();
        run("SELECT optimizer.aggregate_recommendations()");
        let row = one::<String>(
            "SELECT concat_ws('|', kind, recommendation_text, action_sql, undo_sql) FROM optimizer.recommendations WHERE kind LIKE 'drop%'",
        );
        assert_eq!(
            row,
            "drop_duplicate|Drop an index on shop.orders: shop.second|DROP INDEX CONCURRENTLY shop.second|\
             CREATE INDEX CONCURRENTLY second ON shop.orders USING btree (status)"
        );
        let ground = one::<String>(
            "SELECT (optimizer.ground_of('index', source_id) ->> 'dropped_index') FROM optimizer.recommendations WHERE kind LIKE 'drop%'",
        );
        assert_eq!(ground, "shop.second");
    }
}
