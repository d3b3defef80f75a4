#!/usr/bin/env bash
# Verdicts end to end: 18 days of 200 queries, told through ingest_query_metrics(); indexes that are built while everything
# gets 20 % faster by itself; both looks, each at its time. What came out must be what the simulation of core promises. Then
# histories that are as odd as they can be: whatever was told, there is a verdict or a reason, and every number is one.
# The server's clock is set (clock.c), so that each run has the same days, weekends and hours. Takes about two minutes.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
HERE=$(dirname "${BASH_SOURCE[0]}")
MAIN=$SCENARIO_DIR/main
CLOCK=$(cluster_scratch)
at_exit "rm -rf $CLOCK"
set_clock() { printf '%s\n' $(($(date -u -d "$1 UTC" +%s) * 1000000 - $(date +%s%6N))) >"$CLOCK/new" && chmod 0644 "$CLOCK/new" && mv "$CLOCK/new" "$CLOCK/ahead_us"; }
told() { psql_q "$1" "${2:-postgres}" >/dev/null || die "that failed: ${1:0:300}"; }
finite() { claim "$1" all_finite "${2:-postgres}"; }
all_finite() {
    local found
    found=$(psql_q "SELECT * FROM public.not_finite()" "$1") && [ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

cc -shared -fPIC -O1 -o "$CLOCK/clock.so" "$HERE/clock.c" || die "the clock does not compile"
chmod 0755 "$CLOCK/clock.so"
set_clock '2026-02-18 09:00:00'
LD_PRELOAD=$CLOCK/clock.so TEST_CLOCK=$CLOCK/ahead_us cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" "autovacuum = off" "max_locks_per_transaction = 1000" "client_min_messages = warning" || die "the server does not start"

echo '# 16 days of 200 queries'
# make_world DB
make_world() {
    told "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; CREATE SCHEMA shop" "$1"
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$1" -f "$HERE/verdicts.sql" || die "there is no world in $1"
}
make_world postgres
told "DO \$\$ BEGIN
          FOR n IN 1 .. 175 LOOP EXECUTE format('CREATE TABLE shop.table_%s (id int, customer_id int, note text)', n); END LOOP;
      END \$\$"
told "SELECT world.generate('2026-02-02 00:00:00+00', 443, 394, ln(0.8))"
told "ANALYZE world.hour; SELECT world.tell(0, 392)"
while psql_q "SELECT detail FROM optimizer.run_maintenance('advise')" | grep -q more; do :; done
claim_sql "the statement reader knows what each of them reads" "SELECT count(*) = 200 AND bool_and(q.relation_name = w.relation AND q.is_read AND r.is_complete)
    FROM world.query w JOIN optimizer.query_relations q USING (query_hash) JOIN optimizer.query_readings r USING (query_hash)"
# The ledger of events opens with the first look; what was advised had been there for a month.
told "SELECT optimizer.run_maintenance('events');
      INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, estimated_improvement_percent, confidence_score, made_by)
      SELECT query_hash, relation, format('CREATE INDEX ON %s (customer_id)', relation), '{customer_id}', 50, 0.7, advisor FROM world.query WHERE n <= 160;
      SELECT optimizer.aggregate_recommendations();
      UPDATE optimizer.optimization_recommendations SET created_at = '2026-01-18 12:00:00+00'"

echo '# everything gets faster, and 150 indexes are built'
set_clock '2026-02-18 10:50:00'
told "DO \$\$ DECLARE relation text; BEGIN
          FOR relation IN SELECT w.relation FROM world.query w WHERE changed_at IS NOT NULL ORDER BY n LOOP EXECUTE format('CREATE INDEX ON %s (customer_id)', relation); END LOOP;
      END \$\$"
claim_sql "the ledger has them" "SELECT count(*) = 150 FROM optimizer.events WHERE event_type = 'index'"
told "SELECT optimizer.record_recommendation_implementation(r.id, implemented_at => w.changed_at)
      FROM world.query w JOIN optimizer.recommendations r USING (query_hash) WHERE w.changed_at IS NOT NULL AND w.n % 10 > 0"
told "SELECT optimizer.record_recommendation_implementation(r.id) FROM world.query w JOIN optimizer.recommendations r USING (query_hash) WHERE w.changed_at IS NOT NULL AND w.n % 10 = 0"
claim_sql "and dates those whose time nobody gave" "SELECT bool_and(i.implementation_timestamp BETWEEN '2026-02-18 10:50:00+00' AND '2026-02-18 10:52:00+00') AND count(*) = 15
    FROM optimizer.implementations i JOIN world.query w USING (query_hash) WHERE w.n % 10 = 0"

echo '# the first look, a day later'
set_clock '2026-02-19 11:50:00'
told "SELECT world.tell(393, 418); CREATE TABLE world.first_look AS SELECT * FROM optimizer.measure_pending_implementations()"
claim_sql "looks at all of them" "SELECT count(*) = 150 AND bool_and((status = 'implemented') = (verdict IN ('improved', 'regressed'))) FROM world.first_look"
claim_sql "half of the time saved shows by then" "SELECT count(*) FILTER (WHERE f.status = 'implemented') >= 10 FROM world.first_look f
    JOIN optimizer.implementations i ON i.id = f.impl_id JOIN world.query w USING (query_hash) WHERE w.story = '-50 %'"
claim_sql "and it is not taken twice" "SELECT count(*) = 0 FROM optimizer.measure_pending_implementations()"

echo '# the last look, another day later'
set_clock '2026-02-20 11:50:00'
told "SELECT world.tell(419, 442);
      SELECT m.* FROM (SELECT id FROM optimizer.implementations WHERE status = 'pending' ORDER BY id LIMIT 10) AS i, optimizer.measure_implementation_results(i.id) m"
claim_sql "ten by hand, the others by the worker's step" "SELECT detail = (SELECT count(*) FROM optimizer.implementations WHERE status = 'pending') || ' looks taken'
    OR detail ~ '^[0-9]+ ' FROM optimizer.run_maintenance('measure')"
told "CREATE TABLE world.outcome AS SELECT w.*, i.id, i.status, i.verdict, i.verdict_reason, i.controls, i.adjusted_improvement_percent AS adjusted,
          last.improvement_low_percent AS low, last.improvement_high_percent AS high
      FROM world.query w JOIN optimizer.implementations i USING (query_hash)
      CROSS JOIN LATERAL (SELECT * FROM optimizer.implementation_measurements m WHERE m.implementation_id = i.id ORDER BY m.measured_at DESC LIMIT 1) AS last"
psql_q "SELECT format('#   %-8s improved %3s  not improved %3s  regressed %3s  inconclusive %3s  interval holds the truth %s', story, count(*) FILTER (WHERE verdict = 'improved'),
            count(*) FILTER (WHERE verdict = 'not_improved'), count(*) FILTER (WHERE verdict = 'regressed'), count(*) FILTER (WHERE verdict = 'inconclusive'),
            count(*) FILTER (WHERE 100 * (1 - exp(effect)) BETWEEN low AND high)) FROM world.outcome GROUP BY story, effect ORDER BY effect"
claim_sql "each has its verdict" "SELECT count(*) = 150 AND bool_and(status = 'implemented' AND verdict IS NOT NULL AND verdict_reason <> '') FROM world.outcome"
claim_sql "with 20 controls, three to a relation at most" "SELECT bool_and(controls = 20) FROM world.outcome"
# The promise, moved by three standard errors of a rate from that many.
at_most() { printf 'count(*) FILTER (WHERE %s) <= count(*) * (%s + 3 * sqrt(%s * (1 - %s) / count(*)))' "$1" "$2" "$2" "$2"; }
at_least() { printf 'count(*) FILTER (WHERE %s) >= count(*) * (%s - 3 * sqrt(%s * (1 - %s) / count(*)))' "$1" "$2" "$2" "$2"; }
claim_sql "of what changed nothing, at most 5 % are called improved or regressed" "SELECT $(at_most "verdict IN ('improved', 'regressed')" 0.05) FROM world.outcome WHERE story = 'nothing'"
claim_sql "-30 % is called improved in 90 %" "SELECT $(at_least "verdict = 'improved'" 0.90) FROM world.outcome WHERE story = '-30 %'"
claim_sql "-50 % in 99 %" "SELECT $(at_least "verdict = 'improved'" 0.99) FROM world.outcome WHERE story = '-50 %'"
claim_sql "+30 % never" "SELECT count(*) FILTER (WHERE verdict = 'improved') = 0 AND count(*) FILTER (WHERE verdict = 'regressed') >= 8 FROM world.outcome WHERE story = '+30 %'"
claim_sql "and nothing that helped is called regressed" "SELECT count(*) = 0 FROM world.outcome WHERE effect < 0 AND verdict = 'regressed'"
claim_sql "93 % of the intervals hold the truth" "SELECT $(at_least "100 * (1 - exp(effect)) BETWEEN low AND high" 0.93) AND count(low) = 150 FROM world.outcome"
claim_sql "a bad day right before the change flatters it in the plain figure alone" "SELECT min(i.actual_improvement_percent) > 20 AND count(*) FILTER (WHERE o.verdict = 'improved') <= 1
    AND count(*) FILTER (WHERE o.verdict = 'not_improved') >= 10 AND abs(avg(adjusted)) < 6 FROM world.outcome o JOIN optimizer.implementations i USING (id) WHERE o.n <= 20"
claim_sql "what moved everything is taken out" "SELECT abs(avg(adjusted)) < 6 FROM world.outcome WHERE story = 'nothing'"

echo '# what was learned'
claim_sql "counts what came" "SELECT count(*) = 2 AND bool_and(c.outcomes = o.outcomes AND c.inconclusive = o.inconclusive AND abs(c.success_rate - o.success_rate) < 0.01
        AND abs(c.harm_rate - (1.0 + o.regressed) / (20 + o.outcomes)) < 0.01 AND abs(c.brier_stated - o.brier) < 1e-9)
    FROM optimizer.calibration c JOIN (
        SELECT advisor, count(*) FILTER (WHERE verdict <> 'inconclusive') AS outcomes, count(*) FILTER (WHERE verdict = 'inconclusive') AS inconclusive,
               count(*) FILTER (WHERE verdict = 'regressed') AS regressed, avg((verdict = 'improved')::int) FILTER (WHERE verdict <> 'inconclusive') AS success_rate,
               avg((0.7 - (verdict = 'improved')::int) ^ 2) FILTER (WHERE verdict <> 'inconclusive') AS brier
        FROM world.outcome GROUP BY advisor) AS o ON o.advisor = c.made_by"
claim_sql "the advisor that was right is believed, the other is not" "SELECT min(learned_confidence) FILTER (WHERE made_by = 'good advisor') > 0.75
    AND max(learned_confidence) FILTER (WHERE made_by = 'bad advisor') < 0.15 FROM optimizer.calibration"
claim_sql "and so is what they still say" "SELECT count(*) = 10 AND bool_and(abs(r.confidence_score - c.learned_confidence) < 1e-9 AND r.confidence_at_first = 0.7)
    FROM (SELECT *, stated_confidence AS confidence_at_first FROM optimizer.optimization_recommendations WHERE status = 'open') AS r JOIN optimizer.calibration c USING (made_by)"
claim_sql "reliability adds up" "SELECT sum(outcomes) = (SELECT count(*) FROM world.outcome WHERE verdict <> 'inconclusive') FROM optimizer.reliability"
claim_sql "a performance model was trained on them" "SELECT count(*) >= 1 FROM optimizer.performance_models"
SELF_CHECK="DO \$\$ BEGIN PERFORM setseed(0.3); END \$\$; SELECT %s FROM optimizer.self_check(200)"
# shellcheck disable=SC2059
self_check() { printf "$SELF_CHECK" "$1"; }
claim_sql "of 200 changes that nobody made, at most 8 % are called improved or regressed" \
    "$(self_check 'trials = 200 AND false_verdict_rate <= 0.08 AND improved + regressed + not_improved > 100')"
echo "#   $(psql_q "$(self_check "concat_ws(', ', 'improved', improved, 'not improved', not_improved, 'regressed', regressed, 'inconclusive', inconclusive)")")"
finite "every number in every table is one"
claim_consistent

echo '# odd histories'
set_clock '2026-02-20 11:50:00'
# tell_odd DB 'condition on the hour': stories of 443 hours each, with the change at hour 394, and six ordinary queries beside them.
tell_odd() {
    psql_q "CREATE DATABASE $1"
    make_world "$1"
    told "CREATE TABLE world.odd (n integer PRIMARY KEY, story text, calls text, ms text, times integer NOT NULL DEFAULT 1, rest bigint NOT NULL DEFAULT 50);
        INSERT INTO world.odd (n, story, calls, ms) VALUES
            (1, 'one call a day', '(h % 24 = 12)::int', 'calls * 10'), (2, 'no time at all', '60', '0'),
            (3, 'always the same', '60', '600'), (4, 'always the same, then half', '60', 'CASE WHEN h < 394 THEN 600 ELSE 300 END'),
            (5, 'then no time', '60', 'CASE WHEN h < 394 THEN 600 ELSE 0 END'), (6, 'no time, then some', '60', 'CASE WHEN h < 394 THEN 0 ELSE 600 END'),
            (7, '30,000 years once before', '60', 'CASE h WHEN 200 THEN 1e15 ELSE 600 END'), (8, '30,000 years once after', '60', 'CASE h WHEN 400 THEN 1e15 ELSE 600 END'),
            (9, 'as little as there is', '60', '5e-324'), (10, 'one call ever', '(h = 300)::int', 'calls * 10'),
            (11, 'nothing before', 'CASE WHEN h < 394 THEN 0 ELSE 60 END', 'calls * 10'), (12, 'nothing after', 'CASE WHEN h < 394 THEN 60 ELSE 0 END', 'calls * 10'),
            (13, 'no calls', '0', '0'), (14, 'from one end to the other', '60', 'CASE h % 2 WHEN 0 THEN 1e-300 ELSE 1e15 END'),
            (15, 'calls without end', '1000000000000000', '1e15'), (16, 'told twice', '60', '600 + h % 7'), (17, 'forty years', '60', '600 + h % 5');
        UPDATE world.odd SET times = 2 WHERE n = 16;
        UPDATE world.odd SET rest = 1 WHERE n = 15;
        INSERT INTO world.odd (n, story, calls, ms) SELECT n, 'ordinary', '60', format('600 * (1 + 0.05 * sin(h * %s))', n) FROM generate_series(101, 106) AS n;
        DO \$\$ DECLARE o world.odd; BEGIN
            FOR o IN SELECT * FROM world.odd LOOP
                EXECUTE format('CREATE TABLE shop.odd_%s (customer_id int)', o.n);
                EXECUTE format('CREATE INDEX ON shop.odd_%s (customer_id)', o.n);
                EXECUTE format('SELECT count(*) FROM (SELECT optimizer.ingest_query_metrics(%1\$s, ''2026-02-02 01:00:00+00''::timestamptz + h * interval ''1 hour'', calls, ms, 0,
                        calls, calls * %2\$s, 0, ''SELECT FROM shop.odd_%1\$s WHERE customer_id = \$1'')
                    FROM generate_series(0, 442) AS h CROSS JOIN LATERAL (SELECT (%3\$s)::bigint AS calls) AS c CROSS JOIN LATERAL (SELECT (%4\$s)::float8 AS ms) AS m
                    CROSS JOIN generate_series(1, %5\$s) WHERE %6\$s OFFSET 0) AS t', o.n, o.rest, o.calls, o.ms, o.times, '$2');
            END LOOP;
        END \$\$;
        INSERT INTO optimizer.query_metrics
        SELECT 17, start, start + interval '1 hour', 60, 600 + extract(day FROM start)::int % 5, 0, 60, 3000, 0, false
        FROM generate_series('1986-02-02 00:00:00+00', '2026-02-01 23:00:00+00', interval '1 hour') AS start;
        INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested) SELECT bucket_start, 3600, true FROM optimizer.query_metrics
        WHERE query_hash = 17 AND bucket_start < '2026-02-02 00:00:00+00' ON CONFLICT DO NOTHING;
        SELECT optimizer.run_maintenance('advise');
        INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
        SELECT n, 'shop.odd_' || n, format('CREATE INDEX ON shop.odd_%s (customer_id)', n), 50, 0.7, 'an advisor' FROM world.odd WHERE n < 100;
        SELECT optimizer.aggregate_recommendations();
        UPDATE optimizer.optimization_recommendations SET created_at = '2026-01-18 12:00:00+00'" "$1"
    told "SELECT optimizer.record_recommendation_implementation(id, implemented_at => '2026-02-18 10:20:00+00') FROM optimizer.recommendations" "$1"
    # The whole way once without being late: then the whole way again, by hand.
    told "SELECT optimizer.measure_implementation_results(id) FROM optimizer.implementations WHERE query_hash % 3 = 0; SELECT optimizer.measure_pending_implementations()" "$1"
    psql_q "SELECT format('#   %-27s %-13s %s', o.story, i.verdict, i.verdict_reason) FROM world.odd o JOIN optimizer.implementations i ON i.query_hash = o.n ORDER BY n" "$1"
    claim_sql "$1: each has a verdict or a reason, and none failed" "SELECT count(*) = 17 AND bool_and(status = 'implemented' AND failed_looks = 0 AND verdict IS NOT NULL
        AND verdict_reason ~ '^[a-z_]+: ' AND verdict_reason !~ '^error') FROM optimizer.optimization_implementations" "$1"
    claim_sql "$1: nothing is said of what cannot be known" "SELECT bool_and(verdict = 'inconclusive') FROM optimizer.implementations WHERE query_hash IN (1, 2, 10, 11, 12, 13)" "$1"
    claim_sql "$1: the ledgers, lists and views can be read" "SELECT bool_and(to_jsonb(row) IS NOT NULL) AND count(*) > 17 FROM (
        SELECT to_jsonb(c) FROM optimizer.calibration c UNION ALL SELECT to_jsonb(r) FROM optimizer.reliability r UNION ALL SELECT to_jsonb(i) FROM optimizer.implementations i
        UNION ALL SELECT to_jsonb(o) FROM optimizer.get_optimization_results(NULL) o UNION ALL SELECT to_jsonb(s) FROM optimizer.status() s) AS row" "$1"
    claim_sql "$1: self_check() has an answer" "SELECT trials >= 0 AND message <> '' FROM optimizer.self_check(50)" "$1"
    finite "$1: every number in every table is one" "$1"
    claim_consistent "$1"
}
tell_odd odd true
claim_sql "half the time is an improvement, the same time is none" "SELECT array_agg(verdict ORDER BY query_hash) = '{not_improved,improved,not_improved,not_improved}'
    FROM optimizer.implementations WHERE query_hash IN (3, 4, 16, 17)" odd
# A third of the hours is missing, for everybody.
tell_odd gappy 'h * 7919 % 10 > 2'
claim_sql "where a third of the hours is missing, that is the reason" "SELECT bool_and(verdict_reason ~ '^coverage') FROM optimizer.implementations WHERE query_hash IN (3, 4, 16, 17)" gappy

echo '# refused at the door'
refused() { claim_sql "$1" "SELECT public.sqlstate_of(\$q\$SELECT optimizer.ingest_query_metrics($1)\$q\$) = '22023'" odd; }
for work in "1, 'NaN'" "1, 'Infinity'" "1, '-Infinity'" "1, -1" "-1, 1" "0, 1" "1, 1, 'NaN'" "1, 1, 'Infinity'" "1, 1, -1" "1, 1, 0, -1" "1, 1, 0, 1, -1" "1, 1e16" "NULL, 1" "1, NULL"; do
    refused "9, now(), $work"
done
for moment in "'infinity'" "'-infinity'" "now() + interval '1 hour'" NULL; do refused "9, $moment, 1, 1"; done
claim_sql "left nothing behind" "SELECT count(*) = 443 FROM optimizer.query_metrics WHERE query_hash = 9" odd
claim "nothing panicked" test "$(cluster_log "$MAIN" | grep -ci 'panic')" = 0
cluster_stop "$MAIN"
