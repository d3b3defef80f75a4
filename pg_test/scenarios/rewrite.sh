#!/usr/bin/env bash
# A rewrite is followed through real traffic: its text is given before it runs, the old statement gives way slowly, and the
# worker finds the new one by itself, whichever driver sends it.
# Takes about 45 seconds: the shares are those of calls that were counted, and counting takes samples.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
rm -f "$MAIN/server.log"
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.bucket_width = 1s" "optimizer_workflow.sample_interval = 1s" "optimizer_workflow.advise_interval = 1s" \
    "optimizer_workflow.measure_after = 1h" "optimizer_workflow.measure_deadline = 2h" "autovacuum = off" || die "the server does not start"
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
        CREATE TABLE orders AS SELECT n AS id, (ARRAY['new', 'paid', 'sent', 'back'])[1 + n % 4] AS status, now() - n * interval '1 hour' AS placed_at
        FROM generate_series(1, 4000) AS n; ANALYZE orders"
SINCE="placed_at > now() - interval '30 days'"
echo "SELECT count(*) FROM orders WHERE (status = 'new' OR status = 'paid') AND $SINCE;" >"$SCENARIO_DIR/old.sql"
echo "SELECT count(*) FROM orders WHERE status IN ('new', 'paid') AND $SINCE;" >"$SCENARIO_DIR/new.sql"
echo "SELECT count(*) FROM orders WHERE status IN ('new', 'paid', 'sent') AND placed_at > now() - interval '30 days';" >"$SCENARIO_DIR/longer.sql"

# traffic SECONDS script@weight...: 50 calls a second.
traffic() {
    local seconds=$1 script files=()
    shift
    for script in "$@"; do files+=(--file="$SCENARIO_DIR/$script"); done
    "$PG_BIN/pgbench" --no-vacuum --client=2 --time="$seconds" --rate=50 --random-seed=7 "${files[@]}" postgres >>"$SCENARIO_DIR/pgbench.log" 2>&1
}
implementation() { printf 'FROM optimizer.implementations i WHERE i.id = %s' "$IMPLEMENTATION"; }
links() { printf 'FROM optimizer.implementation_queries q JOIN optimizer.query_texts t USING (query_hash) WHERE q.implementation_id = %s' "$IMPLEMENTATION"; }

echo '# the old text alone'
traffic 8 old.sql
claim "its calls are counted" wait_until 10 "SELECT count(*) > 0 FROM optimizer.query_metrics m JOIN optimizer.query_texts t USING (query_hash)
    WHERE t.query LIKE 'SELECT count(*) FROM orders WHERE (status%'"
psql_q "INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, estimated_improvement_percent, confidence_score)
        SELECT query_hash, 'or_to_in', 'Use IN', 30, 0.6 FROM optimizer.query_texts WHERE query LIKE 'SELECT count(*) FROM orders WHERE (status%';
        SELECT optimizer.aggregate_recommendations()" >/dev/null
RECOMMENDATION=$(psql_q "SELECT id FROM optimizer.recommendations WHERE status = 'open'")
same=$(psql_q "SELECT * FROM optimizer.record_recommendation_implementation($RECOMMENDATION,
    new_query_text => \$q\$select count(*) from orders where (status = 'x' or status = 'y') and placed_at > now() - interval '1 day'\$q\$)" 2>&1)
claim "the text as it is, with other constants, is refused" grep -q 'as it is' <<<"$same"
IMPLEMENTATION=$(psql_q "SELECT impl_id FROM optimizer.record_recommendation_implementation($RECOMMENDATION,
    new_query_text => \$q\$select count(*) from orders where status in ('a', 'b') and placed_at > now() - interval '1 day'\$q\$)" 2>"$SCENARIO_DIR/notice")
claim "the new text is waited for, and the notice says so" grep -q 'waits for its new text' "$SCENARIO_DIR/notice"
traffic 4 old.sql
claim_sql "nothing is linked while only the old text runs" "SELECT count(*) = 0 $(links)"
claim_sql "and no share is made up" "SELECT share_of_calls_on_old_text IS NULL $(implementation)"

echo '# the new text comes in beside it'
traffic 10 old.sql@60 new.sql@40
claim "the worker links it by itself" wait_until 15 "SELECT count(*) = 1 AND min(linked_by) = 'optimizer_workflow' $(links) AND t.query LIKE '%status IN (%'"
claim "while pending, the share of calls on the old text shows" \
    wait_until 10 "SELECT share_of_calls_on_old_text BETWEEN 0.6 AND 0.9 $(implementation)"
echo "#   share: $(psql_q "SELECT round(share_of_calls_on_old_text::numeric, 2) $(implementation)")"
before=$(psql_q "SELECT share_of_calls_on_old_text $(implementation)")

echo '# and takes its place, with lists of another length'
traffic 10 new.sql@70 longer.sql@30
claim "a list of another length is linked too" wait_until 15 "SELECT count(*) = 2 $(links)"
claim "the share falls" wait_until 10 "SELECT share_of_calls_on_old_text < $before - 0.15 $(implementation)"
psql_q "SELECT optimizer.measure_implementation_results($IMPLEMENTATION, true)" >/dev/null
claim_sql "the look keeps the share with what it measured" \
    "SELECT (post_optimization_stats ->> 'share_of_calls_on_old_text')::float8 BETWEEN 0.2 AND 0.7 AND (post_optimization_stats ->> 'calls')::int > 400
     AND share_of_calls_on_old_text = (post_optimization_stats ->> 'share_of_calls_on_old_text')::float8 $(implementation)"
claim_sql "and notes it" "SELECT bool_or(n LIKE '% \\% of the calls still use the old text') FROM optimizer.implementations i, unnest(i.notes) n WHERE i.id = $IMPLEMENTATION"
claim_sql "nothing else is linked, before or after" "SELECT bool_and(t.query LIKE 'SELECT count(*) FROM orders WHERE status IN (%') AND count(*) = 2 $(links)"
claim "no step failed" test "$(cluster_log "$MAIN" | grep -c 'ERROR:\|panicked\|PANIC')" -eq "$(grep -c 'as it is' <<<"$same")"
claim_consistent
cluster_stop "$MAIN"
