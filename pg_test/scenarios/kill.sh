#!/usr/bin/env bash
# kill -9 in the middle of measuring, 20 times: ten of a session in measure_pending_implementations(), ten of the background
# worker in its measure step. The server recovers by itself; after each nothing is half done, and in the end every look that
# was due has been taken, once.
# The moments are random; KILL_SEED=n draws those of an earlier run again.
# Trap: a kill between two transactions shows nothing. So each waits until the process has begun to write, and the server's
# log says of each what was running when it died.
# Takes about two minutes: a recovery takes a second, recording what is to be measured 5 ms a piece, and a look 10 to 20 ms
# in a debug build.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
SEED=${KILL_SEED:-$(date +%s)}
ROUNDS=10
QUERIES=4000
rm -f "$MAIN/server.log" "$SCENARIO_DIR/inconsistent"
echo "# seed $SEED"
RANDOM=$SEED
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" "optimizer_workflow.enabled = off" \
    "optimizer_workflow.sample_interval = 1s" "optimizer_workflow.advise_interval = 1s" || die "the server does not start"
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow"

# Of every four queries that share an index, two improve, one does not and one was not run often enough to tell. Three of
# four changes are due for their last look, one for its first. One bucket a day holds a day's calls: enough for a verdict.
psql_q "SET client_min_messages = warning;
        INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
        SELECT date_trunc('hour', now()) - n * interval '1 hour', 3600, true FROM generate_series(0, 170) AS n;
        INSERT INTO optimizer.query_metrics (query_hash, bucket_start, counted_until, calls, total_exec_time_ms,
                                             sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read)
        SELECT query, b, b + interval '1 hour', calls, calls * CASE WHEN day < 0 THEN 100 WHEN query % 4 = 2 THEN 99 ELSE 20 END,
               0, calls, 0, 0
        FROM generate_series(1, $QUERIES) AS query, generate_series(-4, 1) AS day,
             LATERAL (SELECT CASE WHEN query % 4 = 3 THEN 5 ELSE 100 END,
                             date_trunc('hour', now()) + make_interval(days => day,
                                 hours => 10 - CASE query / 4 % 4 WHEN 0 THEN 30 ELSE 60 END)) AS bucket (calls, b)
        WHERE b < now() - interval '1 hour';
        DO \$\$ BEGIN FOR n IN 0..$((QUERIES / 4)) LOOP
            EXECUTE format('CREATE TABLE t%1\$s (c int); CREATE INDEX ON t%1\$s USING %2\$s (c)', n, CASE n % 3 WHEN 0 THEN 'hash' ELSE 'btree' END);
        END LOOP; END \$\$;
        INSERT INTO optimizer.index_suggestions
            (query_hash, relation, definition, access_method, estimated_improvement_percent, confidence_score, made_by)
        SELECT query, 't' || n, format('CREATE INDEX ON t%s USING %s (c)', n, method), method,
               70 + query % 25, 0.7, CASE n % 5 WHEN 0 THEN 'one tool' ELSE 'another tool' END
        FROM generate_series(1, $QUERIES) AS query,
             LATERAL (SELECT query / 4, CASE query / 4 % 3 WHEN 0 THEN 'hash' ELSE 'btree' END) AS made (n, method);
        SELECT optimizer.aggregate_recommendations();
        SELECT count(*) FROM optimizer.recommendations r, optimizer.record_recommendation_implementation(r.id,
            implemented_at => now() - CASE query_hash / 4 % 4 WHEN 0 THEN 30 ELSE 60 END * interval '1 hour')
        WHERE r.query_hash % 4 = 0 OR r.query_hash = 1;
        -- a few stay open, to be scored by what is learned
        INSERT INTO optimizer.index_suggestions
            (query_hash, relation, definition, access_method, estimated_improvement_percent, confidence_score, made_by)
        SELECT -query, 't', format('CREATE INDEX ON t (d%s)', query), CASE query % 3 WHEN 0 THEN 'hash' ELSE 'btree' END, 60, 0.5, 'another tool'
        FROM generate_series(1, 50) AS query;
        SELECT optimizer.aggregate_recommendations()" >/dev/null || die "nothing was recorded"
claim_sql "$QUERIES looks are due" "SELECT count(*) = $QUERIES FROM optimizer.implementations WHERE status = 'pending'"
claim_consistent

SESSION="application_name = 'victim' AND state = 'active' AND backend_xid IS NOT NULL"
WORKER="backend_type = 'optimizer_workflow worker' AND query LIKE '%measure' AND backend_xid IS NOT NULL"
# Who is at it so many milliseconds after somebody has begun; looks every 5 ms, 20 s at most.
psql_q "CREATE FUNCTION public.caught(who text, later_ms integer) RETURNS integer LANGUAGE plpgsql AS \$\$
    DECLARE pid integer;
    BEGIN
        FOR i IN 1..4000 LOOP
            PERFORM pg_stat_clear_snapshot();
            EXECUTE 'SELECT pid FROM pg_stat_activity WHERE ' || who INTO pid;
            IF pid IS NOT NULL AND later_ms < 0 THEN RETURN pid; END IF;
            PERFORM pg_sleep(CASE WHEN pid IS NULL THEN 0.005 ELSE later_ms / 1000.0 END);
            IF pid IS NOT NULL THEN later_ms := -1; END IF;
        END LOOP;
    END \$\$"
# kill_within MILLISECONDS WHO: kills one that is at it at a moment within so many after it was first seen at it. The server
# is back when this returns.
kill_within() {
    local checkpointer pid
    checkpointer=$(psql_q "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    pid=$(psql_q "SELECT public.caught(\$\$$2\$\$, $((RANDOM % $1)))")
    [ -n "$pid" ] && kill -9 "$pid" || return 1
    wait_until 30 "SELECT min(pid) <> $checkpointer FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
}
# what_holds ROUND: notes what does not.
what_holds() { cluster_consistent >"$SCENARIO_DIR/found" 2>&1 || sed "s/^/$1: /" "$SCENARIO_DIR/found" >>"$SCENARIO_DIR/inconsistent"; }
looks() { psql_q "SELECT count(*) FROM optimizer.implementation_measurements"; }
died_while() { cluster_log "$MAIN" | grep -c "Failed process was running: $1"; }

echo "# a session, $ROUNDS times"
kept_looks=0
for round in $(seq $ROUNDS); do
    PGAPPNAME=victim psql_q "SELECT count(*) FROM optimizer.measure_pending_implementations()" >"$SCENARIO_DIR/victim" 2>&1 &
    kill_within 1500 "$SESSION" || echo "#   round $round: nobody was caught"
    wait $!
    what_holds "session, round $round"
    kept_looks=$((kept_looks + $(looks)))
done
count=$(died_while 'SELECT count(\*) FROM optimizer.measure_pending_implementations')
claim "at least 8 of $ROUNDS died in the call (here $count)" test "$count" -ge 8
claim "nothing of these calls was kept" test "$kept_looks" -eq 0

echo "# the worker, $ROUNDS times"
worker() { psql_q "ALTER SYSTEM SET optimizer_workflow.enabled = $1"; psql_q "SELECT pg_reload_conf()" >/dev/null; }
for round in $(seq $ROUNDS); do
    taken=$(looks)
    worker on
    # Every other one dies in the first of its batches, the rest once a batch was kept: 200 looks, however fast they are.
    [ $((round % 2)) = 0 ] || wait_until 30 "SELECT count(*) > $taken FROM optimizer.implementation_measurements"
    kill_within 200 "$WORKER" || echo "#   round $round: nobody was caught"
    worker off # or nothing would be left for the last rounds
    what_holds "worker, round $round"
done
count=$(died_while 'optimizer_workflow: measure')
claim "at least 7 of $ROUNDS died in the measure step (here $count)" test "$count" -ge 7
# That some were left to the last is what the deaths in the step show: without a look to take it writes nothing, and is not caught.
claim_sql "some looks were taken between the kills" "SELECT count(*) > 0 FROM optimizer.implementation_measurements"

echo "# afterwards"
worker on
claim "after each of them all that is there agreed" test ! -s "$SCENARIO_DIR/inconsistent"
if [ -s "$SCENARIO_DIR/inconsistent" ]; then sed 's/^/#   /' "$SCENARIO_DIR/inconsistent" | head -20; fi
claim "the worker takes every look that is due" \
    wait_until 60 "SELECT count(*) = $QUERIES FROM optimizer.implementation_measurements"
claim_sql "with the verdicts that the work asks for" \
    "SELECT bool_and(CASE WHEN i.query_hash % 4 < 2 THEN i.verdict = 'improved'
                          WHEN i.query_hash / 4 % 4 = 0 THEN i.status = 'pending'
                          WHEN i.query_hash % 4 = 2 THEN i.verdict = 'not_improved'
                          ELSE i.verdict = 'inconclusive' END) FROM optimizer.implementations i"
claim_sql "and each outcome was learned from once" \
    "SELECT sum(outcomes + inconclusive) = (SELECT count(*) FROM optimizer.implementations WHERE verdict IS NOT NULL) FROM optimizer.learned_kinds"
claim_consistent
claim "nothing panicked" test "$(cluster_log "$MAIN" | grep -c 'panicked\|PANIC\|TRAP')" -eq 0
cluster_stop "$MAIN"
