#!/usr/bin/env bash
# What pg_qualstats' advisor says comes in under its own name: on the query with most time that has such a condition, without what is there already, withdrawn when it is no
# longer said, and not asked for where somebody could plant something in its schema.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
if [ ! -f "$("$PG_CONFIG" --sharedir)/extension/pg_qualstats.control" ]; then
    echo "ok - skipped: pg_qualstats is not installed"
    exit
fi
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,pg_qualstats,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" "autovacuum = off" "pg_qualstats.sample_rate = 1" || die "the server does not start"

advise() {
    psql_q "UPDATE optimizer.sampler_state SET texts_read_at = NULL; SELECT optimizer.take_sample()" >/dev/null
    while psql_q "SELECT optimizer.run_maintenance_step('advise')" | grep -q 'more$'; do :; done
}
brought() { psql_q "SELECT string_agg(definition, '; ' ORDER BY definition) FROM optimizer.index_suggestions WHERE made_by = 'pg_qualstats'"; }
is() { [ "$1" = "$2" ] || { echo "it is: $1"; return 1; }; }
INDEX='CREATE INDEX CONCURRENTLY ON public.visits USING btree (page)'

# Without HypoPG our own advisor is silent: what is here comes from pg_qualstats.
psql_q "CREATE SCHEMA qualstats; CREATE EXTENSION pg_qualstats SCHEMA qualstats; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
    CREATE TABLE visits (id int PRIMARY KEY, page int, visitor int);
    INSERT INTO visits SELECT n, n % 5000, n % 7 FROM generate_series(1, 50000) n; ANALYZE visits;
    SELECT optimizer.take_sample()" >/dev/null
for page in 1 2 3 4 5; do psql_q "SELECT count(*) FROM visits WHERE page = $page" >/dev/null; done
psql_q "SELECT (SELECT pg_sleep(0.3)), count(*) FROM visits WHERE visitor + id > 3 AND page = 9" >/dev/null
psql_q "SELECT (SELECT pg_sleep(0.6)), max(visitor) FROM visits" >/dev/null
advise
claim "what it says is a suggestion of its own" is "$(brought)" "$INDEX"
claim_sql "it hangs on the query with most time of those with a condition on its first column" \
    "SELECT q.query LIKE '%page = %' AND q.query LIKE '%pg_sleep%' FROM optimizer.index_suggestions s JOIN optimizer.query_stats q USING (query_hash) WHERE s.made_by = 'pg_qualstats'"
psql_q "SELECT optimizer.aggregate_recommendations()" >/dev/null
claim_sql "it becomes a recommendation with little confidence" \
    "SELECT made_by = 'pg_qualstats' AND confidence_score = 0.3 AND estimated_improvement_percent = 20
     FROM optimizer.recommendations WHERE source_type = 'index'"
psql_q "SELECT xmin FROM optimizer.index_suggestions" >"$SCENARIO_DIR/before"
advise
claim "said again it is left as it is" is "$(psql_q "SELECT xmin FROM optimizer.index_suggestions")" "$(cat "$SCENARIO_DIR/before")"
psql_q "CREATE INDEX visits_page_idx ON visits (page, visitor)"
advise
claim "what begins like an index that is there is no longer said" is "$(brought)" ""
psql_q "DROP INDEX visits_page_idx"
advise
claim "without that index it is said again" is "$(brought)" "$INDEX"
psql_q "SELECT qualstats.pg_qualstats_reset()" >/dev/null
advise
claim "what it no longer says is withdrawn" is "$(brought)" ""

psql_q "CREATE ROLE mallory LOGIN; GRANT CREATE, USAGE ON SCHEMA qualstats TO mallory"
for page in 1 2 3 4 5; do psql_q "SELECT count(*) FROM visits WHERE page = $page" >/dev/null; done
advise
claim "it is not asked where others than superusers may make something in its schema" is "$(brought)" ""
PGUSER=mallory psql_q "CREATE FUNCTION qualstats.holds(bigint[], bigint[]) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR qualstats.@> (leftarg = bigint[], rightarg = bigint[], function = qualstats.holds)"
psql_q "REVOKE CREATE ON SCHEMA qualstats FROM mallory"
advise
claim "nor where something that they made is left" is "$(brought)" ""
psql_q "DROP OWNED BY mallory"
advise
claim "it is asked again once they may not" is "$(brought)" "$INDEX"
psql_q "CREATE OR REPLACE FUNCTION qualstats.pg_qualstats_get_idx_col(bigint, include_nondefault_opclass boolean DEFAULT true) RETURNS text LANGUAGE sql AS 'SELECT (1 / 0)::text'"
claim "its failure is said and ends nothing" \
    bash -c "'$PG_BIN/psql' -XAtq -d postgres -c 'SELECT optimizer.generate_suggestions()' 2>&1 | grep -q 'pg_qualstats gave no advice'"
claim "and takes back nothing that was said before" is "$(brought)" "$INDEX"
claim_consistent
