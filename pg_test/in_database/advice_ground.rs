//! What tests of the index advisor stand on: a shop of some size, statements that take time, and what is suggested for them.

use crate::pg_test::in_database::ground::{observed, one, run};

/// HypoPG in a schema of its own, and 40,000 orders of 4,000 customers.
pub fn shop() {
    run("CREATE SCHEMA hypo; CREATE EXTENSION hypopg SCHEMA hypo;
         CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public;
         CREATE SCHEMA shop;
         CREATE TABLE shop.customers (id int PRIMARY KEY, email text, country text, is_active boolean, tags text[], profile jsonb, about text, name text COLLATE \"en-x-icu\");
         INSERT INTO shop.customers
         SELECT n, 'user' || n || '@example.org', 'c' || n % 20, n % 50 = 0, ARRAY['t' || n % 500, 't' || n % 499],
                jsonb_build_object('level', n % 2000, 'since', n), md5(n::text) || ' ' || md5((n * 7)::text), 'user' || n
         FROM generate_series(1, 4000) n;
         CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id int REFERENCES shop.customers, status text,
                                   placed_at timestamptz, amount numeric(10, 2), shipped_at timestamptz, note text);
         INSERT INTO shop.orders
         SELECT n, n % 4000 + 1, CASE WHEN n % 100 = 0 THEN 'open' ELSE 'done' END, '2026-01-01'::timestamptz + n * interval '1 minute',
                n % 997, CASE WHEN n % 40 = 0 THEN '2026-03-01'::timestamptz + n * interval '1 minute' END, repeat('x', 50)
         FROM generate_series(1, 40000) n;
         CREATE TABLE shop.small (id int, kind int);
         INSERT INTO shop.small SELECT n, n FROM generate_series(1, 900) n;
         CREATE VIEW shop.open_orders AS SELECT * FROM shop.orders WHERE status = 'open';
         CREATE TABLE shop.events (id bigint, at timestamptz, kind int) PARTITION BY RANGE (at);
         CREATE TABLE shop.events_1 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
         CREATE TABLE shop.events_2 PARTITION OF shop.events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
         INSERT INTO shop.events SELECT n, '2026-01-01'::timestamptz + n * interval '2 minutes', n % 5000 FROM generate_series(1, 30000) n;
         ANALYZE shop.customers; ANALYZE shop.orders; ANALYZE shop.small; ANALYZE shop.events");
    observed(1.0);
}

/// A statement that ran in the last hour: a thousand calls of 10 ms and one row each.
pub fn costly(query_hash: i64, text: &str) {
    ran(query_hash, 1000, 10.0, 1000, text);
}

pub fn ran(query_hash: i64, calls: i64, mean_ms: f64, rows: i64, text: &str) {
    let total = calls as f64 * mean_ms;
    run(&format!(
        "SELECT optimizer.ingest_query_metrics({query_hash}, now(), {calls}, {total}, rows => {rows}, query_text => $text${text}$text$)"
    ));
}

/// The advise step until it wants no more.
pub fn advise() {
    while one::<String>("SELECT optimizer.run_maintenance_step('advise')").ends_with("more") {}
}

/// What is suggested for a query: the definitions from ON, without schema, in the order of the alphabet.
pub fn suggested(query_hash: i64) -> Vec<String> {
    let all = one::<String>(&format!(
        "SELECT coalesce(string_agg(regexp_replace(definition, '^.* ON shop[.]', ''), ';' ORDER BY definition), '')
         FROM optimizer.index_suggestions WHERE query_hash = {query_hash} AND made_by = 'builtin'"
    ));
    if all.is_empty() { Vec::new() } else { all.split(';').map(str::to_owned).collect() }
}

/// What became of trying indexes for a query.
pub fn outcome(query_hash: i64) -> String {
    one(&format!(
        "SELECT coalesce((SELECT outcome FROM optimizer.index_trials WHERE query_hash = {query_hash}), 'not tried')"
    ))
}

/// One column of the only suggestion of a query.
pub fn said(query_hash: i64, column: &str) -> String {
    one(&format!(
        "SELECT ({column})::text FROM optimizer.index_suggestions WHERE query_hash = {query_hash}"
    ))
}

/// Statements, each as if it were the only one, and what is suggested for them.
pub fn cases(all: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    // A text is kept as it was first: each has a number of its own.
    let first = 1000 + one::<i64>("SELECT count(*) FROM optimizer.query_texts");
    for (number, (text, expected)) in (first..).zip(all) {
        run("DELETE FROM optimizer.query_metrics; DELETE FROM optimizer.index_suggestions");
        costly(number, text);
        advise();
        let found = suggested(number);
        if found != *expected {
            wrong
                .push(format!("{text}\n  {found:?}\n  {}, expected {expected:?}", outcome(number)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
