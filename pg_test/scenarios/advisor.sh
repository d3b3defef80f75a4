#!/usr/bin/env bash
# The index advisor on a server of its own: what planted functions gain from it (nothing), what is typed as it says, what the worker's step
# leaves behind, and what needs a vacuumed table.
# Trap: what only might be executed proves nothing. Each planted function here is executed when the guard is taken out (guard::is_trusted).
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
if [ ! -f "$("$PG_CONFIG" --sharedir)/extension/hypopg.control" ]; then
    echo "ok - skipped: HypoPG is not installed, and without it there is no index advice"
    exit
fi
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" "autovacuum = off" || die "the server does not start"

as() { PGUSER=$1 "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d postgres -c "$2" 2>&1; }
must() { local said; said=$(as "$1" "$2") || die "as $1: $2: $said"; }
outcome() { psql_q "SELECT i.outcome FROM optimizer.index_trials i JOIN optimizer.query_texts t USING (query_hash) WHERE t.query ~ '\m$1\M' AND t.query !~ 'CREATE|optimizer'"; }
says() { case $1 in *"$2"*) ;; *) echo "it says: $1"; return 1 ;; esac }
says_not() { case $1 in *"$2"*) echo "it says: $1"; return 1 ;; esac }
is() { [ "$1" = "$2" ] || { echo "it is: $1"; return 1; }; }
executed_by_others() { cluster_log "$MAIN" | grep -o 'LOG:  executed: .*' | grep -v 'as mallory$' | sort | uniq -c; }
nothing_executed_by_others() { local found; found=$(executed_by_others || true); [ -z "$found" ] || { echo "$found"; return 1; }; }
# A sample that reads texts, however lately they were read; then everything is read and tried. The tables were filled long ago: as if it went on,
# each index would cost more than it brings.
advise() {
    psql_q "UPDATE optimizer.sampler_state SET texts_read_at = NULL; SELECT optimizer.take_sample()" >/dev/null
    psql_q "DELETE FROM optimizer.query_metrics m USING optimizer.query_texts t WHERE t.query_hash = m.query_hash AND t.query ~ '^ *INSERT'"
    while psql_q "SELECT optimizer.run_maintenance_step('advise')" | grep -q 'more$'; do :; done
}

psql_q "CREATE SCHEMA hypo; CREATE EXTENSION hypopg SCHEMA hypo; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
    CREATE ROLE mallory LOGIN; CREATE SCHEMA mallory AUTHORIZATION mallory; GRANT USAGE ON SCHEMA mallory TO PUBLIC;
    INSERT INTO optimizer.sampling_coverage (bucket_start, bucket_width_seconds, ingested)
    SELECT date_bin('1 hour', now() - n * interval '1 hour', '2000-01-01 00:00:00+00'), 3600, true FROM generate_series(0, 1) AS n"
# What was there before the first sample is nobody's work.
psql_q "SELECT optimizer.take_sample()" >/dev/null

echo '# what is harmless is selected from by a superuser; then it is replaced'
must mallory "CREATE FUNCTION mallory.harmless(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT \$1';
    CREATE DOMAIN mallory.word AS text;
    CREATE TABLE mallory.t (a int, b int, w mallory.word);
    INSERT INTO mallory.t SELECT n, n % 100, CASE WHEN n % 100 = 0 THEN 'rare' ELSE 'common' END FROM generate_series(1, 20000) n;
    CREATE TABLE mallory.plain (a int, b int); INSERT INTO mallory.plain SELECT n, n % 100 FROM generate_series(1, 20000) n;
    ANALYZE mallory.t; ANALYZE mallory.plain; CREATE VIEW mallory.v AS SELECT a, b FROM mallory.t WHERE w = 'rare';
    GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO PUBLIC"
for n in 1 2 3 4 5 6 7 8 9 10; do
    must postgres "SELECT count(*) AS m_index FROM mallory.t WHERE a = $n"
    must postgres "SELECT count(*) AS m_expression FROM mallory.plain WHERE mallory.harmless(a) = $n"
    must postgres "SELECT count(*) AS m_domain FROM mallory.v WHERE b > $n ORDER BY 1"
    must postgres "SELECT count(*) AS m_honest FROM mallory.plain WHERE b = $n AND a > 5"
done
steal() { # steal NAME ARGUMENTS RESULT VALUE: a function that says who it ran as, and tries what it can
    echo "CREATE OR REPLACE FUNCTION $1($2) RETURNS $3 LANGUAGE plpgsql IMMUTABLE AS \$f\$ DECLARE ignored text; BEGIN
        RAISE LOG 'executed: $1 as %', current_user;
        BEGIN EXECUTE 'ALTER ROLE mallory SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch $SCENARIO_DIR/stolen'''; EXCEPTION WHEN OTHERS THEN NULL; END;
        RETURN $4; END \$f\$;"
}
psql_q "SELECT optimizer.take_sample()" >/dev/null
must mallory "$(steal mallory.evil int int 1) $(steal mallory.evil_word text boolean true)
    CREATE OR REPLACE FUNCTION mallory.harmless(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT mallory.evil(\$1) + \$1';
    CREATE INDEX ON mallory.t ((mallory.evil(1) + a)); CREATE INDEX ON mallory.t (b) WHERE mallory.evil(1) = 1;
    ALTER DOMAIN mallory.word ADD CHECK (mallory.evil_word(VALUE))"
advise
claim "indexes of a table with a planted index are not tried" is "$(outcome m_index)" untrusted_function
claim "nor those of an expression with a planted function" is "$(outcome m_expression | grep -c helped)" 0
claim "what has nothing planted is helped" is "$(outcome m_honest)" helped
claim "nothing planted was executed with anybody else's rights" nothing_executed_by_others
claim "nothing was stolen" [ ! -e "$SCENARIO_DIR/stolen" ]
claim_sql "mallory is no superuser" "SELECT NOT rolsuper FROM pg_roles WHERE rolname = 'mallory'"

echo '# what is suggested can be typed as it is'
psql_q "CREATE TABLE public.visits (id int PRIMARY KEY, page int, ms int, referrer text);
    INSERT INTO public.visits SELECT n, n % 500, n % 97, repeat('r', 600) FROM generate_series(1, 40000) n"
# A transaction that is still open somewhere keeps pages from being known as visible to all.
for try in 1 2 3 4 5; do
    "$PG_BIN/psql" -Xq -d postgres -c "VACUUM (FREEZE, ANALYZE) public.visits"
    [ "$(psql_q "SELECT relallvisible = relpages FROM pg_class WHERE oid = 'public.visits'::regclass")" = t ] && break
    sleep 1
done
for n in 1 2 3 4 5 6 7 8 9 10; do psql_q "SELECT sum(ms) AS m_visits FROM public.visits WHERE page BETWEEN $n AND $n + 5" >/dev/null; done
advise
# Whether the summed column is carried along depends on what the query was measured to take.
claim_sql "an index of a wide table is suggested" \
    "SELECT count(*) = 1 AND bool_and(definition ~ '[(]page[)]( INCLUDE [(]ms[)])?$') FROM optimizer.index_suggestions WHERE relation = 'public.visits'"
definition=$(psql_q "SELECT definition FROM optimizer.index_suggestions WHERE relation = 'public.visits'")
claim "it is built as it says" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres -c "$definition"
claim_sql "its size is what was said, give or take a third" \
    "SELECT s.estimated_size_bytes / pg_relation_size(i.indexrelid)::float8 BETWEEN 0.67 AND 1.5
     FROM optimizer.index_suggestions s, pg_index i WHERE s.relation = 'public.visits' AND i.indrelid = 'public.visits'::regclass AND NOT i.indisprimary"
claim "the planner takes it" says "$(psql_q "EXPLAIN SELECT sum(ms) FROM public.visits WHERE page BETWEEN 3 AND 8")" visits_page
psql_q "SELECT optimizer.aggregate_recommendations(); SELECT optimizer.run_maintenance('events')" >/dev/null
advise
claim_sql "once it is there the suggestion is withdrawn, or waits to be recorded" \
    "SELECT count(*) = 0 OR EXISTS (SELECT FROM optimizer.looks_implemented) FROM optimizer.index_suggestions WHERE definition = \$d\$$definition\$d\$"

echo '# who says another time than the ledger is told'
psql_q "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score, made_by)
    SELECT query_hash, 'public.visits', 'CREATE INDEX visits_ms_idx ON public.visits (ms)', 50, 0.5, 'tester' FROM optimizer.query_stats LIMIT 1;
    SELECT optimizer.aggregate_recommendations(); SELECT optimizer.run_maintenance_step('events')" >/dev/null
psql_q "CREATE INDEX visits_ms_idx ON public.visits (ms)"
# recorded_at MOMENT: what recording says to that, and takes back.
recorded_at() {
    "$PG_BIN/psql" -XAtq -d postgres -c "BEGIN; SELECT impl_id FROM optimizer.record_recommendation_implementation(
        (SELECT max(id) FROM optimizer.recommendations WHERE made_by = 'tester'), implemented_at => $1); ROLLBACK" 2>&1
}
claim "an hour before it was seen is doubted" says "$(recorded_at "now() - interval '1 hour'")" "the ledger of events saw the change at"
said=$(recorded_at "now()")
claim "the moment itself is not" says_not "$said" "the ledger of events saw"
claim "and it is recorded" grep -qE '^[0-9]+$' <(echo "$said")
# What only a look found happened in an interval: any time in it may be right, give or take a minute.
psql_q "UPDATE optimizer.index_suggestions SET created_at = now() - interval '4 hours' WHERE made_by = 'tester';
    UPDATE optimizer.system_events SET occurred_at = now() - interval '1 hour', occurred_after = now() - interval '3 hours'
    WHERE object_name = 'public.visits_ms_idx'"
for ago in '3 hours 30 s' '2 hours' '59 min 30 s'; do
    claim "$ago ago is not doubted of what was seen between three hours ago and one" \
        says_not "$(recorded_at "now() - interval '$ago'")" "the ledger of events saw"
done
for ago in '3 hours 2 min' '58 min'; do
    claim "$ago ago is" says "$(recorded_at "now() - interval '$ago'")" "the ledger of events saw the change at"
done

echo '# a table with partitions, and what is left behind'
psql_q "CREATE TABLE public.parts (a int, at date) PARTITION BY RANGE (at);
    CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
    CREATE TABLE public.parts_2 PARTITION OF public.parts FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
    INSERT INTO public.parts SELECT n % 5000, '2026-01-01'::date + n % 365 FROM generate_series(1, 40000) n; ANALYZE public.parts"
for n in 1 2 3 4 5 6 7 8 9 10; do psql_q "SELECT count(*) AS m_parts FROM public.parts WHERE a = $n" >/dev/null; done
advise
definition=$(psql_q "SELECT definition FROM optimizer.index_suggestions WHERE relation = 'public.parts'")
claim "an index of a partitioned table is built as it says, too" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres -c "$definition"
echo '# an index that is being built is there'
psql_q "CREATE TABLE public.built (a int, pad text); INSERT INTO public.built SELECT n % 5000, repeat('x', 50) FROM generate_series(1, 40000) n; ANALYZE public.built"
for n in 1 2 3 4 5 6 7 8 9 10; do psql_q "SELECT count(*) AS m_built FROM public.built WHERE a = $n" >/dev/null; done
advise
BUILT="FROM optimizer.index_suggestions WHERE relation = 'public.built'"
definition=$(psql_q "SELECT definition $BUILT")
claim "it is suggested once" says "$definition" "CREATE INDEX CONCURRENTLY built_a_idx ON public.built"
psql_q "SELECT optimizer.aggregate_recommendations()" >/dev/null
# A snapshot from before holds the build up.
PGAPPNAME=holder "$PG_BIN/psql" -Xq -d postgres -c "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM public.built; SELECT pg_sleep(600)" >/dev/null 2>&1 &
claim "a snapshot is held" wait_until 20 "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep'"
"$PG_BIN/psql" -Xq -d postgres -c "$definition" >/dev/null 2>&1 &
claim "the build waits for it" wait_until 20 "SELECT count(*) = 1 FROM pg_stat_progress_create_index WHERE relid = 'public.built'::regclass AND phase LIKE 'waiting%'"
advise
claim_sql "and the same index is not suggested again under another name" "SELECT array_agg(definition) = ARRAY[\$d\$$definition\$d\$] $BUILT"
psql_q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'" >/dev/null
wait
advise
claim_sql "nor once it is built" "SELECT coalesce(array_agg(definition), ARRAY[\$d\$$definition\$d\$]) = ARRAY[\$d\$$definition\$d\$] $BUILT"
claim_sql "no hypothetical index is left in a session that called" \
    "SELECT suggestions >= 0 AND (SELECT count(*) FROM hypo.hypopg()) = 0 FROM optimizer.generate_suggestions()"
echo '# a choice that takes long ends when it is told to'
# 300 queries that 200 indexes would help, each query by another one most: index after index is chosen, and all are weighed anew for every query,
# which takes longer than a person waits.
psql_q "CREATE DATABASE many"
psql_q "CREATE SCHEMA hypo; CREATE EXTENSION hypopg SCHEMA hypo; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
    CREATE TABLE wide ($(seq -s ', ' -f 'c%.0f int' 1 200)); INSERT INTO wide (c1) SELECT generate_series(1, 2000); ANALYZE wide;
    INSERT INTO optimizer.query_texts (query_hash, query) SELECT n, 'SELECT ' || n FROM generate_series(1, 300) AS n;
    INSERT INTO optimizer.query_readings (query_hash, state, statement_kind, shape, signature) SELECT n, 'read', 'select', '{}', 0 FROM generate_series(1, 300) AS n;
    SELECT optimizer.ingest_query_metrics(n, now(), 1000, 100000) FROM generate_series(1, 300) AS n" many >/dev/null
psql_q "INSERT INTO optimizer.index_trials (query_hash, ground, outcome, trial)
    SELECT n, 0, 'helped', jsonb_build_object('candidates', candidates, 'sets', sets, 'before', figures || '{\"cost\": 1000}')
    FROM generate_series(1, 300) AS n,
        (VALUES ('{\"rows\": 1, \"workers\": 0, \"is_generic\": false, \"is_compiled\": false, \"shape\": \"\"}'::jsonb)) AS f (figures),
        LATERAL (SELECT jsonb_agg(jsonb_build_object('relation', 'wide'::regclass::oid::bigint, 'method', 'btree',
                     'keys', jsonb_build_array(jsonb_build_object('what', jsonb_build_object('column', c)))) ORDER BY c),
                 jsonb_agg(jsonb_build_object('members', jsonb_build_array(c - 1),
                     'after', figures || jsonb_build_object('cost', CASE WHEN c = n % 200 + 1 THEN 50 ELSE 600 - c END)) ORDER BY c)
             FROM generate_series(1, 200) AS c) AS t (candidates, sets)" many
# psql writes what it was told before it goes: a session that is gone has said all.
CHOOSING="FROM pg_stat_activity WHERE application_name = 'choosing'"
# The call has begun, and had time to come to its choice.
begin_choice() {
    PGAPPNAME=choosing "$PG_BIN/psql" -XAtq -d many -c "SELECT optimizer.generate_suggestions()" >"$SCENARIO_DIR/choice" 2>&1 &
    wait_until 30 "SELECT count(*) = 1 $CHOOSING" && sleep 5
}
claim "a long choice begins" begin_choice
claim_sql "it is at it still, and is cancelled" "SELECT pg_cancel_backend(pid) $CHOOSING"
claim "that ends it within 2 s" wait_until 2 "SELECT count(*) = 0 $CHOOSING"
claim "as a cancel" says "$(cat "$SCENARIO_DIR/choice")" "canceling statement due to user request"
claim "another begins" begin_choice
claim_sql "its process is told to end" "SELECT pg_terminate_backend(pid) $CHOOSING"
claim "it does within 2 s" wait_until 2 "SELECT count(*) = 0 $CHOOSING"
psql_q "DROP DATABASE many"
claim_consistent
cluster_stop "$MAIN"
