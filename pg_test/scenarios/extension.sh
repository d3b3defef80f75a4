#!/usr/bin/env bash
# DROP EXTENSION and CREATE EXTENSION, DROP DATABASE, over and over: during the worker's cycles and beside a session that
# calls run_maintenance() without a pause. Nobody deadlocks, nothing loops on an error, no database stays occupied.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
rm -f "$MAIN/server.log"
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.sample_interval = 1s" "optimizer_workflow.advise_interval = 1s" || die "the server does not start"
psql_q "CREATE DATABASE shop"; psql_q "CREATE EXTENSION pg_stat_statements; CREATE TABLE counted (a int)" shop
log_lines() { cluster_log "$MAIN" | grep -c -- "$1"; }

echo '# DROP and CREATE EXTENSION, 50 times'
touch "$SCENARIO_DIR/go"
(while [ -f "$SCENARIO_DIR/go" ]; do
    "$PG_BIN/psql" -XAtq -d shop -c 'SELECT count(*) FROM counted' -c "UPDATE optimizer.maintenance_runs SET last_run_at = '2000-01-01'" \
        -c 'SELECT * FROM optimizer.run_maintenance()' >/dev/null 2>>"$SCENARIO_DIR/loop"
done) &
loop=$!
failures=0
for round in $(seq 50); do
    psql_q "SET client_min_messages = warning; CREATE EXTENSION optimizer_workflow" shop || failures=$((failures + 1))
    if [ $((round % 5)) = 0 ]; then sleep 0.7; fi
    psql_q "SET client_min_messages = warning; DROP EXTENSION optimizer_workflow" shop || failures=$((failures + 1))
done
rm "$SCENARIO_DIR/go"; wait "$loop"
claim "all of them went through" test "$failures" -eq 0
claim "nobody deadlocked" test "$(log_lines 'deadlock detected')" -eq 0
claim "no worker ended with an error" test "$(log_lines 'the worker in database "shop" died')" -eq 0
claim "nothing panicked, no cache lookup failed" test "$(log_lines 'panicked\|PANIC\|cache lookup failed')" -eq 0
psql_q "CREATE EXTENSION optimizer_workflow" shop
claim "and it is served afterwards" wait_until 10 "SELECT count(*) = 1 FROM optimizer.sampler_state" shop

echo '# DROP DATABASE, 20 times'
longest=0 failures=0
for round in $(seq 20); do
    psql_q "CREATE DATABASE passing"
    if [ $((round % 2)) = 0 ]; then psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow" passing; fi
    sleep 0.$((round % 10))
    begun=$(date +%s%N)
    psql_q "DROP DATABASE passing" || failures=$((failures + 1))
    took=$((($(date +%s%N) - begun) / 1000000))
    if [ "$took" -gt "$longest" ]; then longest=$took; fi
done
claim "served or not, each was dropped" test "$failures" -eq 0
claim "in under 6 s each (the longest took $longest ms)" test "$longest" -lt 6000

echo '# three databases'
for database in one two three; do
    psql_q "CREATE DATABASE $database"
    psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; CREATE TABLE only_$database (a int)" $database
done
for database in one two three; do wait_until 15 "SELECT count(*) = 1 FROM optimizer.sampler_state" $database; done
for _ in 1 2 3 4; do for database in one two three; do psql_q "SELECT count(*) FROM only_$database" $database >/dev/null; done; done
for database in one two three; do
    claim "$database is sampled" wait_until 15 "SELECT sum(calls) = 4 FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash)
        WHERE query = 'SELECT count(*) FROM only_$database'" $database
    claim_sql "and for itself only" "SELECT count(*) = 0 FROM optimizer.query_texts WHERE query LIKE '%only_%' AND query NOT LIKE '%only_$database%'" $database
done
for database in shop one two three; do claim_consistent $database; done
cluster_stop "$MAIN"
