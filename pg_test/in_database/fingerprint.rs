#[pgrx::pg_schema]
mod tests {
    use crate::pg_test::in_database::ground::*;
    use pgrx::prelude::*;

    fn of(function: &str, text: &str) -> Option<String> {
        Spi::get_one_with_args::<String>(
            &format!("SELECT optimizer.{function}($1)"),
            &[text.into()],
        )
        .unwrap()
    }

    fn alike(function: &str, pairs: &[(&str, &str)]) {
        for (one, other) in pairs {
            let first = of(function, one);
            assert!(first.is_some(), "no fingerprint: {one}");
            assert_eq!(first, of(function, other), "{one}\n{other}");
        }
    }

    fn different(function: &str, pairs: &[(&str, &str)]) {
        for (one, other) in pairs {
            let (first, second) = (of(function, one), of(function, other));
            assert!(first.is_some() && second.is_some(), "no fingerprint: {one}\n{other}");
            assert_ne!(first, second, "{one}\n{other}");
        }
    }

    #[pg_test]
    fn statements_that_differ_only_in_constants_are_one() {
        alike(
            "statement_fingerprint",
            &[
                ("SELECT a FROM t WHERE b = 5", "select A\nfrom T where B = $1;"),
                ("SELECT a FROM t WHERE b = 5", "SELECT a /* c */ FROM t -- d\nWHERE (b = 'x')"),
                ("SELECT a FROM t WHERE b = -5", "SELECT a FROM t WHERE b = - $1"),
                ("SELECT a FROM t WHERE b = 5", "SELECT a FROM t WHERE b = NULL"),
                ("SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b IN ($1)"),
                ("SELECT a FROM t WHERE b IN (1::bigint, 2::bigint)", "SELECT a FROM t WHERE b IN ($1::int8)"),
                ("SELECT a FROM t WHERE (b, c) IN ((1, 2), (3, 4))", "SELECT a FROM t WHERE (b, c) IN (($1, $2))"),
                ("SELECT a FROM t WHERE b = ANY (ARRAY[1, 2])", "SELECT a FROM t WHERE b = ANY ($1)"),
                ("SELECT a FROM t WHERE d >= date '2024-01-01'", "SELECT a FROM t WHERE d >= $1::date"),
                ("SELECT a FROM t WHERE d >= CAST('x' AS date)", "SELECT a FROM t WHERE d >= 'y'::date"),
                ("SELECT now() - interval '1 day'", "SELECT now() - $1::interval"),
                ("SELECT a FROM t LIMIT 10 OFFSET 5", "SELECT a FROM t LIMIT $1 OFFSET $2"),
                ("SELECT a FROM t FETCH FIRST 10 ROWS ONLY", "SELECT a FROM t LIMIT $1"),
                ("INSERT INTO t (a, b) VALUES (1, 2), (3, 4)", "INSERT INTO t (a, b) VALUES ($1, $2)"),
                ("INSERT INTO t VALUES (1, DEFAULT), (3, DEFAULT)", "INSERT INTO t VALUES ($1, DEFAULT)"),
                ("SELECT a::integer, pg_catalog.lower(b) FROM t", "SELECT CAST(a AS int4), lower(b) FROM t"),
                ("SELECT a FROM t WHERE b != 1", "SELECT a FROM t WHERE b <> 2"),
                ("SELECT E'it\\'s'", "SELECT 'x'"),
                ("PREPARE p (int) AS SELECT a FROM t WHERE b = $1", "SELECT a FROM t WHERE b = 1"),
                (
                    "WITH x AS (DELETE FROM t WHERE a = 1 RETURNING *) INSERT INTO u SELECT * FROM x
                     ON CONFLICT (a) WHERE b > 3 DO UPDATE SET b = excluded.b + 1 WHERE u.c < 'x' RETURNING a",
                    "with x as (delete from t where a = $1 returning *) insert into u select * from x
                     on conflict (a) where b > $2 do update set b = excluded.b + $3 where u.c < $4 returning a",
                ),
                (
                    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b > 1 THEN UPDATE SET b = 2
                     WHEN NOT MATCHED THEN INSERT (a, b) VALUES (u.a, 3)",
                    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b > $1 THEN UPDATE SET b = $2
                     WHEN NOT MATCHED THEN INSERT (a, b) VALUES (u.a, $3)",
                ),
                (
                    "SELECT count(*) FILTER (WHERE a > 1) OVER (PARTITION BY b ORDER BY c ROWS 1 PRECEDING),
                     CASE WHEN a > 1 THEN 'x' ELSE 'y' END, x[1], (y).z, ARRAY[a, 1], ROW(a, 1), xmlelement(name e, 1),
                     extract(year FROM d), a IS NULL, b IS TRUE, coalesce(a, 0), greatest(a, 1), EXISTS (SELECT 1)
                     FROM ONLY s.t AS t (a, b) TABLESAMPLE bernoulli (1) REPEATABLE (2) JOIN LATERAL f(1) WITH ORDINALITY AS g ON true
                     GROUP BY ROLLUP (a, b) HAVING count(*) > 1 WINDOW w AS (ORDER BY a) FOR UPDATE OF t SKIP LOCKED",
                    "SELECT count(*) FILTER (WHERE a > $1) OVER (PARTITION BY b ORDER BY c ROWS $2 PRECEDING),
                     CASE WHEN a > $3 THEN $4 ELSE $5 END, x[$6], (y).z, ARRAY[a, $7], ROW(a, $8), xmlelement(name e, $9),
                     extract(month FROM d), a IS NULL, b IS TRUE, coalesce(a, $11), greatest(a, $12), EXISTS (SELECT $13)
                     FROM ONLY s.t AS t (a, b) TABLESAMPLE bernoulli ($18) REPEATABLE ($19) JOIN LATERAL f($14) WITH ORDINALITY AS g ON $15
                     GROUP BY ROLLUP (a, b) HAVING count(*) > $17 WINDOW w AS (ORDER BY a) FOR UPDATE OF t SKIP LOCKED",
                ),
            ],
        );
    }

    #[pg_test]
    fn what_is_no_constant_tells_statements_apart() {
        different(
            "statement_fingerprint",
            &[
                ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE c = 1"),
                ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b > 1"),
                ("SELECT a FROM t WHERE b = 1", "SELECT a FROM u WHERE b = 1"),
                ("SELECT a FROM t", "SELECT a FROM s.t"),
                ("SELECT a FROM t", "SELECT a FROM ONLY t"),
                ("SELECT a FROM t", "SELECT \"A\" FROM t"),
                ("SELECT a FROM t", "SELECT a FROM t AS x"),
                ("SELECT a FROM t", "SELECT a AS b FROM t"),
                ("SELECT a FROM t", "SELECT DISTINCT a FROM t"),
                ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 1::bigint"),
                ("SELECT a FROM t WHERE b = 1::int", "SELECT a FROM t WHERE b = 1::bigint"),
                ("SELECT a::varchar(10) FROM t", "SELECT a::varchar(20) FROM t"),
                ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b NOT IN (1, 2)"),
                ("SELECT a FROM t WHERE b IN (1, c)", "SELECT a FROM t WHERE b IN (1, 2, c, d)"),
                ("SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (SELECT 1)"),
                ("SELECT a FROM t ORDER BY 1", "SELECT a FROM t ORDER BY 2"),
                ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
                ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a NULLS FIRST"),
                ("SELECT count(*) FROM t GROUP BY 1", "SELECT count(*) FROM t GROUP BY 2"),
                ("SELECT f(1)", "SELECT f(1, 2)"),
                ("SELECT f(DISTINCT a) FROM t", "SELECT f(a) FROM t"),
                ("SELECT a FROM t", "SELECT a FROM t LIMIT 1"),
                ("SELECT a FROM t FOR UPDATE", "SELECT a FROM t FOR SHARE"),
                ("SELECT a FROM t FOR UPDATE", "SELECT a FROM t FOR UPDATE NOWAIT"),
                ("SELECT 1 UNION SELECT 2", "SELECT 1 UNION ALL SELECT 2"),
                ("SELECT a FROM t JOIN u USING (b)", "SELECT a FROM t LEFT JOIN u USING (b)"),
                ("WITH x AS (SELECT 1) TABLE x", "WITH x AS MATERIALIZED (SELECT 1) TABLE x"),
                ("INSERT INTO t (a, b) VALUES (1, 2)", "INSERT INTO t (a, b, c) VALUES (1, 2, 3)"),
                ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING"),
                ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1) RETURNING a"),
                ("UPDATE t SET a = 1", "UPDATE t SET b = 1"),
                ("UPDATE t SET a = 1", "UPDATE t SET a = 1 FROM u"),
                ("DELETE FROM t", "DELETE FROM t USING u"),
                ("SELECT a AND (b OR c) FROM t", "SELECT (a AND b) OR c FROM t"),
                ("SELECT a - 1 FROM t", "SELECT a + 1 FROM t"),
                (
                    "SELECT sum(a) OVER (ORDER BY b) FROM t",
                    "SELECT sum(a) OVER (PARTITION BY b) FROM t",
                ),
                ("SELECT current_date", "SELECT current_timestamp"),
                ("SELECT a IS NULL FROM t", "SELECT a IS NOT NULL FROM t"),
                ("SELECT a LIKE 'x' FROM t", "SELECT a ILIKE 'x' FROM t"),
            ],
        );
    }

    #[pg_test]
    fn what_is_not_one_statement_has_no_fingerprint_and_raises_nothing() {
        let deep = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
        let long = format!("SELECT {}", vec!["a"; 100_000].join("||"));
        let nested = format!("SELECT {}1{}", "f(".repeat(3_000), ")".repeat(3_000));
        let texts = [
            "",
            ";",
            "--",
            "SELECT 1; SELECT 2",
            "SELEC 1",
            "SELECT 'x",
            "SELECT interval 5",
            "CREATE TABLE t (a int)",
            "CREATE INDEX ON t (a)",
            "VACUUM",
            "BEGIN",
            "SELECT U&'\\zzzz'",
            "EXPLAIN SELECT 1",
            &deep,
            &long,
            &nested,
        ];
        for text in texts {
            assert_eq!(of("statement_fingerprint", text), None, "{}", &text[..text.len().min(60)]);
        }
        for text in [
            "",
            "SELECT 1",
            "CREATE INDEX ON t (a); CREATE INDEX ON t (b)",
            "CREATE INDEX ON t (",
            &nested,
        ] {
            assert_eq!(of("index_fingerprint", text), None, "{}", &text[..text.len().min(60)]);
        }
        // The transaction, and the parser, are as they were.
        assert_eq!(one::<i32>("SELECT 1"), 1);
        assert!(of("statement_fingerprint", "SELECT 1").is_some());
    }

    #[pg_test]
    fn a_tree_at_the_limit_of_depth_is_read() {
        let chain = |links| format!("SELECT {}", vec!["a"; links].join("||"));
        assert!(of("statement_fingerprint", &chain(400)).is_some());
        assert!(of("statement_fingerprint", &chain(600)).is_none());
    }

    #[pg_test]
    fn settings_of_the_session_change_no_fingerprint() {
        let text = "SELECT a FROM t WHERE b = 'x\\' AND c = 'y'";
        let before = of("statement_fingerprint", text);
        assert!(before.is_some());
        run("SET LOCAL standard_conforming_strings = off");
        assert_eq!(of("statement_fingerprint", text), before);
        assert_eq!(one::<String>("SHOW standard_conforming_strings"), "off");
        assert_eq!(one::<i32>("SELECT length('\\\\')"), 1, "the setting is back in force");
    }

    #[pg_test]
    fn spellings_of_one_index_are_one() {
        alike(
            "index_fingerprint",
            &[
                (
                    "CREATE INDEX ON t (a)",
                    "create index concurrently if not exists x on only s.u using BTREE (\"a\" asc nulls last);",
                ),
                ("CREATE INDEX ON t (a DESC)", "CREATE INDEX ON t (a DESC NULLS FIRST)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t ((a))"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a text_ops) TABLESPACE x"),
                (
                    "CREATE INDEX ON t (lower(a))",
                    "CREATE INDEX ON t ((pg_catalog.lower((t.a)::text)))",
                ),
                (
                    "CREATE INDEX ON t (a) WITH (fillfactor = 70, deduplicate_items = off)",
                    "CREATE INDEX ON t (a) WITH (deduplicate_items='off', fillfactor='70')",
                ),
                (
                    "CREATE INDEX ON t (a) WHERE b IN ('x', 'y')",
                    "CREATE INDEX ON t (a) WHERE ((b)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[]))",
                ),
            ],
        );
        different(
            "index_fingerprint",
            &[
                ("CREATE INDEX ON t (a)", "CREATE UNIQUE INDEX ON t (a)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (b)"),
                ("CREATE INDEX ON t (a, b)", "CREATE INDEX ON t (b, a)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t USING hash (a)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a DESC)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a NULLS FIRST)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a) INCLUDE (b)"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a) WHERE b = 1"),
                ("CREATE INDEX ON t (a) WHERE b = 2", "CREATE INDEX ON t (a) WHERE b = 1"),
                ("CREATE INDEX ON t (a) WHERE b = 'x'", "CREATE INDEX ON t (a) WHERE b = 'y'"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a COLLATE \"C\")"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a text_pattern_ops)"),
                (
                    "CREATE INDEX ON t USING gin (a)",
                    "CREATE INDEX ON t USING gin (a jsonb_path_ops)",
                ),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t ((a::text))"),
                ("CREATE INDEX ON t (a)", "CREATE INDEX ON t (a) WITH (fillfactor = 70)"),
                ("CREATE UNIQUE INDEX ON t (a)", "CREATE UNIQUE INDEX ON t (a) NULLS NOT DISTINCT"),
                ("CREATE INDEX ON t ((a + 1))", "CREATE INDEX ON t ((a - 1))"),
            ],
        );
    }

    /// Each is created, and what pg_get_indexdef says of it is compared with what was written.
    #[pg_test]
    fn an_index_is_recognised_in_what_the_server_says_of_it() {
        run("CREATE TABLE fp (id bigint, n int, s smallint, t text, v varchar(20), c char(3), d date, ts timestamp,
                               tz timestamptz, num numeric, f float8, b boolean, j jsonb, arr int[], u uuid)");
        let written = [
            "CREATE INDEX ON fp (n)",
            "CREATE UNIQUE INDEX ON fp (v, n DESC NULLS LAST) INCLUDE (t) WITH (fillfactor = 80)",
            "CREATE INDEX ON fp (lower(v))",
            "CREATE INDEX ON fp (lower(t) text_pattern_ops)",
            "CREATE INDEX ON fp (upper(v) COLLATE \"C\" DESC)",
            "CREATE INDEX ON fp ((v COLLATE \"C\"))",
            "CREATE INDEX ON fp ((id::text))",
            "CREATE INDEX ON fp ((n + 1), (id * 2))",
            "CREATE INDEX ON fp (n) WHERE t = 'open'",
            "CREATE INDEX ON fp (n) WHERE v = 'open' AND n > 5",
            "CREATE INDEX ON fp (n) WHERE c = 'abc'",
            "CREATE INDEX ON fp (n) WHERE v IN ('a', 'b')",
            "CREATE INDEX ON fp (n) WHERE t IN ('a', 'b', 'c')",
            "CREATE INDEX ON fp (n) WHERE n IN (1, 2)",
            "CREATE INDEX ON fp (n) WHERE n NOT IN (1, 2)",
            "CREATE INDEX ON fp (n) WHERE d >= '2024-01-01'",
            "CREATE INDEX ON fp (n) WHERE d >= date '2024-01-01' AND ts < timestamp '2025-01-01 00:00:00'",
            "CREATE INDEX ON fp (n) WHERE n > -5",
            "CREATE INDEX ON fp (n) WHERE id > 5 AND num > 5 AND f > 1.5 AND s = 3",
            "CREATE INDEX ON fp (n) WHERE n > 1.5",
            "CREATE INDEX ON fp (n) WHERE b",
            "CREATE INDEX ON fp (n) WHERE NOT b AND t IS NOT NULL AND (n = 1 OR n = 2)",
            "CREATE INDEX ON fp (n) WHERE b IS TRUE AND b = false",
            "CREATE INDEX ON fp (n) WHERE n BETWEEN 1 AND 10",
            "CREATE INDEX ON fp (n) WHERE n NOT BETWEEN 1 AND 10 AND b",
            "CREATE INDEX ON fp (n) WHERE (b AND n = 1) AND (t = 'x' AND s = 1)",
            "CREATE INDEX ON fp (n) WHERE t LIKE 'a%' AND v NOT ILIKE '%b'",
            "CREATE INDEX ON fp (n) WHERE t ~ '^a' AND n != 3",
            "CREATE INDEX ON fp (n) WHERE n IS DISTINCT FROM 3",
            "CREATE INDEX ON fp USING gin (j)",
            "CREATE INDEX ON fp USING gin (j jsonb_path_ops)",
            "CREATE INDEX ON fp USING gin (arr array_ops)",
            "CREATE INDEX ON fp USING gin (to_tsvector('english', t))",
            "CREATE INDEX ON fp USING gin (to_tsvector('english', coalesce(t, '') || ' ' || coalesce(v, '')))",
            "CREATE INDEX ON fp USING brin (tz) WITH (pages_per_range = 32)",
            "CREATE INDEX ON fp USING hash (u)",
            "CREATE INDEX ON fp ((j ->> 'name'))",
            "CREATE INDEX ON fp (((j ->> 'age')::int))",
            "CREATE INDEX ON fp (date_trunc('day', ts))",
            "CREATE INDEX ON fp (date_trunc('day', tz AT TIME ZONE 'UTC'))",
            "CREATE INDEX ON fp (extract(year FROM ts))",
            "CREATE INDEX ON fp ((ts::date))",
            "CREATE INDEX ON fp (coalesce(n, 0))",
            "CREATE INDEX ON fp ((CASE WHEN n > 5 THEN t END))",
            "CREATE INDEX ON fp ((CASE t WHEN 'a' THEN 1 ELSE 2 END))",
            "CREATE INDEX ON fp (substring(t FROM 1 FOR 3))",
            "CREATE INDEX ON fp (trim(t))",
            "CREATE INDEX ON fp (md5(t))",
            "CREATE INDEX ON fp (greatest(n, s))",
            "CREATE INDEX ON fp ((t || v))",
            "CREATE INDEX ON fp (n) WHERE t = ANY (ARRAY['a', 'b'])",
            "CREATE INDEX ON fp (n) WHERE j @> '{\"a\": 1}'",
            "CREATE UNIQUE INDEX ON fp (n) NULLS NOT DISTINCT",
        ];
        let mut missed = Vec::new();
        for definition in written {
            run(&definition.replace(" ON fp", " fp_written ON fp"));
            let shown = one::<String>("SELECT pg_get_indexdef('fp_written'::regclass)");
            if of("index_fingerprint", definition).is_none()
                || of("index_fingerprint", definition) != of("index_fingerprint", &shown)
            {
                missed.push(format!("{definition}\n{shown}"));
            }
            run("DROP INDEX fp_written");
        }
        assert!(missed.is_empty(), "{} not recognised:\n{}", missed.len(), missed.join("\n"));
    }

    /// Each runs, and the text that pg_stat_statements keeps of it is compared with what was written.
    #[pg_test]
    fn a_statement_is_recognised_in_what_pg_stat_statements_keeps_of_it() {
        run("CREATE EXTENSION pg_stat_statements; SET LOCAL pg_stat_statements.track = 'all';
             CREATE TABLE fp (id int PRIMARY KEY, n numeric(9,2), t text, ts timestamptz, d date, j jsonb, arr int[])");
        let written = [
            "SELECT id FROM fp WHERE id = 5",
            "SELECT id FROM fp WHERE id = -5 AND n > - 1.5",
            "SELECT id FROM fp WHERE t = 'x' OR t IS NULL OR t = E'a\\'b'",
            "SELECT id FROM fp WHERE id IN (1, 2, 3)",
            "SELECT id FROM fp WHERE id = ANY (ARRAY[1, 2, 3])",
            "SELECT id FROM fp WHERE id = ANY ('{1,2,3}')",
            "SELECT id FROM fp WHERE d >= date '2024-01-01' AND d < date '2024-01-01' + interval '1' month",
            "SELECT id FROM fp WHERE ts > now() - interval '1 day'",
            "SELECT id FROM fp WHERE d = '2024-01-01'::date AND n = CAST(5 AS numeric)",
            "SELECT extract(year FROM ts), count(*) FROM fp GROUP BY extract(year FROM ts)",
            "SELECT date_trunc('day', ts), sum(n) FROM fp GROUP BY 1 ORDER BY 1 DESC LIMIT 10 OFFSET 20",
            "SELECT CASE WHEN n > 5 THEN 'a' ELSE 'b' END FROM fp",
            "SELECT j ->> 'x', j #> '{a,b}', j @> '{\"a\": 1}' FROM fp WHERE j ? 'x'",
            "SELECT arr[1], substring(t FROM 1 FOR 3), t LIKE 'a%', t ILIKE '%b' ESCAPE '!' FROM fp",
            "SELECT sum(n) OVER (PARTITION BY t ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM fp",
            "INSERT INTO fp (id, t) VALUES (1, 'a'), (2, 'b') ON CONFLICT (id) DO UPDATE SET t = excluded.t || 'x' RETURNING id",
            "INSERT INTO fp (id, t) VALUES (3, DEFAULT)",
            "UPDATE fp SET t = 'x', n = n + 1 WHERE id BETWEEN 1 AND 2",
            "DELETE FROM fp USING fp AS o WHERE fp.id = o.id AND o.t = 'none' RETURNING fp.*",
            "WITH x AS (SELECT 1 AS a) SELECT * FROM x, fp WHERE x.a = fp.id FETCH FIRST 3 ROWS ONLY",
            "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 5) SELECT * FROM r",
            "SELECT count(*) FILTER (WHERE id > 5) FROM fp HAVING count(*) > 0",
            "SELECT true, NULL, 1.5e3, x'1F', $$abc$$",
            "SELECT ts AT TIME ZONE 'UTC', position('a' IN t), trim(BOTH 'x' FROM t) FROM fp",
            "SELECT (id, t) IN ((1, 'a'), (2, 'b')) FROM fp",
            "VALUES (1, 'a'), (2, 'b')",
            "MERGE INTO fp USING (SELECT 1 AS id) AS s ON fp.id = s.id WHEN MATCHED THEN UPDATE SET t = 'm'
             WHEN NOT MATCHED THEN INSERT (id, t) VALUES (s.id, 'n')",
        ];
        let mut missed = Vec::new();
        for text in written {
            run("SELECT pg_stat_statements_reset()");
            run(text);
            let kept = one::<String>(
                "SELECT query FROM pg_stat_statements WHERE query !~ 'pg_stat_statements' LIMIT 1",
            );
            let (first, second) =
                (of("statement_fingerprint", text), of("statement_fingerprint", &kept));
            if first.is_none() || first != second {
                missed.push(format!("{text}\n{kept}"));
            }
        }
        assert!(missed.is_empty(), "{} not recognised:\n{}", missed.len(), missed.join("\n"));
    }
}
