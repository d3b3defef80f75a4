#!/usr/bin/env bash
# Two sessions at once: each look is taken once, each recommendation recorded once, nobody deadlocks.
# Trap: a race that is left to chance shows nothing. The first session holds its transaction open for a second and the
# other one is started inside that second.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
rm -f "$MAIN/server.log"
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" || die "the server does not start"
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; $(cat "$REPO/pg_test/lived.sql")"

# implement HASH HOURS_AGO AFTER_MS: a query that took 100 ms for four days, and what it took after an index on a table of its
# own; IMPLEMENTATION is its record.
implement() {
    psql_q "SELECT lived($1, $(($2 + 96)), $(($2 + 1)), 100), lived($1, $2, 0, $3);
            CREATE TABLE t_$1 (c int); CREATE INDEX ON t_$1 (c);
            INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score)
            VALUES ($1, 't_$1', 'CREATE INDEX ON t_$1 (c)', 80, 0.9);
            SELECT optimizer.aggregate_recommendations()" >/dev/null
    IMPLEMENTATION=$(psql_q "SELECT impl_id FROM optimizer.recommendations r,
        optimizer.record_recommendation_implementation(r.id, implemented_at => now() - interval '$2 hours')
        WHERE r.query_hash = $1 AND r.status = 'open'")
}
# both FIRST SECOND: the first holds its transaction open while the second runs; FIRST_SAID and SECOND_SAID are what they said.
both() {
    psql_q "BEGIN; $1; SELECT pg_sleep(1); COMMIT" >"$SCENARIO_DIR/first" 2>&1 &
    sleep 0.4
    SECOND_SAID=$(psql_q "$2" 2>&1)
    wait $!
    FIRST_SAID=$(cat "$SCENARIO_DIR/first")
}
says() { case $1 in *"$2"*) ;; *) echo "it said: $1"; return 1 ;; esac; }

echo '# the same implementation'
implement 1 30 99
both "SELECT status FROM optimizer.measure_implementation_results($IMPLEMENTATION)" \
    "SELECT status || ' ' || verdict_reason FROM optimizer.measure_implementation_results($IMPLEMENTATION)"
claim "the session that waited for a first look shows where it stands" says "$SECOND_SAID" "pending provisional"
claim_sql "the first look was taken once" "SELECT count(*) = 1 FROM optimizer.implementation_measurements"
implement 2 60 20
both "SELECT status FROM optimizer.measure_implementation_results($IMPLEMENTATION)" \
    "SELECT status FROM optimizer.measure_implementation_results($IMPLEMENTATION)"
claim "the session that waited for a final look is told so" says "$SECOND_SAID" "already final"
implement 3 60 20
both "SELECT count(*) FROM optimizer.measure_pending_implementations()" "SELECT count(*) FROM optimizer.measure_pending_implementations()"
claim "what one session measures the other leaves to it" test "$SECOND_SAID" = 0
claim_sql "two outcomes were learned from, each once" "SELECT sum(outcomes) = 2 FROM optimizer.learned_kinds"
claim_sql "each final implementation has one final look" \
    "SELECT count(*) = 2 FROM optimizer.implementation_measurements m JOIN optimizer.implementations i
     ON i.id = m.implementation_id WHERE m.is_final AND i.status = 'implemented'"

echo '# a rewrite whose new query is linked while it is being measured'
psql_q "SELECT lived(10, 150, 61, 100), lived(11, 60, 0, 10);
        INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, estimated_improvement_percent, confidence_score)
        VALUES (10, 'x', 'x', 80, 0.9); SELECT optimizer.aggregate_recommendations()" >/dev/null
IMPLEMENTATION=$(psql_q "SELECT impl_id FROM optimizer.recommendations r, optimizer.record_recommendation_implementation(r.id,
    implemented_at => now() - interval '60 hours') WHERE r.query_hash = 10" 2>/dev/null)
both "SELECT optimizer.set_implementation_query($IMPLEMENTATION, 11)" \
    "SELECT verdict FROM optimizer.measure_implementation_results($IMPLEMENTATION)"
claim "the measurement that waited sees the new query" says "$SECOND_SAID" "improved"

echo '# the same recommendation'
psql_q "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score)
        SELECT n, 't', format('CREATE INDEX t_%s_idx ON t (c%s)', n, n), 80, 0.9 FROM generate_series(100, 140) n;
        SELECT optimizer.aggregate_recommendations()" >/dev/null
open="(SELECT id FROM optimizer.recommendations WHERE query_hash = 100)"
both "SELECT status FROM optimizer.record_recommendation_implementation($open)" \
    "SELECT status FROM optimizer.record_recommendation_implementation($open)"
claim "is recorded by one session, and the other is told so" says "$SECOND_SAID" "already implemented"
both "SELECT optimizer.aggregate_recommendations()" "SELECT recommendation_count FROM optimizer.aggregate_recommendations()"
claim "two aggregations at once agree" says "$SECOND_SAID" "40"
both "UPDATE optimizer.index_suggestions SET confidence_score = 0.5 WHERE query_hash = 101" "SELECT optimizer.aggregate_recommendations()"
psql_q "SELECT optimizer.aggregate_recommendations()" >/dev/null
claim_sql "a suggestion that changes during an aggregation is taken up by the next one" \
    "SELECT stated_confidence = 0.5 FROM optimizer.recommendations WHERE query_hash = 101"

echo '# many at once, in every order, with the sampler and the advise step beside them'
dismiss() { printf "SELECT optimizer.dismiss_recommendation(id, 'x'), optimizer.reopen_recommendation(id) FROM (SELECT id FROM optimizer.recommendations WHERE status = 'open' ORDER BY id %s) r;" "$1"; }
for round in 1 2 3 4 5 6; do
    psql_q "$(dismiss "$([ $((round % 2)) = 0 ] && echo DESC)")" >/dev/null 2>"$SCENARIO_DIR/dismiss.$round" &
    psql_q "UPDATE optimizer.index_suggestions SET confidence_score = random(); SELECT optimizer.aggregate_recommendations()" >/dev/null 2>"$SCENARIO_DIR/aggregate.$round" &
    psql_q "SELECT optimizer.take_sample() FROM generate_series(1, 20)" >/dev/null 2>"$SCENARIO_DIR/sample.$round" &
    psql_q "DELETE FROM optimizer.maintenance_runs; SELECT optimizer.run_maintenance('advise')" >/dev/null 2>"$SCENARIO_DIR/advise.$round" &
done
wait
deadlocks=$(cluster_log "$MAIN" | grep -c 'deadlock detected')
claim "nobody deadlocked" test "$deadlocks" -eq 0
claim_sql "and nothing is left half done" "SELECT count(*) = 40 FROM optimizer.recommendations WHERE status = 'open'"
claim "nothing panicked" test "$(cluster_log "$MAIN" | grep -c 'panicked\|PANIC')" -eq 0
claim_consistent
