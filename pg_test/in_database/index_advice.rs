//! Which indexes are suggested for which statements: where each kind speaks, where it is silent, and the border.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::advice_ground::*;
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn equality_range_and_order() {
        shop();
        cases(&[
            (
                "SELECT * FROM shop.orders WHERE customer_id = $1",
                &["orders USING btree (customer_id)"],
            ),
            (
                "SELECT * FROM shop.orders WHERE $1 = customer_id",
                &["orders USING btree (customer_id)"],
            ),
            (
                "SELECT * FROM shop.orders WHERE customer_id IN ($1, $2, $3)",
                &["orders USING btree (customer_id)"],
            ),
            (
                "SELECT * FROM shop.orders WHERE customer_id = ANY ($1)",
                &["orders USING btree (customer_id)"],
            ),
            (
                "UPDATE shop.orders SET note = $1 WHERE customer_id = $2",
                &["orders USING btree (customer_id)"],
            ),
            // Half of the table, whatever the value.
            ("SELECT * FROM shop.orders WHERE status = $1 AND note = $2", &[]),
            ("SELECT * FROM shop.orders WHERE customer_id <> $1", &[]),
            ("SELECT * FROM shop.orders WHERE customer_id + $1 = $2", &[]),
            (
                "SELECT * FROM shop.orders ORDER BY placed_at DESC LIMIT $1",
                &["orders USING btree (placed_at)"],
            ),
            (
                "SELECT * FROM shop.orders ORDER BY status, placed_at DESC LIMIT 10",
                &["orders USING btree (status, placed_at DESC)"],
            ),
            ("SELECT * FROM shop.orders ORDER BY random()", &[]),
            ("SELECT max(placed_at) FROM shop.orders", &["orders USING btree (placed_at)"]),
            // The primary key does it.
            ("SELECT * FROM shop.orders WHERE id = $1", &[]),
            ("SELECT * FROM shop.orders WHERE id = $1 AND status = $2", &[]),
            ("SELECT * FROM shop.orders ORDER BY id LIMIT 10", &[]),
        ]);
    }

    #[pg_test]
    fn joins_groups_and_views() {
        shop();
        cases(&[
            (
                "SELECT o.* FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id WHERE c.id = $1",
                &["orders USING btree (customer_id)"],
            ),
            (
                "SELECT o.* FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id WHERE c.email = $1",
                &["customers USING btree (email)", "orders USING btree (customer_id)"],
            ),
            (
                "SELECT count(*) FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id",
                &[],
            ),
            (
                "SELECT * FROM shop.customers c WHERE c.id = $1 AND EXISTS (SELECT FROM shop.orders o WHERE o.customer_id = c.id)",
                &["orders USING btree (customer_id)"],
            ),
            // A view's constant condition: its rows are one in a hundred.
            (
                "SELECT * FROM shop.open_orders WHERE placed_at > $1 ORDER BY placed_at LIMIT 20",
                &["orders USING btree (placed_at) WHERE status = 'open'"],
            ),
            ("SELECT status, count(*) FROM shop.orders GROUP BY status", &[]),
            (
                "SELECT sum(n) FROM (SELECT count(*) AS n, customer_id FROM shop.orders GROUP BY customer_id) s WHERE customer_id = $1",
                &["orders USING btree (customer_id)"],
            ),
        ]);
    }

    #[pg_test]
    fn partial_covering_and_expression_indexes() {
        shop();
        cases(&[
            (
                "SELECT * FROM shop.customers WHERE is_active ORDER BY country LIMIT 3",
                &["customers USING btree (country) WHERE is_active"],
            ),
            // 98 % of them.
            ("SELECT * FROM shop.customers WHERE NOT is_active AND about > $1", &[]),
            (
                "SELECT * FROM shop.orders WHERE shipped_at IS NOT NULL ORDER BY shipped_at LIMIT 20",
                &["orders USING btree (shipped_at) WHERE shipped_at IS NOT NULL"],
            ),
            (
                "SELECT * FROM shop.customers WHERE lower(email) = $1",
                &["customers USING btree ((lower(email)))"],
            ),
            ("SELECT * FROM shop.customers WHERE email || now()::text = $1", &[]),
            // Nothing was vacuumed yet: a scan of the index alone would have to look at the rows all the same.
            (
                "SELECT sum(amount) FROM shop.orders WHERE customer_id = ANY ($1)",
                &["orders USING btree (customer_id)"],
            ),
            (
                "SELECT * FROM shop.customers WHERE name LIKE 'user77%'",
                &["customers USING btree (name text_pattern_ops)"],
            ),
            ("SELECT * FROM shop.customers WHERE email LIKE '%77%'", &[]),
            // No index finds rows by comparing two of their columns, but one over such rows spares reading the others.
            (
                "SELECT count(*) FROM shop.orders WHERE customer_id = ANY ($1) AND shipped_at < placed_at",
                &["orders USING btree (customer_id) WHERE placed_at > shipped_at"],
            ),
            ("SELECT * FROM shop.orders WHERE shipped_at < placed_at", &[]),
            ("SELECT * FROM shop.orders WHERE id = $1 AND shipped_at < placed_at", &[]),
        ]);
    }

    #[pg_test]
    fn documents_arrays_and_patterns() {
        shop();
        cases(&[
            (
                "SELECT * FROM shop.customers WHERE profile @> $1",
                &["customers USING gin (profile jsonb_path_ops)"],
            ),
            (
                "SELECT * FROM shop.customers WHERE profile @> '{\"level\": 3}'",
                &["customers USING gin (profile jsonb_path_ops)"],
            ),
            ("SELECT * FROM shop.customers WHERE profile <@ $1", &[]),
            ("SELECT * FROM shop.customers WHERE profile ? $1", &["customers USING gin (profile)"]),
            ("SELECT * FROM shop.customers WHERE tags @> $1", &["customers USING gin (tags)"]),
            ("SELECT * FROM shop.customers WHERE tags && $1", &["customers USING gin (tags)"]),
            ("SELECT * FROM shop.customers WHERE $1 = ANY (tags)", &[]),
            (
                "SELECT * FROM shop.customers WHERE to_tsvector('english', about) @@ plainto_tsquery('english', $1)",
                &["customers USING gin ((to_tsvector('english'::regconfig, about)) tsvector_ops)"],
            ),
            // Without pg_trgm.
            ("SELECT * FROM shop.customers WHERE about ILIKE $1", &[]),
        ]);
        run("CREATE SCHEMA grams; CREATE EXTENSION pg_trgm SCHEMA grams");
        cases(&[(
            "SELECT id FROM shop.customers WHERE about ILIKE $1",
            &["customers USING gin (about grams.gin_trgm_ops)"],
        )]);
    }

    #[pg_test]
    fn partitions_foreign_keys_and_what_is_too_small() {
        shop();
        cases(&[
            ("SELECT * FROM shop.events WHERE kind = $1", &["events USING btree (kind)"]),
            ("DELETE FROM shop.customers WHERE id = $1", &["orders USING btree (customer_id)"]),
            (
                "UPDATE shop.customers SET id = $1 WHERE id = $2",
                &["orders USING btree (customer_id)"],
            ),
            ("UPDATE shop.customers SET email = $1 WHERE id = $2", &[]),
            // The check comes after the rows are found: each has an index of its own.
            (
                "DELETE FROM shop.customers WHERE email = $1",
                &["customers USING btree (email)", "orders USING btree (customer_id)"],
            ),
            ("SELECT * FROM shop.small WHERE kind = $1", &[]),
            ("SELECT * FROM pg_catalog.pg_class WHERE relpages = $1", &[]),
            ("SELECT * FROM optimizer.query_texts WHERE query = $1", &[]),
        ]);
        assert!(!said_once("shop.events").contains("CONCURRENTLY"));
        run(
            "INSERT INTO shop.small SELECT n, n FROM generate_series(901, 1000) n; ANALYZE shop.small",
        );
        cases(&[("SELECT * FROM shop.small WHERE kind = $1 + 0", &["small USING btree (kind)"])]);
    }

    /// The definition that a statement on a partitioned table gets.
    fn said_once(table: &str) -> String {
        run("DELETE FROM optimizer.query_metrics; DELETE FROM optimizer.index_suggestions");
        costly(77, &format!("SELECT id FROM {table} WHERE kind = $1 /* once */"));
        advise();
        said(77, "definition")
    }

    #[pg_test]
    fn brin_is_for_large_tables_in_order() {
        shop();
        run("CREATE TABLE shop.readings (at timestamptz, value float8, filler text);
             ALTER TABLE shop.readings ALTER filler SET STORAGE PLAIN;
             INSERT INTO shop.readings SELECT '2026-01-01'::timestamptz + n * interval '1 second', n, repeat('x', 3900) FROM generate_series(1, 20400) n;
             ANALYZE shop.readings");
        let text = "SELECT sum(value) FROM shop.readings WHERE at BETWEEN $1 AND $2";
        ran(1, 1000, 30.0, 1000, text);
        advise();
        assert_eq!(suggested(1), ["readings USING btree (at)"]);
        // A million rows an hour make a btree dear.
        ran(2, 1000, 1.0, 2_000_000, "INSERT INTO shop.readings VALUES ($1, $2, $3)");
        advise();
        assert_eq!(suggested(1), ["readings USING brin (at)"]);
    }

    #[pg_test]
    fn an_order_that_ends_at_a_limit_is_no_ground_for_an_index_on_it_alone() {
        shop();
        // One in a hundred is open, and where they lie nobody knows.
        let text = "SELECT * FROM shop.orders WHERE status = $1 ORDER BY placed_at DESC LIMIT 20";
        costly(1, text);
        advise();
        assert_eq!(suggested(1), ["orders USING btree (status, placed_at)"]);
        let trial = one::<bool>(
            "SELECT bool_or((s.value #>> '{after,filters_to_a_limit}')::boolean) FROM optimizer.index_trials t, jsonb_array_elements(t.trial -> 'sets') AS s",
        );
        assert!(trial, "the index on placed_at was not tried");
    }

    #[pg_test]
    fn who_may_get_slower_is_named_though_nothing_would_help_it() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE placed_at = $1");
        costly(2, "SELECT * FROM shop.orders WHERE status <> 'done' ORDER BY placed_at LIMIT 20");
        advise();
        let named = "Others may get slower, since with it the planner";
        assert_eq!((outcome(2).as_str(), suggested(2).len()), ("helped", 0));
        assert!(said(1, "reasoning").contains(named), "{}", said(1, "reasoning"));
        assert!(said(1, "reasoning").contains("is reached: 2."), "{}", said(1, "reasoning"));
        // The same where the planner hopes for too little to call it a help.
        run("UPDATE optimizer.index_trials SET outcome = 'at_risk', trial = trial || jsonb_build_object('risks', trial -> 'sets', 'sets', '[]'::jsonb)
             WHERE query_hash = 2; DELETE FROM optimizer.index_suggestions");
        advise();
        assert!(said(1, "reasoning").contains(named), "{}", said(1, "reasoning"));
    }

    /// As if the trial of query 1 had found one index that saves these shares of the planner's cost, with pages from disk and from memory.
    fn saving(from_disk: f64, from_memory: f64) {
        run(&format!(
            "UPDATE optimizer.index_trials SET trial = trial || jsonb_build_object('cached_cost', 1000, 'on_flash', '[1000, 0]'::jsonb,
                 'before', trial -> 'before' || '{{\"cost\": 1000}}',
                 'sets', jsonb_build_array(trial #> '{{sets,0}}' || jsonb_build_object('cached_cost', 1000 * (1 - {from_memory}),
                     'after', trial #> '{{sets,0,after}}' || jsonb_build_object('cost', 1000 * (1 - {from_disk})))))
             WHERE query_hash = 1"
        ));
        advise();
    }

    #[pg_test]
    fn what_is_suggested_stays_down_to_eight_percent_and_what_is_not_begins_at_ten() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE customer_id = $1");
        // So large that the room of an index is nothing.
        run("UPDATE pg_class SET relpages = 10000000 WHERE oid = 'shop.orders'::regclass");
        advise();
        let is_suggested = |from_disk, from_memory| {
            saving(from_disk, from_memory);
            suggested(1).len() == 1
        };
        // Nine tenths of it are promised.
        assert!(is_suggested(0.11, 0.0));
        assert!(!is_suggested(0.08, 0.0));
        assert!(!is_suggested(0.10, 0.0));
        assert!(is_suggested(0.12, 0.0));
        assert!(is_suggested(0.10, 0.0));
        // Pages that were in memory are promised as from memory.
        run("UPDATE optimizer.query_metrics SET shared_blks_hit = 1000, shared_blks_read = 0");
        assert!(!is_suggested(0.9, 0.05));
        assert!(is_suggested(0.05, 0.5));
        // Less than a thousandth of all time is not worth an index, whatever it is of the query.
        ran(2, 1000, 4990.0, 1000, "SELECT count(*) FROM shop.customers");
        assert!(is_suggested(0.6, 0.6));
        assert!(!is_suggested(0.5, 0.5));
    }

    #[pg_test]
    fn one_index_serves_several_queries_and_prefixes_are_folded() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE customer_id = $1");
        costly(
            2,
            "SELECT * FROM shop.orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT $2",
        );
        costly(3, "SELECT count(*) FROM shop.orders WHERE customer_id = $1 AND note = $2");
        advise();
        assert_eq!(
            one::<i64>("SELECT count(DISTINCT definition) FROM optimizer.index_suggestions"),
            1
        );
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.index_suggestions"), 3);
        assert_eq!(said(1, "affected_query_hashes"), "{2,3}");
        assert_eq!(one::<i64>("SELECT count(DISTINCT action_key) FROM optimizer.index_advice"), 1);
        assert!(said(1, "reasoning").contains("Helps 3 queries that take 100.0 % of the time"));
    }

    #[pg_test]
    fn a_suggestion_says_what_it_costs_and_how_to_take_it_back() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE customer_id = $1");
        ran(2, 5000, 0.001, 5000, "UPDATE shop.orders SET customer_id = $1 WHERE id = $2");
        advise();
        let reasoning = said(1, "reasoning");
        assert!(reasoning.contains("ms of writing an hour (0 rows inserted"), "{reasoning}");
        assert!(said(1, "plan_cost_before / plan_cost_after > 10") == "true");
        assert_eq!(
            said(1, "relation || ' ' || access_method || ' ' || columns[1]"),
            "shop.orders btree customer_id"
        );
        let undo = one::<String>("SELECT undo_sql FROM optimizer.index_advice");
        assert_eq!(undo, "DROP INDEX CONCURRENTLY shop.orders_customer_id_idx");
        // Built, it has the size that was said, give or take a third.
        run(&said(1, "replace(definition, 'CONCURRENTLY ', '')"));
        let ratio = one::<f64>(
            "SELECT s.estimated_size_bytes / pg_relation_size('shop.orders_customer_id_idx')::float8
             FROM optimizer.index_suggestions s",
        );
        assert!((0.67..1.5).contains(&ratio), "{ratio}");
    }

    #[pg_test]
    fn the_setting_is_tried_before_the_index() {
        shop();
        run("CREATE INDEX orders_placed_at_idx ON shop.orders (placed_at)");
        // A large part by an index that is there, which random_page_cost = 4 keeps it from.
        costly(
            1,
            "SELECT count(note) FROM shop.orders WHERE placed_at > $1 AND amount > $2 AND status = $3",
        );
        costly(2, "SELECT * FROM shop.orders WHERE customer_id = $1");
        advise();
        assert!(!said(2, "reasoning").contains("random_page_cost"));
        let trial = one::<String>(
            "SELECT jsonb_typeof(trial -> 'on_flash') FROM optimizer.index_trials WHERE query_hash = 2",
        );
        assert_eq!(trial, "array");
    }
}
