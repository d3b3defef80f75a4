#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    /// Table, its own columns and values for them.
    const TABLES: [(&str, &str, &str); 4] = [
        ("query_rewrite_suggestions", "suggestion_type, description", "'or_to_in', 'Use IN'"),
        ("parameter_tuning_suggestions", "parameter_name, recommended_value", "'work_mem', '64MB'"),
        ("workload_patterns", "pattern_type, description", "'hourly_peak', 'Peak at nine'"),
        ("index_suggestions", "relation, definition", "'t', 'CREATE INDEX ON t (a)'"),
    ];

    fn insert(
        (name, columns, values): (&str, &str, &str),
        hash: &str,
        improvement: &str,
        confidence: &str,
    ) -> String {
        format!(
            "INSERT INTO optimizer.{name} (query_hash, estimated_improvement_percent,
                 confidence_score, {columns}) VALUES ({hash}, {improvement}, {confidence}, {values})"
        )
    }

    #[pg_test]
    fn the_ends_of_the_ranges_are_taken_and_what_lies_beyond_is_refused() {
        for table in TABLES {
            run(&insert(table, "-9223372036854775808", "0", "0"));
            run(&insert(table, "1", "100", "1"));
            for (hash, improvement, confidence) in [
                ("0", "10", "0.5"),
                ("2", "-0.1", "0.5"),
                ("2", "100.1", "0.5"),
                ("2", "'NaN'", "0.5"),
                ("2", "'Infinity'", "0.5"),
                ("2", "10", "1.01"),
                ("2", "10", "'NaN'"),
                ("2", "10", "'-Infinity'"),
            ] {
                let (code, message, _) = raised(&insert(table, hash, improvement, confidence));
                assert_eq!(code, "23514", "{:?} {hash} {improvement}: {message}", table);
            }
        }
    }

    /// kind, text and action of what is said of query 1, by maker.
    fn index_said(maker: &str, column: &str) -> String {
        one(&format!(
            "SELECT coalesce(({column})::text, 'none') FROM optimizer.index_advice WHERE made_by = '{maker}'"
        ))
    }

    fn index_of_maker(maker: &str, relation: &str, definition: &str) {
        run(&format!(
            "INSERT INTO optimizer.index_suggestions
                 (query_hash, relation, definition, columns, estimated_improvement_percent, confidence_score, made_by)
             VALUES (1, '{relation}', '{definition}', '{{a}}', 50, 0.5, '{maker}')"
        ));
    }

    #[pg_test]
    fn one_index_in_other_words_is_one_action_and_saves_once() {
        ingest(1, 0.0, 1000, 10.0);
        observed(1.0);
        index_of_maker(
            "m1",
            "public.t",
            "CREATE INDEX CONCURRENTLY t_a_idx ON public.t USING btree (a)",
        );
        index_of_maker("m2", "t", "create index on t(a);");
        index_of_maker("m3", "t", "CREATE INDEX IF NOT EXISTS other ON t (a)");
        let keys = "SELECT count(DISTINCT action_key) FROM optimizer.index_advice";
        assert_eq!(one::<i64>(keys), 1);
        run("SELECT optimizer.aggregate_recommendations()");
        assert!(one::<bool>(
            "SELECT s.total_expected_saving_ms_per_hour = r.expected_saving_ms_per_hour AND s.open_recommendations = 3
             FROM optimizer.optimization_summary() s, (SELECT max(expected_saving_ms_per_hour) FROM optimizer.recommendations) AS r (expected_saving_ms_per_hour)"
        ));
        index_of_maker("g1", "t", "CREATE INDEX CONCURRENTLY t_p ON public.t USING gin (p)");
        index_of_maker("g2", "t", "create index on t using GIN(p)");
        assert_eq!(one::<i64>(keys), 2);
        for (maker, definition) in [
            ("m4", "CREATE UNIQUE INDEX ON t (a)"),
            ("m5", "CREATE INDEX ON t USING hash (a)"),
            ("m6", "CREATE INDEX ON t (a) WHERE b"),
            ("m7", "CREATE INDEX ON other (a)"),
            ("m8", "CREATE INDEX ON s.t (a)"),
        ] {
            let before = one::<i64>(keys);
            index_of_maker(maker, "t", definition);
            assert_eq!(one::<i64>(keys), before + 1, "{definition}");
        }
    }

    #[pg_test]
    fn a_change_that_two_makers_advised_counts_once_and_teaches_both() {
        ingest(1, 0.0, 1000, 10.0);
        observed(1.0);
        index_of_maker("m1", "public.t", "CREATE INDEX ON public.t (a)");
        index_of_maker("m2", "t", "create index on t(a)");
        run("SELECT optimizer.aggregate_recommendations()");
        record(one("SELECT min(id) FROM optimizer.recommendations"), 0.0);
        run("UPDATE optimizer.optimization_implementations SET status = 'implemented', verdict = 'improved', verdict_reason = 'faster',
                 actual_improvement_percent = 50, adjusted_improvement_percent = 50, measured_at = now(),
                 post_optimization_stats = jsonb_set(pre_optimization_stats, '{mean_exec_time_ms}', '5')");
        assert_eq!(one::<i64>("SELECT count(*) FROM optimizer.implementations"), 2);
        // The first one counts.
        assert!(one::<bool>(
            "SELECT bool_and(is_repeat = (id > recorded_with)) FROM optimizer.implementations"
        ));
        assert_eq!(
            one::<f64>(
                "SELECT total_actual_improvement_percent FROM optimizer.optimization_summary()"
            ),
            50.0
        );
        // 5 ms of 1000 calls an hour for a day, once.
        assert_eq!(
            one::<f64>("SELECT seconds_saved_per_day FROM optimizer.optimization_summary()"),
            one::<f64>(
                "SELECT 5 * (post_optimization_stats ->> 'calls_per_hour')::float8 * 24 / 1000 FROM optimizer.implementations LIMIT 1"
            )
        );
        let outcomes = include_str!("../../sql/queries/outcomes.sql");
        let shares = || {
            one::<f64>(&format!(
                "SELECT min(o.share) FROM ({outcomes}) AS o (a, b, c, d, e, f, g, share)"
            ))
        };
        assert_eq!(shares(), 1.0);
        // Of one maker two kinds of advice, each with its own.
        run(
            "UPDATE optimizer.optimization_implementations SET made_by = 'm1', kind = 'kind ' || id",
        );
        assert_eq!(shares(), 1.0);
        run("UPDATE optimizer.optimization_implementations SET kind = 'one'");
        assert_eq!(shares(), 0.5);
    }

    #[pg_test]
    fn a_summary_counts_what_saves_most_of_each_query_and_action() {
        ingest(1, 0.0, 1000, 10.0);
        ingest(2, 0.0, 1000, 10.0);
        observed(1.0);
        index_of_maker("m1", "t", "CREATE INDEX ON t (a)");
        index_of_maker("m2", "public.t", "CREATE INDEX ON public.t (a)");
        run("UPDATE optimizer.index_suggestions SET estimated_improvement_percent = 20 WHERE made_by = 'm2';
             INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
             VALUES (2, 't', 'CREATE INDEX ON t (a)', 50, 0.5, 'm1');
             INSERT INTO optimizer.workload_patterns (query_hash, pattern_type, description, estimated_improvement_percent, confidence_score)
             VALUES (1, 'hourly_peak', 'ask less', 30, 0.5), (1, 'daily_cycle', 'ask later', 40, 0.5);
             SELECT optimizer.aggregate_recommendations()");
        let whole = "SELECT sum(expected_saving_ms_per_hour) FROM optimizer.recommendations WHERE made_by <> 'm2'";
        assert_eq!(
            one::<i64>("SELECT count(*) FROM optimizer.recommendations WHERE action_key IS NULL"),
            2
        );
        assert!(one::<bool>(&format!(
            "SELECT abs(total_expected_saving_ms_per_hour - ({whole})) < 1e-6 FROM optimizer.optimization_summary()"
        )));
    }

    #[pg_test]
    fn an_index_is_what_its_definition_says() {
        index_of_maker("gin", "t", "CREATE INDEX ON t USING gin (a jsonb_path_ops)");
        index_of_maker("more", "t", "CREATE INDEX ON t (a) INCLUDE (b) WHERE c > 5");
        index_of_maker("lower", "t", "create index on t (a) where deleted is null");
        assert!(index_said("lower", "recommendation_text").ends_with("(a) where deleted is null"));
        index_of_maker("drop", "t", "DROP INDEX t_a_idx");
        index_of_maker("table", "t", "DROP TABLE t");
        index_of_maker("wrong", "t", "CREAT INDEX ON t (a)");
        assert_eq!(
            index_said("gin", "kind || ': ' || recommendation_text"),
            "gin: Create a gin index on t (a)"
        );
        assert_eq!(
            index_said("more", "kind || ': ' || recommendation_text"),
            "btree: Create a btree index on t (a) INCLUDE (b) WHERE c > 5"
        );
        assert_eq!(index_said("drop", "kind || ': ' || action_sql"), "drop: DROP INDEX t_a_idx");
        run(
            "UPDATE optimizer.index_suggestions SET undo_definition = 'CREATE INDEX ON t (a)' WHERE made_by = 'wrong'",
        );
        for maker in ["table", "wrong"] {
            assert_eq!(index_said(maker, "action_sql"), "none");
            assert_eq!(index_said(maker, "undo_sql"), "none");
            assert!(
                index_said(maker, "recommendation_text")
                    .contains("not possible, its definition is neither")
            );
        }
    }

    #[pg_test]
    fn one_suggestion_of_a_kind_per_query() {
        for table in [TABLES[0], TABLES[1], TABLES[3]] {
            run(&insert(table, "1", "10", "0.5"));
            assert_eq!(raised(&insert(table, "1", "20", "0.6")).0, "23505");
        }
    }

    #[pg_test]
    fn a_pattern_without_a_query_must_list_query_hashes() {
        let pattern = |metadata: &str| {
            format!(
                "INSERT INTO optimizer.workload_patterns (pattern_type, description,
                     confidence_score, pattern_metadata) VALUES ('batch_job', 'Nightly', 0.6, '{metadata}')"
            )
        };
        run(&pattern(r#"{"query_hashes": [-7, "9223372036854775807"]}"#));
        assert_eq!(
            one::<f64>("SELECT estimated_improvement_percent FROM optimizer.workload_patterns"),
            10.0
        );
        assert_eq!(raised(&pattern("{}")).0, "23514");
        for bad in
            [r#"{"query_hashes": 5}"#, r#"{"query_hashes": [0]}"#, r#"{"query_hashes": [1.5]}"#]
        {
            let (code, _, hint) = raised(&pattern(bad));
            assert_eq!(code, "22023", "{bad}");
            assert!(hint.contains("query_hashes"), "{hint}");
        }
    }

    #[pg_test]
    fn a_row_that_changes_says_when_and_one_that_does_not_keeps_its_time() {
        run(&insert(TABLES[3], "1", "10", "0.5"));
        let updated_at =
            || one::<String>("SELECT updated_at::text FROM optimizer.index_suggestions");
        let made = updated_at();
        run("UPDATE optimizer.index_suggestions SET confidence_score = 0.5");
        assert_eq!(updated_at(), made, "nothing changed");
        let mut before = made;
        // In one transaction, and whatever a tool writes into the column itself.
        for change in
            ["confidence_score = 0.6", "confidence_score = 0.7, updated_at = '2020-01-01'"]
        {
            run(&format!("UPDATE optimizer.index_suggestions SET {change}"));
            assert!(one::<bool>(&format!(
                "SELECT updated_at > '{before}' FROM optimizer.index_suggestions"
            )));
            before = updated_at();
        }
    }
}
