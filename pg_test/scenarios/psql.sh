#!/usr/bin/env bash
# What a person sees in psql on a database with long queries and long reasons: lists whose first columns fit a terminal, hints that
# can be pasted as they are, and how far a long call is.
# WRITE_DOCS=1 writes the table of widths into docs/psql.md.
# Trap: widths are those of psql's aligned output. A value that is a nanosecond longer must not decide: claims are about the
# columns that are promised, the table is what one run saw.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
WIDTH=120
rm -f "$MAIN/server.log"
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" "optimizer_workflow.enabled = off" "optimizer_workflow.sample_interval = 1s" \
    "log_min_messages = notice" "track_activity_query_size = 64kB" || die "the server does not start"
says() { case $1 in *"$2"*) ;; *) echo "it said: $1"; return 1 ;; esac; }
says_not() { case $1 in *"$2"*) echo "it said: $1"; return 1 ;; *) ;; esac; }

# ---- a database as it is met: statements of an ORM with comments, a hundred columns, reasons of a page ----
COLUMNS_OF_ORM=$(for i in $(seq 1 60); do printf ', "order_items"."some_rather_long_column_name_%s"' "$i"; done)
LONG="/*application:web,controller:orders,action:index*/
SELECT \"order_items\".\"id\"${COLUMNS_OF_ORM}
FROM   \"order_items\" -- the usual
WHERE  \"order_items\".\"order_id\" = 1"
REASON=$(printf 'A sequential scan of 5,000,000 rows finds 12 of them, and each page that asks for it waits for that. %.0s' $(seq 40))
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; $(cat "$REPO/pg_test/lived.sql")
    CREATE TABLE order_items (id int, order_id int$(for i in $(seq 1 60); do printf ', some_rather_long_column_name_%s int' "$i"; done));
    CREATE TABLE t (c int); CREATE INDEX ON t (c)" >/dev/null
psql_q "$LONG" >/dev/null
for table in order_items t; do for i in 1 2 3 4 5 6; do psql_q "SELECT count(*) AS n$i FROM $table WHERE ctid = '(0,$i)'" >/dev/null; done; done
psql_q "CREATE TABLE gone (a int)"; psql_q "SELECT a FROM gone" >/dev/null; psql_q "DROP TABLE gone"
for step in sample events advise; do psql_q "SELECT * FROM optimizer.run_maintenance('$step')" >/dev/null; done
HASH=$(psql_q "SELECT query_hash FROM optimizer.query_texts WHERE query LIKE '%controller:orders%'")
psql_q "SELECT lived($HASH, 460, 51, 100), lived($HASH, 50, 0, 40);
    SELECT lived(h, 460, 0, 70) FROM generate_series(11, 16) AS h;
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, reasoning, estimated_improvement_percent, confidence_score)
    VALUES ($HASH, 'public.order_items', 'CREATE INDEX CONCURRENTLY order_items_by_order_and_much_more_idx ON public.order_items (order_id, some_rather_long_column_name_1, some_rather_long_column_name_2)',
            '{order_id, some_rather_long_column_name_1, some_rather_long_column_name_2}', '$REASON', 95.123456789, 0.871234567),
           ($HASH, 't', 'CREATE INDEX ON t (c)', '{c}', '$REASON', 60, 0.9);
    INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, original_query, suggested_rewrite, reasoning, estimated_improvement_percent, confidence_score)
    VALUES ($HASH, 'select_only_what_is_shown', '$REASON', \$q\$$LONG\$q\$, \$q\$$LONG LIMIT 20\$q\$, '$REASON', 33.3333333, 0.6);
    INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, current_value, recommended_value, scope, reasoning, estimated_improvement_percent, confidence_score)
    VALUES ($HASH, 'max_parallel_workers_per_gather', '2', '4', 'database', '$REASON', 15, 0.3);
    INSERT INTO optimizer.workload_patterns (query_hash, pattern_type, description, confidence_score)
    VALUES ($HASH, 'weekly_pattern', '$REASON', 0.7);
    SELECT optimizer.aggregate_recommendations()" >/dev/null
psql_q "SET client_min_messages = warning;
    SELECT impl_id FROM optimizer.recommendations r, optimizer.record_recommendation_implementation(r.id, implementation_notes => 'built at noon by the night shift, ticket 4711', implemented_at => now() - interval '50 hours')
    WHERE r.action_sql = 'CREATE INDEX ON t (c)';
    SELECT optimizer.measure_pending_implementations()" >/dev/null
psql_q "ALTER DATABASE postgres SET max_parallel_workers_per_gather = 4"; sleep 1
psql_q "SELECT * FROM optimizer.run_maintenance('events')" >/dev/null
RECOMMENDATION=$(psql_q "SELECT min(id) FROM optimizer.recommendations WHERE status = 'open'")

# ---- widths ----
# aligned SQL: what psql prints, as in a terminal that does not fold.
aligned() { "$PG_BIN/psql" -X -v ON_ERROR_STOP=1 -d postgres -P pager=off -P footer=off -c "SET client_min_messages = warning" -c "$1" | tail -n +2; }
# leading COLUMNS: how many of the first columns fit, how many there are, how wide all are.
leading() { awk -v limit="$WIDTH" 'NR == 1 { n = split($0, column, "|"); used = -1
    for (i = 1; i <= n; i++) { used += length(column[i]) + 1; if (used <= limit) fit = i }
    print fit, n, used }'; }
# fits NAME SQL PROMISED: the first columns, as many as are promised, are no wider than a terminal.
# (claim runs it in a subshell: the table goes through a file)
TABLE=$SCENARIO_DIR/widths
: >"$TABLE"
fits() {
    local fit all used
    read -r fit all used < <(aligned "$2" | leading)
    printf '| `%s` | %s | %s | %s |\n' "$1" "$all" "$used" "$fit" >>"$TABLE"
    [ "$fit" -ge "$3" ] || { echo "$fit of $all columns fit $WIDTH, $3 are promised:"; aligned "$2" | cut -c 1-200 | head -5; return 1; }
}
aligned "SELECT * FROM optimizer.status()" >"$SCENARIO_DIR/status"
echo "# the first columns fit a terminal of $WIDTH"
while read -r promised name; do
    claim "$name: $promised" fits "$name" "SELECT * FROM optimizer.$name" "$promised"
done <<LIST
4 get_top_recommendations()
5 get_optimization_results()
3 status()
3 run_maintenance()
2 generate_suggestions()
2 aggregate_recommendations()
4 take_sample()
5 measure_pending_implementations()
4 optimization_summary()
5 train_performance_model()
5 predict_improvement($RECOMMENDATION)
5 self_check(20)
4 calibration
4 reliability
LIST
claim_sql "a list shows a query as one line of 60, without its comment" \
    "SELECT bool_and(query LIKE 'SELECT \"order_items\".\"id\"%...' AND length(query) = 60) FROM optimizer.get_top_recommendations()"
claim_sql "and the whole of it in its last column" \
    "SELECT bool_and(length(full_query) > 2000 AND full_query LIKE '/*application%') FROM optimizer.get_top_recommendations()"
claim_sql "advice as one line of 64, and the whole of it behind" \
    "SELECT max(length(recommendation_text)) = 64 AND max(length(full_recommendation_text)) > 2000 FROM optimizer.get_top_recommendations()"
claim_sql "a share that nothing but people reads has five places at most" \
    "SELECT count(*) > 0 AND bool_and(time_share = round(time_share::numeric, 5)::float8 AND length(time_share::text) <= 7) FROM optimizer.index_findings"
claim_sql "what fits is shown as it is" \
    "SELECT recommendation_text = full_recommendation_text FROM optimizer.get_optimization_results() WHERE recommendation_text LIKE 'Create%'"
claim "contract: the first 13 columns keep their names and order" says "$(psql_q "SELECT array_to_string(proargnames[6:18], ' ') FROM pg_proc WHERE proname = 'get_top_recommendations'")" \
    "rec_id query_hash source_type recommendation_text estimated_improvement confidence urgency_score roi_score kind forecast_improvement expected_saving_ms_per_hour action_sql query"
if [ -n "${WRITE_DOCS:-}" ]; then
    { sed '/^| function or view/,$d' "$REPO/docs/psql.md"
      printf '%s\n' '| function or view | columns | width of all | first columns that fit 120 |' '|---|---|---|---|'; sed -E "s/\($RECOMMENDATION\)/(id)/" "$TABLE"; } >"$SCENARIO_DIR/psql.md"
    cp "$SCENARIO_DIR/psql.md" "$REPO/docs/psql.md"
fi

# ---- hints ----
echo '# what a hint shows can be pasted'
# pasted HINT: what stands after the words, up to the end, goes through psql line by line as it would from a clipboard.
pasted() {
    local sql
    sql=$(printf '%s\n' "$1" | sed -nE 's/^(.*: )?((SELECT|ALTER|CREATE|GRANT) .*;)$/\2/p')
    [ -n "$sql" ] || { echo "no SQL to the end of: $1"; return 1; }
    printf '%s\n' "$sql" | "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$2" 2>&1 >/dev/null
}
has_sql() { printf '%s\n' "$1" | grep -qE '(^|[ (])(SELECT|ALTER|CREATE|GRANT) [A-Za-z*]'; }
pasted_hints() {
    local hint seen=0 status=0
    while read -r hint; do
        if has_sql "$hint"; then seen=$((seen + 1)); pasted "$hint" "$2" || { echo "not to be pasted: $hint"; status=1; }; fi
    done < <(psql_q "SELECT hint FROM optimizer.status() WHERE hint IS NOT NULL" "$2")
    [ "$seen" -ge "$1" ] || { echo "only $seen hints with SQL"; return 1; }
    return "$status"
}
psql_q "CREATE DATABASE bare"; psql_q "CREATE EXTENSION optimizer_workflow" bare >/dev/null
psql_q "ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE; ALTER EVENT TRIGGER optimizer_workflow_drop DISABLE; SELECT * FROM optimizer.run_maintenance()" bare >/dev/null
claim "status() of a database with all that can be wrong" pasted_hints 5 bare
claim "status() of the busy one" pasted_hints 2 postgres
hint_of() { psql_q "$1" 2>&1 | sed -n 's/^HINT:  //p'; }
for call in "SELECT optimizer.reopen_recommendation(4711)" "SELECT optimizer.revert_implementation(4711)" "SELECT optimizer.plan_query(4711)" \
    "SELECT optimizer.predict_improvement(4711)" "SELECT optimizer.generate_suggestions(4711)" \
    "SELECT optimizer.dismiss_recommendation(recommendation_id, 'x') FROM optimizer.implementations"; do
    claim "the hint of $call" pasted "$(hint_of "$call")" postgres
done
psql_q "SELECT optimizer.dismiss_recommendation($RECOMMENDATION, 'x')" >/dev/null
claim "the hint after a dismissal puts it back" pasted "$(hint_of "SELECT optimizer.dismiss_recommendation($RECOMMENDATION, 'x')")" postgres
claim_sql "and it is open again" "SELECT status = 'open' FROM optimizer.recommendations WHERE id = $RECOMMENDATION"

# ---- progress ----
echo '# a call that takes long says how far it is'
# while_locked 'LOCK' command...: runs it while another session holds the lock, for five seconds from when it has it.
while_locked() {
    local lock=$1
    local held="FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%' AND wait_event = 'PgSleep'"
    shift
    psql_q "BEGIN; $lock; SELECT pg_sleep(600)" >"$SCENARIO_DIR/holder" 2>&1 &
    wait_until 20 "SELECT count(*) > 0 $held" || cat "$SCENARIO_DIR/holder"
    { sleep 5; psql_q "SELECT pg_terminate_backend(pid) $held"; } >/dev/null &
    "$@" 2>&1
    wait
}
worker_off() {
    psql_q "ALTER SYSTEM SET optimizer_workflow.enabled = off"; psql_q "SELECT pg_reload_conf()" >/dev/null
    wait_until 10 "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'optimizer_workflow worker'"
}
# A hint that was pasted above has switched it on, and a step it is at is not a person's.
claim "the worker is off" worker_off
COVERAGE="LOCK TABLE optimizer.sampling_coverage IN ACCESS EXCLUSIVE MODE"
IMPLEMENTED="LOCK TABLE optimizer.optimization_recommendations IN ACCESS EXCLUSIVE MODE"
claim "self_check() with trials done and all" says "$(while_locked "$COVERAGE" psql_q 'SELECT trials FROM optimizer.self_check(50)')" "NOTICE:  optimizer_workflow: 0 of 50 trials judged"
claim "aggregate_recommendations() with its step" says "$(while_locked "$IMPLEMENTED" psql_q 'SELECT recommendation_count FROM optimizer.aggregate_recommendations()')" "NOTICE:  optimizer_workflow: step 1 of 2"
# The advise step, which has words of its own, is not due.
psql_q "UPDATE optimizer.maintenance_runs SET last_run_at = CASE step WHEN 'advise' THEN now() ELSE '2000-01-01' END, detail = 'done'"
said=$(while_locked "$IMPLEMENTED" psql_q 'SELECT count(*) FROM optimizer.run_maintenance()')
claim "run_maintenance() with its step" says "$said" "NOTICE:  optimizer_workflow: step "
claim "not for each step" test "$(printf '%s\n' "$said" | grep -c NOTICE)" -le 2
psql_q "UPDATE optimizer.maintenance_runs SET last_run_at = '2000-01-01'"
said=$(while_locked "LOCK TABLE optimizer.maintenance_runs IN ACCESS EXCLUSIVE MODE" psql_q "SELECT count(*) FROM optimizer.run_maintenance('aggregate')")
claim "one step says its name" says "$said" "NOTICE:  optimizer_workflow: step aggregate"
claim "and is none of six" says_not "$said" " of 6"
claim "nothing when client_min_messages does not ask" says_not "$(PGOPTIONS='-c client_min_messages=warning' while_locked "$COVERAGE" psql_q 'SELECT trials FROM optimizer.self_check(50)')" "optimizer_workflow:"
claim "nothing under pg_cron" says_not "$(PGAPPNAME=pg_cron while_locked "$COVERAGE" psql_q 'SELECT trials FROM optimizer.self_check(50)')" "optimizer_workflow:"
claim "nothing when it is quick" says_not "$(psql_q 'SELECT trials FROM optimizer.self_check(50)' 2>&1)" "NOTICE"
claim "nothing of a setting that names what is not there" says_not "$(psql_q "INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, recommended_value, scope,
    estimated_improvement_percent, confidence_score) VALUES ($HASH, 'default_tablespace', 'nowhere', 'database', 5, 0.1), ($HASH, 'temp_tablespaces', 'nowhere', 'role', 5, 0.1),
    ($HASH, 'default_text_search_config', 'nowhere', 'server', 5, 0.1); SELECT optimizer.aggregate_recommendations()" 2>&1)" "NOTICE"
lines=$(cluster_log "$MAIN" | grep -c 'NOTICE:  optimizer_workflow: step')
psql_q "ALTER SYSTEM SET optimizer_workflow.sample_interval = '1s'"; psql_q "ALTER SYSTEM SET optimizer_workflow.advise_interval = '1s'"
psql_q "ALTER SYSTEM SET optimizer_workflow.lock_timeout = '10s'"; psql_q "ALTER SYSTEM SET optimizer_workflow.enabled = on"; psql_q "SELECT pg_reload_conf()" >/dev/null
claim "the worker is at it" wait_until 20 "SELECT last_run_at > now() - interval '3 s' FROM optimizer.maintenance_runs WHERE step = 'aggregate'"
while_locked "$IMPLEMENTED" sleep 5
claim "and says nothing, waiting as long" test "$(cluster_log "$MAIN" | grep -c 'NOTICE:  optimizer_workflow: step')" = "$lines"
claim "and off again" worker_off
claim_consistent
cluster_stop "$MAIN"
