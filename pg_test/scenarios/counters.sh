#!/usr/bin/env bash
# What pg_stat_statements can do to its reader: reset, eviction, a crash, a restart, no query ids, going away. No work is invented,
# none is counted twice, and what may be missing is marked.
# Trap: everything is asked of real servers and real counters; the rules one by one are core's own tests.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "pg_stat_statements.max = 100" "optimizer_workflow.enabled = off" || die "the server does not start"
psql_q "CREATE SCHEMA stats; CREATE EXTENSION pg_stat_statements SCHEMA stats; CREATE EXTENSION optimizer_workflow;
        CREATE TABLE counted (a int)"

# work N: N executions of one query shape. counted: what the buckets say of it, as calls and whether some may be missing.
work() { local n; for ((n = 0; n < $1; n++)); do echo "SELECT count(*) FROM counted WHERE a = $n;"; done | "$PG_BIN/psql" -XAtq >/dev/null; }
sample() { psql_q "SELECT optimizer.take_sample()" >/dev/null; }
counted() {
    psql_q "SELECT coalesce(sum(calls), 0) || CASE WHEN bool_or(lossy) THEN ' lossy' ELSE '' END
            FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash)
            WHERE query LIKE 'SELECT count(*) FROM counted WHERE a = %'"
}
counted_is() { local found; found=$(counted); [ "$found" = "$1" ] || { echo "it is $found"; return 1; }; }
forget() { psql_q "UPDATE optimizer.sampler_state SET texts_read_at = NULL; TRUNCATE optimizer.query_metrics"; }

echo '# two samples'
work 5; sample; work 7; sample
claim "only what ran between them is counted" counted_is 7

echo '# resets'
forget; sample; work 5; psql_q "SELECT stats.pg_stat_statements_reset()" >/dev/null; work 3; sample
claim "after a reset of all, what ran since" counted_is 3
claim_sql "and the time before the reset is not observed" \
    "SELECT (SELECT sampled_at FROM optimizer.sampler_state) > (SELECT stats_reset FROM stats.pg_stat_statements_info)"
forget; sample; work 5; sample; work 4
psql_q "SELECT stats.pg_stat_statements_reset(0, 0, queryid) FROM stats.pg_stat_statements WHERE query LIKE 'SELECT count(*) FROM counted WHERE%'" >/dev/null
work 2; sample
claim "after a reset of one entry, what ran since, marked" counted_is "7 lossy"

echo '# evictions'
forget; sample; work 5
# A query shape for each number of columns; the least used go first, so each of these runs more often.
columns=1
for n in $(seq 150); do
    columns="$columns, $n"
    for _ in $(seq 12); do echo "SELECT $columns;"; done
done | "$PG_BIN/psql" -XAtq >/dev/null
evicted=$(psql_q "SELECT count(*) = 0 FROM stats.pg_stat_statements WHERE query LIKE 'SELECT count(*) FROM counted WHERE%'")
claim "the entry was thrown out" test "$evicted" = t
sample; work 3; sample
claim "an entry that was thrown out and came back gives no number out of the air" \
    test "$(psql_q "SELECT coalesce(sum(calls), 0) <= 8 FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash)
                    WHERE query LIKE 'SELECT count(*) FROM counted WHERE a = %'")" = t
claim_sql "and is marked" "SELECT count(*) > 0 FROM optimizer.query_metrics WHERE lossy"
claim_sql "a query that was there all the time is not" "SELECT count(*) = 0 FROM optimizer.query_metrics WHERE lossy AND calls > 8"

echo '# a clean restart keeps the counters, a crash empties them'
psql_q "SELECT stats.pg_stat_statements_reset()" >/dev/null
forget; work 5; sample; work 4; cluster_restart "$MAIN"; work 2; sample
claim "across a clean restart nothing is lost and nothing counts twice" counted_is 11
forget; work 3; sample; work 4; cluster_crash "$MAIN"; cluster_up "$MAIN"
claim_sql "a crash leaves the sampler without a baseline" "SELECT count(*) = 0 FROM optimizer.sampler_state"
work 2; sample
claim "the first sample after a crash only sets one" counted_is 3
work 6; sample
claim "and the next counts from there" counted_is 9

echo '# compute_query_id = off'
setting() { psql_q "ALTER SYSTEM SET $1 = '$2'" && psql_q 'SELECT pg_reload_conf()' >/dev/null; }
lines() { cluster_log "$MAIN" | grep -c -- "$1"; }
launcher() { psql_q "SELECT pid FROM pg_stat_activity WHERE backend_type = 'optimizer_workflow launcher'"; }
setting compute_query_id off; sleep 0.5; pid=$(launcher); calm=$(lines 'ERROR\|FATAL')
refused=$("$PG_BIN/psql" -XAtq -v VERBOSITY=verbose -c "SELECT optimizer.take_sample()" 2>&1)
claim "a sample is refused with 55000 and what to set" \
    test "$(grep -c '^ERROR:  55000: compute_query_id is off\|^HINT:.*ALTER SYSTEM SET compute_query_id' <<<"$refused")" = 2
claim_sql "status() names it" "SELECT NOT ok AND hint LIKE '%ALTER SYSTEM SET compute_query_id%' FROM optimizer.status() WHERE item = 'pg_stat_statements'"
setting optimizer_workflow.sample_interval 1s; setting optimizer_workflow.advise_interval 1min
psql_q "DELETE FROM optimizer.maintenance_runs"; setting optimizer_workflow.enabled on
claim "the worker says so in status() too" wait_until 5 \
    "SELECT count(*) = 2 FROM optimizer.status() WHERE NOT ok AND item IN ('maintenance: sample', 'maintenance: advise') AND detail LIKE 'failed: compute_query_id is off%'"
psql_q "DELETE FROM optimizer.maintenance_runs WHERE step IN ('sample', 'measure')"; sleep 6
claim_sql "it tries again at each interval, and does what else there is to do" \
    "SELECT count(*) = 2 AND min(last_run_at) > now() - interval '3 s' FROM optimizer.maintenance_runs WHERE step IN ('sample', 'measure')"
claim "one line of the log says it, for both steps that need them" test "$(lines 'WARNING:.*compute_query_id is off')" -eq 1
claim "and no worker dies of it" test "$(($(lines 'ERROR\|FATAL') - calm)) $(launcher)" = "1 $pid" # the one that was asked for by hand
work 3; setting compute_query_id auto; sleep 0.5; work 5
claim "switched on again it goes on by itself" wait_until 5 \
    "SELECT last_run_at > now() - interval '1 s' AND detail NOT LIKE 'failed%' FROM optimizer.maintenance_runs WHERE step = 'sample'"
setting optimizer_workflow.enabled off; sleep 1.5; sample
claim "and counts what ran since" counted_is 14

echo '# going away'
psql_q "DROP EXTENSION pg_stat_statements"
claim_sql "without it a sample says what to do, and maintenance goes on" \
    "SELECT bool_or(step = 'sample' AND detail LIKE 'failed: %not installed%') AND bool_or(step = 'measure' AND detail LIKE '% looks taken')
     FROM optimizer.run_maintenance()"
claim_sql "and status() names it" "SELECT NOT ok AND hint LIKE '%CREATE EXTENSION pg_stat_statements%' FROM optimizer.status() WHERE item = 'pg_stat_statements'"
psql_q "CREATE EXTENSION pg_stat_statements"; sample; work 2; sample
claim "in another schema it is found again" counted_is 16
claim_sql "a step that had failed is tried again at once" \
    "SELECT bool_and(detail LIKE '% statements seen%') FROM optimizer.run_maintenance('sample')"
claim_sql "and status() has forgotten the failure" "SELECT ok FROM optimizer.status() WHERE item = 'maintenance: sample'"
cluster_conf "$MAIN" "shared_preload_libraries = ''"; cluster_restart "$MAIN"
claim "never preloaded: a sample is refused with what to set" \
    test "$("$PG_BIN/psql" -XAtq -c "SELECT optimizer.take_sample()" 2>&1 | grep -c 'HINT:.*shared_preload_libraries')" = 1
claim_sql "status() says that the worker is not preloaded" \
    "SELECT NOT ok AND hint LIKE '%shared_preload_libraries%' FROM optimizer.status() WHERE item = 'background worker'"
claim_sql "and everything that was recorded is still there" "SELECT count(*) > 0 FROM optimizer.query_metrics"
claim_consistent
cluster_stop "$MAIN"
