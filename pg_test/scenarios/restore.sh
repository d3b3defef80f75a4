#!/usr/bin/env bash
# Dump and restore into a new database: every row comes along, the next insert works, what was learned stays learned,
# and the sampler begins anew.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" || die "the server does not start"
psql_q "CREATE DATABASE old"; psql_q "CREATE DATABASE new"
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow; $(cat "$REPO/pg_test/lived.sql")
    CREATE TABLE t2 (c int); CREATE TABLE t3 (c int); CREATE INDEX ON t2 (c); CREATE INDEX ON t3 (c);
    SELECT optimizer.take_sample();
    SELECT optimizer.ingest_query_metrics(hash, now(), 10, 900, query_text => 'SELECT ''quoted''''text'' -- ' || hash),
           lived(hash, 150, 56, 90), lived(hash, 55, 1, 30)
    FROM generate_series(-3, -1) AS hash;
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
    SELECT hash, 't' || -hash, format('CREATE INDEX ON t%s (c)', -hash), 60, 0.7, 'a \"tool\"' FROM generate_series(-3, -1) AS hash;
    INSERT INTO optimizer.workload_patterns (pattern_type, description, confidence_score, pattern_metadata)
    VALUES ('batch_job', 'Nightly', 0.5, '{\"query_hashes\": [\"-1\", -2]}');
    SELECT optimizer.aggregate_recommendations();
    SELECT optimizer.record_recommendation_implementation(id, implemented_at => now() - interval '55 hours')
    FROM optimizer.recommendations WHERE query_hash < -1 AND source_type = 'index';
    SELECT optimizer.measure_pending_implementations()" old >/dev/null

# rows DATABASE: a digest over every row of every table that is to be dumped.
rows() {
    psql_q "SELECT string_agg(name || ' ' || digest, E'\n' ORDER BY name) FROM (
        SELECT c.relname AS name, (xpath('/row/d/text()', query_to_xml(format(
            'SELECT count(*) || md5(coalesce(string_agg(t::text, '','' ORDER BY t::text), '''')) AS d FROM optimizer.%I t', c.relname),
            false, true, '')))[1]::text AS digest
        FROM pg_class c WHERE c.relnamespace = 'optimizer'::regnamespace AND c.relkind = 'r'
          AND c.relname NOT IN ('sampler_state', 'sampler_counters', 'looks_implemented', 'restoring_session') AND c.relname NOT LIKE 'seen\_%') AS tables" "$1"
}
"$PG_BIN/pg_dump" -Fc old >"$SCENARIO_DIR/old.dump"
claim "the dump restores without an error" "$PG_BIN/pg_restore" --exit-on-error -d new "$SCENARIO_DIR/old.dump"
claim "every row of every table is there" test "$(rows old)" = "$(rows new)"
claim_sql "there was something to restore" \
    "SELECT (SELECT count(*) FROM optimizer.implementations WHERE verdict = 'improved') = 2 AND (SELECT sum(outcomes) FROM optimizer.learned_kinds) = 2" new
claim_sql "the sampler's state stays behind" "SELECT count(*) = 0 FROM optimizer.sampler_state" new
claim_sql "nothing is left to aggregate" \
    "SELECT detail = '0 recommendations added, 0 updated, 0 expired' FROM optimizer.run_maintenance('aggregate')" new
psql_q "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
        VALUES (9, 't', 'CREATE INDEX ON t (z)', 60, 0.7, 'a \"tool\"');
        SELECT optimizer.aggregate_recommendations()" new >/dev/null
claim_sql "the next suggestion and recommendation get numbers of their own" \
    "SELECT count(DISTINCT id) = count(*) AND max(id) = 6 FROM optimizer.recommendations" new
claim_sql "and what was learned counts for it" \
    "SELECT confidence_score > stated_confidence FROM optimizer.recommendations WHERE query_hash = 9" new
claim "it can be recorded" test "$(psql_q "SELECT impl_id FROM optimizer.recommendations r, optimizer.record_recommendation_implementation(r.id) WHERE query_hash = 9" new)" = 3
psql_q "ALTER SYSTEM SET optimizer_workflow.sample_interval = '1s'" ; psql_q "ALTER SYSTEM SET optimizer_workflow.enabled = on"; psql_q "SELECT pg_reload_conf()" >/dev/null
claim "the worker goes on in it" wait_until 15 "SELECT count(*) = 1 FROM optimizer.sampler_state" new
# The worker is on and looks every second. Both ways to restore take their time between the extension and its rows.
psql_q "CREATE DATABASE slowly"
"$PG_BIN/pg_dump" old | sed 's/^\(CREATE EXTENSION .* optimizer_workflow .*\)/\1 SELECT pg_sleep(4);/' >"$SCENARIO_DIR/old.sql"
claim "the dump has the extension once" test "$(grep -c 'pg_sleep(4)' "$SCENARIO_DIR/old.sql")" -eq 1
claim "beside a running worker it restores without an error, too" \
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d slowly -f "$SCENARIO_DIR/old.sql" -o /dev/null
claim "and then the worker goes on in it" wait_until 15 "SELECT count(*) = 1 FROM optimizer.sampler_state" slowly
claim_sql "whose ledger knows nothing of the restore" "SELECT count(*) = 0 FROM optimizer.events WHERE event_type IN ('table', 'index')" slowly
psql_q "CREATE DATABASE again"
claim "so does pg_restore" "$PG_BIN/pg_restore" --exit-on-error -d again "$SCENARIO_DIR/old.dump"
claim "the worker goes on there as well" wait_until 15 "SELECT count(*) = 1 FROM optimizer.sampler_state" again
claim_consistent old; claim_consistent new; claim_consistent slowly; claim_consistent again
cluster_stop "$MAIN"
