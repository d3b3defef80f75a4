//! When a suggestion of an index that is there by now stays: as long as somebody may have followed it.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::advice_ground::*;
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    const BY_CUSTOMER: &str = "SELECT * FROM shop.orders WHERE customer_id = $1";

    /// A recommendation of one index, and a ledger that has not looked yet.
    fn advised() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        run("SELECT optimizer.aggregate_recommendations()");
        assert_eq!(suggested(1), ["orders USING btree (customer_id)"]);
    }

    /// An index that the event trigger did not note: whether it does depends on what ran before, since a sequence is not rolled back.
    fn make(definition: &str) {
        run(&format!(
            "CREATE INDEX made ON shop.{definition}; DELETE FROM optimizer.system_events WHERE event_type = 'index'"
        ));
    }

    fn make_as_advised() {
        make("orders (customer_id)");
    }

    fn stays() -> bool {
        advise();
        suggested(1).len() == 1
    }

    #[pg_test]
    fn what_is_there_stays_until_the_ledger_has_looked_and_goes_when_it_was_there_before() {
        advised();
        make_as_advised();
        assert!(stays());
        // The first look only sees. One that is still being built is not seen yet.
        run("SELECT optimizer.run_maintenance_step('events');
             UPDATE optimizer.seen_indexes SET is_valid = false WHERE index_name = 'shop.made'");
        assert!(stays());
        run("UPDATE optimizer.seen_indexes SET is_valid = true");
        assert!(!stays());
    }

    #[pg_test]
    fn what_the_ledger_saw_being_made_since_stays_though_it_could_not_date_it() {
        advised();
        make_as_advised();
        run("SELECT optimizer.run_maintenance_step('events');
             INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, relation_id, relation_name, object_id, object_name)
             SELECT s.created_at + shift, 'look', 'index', 'created', 'shop.orders'::regclass, 'shop.orders', place::regclass, 'shop.elsewhere'
             FROM optimizer.index_suggestions s,
                  (VALUES (interval '0', 'shop.made'), ('-1 s', 'shop.made'), ('0', 'shop.orders_pkey')) AS e (shift, place)");
        assert!(stays());
        // Made before it was advised, and another one since.
        run("DELETE FROM optimizer.system_events e USING optimizer.index_suggestions s
             WHERE e.object_id = 'shop.made'::regclass AND e.occurred_at = s.created_at");
        assert!(!stays());
    }

    #[pg_test]
    fn another_index_of_the_table_is_not_what_was_advised() {
        advised();
        make("orders (customer_id, amount)");
        assert!(!stays());
    }

    #[pg_test]
    fn what_was_dismissed_is_not_followed() {
        advised();
        run(
            "SELECT optimizer.dismiss_recommendation(id, 'not now') FROM optimizer.recommendations",
        );
        make_as_advised();
        assert!(!stays());
    }

    #[pg_test]
    fn while_a_query_waits_what_is_there_or_did_not_help_goes_all_the_same() {
        shop();
        costly(
            1,
            "SELECT o.note FROM shop.orders o, shop.customers c WHERE o.customer_id = $1 AND o.placed_at = $2 AND c.email = $3",
        );
        costly(2, "SELECT note FROM shop.orders WHERE customer_id = $1 AND placed_at = $2");
        run("CREATE INDEX since ON shop.orders (customer_id);
             DELETE FROM optimizer.system_events WHERE event_type = 'index'");
        advise();
        let (before, other) = (suggested(1), suggested(2));
        assert_eq!((before.len(), other.len()), (2, 1), "{before:?} {other:?}");
        run("INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, relation_id, relation_name, object_name)
             VALUES (now(), 'look', 'index', 'created', 'shop.orders'::regclass, 'shop.orders', 'shop.since')");
        advise();
        assert_eq!((suggested(1), suggested(2)), (before.clone(), other.clone()));
        // The one on the other table is made, by somebody who was told nothing.
        run(&format!(
            "CREATE INDEX made ON shop.{}; DELETE FROM optimizer.system_events WHERE object_name = 'shop.made'",
            before[0]
        ));
        advise();
        assert_eq!(suggested(1), before[1..]);
        // The same index did not help the first query, when the table was small; the second knows nothing of that.
        run(
            "INSERT INTO optimizer.index_failures (query_hash, fingerprint, verdict, table_rows)
             SELECT 1, optimizer.index_fingerprint(definition), 'regressed', 40 FROM optimizer.index_suggestions WHERE query_hash = 1",
        );
        advise();
        assert_eq!((suggested(1), suggested(2)), (before[1..].to_vec(), other.clone()));
        run("UPDATE optimizer.index_failures SET table_rows = 40000");
        advise();
        assert_eq!((suggested(1), suggested(2)), (vec![], other));
    }
}
