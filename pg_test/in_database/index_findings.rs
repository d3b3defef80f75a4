//! What the views behind the index advisor say: which queries have a new index in their plan, and what was found for each.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::advice_ground::*;
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    const BY_CUSTOMER: &str = "SELECT * FROM shop.orders WHERE customer_id = $1";

    /// An event on what query 1 uses, so long before the current hour.
    fn event(before: &str, event_type: &str, action: &str) {
        run(&format!(
            "INSERT INTO optimizer.system_events (occurred_at, noticed_by, event_type, action, relation_id, relation_name, object_name)
             VALUES (date_trunc('hour', now()) - interval '{before}', 'look', '{event_type}', '{action}', 'shop.orders'::regclass, 'shop.orders', 'shop.since')"
        ));
    }

    /// What the query takes since, in ms.
    fn since() -> String {
        one("SELECT coalesce(string_agg(coalesce(round(mean_exec_time_ms)::text, 'unknown'), ','), 'none')
             FROM optimizer.queries_of_changed_indexes WHERE query_hash = 1")
    }

    #[pg_test]
    fn a_query_counts_from_the_first_whole_hour_after_the_last_index_in_its_plan() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE customer_id = $1 AND placed_at = $2");
        // Written to, and not read.
        costly(2, "INSERT INTO shop.orders (id) VALUES ($1)");
        run("CREATE INDEX since ON shop.orders (customer_id);
             DELETE FROM optimizer.system_events WHERE event_type = 'index'");
        advise();
        run("DELETE FROM optimizer.query_metrics WHERE query_hash = 1;
             INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                 sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
             SELECT 1, date_trunc('hour', now()) + hours * interval '1 hour', now(), 100, 100 * ms, 0, 100, 0, 0
             FROM (VALUES (-4, 5000), (-2, 1000), (-1, 20), (1, 9000)) AS m (hours, ms)");
        event("30 hours", "index", "created");
        assert_eq!(since(), "none");
        event("6 hours", "index", "created");
        event("90 minutes", "index", "created");
        // What else happened makes no plan another one.
        event("0", "index", "dropped");
        event("0", "table", "created");
        assert_eq!(since(), "20");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.queries_of_changed_indexes"), 1);
        // Deep in a plan as well.
        for shape in [
            "limit(index shop.orders by shop.since)",
            "sort(nested loop(index shop.orders by shop.since, seq shop.x))",
            "append(x; index shop.orders by shop.since)",
        ] {
            run(&format!(
                "UPDATE optimizer.index_trials SET trial = jsonb_set(trial, '{{before,shape}}', to_jsonb('{shape}'::text)) WHERE query_hash = 1"
            ));
            assert_eq!(since(), "20", "{shape}");
        }
        event("30 minutes", "index", "created");
        assert_eq!(since(), "unknown");
    }

    #[pg_test]
    fn the_share_of_the_time_is_that_since_the_index_too() {
        shop();
        costly(1, "SELECT * FROM shop.orders WHERE customer_id = $1 AND placed_at = $2");
        costly(2, "SELECT count(*) FROM shop.customers");
        run("CREATE INDEX since ON shop.orders (customer_id);
             UPDATE optimizer.query_metrics SET bucket_start = bucket_start - interval '3 hours' WHERE query_hash = 1");
        ran(1, 1000, 5.0, 1000, "");
        run("DELETE FROM optimizer.system_events WHERE event_type = 'index'");
        advise();
        run("DELETE FROM optimizer.index_suggestions");
        event("2 hours", "index", "created");
        advise();
        // 15 s of 25 in all, 5 ms a call where it was 7.5 over both.
        assert!(
            said(1, "reasoning").contains("takes 40.0 % of the time"),
            "{}",
            said(1, "reasoning")
        );
    }

    /// What `index_findings` says of a query.
    fn finding(query_hash: i64) -> String {
        one(&format!(
            "SELECT coalesce((SELECT outcome FROM optimizer.index_findings WHERE query_hash = {query_hash}), 'none')"
        ))
    }

    fn suggestion(query_hash: i64, others: &str, method: &str, maker: &str) {
        run(&format!(
            "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, access_method, affected_query_hashes,
                 estimated_improvement_percent, confidence_score, made_by)
             VALUES ({query_hash}, 'shop.orders', 'CREATE INDEX ON shop.orders (status) /* {method} {maker} */', '{method}', '{others}', 50, 0.5, '{maker}')"
        ));
    }

    #[pg_test]
    fn only_an_index_to_make_that_we_suggest_helps_a_query() {
        shop();
        costly(2, "SELECT count(*) FROM shop.customers");
        costly(3, "SELECT count(*) FROM shop.orders");
        advise();
        suggestion(2, "{3}", "btree", "tester");
        suggestion(2, "{3}", "drop_unused", "builtin");
        assert_eq!((finding(2).as_str(), finding(3).as_str()), ("no_candidate", "no_candidate"));
        suggestion(2, "{3}", "btree", "builtin");
        assert_eq!((finding(2).as_str(), finding(3).as_str()), ("suggested", "suggested"));
        run("UPDATE optimizer.query_texts SET is_own = true WHERE query_hash = 3");
        assert_eq!(finding(3), "none");
    }

    #[pg_test]
    fn what_was_tried_or_waits_is_told_by_its_share_of_the_time() {
        shop();
        costly(1, BY_CUSTOMER);
        advise();
        run("DELETE FROM optimizer.index_suggestions;
             UPDATE optimizer.index_trials SET trial = trial || jsonb_build_object('before', '{\"cost\": 1000}'::jsonb,
                 'sets', '[{\"after\": {\"cost\": 100}}, {\"after\": {\"cost\": 500}}]'::jsonb)");
        assert_eq!(finding(1), "not_chosen");
        assert_eq!(
            one::<f64>(
                "SELECT plan_cost_saving_percent FROM optimizer.index_findings WHERE query_hash = 1"
            ),
            90.0
        );
        // 10 s are not less than a thousandth of 10,000; of more they are.
        ran(2, 1, 9_990_000.0, 1, "SELECT count(*) FROM shop.customers");
        assert_eq!(finding(1), "not_chosen");
        ran(2, 1, 1_000.0, 1, "");
        assert_eq!(finding(1), "too_little_time");
        run("DELETE FROM optimizer.index_trials");
        assert_eq!(finding(1), "too_little_time");
        run("DELETE FROM optimizer.query_metrics WHERE query_hash = 2");
        assert_eq!(finding(1), "waits");
    }
}
