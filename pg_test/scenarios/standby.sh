#!/usr/bin/env bash
# A standby: everything that reads works and assigns no transaction id, everything that writes is refused; after its
# promotion a worker serves it, and nothing that it counted as a standby gets into a bucket.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
STANDBY=$SCENARIO_DIR/standby
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.sample_interval = 1s" || die "the server does not start"
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; CREATE TABLE counted (a int);
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score)
    VALUES (-1, 't', 'CREATE INDEX ON t (a)', 50, 0.5), (2, 't', 'CREATE INDEX ON t (b)', 50, 0.5);
    SELECT optimizer.ingest_query_metrics(-1, now(), 10, 100);
    SELECT optimizer.aggregate_recommendations(); SELECT optimizer.record_recommendation_implementation(2)" >/dev/null
# A change with a verdict, so that each chart has something to show.
psql_q "$(cat "$REPO/pg_test/lived.sql")
    SELECT lived(1, 146, 51, 100), lived(1, 50, 0, 40);
    SELECT lived(h, 146, 0, 70) FROM generate_series(11, 16) AS h;
    CREATE TABLE t (c int); CREATE INDEX ON t (c);
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score)
    VALUES (1, 't', 'CREATE INDEX ON t (c)', 60, 0.9);
    SELECT optimizer.aggregate_recommendations()" >/dev/null
psql_q "SELECT impl_id FROM optimizer.recommendations r, optimizer.record_recommendation_implementation(r.id, implemented_at => now() - interval '50 hours')
    WHERE r.query_hash = 1" >/dev/null
psql_q "SELECT * FROM optimizer.measure_pending_implementations()" >/dev/null
wait_until 10 "SELECT count(*) = 1 FROM optimizer.sampler_state"
wait_until 10 "SELECT count(*) = 1 FROM optimizer.implementations WHERE verdict = 'improved'"
wait_until 10 "SELECT count(*) > 0 FROM optimizer.chart_queries"

cluster_standby "$STANDBY" || die "the standby does not start"

echo '# reading'
claim_sql "it is a standby without a launcher or worker" \
    "SELECT pg_is_in_recovery() AND count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'optimizer_workflow%'"
for reading in "optimizer.get_top_recommendations()" "optimizer.get_optimization_results()" "optimizer.optimization_summary()" \
    "optimizer.status()" "optimizer.report_html()" optimizer.recommendations optimizer.implementations optimizer.query_metrics; do
    claim_sql "$reading works" "SELECT count(*) > 0 AND pg_is_in_recovery() FROM $reading"
done
charts=$(psql_q "SELECT relname FROM pg_class WHERE relnamespace = 'optimizer'::regnamespace AND relname ^@ 'chart_' AND relkind = 'v' ORDER BY 1")
claim "the nine charts are there" test "$(wc -w <<<"$charts")" -ge 9
for chart in $charts; do
    claim_sql "optimizer.$chart works, and assigns no transaction id" \
        "SELECT count(to_jsonb(c)) > 0 AND pg_is_in_recovery() AND pg_current_xact_id_if_assigned() IS NULL FROM optimizer.$chart AS c"
done
for reading in "optimizer.api_optimization_recommendations()" "optimizer.api_optimization_results()"; do
    claim_sql "$reading answers with rows" "SELECT (answer ->> 'count')::int > 0 AND pg_is_in_recovery() FROM $reading AS answer"
done
claim_sql "optimizer.report_html() is a whole page with plots" \
    "SELECT page LIKE '<!DOCTYPE html>%data-plot=%</html>%' AND pg_current_xact_id_if_assigned() IS NULL FROM optimizer.report_html() AS page"
claim_sql "optimizer.query_stats works, without the sampler's unlogged state" "SELECT count(*) >= 0 FROM optimizer.query_stats"

echo '# writing'
for writing in "take_sample()" "ingest_query_metrics(1, now(), 1, 1)" "aggregate_recommendations()" \
    "aggregate_recommendations_for_query(1)" "dismiss_recommendation(1, 'x')" "reopen_recommendation(1)" \
    "record_recommendation_implementation(1)" "set_implementation_query(1, 5)" "revert_implementation(1)" \
    "measure_implementation_results(1)" "measure_pending_implementations()" "run_maintenance()" \
    "api_aggregate_recommendations()" "api_implement_recommendation(1, -1)"; do
    claim "${writing%%(*}() is refused with 25006" test \
        "$("$PG_BIN/psql" -XAtq -v VERBOSITY=sqlstate -c "SELECT optimizer.$writing" 2>&1)" = "ERROR:  25006"
done

echo '# after its promotion'
for _ in $(seq 50); do echo 'SELECT count(*) FROM counted WHERE a = 1;'; done | "$PG_BIN/psql" -XAtq >/dev/null
cluster_use "$MAIN"; cluster_stop "$MAIN"; cluster_use "$STANDBY"
psql_q 'SELECT pg_promote()' >/dev/null
claim "a launcher is there within 15 s" \
    wait_until 15 "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'optimizer_workflow launcher'"
claim "and takes a sample" wait_until 15 "SELECT count(*) = 1 FROM optimizer.sampler_state"
for _ in 1 2 3; do echo 'SELECT count(*) FROM counted WHERE a = 1;'; done | "$PG_BIN/psql" -XAtq >/dev/null
claim "what runs from then on is counted, and nothing from before" wait_until 10 \
    "SELECT sum(calls) = 3 FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash)
     WHERE query LIKE 'SELECT count(*) FROM counted WHERE%'"
claim_consistent
cluster_stop "$STANDBY"
