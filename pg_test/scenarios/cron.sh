#!/usr/bin/env bash
# pg_cron in the worker's place, by the blocks of docs/pg_cron.md: samples and a measurement by cron alone, another database, an
# operator, both at once, what cron notes, unscheduling, cron's background workers. Takes four minutes: pg_cron 1.4 counts in minutes.
# Trap: the jobs of one minute start together; what is claimed of a minute is waited for in cron.job_run_details.
# Trap: a NOTICE to pg_cron is seen by nobody but the server's log, which therefore keeps them here.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
DOC=$REPO/docs/pg_cron.md
rm -f "$MAIN/server.log"
[ -f "$("$PG_CONFIG" --sharedir)/extension/pg_cron.control" ] || { claim "pg_cron is installed (tools/setup.sh)" false; exit 1; }
cluster_start "$MAIN" "optimizer_workflow.enabled = off" "optimizer_workflow.sample_interval = 1s" "autovacuum = off" \
    "optimizer_workflow.databases = 'postgres, shop'" "log_min_messages = notice" || die "the server does not start"
cluster_conf "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow,pg_cron'" \
    "cron.database_name = 'postgres'" "cron.host = '$PGHOST'"
cluster_restart "$MAIN" || die "the server does not start with pg_cron"

says() { case $1 in *"$2"*) ;; *) echo "it said: $1"; return 1 ;; esac; }
setting() { psql_q "ALTER SYSTEM SET optimizer_workflow.$1 = '$2'" && psql_q 'SELECT pg_reload_conf()' >/dev/null; }
# block WORDS: the SQL block of the page that holds them.
block() { awk -v words="$1" '/^```sql/ { on = 1; text = ""; next } /^```/ { if (on && index(text, words)) { printf "%s", text; exit } on = 0 } on { text = text $0 "\n" }' "$DOC"; }
page() { local sql; sql=$(block "$1") && [ -n "$sql" ] && psql_q "$sql"; }
runs() { psql_q "SELECT count(*) FROM cron.job_run_details r JOIN cron.job j USING (jobid) WHERE j.jobname = '$1' AND r.status IN ('succeeded', 'failed')"; }
# ran NAME TIMES SECONDS: waits until the job has come to its end so often.
ran() { wait_until "$3" "SELECT count(*) >= $2 FROM cron.job_run_details r JOIN cron.job j USING (jobid)
    WHERE j.jobname = '$1' AND r.status IN ('succeeded', 'failed')"; }
work() { psql_q "SELECT count(*) FROM public.counted WHERE a = $2" "$1" >/dev/null; }
sampled() { psql_q "SELECT coalesce(sum(m.calls), 0) FROM optimizer.query_metrics m JOIN optimizer.query_texts t USING (query_hash)
    WHERE t.query LIKE 'SELECT count(*) FROM public.counted%'" "$1"; }

# hold DATABASE APPLICATION SECONDS: has the lock of recommendations until a session of that name, or a process of that type, has waited
# for it for three seconds.
hold() {
    psql_q "DO \$\$ BEGIN
        PERFORM pg_advisory_xact_lock(1869641574, 2);
        WHILE clock_timestamp() < now() + interval '$3 s' LOOP
            PERFORM pg_stat_clear_snapshot(), pg_sleep(0.2);
            EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND (application_name = '$2' OR backend_type LIKE '$2%')
                AND wait_event = 'advisory' AND query_start < clock_timestamp() - interval '3 s');
        END LOOP; END \$\$" "$1"
}
progress_lines() { cluster_log "$MAIN" | grep -c 'NOTICE:  optimizer_workflow: step'; }

for database in shop bare; do psql_q "CREATE DATABASE $database"; done
for database in postgres shop; do psql_q "CREATE EXTENSION pg_stat_statements; CREATE TABLE public.counted (a int)" "$database"; done
for database in postgres shop bare; do psql_q "CREATE EXTENSION optimizer_workflow" "$database" >/dev/null; done
awk '/^CREATE ROLE tuning_operator/ { on = 1 } /^```/ { on = 0 } on' "$REPO/README.md" >"$SCENARIO_DIR/grants.sql"
"$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d shop -f "$SCENARIO_DIR/grants.sql" >/dev/null
psql_q "CREATE ROLE plain LOGIN"

# A query that took 100 ms for four days, and 40 since an index was made 50 hours ago; its last look is due.
psql_q "$(cat "$REPO/pg_test/lived.sql")
    SELECT lived(1, 146, 51, 100), lived(1, 50, 0, 40);
    SELECT lived(h, 146, 0, 70) FROM generate_series(11, 16) AS h;
    CREATE TABLE t (c int); CREATE INDEX ON t (c);
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score)
    VALUES (1, 't', 'CREATE INDEX ON t (c)', 60, 0.9);
    SELECT optimizer.aggregate_recommendations()" >/dev/null
psql_q "SELECT impl_id FROM optimizer.recommendations r, optimizer.record_recommendation_implementation(r.id, implemented_at => now() - interval '50 hours')" >/dev/null

echo '# by cron alone'
claim "the job is scheduled as the page says" page "CREATE EXTENSION pg_cron"
claim "the one for another database" page "'optimizer in shop'"
claim "and the one as operator" page "ALTER ROLE tuning_operator"
psql_q "SELECT cron.schedule_in_database('bare', '* * * * *', 'SELECT * FROM optimizer.run_maintenance()', 'bare'),
    cron.schedule_in_database('refused', '* * * * *', 'SELECT * FROM optimizer.run_maintenance()', 'shop', 'plain')" >/dev/null
claim_sql "no worker is there" "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'optimizer_workflow worker'"
for job in optimizer 'optimizer in shop' 'optimizer in shop, as operator' bare refused; do
    claim "\"$job\" has run within a minute" ran "$job" 1 75
done
claim_sql "all steps were taken" "SELECT count(*) = 6 AND bool_and(detail NOT LIKE 'failed%') FROM optimizer.maintenance_runs"
claim_sql "a sample was taken" "SELECT sampled_at > now() - interval '90 s' FROM optimizer.sampler_state"
claim_sql "the implementation was measured to its verdict" \
    "SELECT status = 'implemented' AND verdict = 'improved' FROM optimizer.implementations"
claim_sql "and learned from" "SELECT count(*) = 1 FROM optimizer.learned_kinds"
claim_sql "in the other database too" "SELECT count(*) = 6 AND bool_and(detail NOT LIKE 'failed%') FROM optimizer.maintenance_runs" shop
details=$(page "FROM cron.job_run_details")
claim "cron notes a success with its rows" says "$details" "|succeeded|6 rows"
claim_sql "the operator's job ran as operator" "SELECT bool_and(username = 'tuning_operator' AND status = 'succeeded') FROM cron.job_run_details r JOIN cron.job j USING (jobid, username) WHERE jobname LIKE '%operator'"
claim "what a role may not is a failed job, with the reason" says "$details" "permission denied for"
claim_sql "a failed step is a job that succeeded" "SELECT bool_and(status = 'succeeded') FROM cron.job_run_details r JOIN cron.job j USING (jobid) WHERE jobname = 'bare'"
claim "and status() says which, and why" says "$(psql_q "$(awk '/FROM optimizer.status\(\) WHERE NOT ok/' "$DOC")" bare)" "maintenance: sample|failed: extension pg_stat_statements is not installed"

echo '# cron and worker together'
psql_q "SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname IN ('optimizer in shop', 'bare', 'refused')" >/dev/null
before=$(psql_q "SELECT count(*) FROM cron.job_run_details")
# Nobody can aggregate in bare until a job of pg_cron has waited for three seconds: long enough to say how far it is.
psql_q "SELECT cron.schedule_in_database('slow', '* * * * *', 'SELECT * FROM optimizer.aggregate_recommendations()', 'bare')" >/dev/null
hold bare pg_cron 75 &
HOLDER=$!
claim "jobs are unscheduled" test "$(psql_q "SELECT count(*) FROM cron.job")" = 3
setting enabled on
claim "the worker samples every second" wait_until 20 "SELECT last_run_at > now() - interval '3 s' FROM optimizer.maintenance_runs WHERE step = 'sample'"
for database in postgres shop; do psql_q "SELECT * FROM optimizer.take_sample()" "$database" >/dev/null; done
executions=0
while [ "$(runs optimizer)" -lt 2 ] && [ "$executions" -lt 2000 ]; do
    for database in postgres shop; do work "$database" "$executions"; done
    executions=$((executions + 1)); sleep 0.1
done
claim "cron has run beside it" ran optimizer 2 10
claim "the operator's job as well" ran 'optimizer in shop, as operator' 2 10
setting enabled off
for database in postgres shop; do
    psql_q "SELECT * FROM optimizer.take_sample()" "$database" >/dev/null
    claim "each of the $executions executions in $database was counted once" test "$(sampled "$database")" = "$executions"
done
claim_sql "each look was taken once" "SELECT count(*) = 1 FROM optimizer.implementation_measurements"
claim_sql "unscheduled jobs did not run again" "SELECT count(*) = $before + 3 FROM cron.job_run_details"

echo '# quiet'
claim "a job that waited three seconds has run" ran slow 1 10
wait "$HOLDER"
claim "and told the log nothing of how far it was" test "$(progress_lines)" = 0
hold bare psql 20 &
sleep 1
claim "the same call of a person says so" says "$(psql_q "SELECT * FROM optimizer.aggregate_recommendations()" bare 2>&1)" \
    "NOTICE:  optimizer_workflow: step 2 of 2: adding recommendations"
wait $!
claim "and the log, which keeps NOTICEs here, has it" test "$(progress_lines)" = 1
cluster_conf "$MAIN" "cron.use_background_workers = on"
cluster_restart "$MAIN" || die "the server does not start with cron's background workers"
slow=$(runs slow)
hold bare pg_cron 75 >"$SCENARIO_DIR/held" 2>&1 &
HOLDER=$!
claim "as a background worker of cron it waits, too" wait_until 75 "SELECT count(*) > 0 FROM pg_stat_activity
    WHERE backend_type LIKE 'pg_cron%' AND datname = 'bare' AND wait_event = 'advisory' AND query_start < clock_timestamp() - interval '1500 ms'"
claim "and comes to its end" ran slow $((slow + 1)) 15
wait "$HOLDER"
claim "and told the log nothing either" test "$(progress_lines)" = 1
errors=$(cluster_log "$MAIN" | grep -E 'ERROR|FATAL|PANIC|WARNING' | grep -v 'permission denied for' | grep -vE 'terminating .* due to administrator command|the database system is (starting up|shutting down)')
claim "no error in the log but the refused role's" test -z "$errors"
[ -z "$errors" ] || printf '%s\n' "$errors" | head -5 | sed 's/^/#   /'
claim "the job for old runs is scheduled as the page says" page "'old runs'"
claim "and unscheduling is" page "SELECT cron.unschedule('optimizer')"
claim_sql "the job is gone" "SELECT count(*) = 0 FROM cron.job WHERE jobname = 'optimizer'"
claim_consistent
claim_consistent shop
cluster_stop "$MAIN"
