//! What is read of real texts: every statement of pg_test/reading/statements.sql is run, normalised by pg_stat_statements, read, and compared with
//! pg_test/reading/expected.txt.

#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use crate::pg_test::in_database::reading_ground::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn statements_of_applications_and_libraries_are_read_as_they_were_meant() {
        ground();
        let mut found = String::new();
        for (name, statement) in statements() {
            run_counted(&format!("{statement} /* {name} */"));
        }
        read_what_ran();
        for (name, _) in statements() {
            found.push_str(&format!("-- {name}\n{}\n", summary_of(&name)));
        }
        let expected = include_str!("../reading/expected.txt");
        let differs = expected
            .split("\n-- ")
            .zip(found.split("\n-- "))
            .find(|(expected, found)| expected.trim() != found.trim());
        assert_eq!(found.trim(), expected.trim(), "the first that differs: {differs:#?}");
    }

    #[pg_test]
    fn a_second_pass_reads_nothing() {
        ground();
        run_counted("SELECT count(*) FROM orders WHERE customer_id = 1 /* once */");
        read_what_ran();
        assert!(summary_of("once").contains("orders.customer_id equal"));
        assert_eq!(pass(), 0);
    }

    #[pg_test]
    fn a_reading_is_renewed_when_one_of_its_relations_changed_and_only_then() {
        ground();
        given(1, "SELECT id FROM orders WHERE status = $1");
        given(2, "SELECT id FROM customers WHERE email = $1");
        assert_eq!(pass(), 2);
        for change in [
            "ALTER TABLE orders ADD COLUMN more int",
            "ALTER TABLE orders ADD CHECK (id <> 5)",
            "ALTER TABLE orders RENAME COLUMN note TO remark",
            "CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_audit()",
            "CREATE POLICY p ON orders USING (true)",
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE orders DROP COLUMN more",
        ] {
            run(change);
            assert_eq!(pass(), 1, "{change}");
            assert_eq!(pass(), 0, "{change}");
        }
        for no_change in ["TRUNCATE orders CASCADE", "ANALYZE orders", "CREATE TABLE other (a int)"]
        {
            run(no_change);
            assert_eq!(pass(), 0, "{no_change}");
        }
        run("ALTER TABLE orders RENAME TO sales");
        assert_eq!(pass(), 1);
        assert_eq!(reason(1), "relation_gone");
    }

    #[pg_test]
    fn what_could_not_be_read_is_tried_again_when_there_are_other_relations() {
        ground();
        given(1, "SELECT a FROM later WHERE b = $1");
        assert_eq!(pass(), 1);
        assert_eq!(reason(1), "relation_gone");
        assert_eq!(pass(), 0);
        run("CREATE TABLE later (a int, b int)");
        assert_eq!(pass(), 1);
        assert_eq!(reason(1), "read");
    }

    #[pg_test]
    fn each_reason_is_told_and_counted() {
        ground();
        run("CREATE ROLE limited; GRANT USAGE ON SCHEMA shop, public TO limited;
             CREATE ROLE short_lived; CREATE SCHEMA other; CREATE TABLE other.orders (id int);
             CREATE TABLE alone (id int); CREATE TEMP TABLE only_here (id int); CREATE TABLE public.parted (id int)");
        given(1, "BEGIN");
        given(2, &format!("SELECT '{}'", "x".repeat(1024 * 1024)));
        given(3, "<insufficient privilege>");
        given(4, "SELECT 1");
        run("DELETE FROM optimizer.sampler_counters WHERE query_hash = 4");
        given_as(5, "SELECT 1", "short_lived");
        given_as(6, "SELECT id FROM alone", "limited");
        given(7, "SELECT id FROM orders");
        given(8, "SELECT id FROM nowhere");
        given(9, "SELECT id FROM only_here");
        given(10, "SELECT nothing FROM alone");
        given(11, "SELECT no_such_function(id) FROM alone");
        given(12, "SELECT id::no_such_type FROM alone");
        given(13, "SELECT FROM WHERE");
        given(14, "SELECT 1; SELECT 2");
        given(15, &format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)));
        given(16, &format!("SELECT {}", vec!["id"; 60_000].join(" + ")));
        given(17, "SELECT id FROM alone GROUP BY ()");
        given(18, "SELECT id FROM missing_schema.orders");
        given(19, "SELECT id FROM shop.orders");
        run("DROP ROLE short_lived");
        pass();
        let told: Vec<String> = (1..=19).map(reason).collect();
        assert_eq!(
            told,
            [
                "utility",
                "too_long",
                "text_missing",
                "role_unknown",
                "role_gone",
                "not_allowed",
                "relation_ambiguous",
                "relation_gone",
                "relation_temporary",
                "column_gone",
                "function_gone",
                "object_gone",
                "syntax_error",
                "invalid_text",
                // The parser's own stack is full: no other code for that.
                "syntax_error",
                "too_deeply_nested",
                "grouping_unclear",
                "relation_gone",
                "read",
            ]
        );
        let counted =
            one::<String>("SELECT detail FROM optimizer.status() WHERE item = 'statements read'");
        assert!(counted.starts_with("1 of 18"), "{counted}");
        assert!(
            counted.ends_with("not: relation_gone 2, ..."),
            "the most frequent, in one line: {counted}"
        );
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.readings WHERE reason = 'syntax_error'"),
            2
        );
    }

    #[pg_test]
    fn a_statement_is_read_as_the_role_that_runs_it_most_under_its_search_path() {
        ground();
        run("CREATE SCHEMA tenant; CREATE TABLE tenant.things (id int, of_tenant int);
             CREATE ROLE app; CREATE ROLE other; GRANT USAGE ON SCHEMA tenant, shop TO app;
             GRANT SELECT ON ALL TABLES IN SCHEMA tenant, shop TO app;
             ALTER ROLE app SET search_path = nowhere");
        run(&format!(
            "ALTER ROLE app IN DATABASE {} SET search_path = tenant, shop",
            one::<String>("SELECT quote_ident(current_database())")
        ));
        given_as(1, "SELECT of_tenant FROM things WHERE id = $1", "app");
        run(
            "INSERT INTO optimizer.sampler_counters SELECT 1, 'other'::regrole, true, 0, 1, 1, 1, 1, 1, 1, 1",
        );
        pass();
        assert_eq!(reason(1), "read");
        assert_eq!(one::<String>("SELECT search_path FROM optimizer.readings"), "tenant, shop");
        run("UPDATE optimizer.sampler_counters SET calls = 99 WHERE user_oid = 'other'::regrole");
        assert_eq!(pass(), 0, "the role that it was read as still runs it");
        run("DELETE FROM optimizer.sampler_counters WHERE user_oid = 'app'::regrole");
        assert_eq!(pass(), 1);
        assert_eq!(reason(1), "relation_gone", "other's search_path is the default one");
    }

    #[pg_test]
    fn a_waiting_session_and_its_temporary_tables_are_left_out_of_it() {
        ground();
        run("CREATE TEMP TABLE orders (nothing int)");
        given(1, "SELECT status FROM orders WHERE id = $1");
        pass();
        assert_eq!(reason(1), "read");
        assert_eq!(
            one::<String>("SELECT string_agg(relation_name, ' ') FROM optimizer.query_relations"),
            "shop.orders"
        );
    }

    #[pg_test]
    fn shapes_are_for_those_who_may_read_texts() {
        ground();
        given(1, "SELECT id FROM orders WHERE status = 'secret'");
        pass();
        run("CREATE ROLE watcher; GRANT USAGE ON SCHEMA optimizer TO watcher;
             GRANT SELECT ON optimizer.readings, optimizer.query_relations TO watcher; SET LOCAL ROLE watcher");
        let row = "SELECT concat_ws(' ', query, shape, state) FROM optimizer.readings";
        assert_eq!(one::<String>(row), "<insufficient privilege> read");
        run("RESET ROLE; GRANT pg_read_all_stats TO watcher; SET LOCAL ROLE watcher");
        assert!(one::<String>(row).contains("secret"));
        run("RESET ROLE");
    }

    #[pg_test]
    fn a_statement_that_is_purged_takes_its_reading_along() {
        ground();
        given(1, "SELECT id FROM orders");
        pass();
        run("DELETE FROM optimizer.query_texts");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_readings"), 0);
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_relations"), 0);
    }

    #[pg_test]
    fn row_security_is_part_of_what_its_role_reads() {
        ground();
        run("CREATE ROLE app; GRANT USAGE ON SCHEMA shop TO app; GRANT SELECT ON secured TO app");
        given_as(1, "SELECT body FROM secured WHERE id = $1", "app");
        pass();
        assert!(
            summary(&shape_of(1)).contains("policy secured.owner_id equal = '7'"),
            "{}",
            summary(&shape_of(1))
        );
        run("ALTER POLICY own ON secured USING (owner_id = 8)");
        // Two changes in one transaction look like one to whoever reads in between; a policy has no content in the signature.
        run("DELETE FROM optimizer.query_readings");
        pass();
        assert!(summary(&shape_of(1)).contains("'8'"));
    }

    /// A text that is valid comes to the same tree with the reader's changes as without them.
    #[pg_test]
    fn what_the_server_reads_as_it_is_means_the_same_to_the_reader() {
        ground();
        let mut compared = 0;
        for (name, statement) in statements() {
            let (plain, ours) = trees(&statement);
            assert_eq!(plain, ours, "{name}");
            compared += 1;
        }
        for statement in [
            "SELECT date_trunc('day', ordered_at) FROM orders GROUP BY date_trunc('day', ordered_at)",
            "SELECT lower(status), upper(status) FROM orders ORDER BY lower(status), 2",
            "SELECT count(*), extract(year FROM ordered_at) FROM orders GROUP BY extract(year FROM ordered_at) ORDER BY 1",
        ] {
            let (plain, ours) = trees(statement);
            assert_eq!(plain, ours, "{statement}");
            compared += 1;
        }
        assert!(compared > 80);
    }

    /// 300 texts made of the table's, several mutations each: whatever comes, it ends in a reading or a reason.
    #[pg_test]
    fn mutated_texts_end_in_a_reading_or_a_reason() {
        ground();
        let mut random = Random(20_260_101);
        let texts: Vec<String> =
            statements().into_iter().map(|(_, text)| parameters_for_numbers(&text)).collect();
        let mut hash = 0;
        for _ in 0..300 {
            let mut text = texts[random.below(texts.len())].clone();
            for _ in 0..=random.below(2) {
                text = mutated(&text, &texts, &mut random);
            }
            hash += 1;
            given(hash, &text.replace('\0', " "));
        }
        assert_eq!(pass(), hash);
        let told = one::<String>(
            "SELECT string_agg(what || ' ' || n, ', ' ORDER BY n DESC, what)
             FROM (SELECT coalesce(reason, state) AS what, count(*) AS n FROM optimizer.query_readings GROUP BY 1) AS c",
        );
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.query_readings"), hash, "{told}");
        assert!(
            one::<bool>(
                "SELECT count(*) FILTER (WHERE state = 'read') BETWEEN 15 AND 280 FROM optimizer.query_readings"
            ),
            "{told}"
        );
        assert_eq!(one::<i64>("SELECT count(*) FROM orders"), 0, "nothing was executed");
    }

    #[pg_test]
    fn what_a_prepare_holds_is_read_with_the_types_that_it_declares() {
        ground();
        given(
            1,
            "PREPARE p (int8, text) AS SELECT id FROM orders WHERE customer_id = $1 AND note || $2 IS NULL",
        );
        pass();
        assert_eq!(reason(1), "read");
        assert_eq!(shape_of(1).parameter_types, [20, 25]);
    }

    #[pg_test]
    fn types_that_went_with_the_constants_are_found_place_by_place() {
        ground();
        given(
            1,
            "SELECT sum(CASE WHEN status = $1 OR status = $2 THEN $3 ELSE $4 END),
                    sum(CASE WHEN status <> $5 AND status <> $6 THEN $7 ELSE $8 END)
             FROM orders WHERE total BETWEEN $9 - $10 AND $11 + $12 AND ordered_at > now() - $13 AND ship_on + $14 > $15",
        );
        pass();
        assert_eq!(
            one::<String>(
                "SELECT coalesce(array_to_string(assumptions, ', '), '') || coalesce(detail, '') FROM optimizer.query_readings"
            ),
            "$3 as int4, $7 as int4, $10 as int4, $12 as int4, $13 as interval, $14 as int4"
        );
    }
}
