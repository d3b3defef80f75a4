#!/usr/bin/env bash
# The background worker on clusters of its own: serving, waking, reloading, repeating, failing, standing aside.
# Trap: that maintenance runs is read from what run_maintenance wrote. After the first claims a stand-in replaces it, which counts its calls in
# public.calls and can be made slow, greedy or broken; the real one is too well-behaved to show what happens then.
# EXTENSION names another build of the same library. Takes about 4 minutes: backing off needs time to be seen.
set -u
# pgrx would add a backtrace to every error in the log.
unset RUST_BACKTRACE
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
EXTENSION=${EXTENSION:-optimizer_workflow}
MAIN=$SCENARIO_DIR/main
STANDBY=$SCENARIO_DIR/standby

LAUNCHER="backend_type = 'optimizer_workflow launcher'"
WORKER="backend_type = 'optimizer_workflow worker'"

setting() { psql_q "ALTER SYSTEM SET optimizer_workflow.$1 = '$2'" && psql_q 'SELECT pg_reload_conf()' >/dev/null; }
# calls STEP DATABASE: how often the stand-in was called for it.
calls() { psql_q "SELECT coalesce((SELECT calls FROM public.calls WHERE step = '$1'), 0)" "$2"; }
forget_calls() { local database; for database in "$@"; do psql_q 'DELETE FROM public.calls' "$database"; done; }
# called STEP DATABASE SECONDS: waits until it is called again.
called() { forget_calls "$2" && wait_until "$3" "SELECT count(*) > 0 FROM public.calls WHERE step = '$1'" "$2"; }
# The same in a session with options of its own.
env_called() { local -x PGOPTIONS=$1; shift; called "$@"; }
log_lines() { cluster_log "$MAIN" | grep -c -- "$1"; }
# log_lines_are PATTERN COUNT, log_gets SECONDS PATTERN
log_lines_are() { local found; found=$(log_lines "$1"); [ "$found" -eq "$2" ] || { echo "$found lines match: $1"; return 1; }; }
log_gets() { local i; for ((i = 0; i < $1 * 5; i++)); do if cluster_log "$MAIN" | grep -q -- "$2"; then return 0; fi; sleep 0.2; done; return 1; }
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }

# stand_in DATABASE [BODY]: replaces run_maintenance; BODY runs after the call is counted and may set `said`.
stand_in() {
    psql_q "SET client_min_messages = warning;
        CREATE TABLE IF NOT EXISTS public.calls (step text PRIMARY KEY, calls int NOT NULL, last_at timestamptz NOT NULL, caller name NOT NULL);
        CREATE OR REPLACE FUNCTION optimizer.run_maintenance(only_step text DEFAULT NULL)
        RETURNS TABLE (step text, detail text, ms float8) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS \$body\$
        #variable_conflict use_column
        DECLARE said text := 'done';
        BEGIN
            INSERT INTO public.calls AS c VALUES (only_step, 1, clock_timestamp(), current_user)
            ON CONFLICT (step) DO UPDATE SET calls = c.calls + 1, last_at = excluded.last_at, caller = excluded.caller;
            ${2:-}
            RETURN QUERY SELECT only_step, said, 0.1::float8;
        END \$body\$" "$1"
}

echo '# a server with nobody to serve'
rm -f "$MAIN/server.log" # log lines are counted, and the log of an earlier run would go on
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,$EXTENSION'" "pg_stat_statements.track = all" \
    "optimizer_workflow.sample_interval = 1s" "autovacuum = off" || die "the server does not start"
claim "the launcher shows in pg_stat_activity and says what it waits for" \
    wait_until 5 "SELECT count(*) = 1 FROM pg_stat_activity WHERE $LAUNCHER AND query LIKE 'optimizer_workflow: waiting%'"
claim_sql "it is connected to no database" "SELECT datid IS NULL FROM pg_stat_activity WHERE $LAUNCHER"

echo '# waking and stepping'
for database in shop books bare; do psql_q "CREATE DATABASE $database"; done
sleep 2
psql_q 'CREATE EXTENSION pg_stat_statements' shop
psql_q "CREATE EXTENSION $EXTENSION" shop
claim "CREATE EXTENSION wakes it: a sample step has run within 5 s" \
    wait_until 5 "SELECT count(*) > 0 FROM optimizer.maintenance_runs WHERE step = 'sample'" shop
stand_in shop "PERFORM pg_sleep(0.1);"
claim "every step is called" wait_until 6 "SELECT count(*) = 5 FROM public.calls WHERE step IN ('sample', 'purge', 'advise', 'aggregate', 'measure')" shop
claim "the worker shows in pg_stat_activity, in its database, with its step" \
    wait_until 10 "SELECT count(*) > 0 FROM pg_stat_activity WHERE $WORKER AND datname = 'shop' AND query LIKE 'optimizer_workflow: %' AND state = 'active'"
claim_sql "it runs as the bootstrap superuser" "SELECT bool_and(caller = (SELECT rolname FROM pg_roles WHERE oid = 10)) FROM public.calls" shop
claim_sql "its own statements are not counted" "SELECT count(*) = 0 FROM pg_stat_statements WHERE query ~ '^\s*(INSERT INTO public.calls|SELECT only_step)|one step of maintenance'" shop

echo '# the interval'
stand_in shop
forget_calls shop; sleep 10; count=$(calls sample shop)
claim "1 s gives 7 to 11 samples in 10 s (here $count)" between "$count" 7 11
setting sample_interval 4s; sleep 5
forget_calls shop; sleep 12; count=$(calls sample shop)
claim "4 s is taken on reload: 2 to 4 samples in 12 s (here $count)" between "$count" 2 4
setting sample_interval 1d; sleep 5; forget_calls shop; setting sample_interval 1s
claim "a shorter interval ends a rest that has begun" wait_until 3 "SELECT count(*) > 0 FROM public.calls" shop
psql_q "CREATE OR REPLACE FUNCTION optimizer.run_maintenance(only_step text DEFAULT NULL) RETURNS TABLE (step text, detail text, ms float8)
    LANGUAGE sql AS \$\$ SELECT only_step, 'not due'::text, 0.0::float8 \$\$" shop
sleep 2; first=$(psql_q 'SELECT pg_current_xact_id()'); sleep 5; second=$(psql_q 'SELECT pg_current_xact_id()')
claim "a cycle with nothing due uses no transaction id" test $((second - first)) -eq 1
stand_in shop

echo '# off and on'
setting enabled off; sleep 2; forget_calls shop; sleep 3
claim_sql "enabled = off stops it" "SELECT count(*) = 0 FROM public.calls" shop
claim_sql "and the launcher says so" "SELECT query LIKE '%switched off%' FROM pg_stat_activity WHERE $LAUNCHER"
setting enabled on
claim "enabled = on resumes" wait_until 3 "SELECT count(*) > 0 FROM public.calls" shop

echo '# several databases'
psql_q "CREATE EXTENSION $EXTENSION" books; stand_in books
claim "a second database is served" called measure books 5
claim "and so is the first" called measure shop 5
claim_sql "a database without the extension is left as it was" "SELECT count(*) = 0 FROM pg_namespace WHERE nspname = 'optimizer'" bare
setting databases 'books, nowhere'; sleep 3; forget_calls shop books; sleep 3
claim_sql "databases = 'books' leaves the others alone" "SELECT count(*) = 0 FROM public.calls" shop
claim_sql "and serves books" "SELECT count(*) > 0 FROM public.calls" books
claim "a listed name that does not exist is reported once" log_lines_are 'WARNING:.*database "nowhere"' 1
setting databases ''
claim "an empty list serves all again" called sample shop 4
psql_q 'CREATE DATABASE "Größe, ""a"""' && psql_q "CREATE EXTENSION $EXTENSION" 'Größe, "a"'
claim "a difficult name is served" wait_until 5 "SELECT count(*) > 0 FROM optimizer.maintenance_runs WHERE step = 'sample'" 'Größe, "a"'
psql_q 'DROP DATABASE "Größe, ""a"""'
psql_q "ALTER DATABASE shop SET role = 'pg_monitor'"
claim "a role set for the database does not reach the worker" env_called "-c role=none" measure shop 4
psql_q "ALTER DATABASE shop RESET role"

echo '# repeats, and the connection handed back'
stand_in shop "IF only_step = 'purge' THEN said := '3000 left, more'; END IF;"
setting sample_interval 1h; setting databases books; sleep 3; forget_calls shop; setting databases ''
claim "a step that answers more is called 20 times more" wait_until 6 "SELECT calls = 21 FROM public.calls WHERE step = 'purge'" shop
sleep 3
claim_sql "and then no more in this cycle" "SELECT calls = 21 FROM public.calls WHERE step = 'purge'" shop
claim_sql "the other steps were called once" "SELECT bool_and(calls = 1) FROM public.calls WHERE step <> 'purge'" shop
setting sample_interval 1s
stand_in shop "PERFORM pg_sleep(1.5); said := 'more';"; sleep 3
claim "CREATE DATABASE ... TEMPLATE works beside workers that are always busy" psql_q 'CREATE DATABASE shop_copy TEMPLATE shop'
sleep 2; begun=$SECONDS
claim "DROP DATABASE works beside workers that are always busy" psql_q 'DROP DATABASE shop'
claim "within 6 s (here $((SECONDS - begun)) s)" between $((SECONDS - begun)) 0 6
psql_q 'DROP DATABASE shop_copy WITH (FORCE)'
psql_q 'CREATE DATABASE shop' && psql_q "CREATE EXTENSION $EXTENSION" shop && stand_in shop
claim "a database made again under its name is served" called sample shop 5

echo '# DROP EXTENSION beside a running step'
stand_in shop "PERFORM count(*) FROM optimizer.maintenance_runs; PERFORM pg_sleep(0.4);"; sleep 2; errors=$(log_lines 'ERROR\|FATAL')
claim "DROP EXTENSION works" psql_q "BEGIN; SET LOCAL client_min_messages = warning; DROP EXTENSION $EXTENSION CASCADE; DO 'BEGIN PERFORM pg_sleep(0.9); END'; COMMIT" shop
sleep 3
claim "and the workers leave quietly" log_lines_are 'ERROR\|FATAL' "$errors"
psql_q "SET client_min_messages = warning; DROP SCHEMA IF EXISTS optimizer CASCADE" shop
psql_q "CREATE EXTENSION $EXTENSION" shop; stand_in shop
claim "CREATE EXTENSION again is noticed" called sample shop 5

echo '# failing'
stand_in shop "IF only_step = 'advise' THEN said := 'failed: row ' || (random() * 1000)::int || ' is odd'; END IF;"; sleep 5
claim "a step that answers failed is logged once, whatever its numbers" log_lines_are 'WARNING:.*step "advise" failed: row' 1
died_before=$(log_lines 'LOG:.*database "shop" died in step')
stand_in shop "IF only_step = 'advise' THEN RAISE EXCEPTION 'advise is broken'; END IF;"
forget_calls shop; sleep 16; count=$(log_lines 'ERROR:.*advise is broken')
claim "a step that raises backs off: 2 to 5 errors in 16 s (here $count)" between "$count" 2 5
claim_sql "while sampling keeps its interval and the steps behind it run" \
    "SELECT count(*) = 2 FROM public.calls WHERE step IN ('sample', 'measure') AND calls >= 10" shop
# A visit that is under way when the stand-in comes dies in whatever step it is in, and each step backs off by itself: at most one more per step.
stand_in shop "RAISE EXCEPTION 'all is broken, % too', only_step;"; sleep 20
count=$(log_lines 'ERROR:.*all is broken, sample too'); others=$(log_lines 'ERROR:.*all is broken, [^s]')
claim "a failing run_maintenance backs off: 3 to 6 errors in 20 s (here $count)" between "$count" 3 6
claim "and no other step runs where sampling fails, but for the visit that was under way (here $others)" between "$others" 0 4
claim "a failing database does not hold up another" called sample books 4
stand_in shop
sleep 2 # the launcher books a death after the worker wrote its error
errors=$(log_lines 'ERROR:.* is broken')
claim "with one line of ours for each error" log_lines_are 'LOG:.*database "shop" died in step' $((died_before + errors))
claim "a repaired one is served again" called sample shop 40
claim "each step of it" called advise shop 40
setting worker_max_runtime 2s
stand_in shop "IF only_step = 'advise' THEN PERFORM pg_sleep(30); END IF;"
claim "worker_max_runtime ends a transaction" log_gets 10 'canceling statement due to statement timeout'
setting worker_max_runtime 60s
stand_in shop; called advise shop 40 >/dev/null
psql_q 'CREATE TABLE public.locked ()' shop
stand_in shop "IF only_step = 'advise' THEN LOCK TABLE public.locked; END IF;"
psql_q 'BEGIN; LOCK TABLE public.locked; SELECT pg_sleep(8)' shop >/dev/null &
claim "lock_timeout ends the wait for a lock" log_gets 10 'canceling statement due to lock timeout'
wait $!
stand_in shop
setting databases books; sleep 2
psql_q "BEGIN; ALTER DATABASE bare RENAME TO bare_too; SELECT pg_sleep(14)" >/dev/null &
sleep 0.5; setting databases ''
claim "a worker that cannot connect is given up" log_gets 15 'in database "bare" died while connecting'
wait $!
claim "and the others are served" called sample shop 5

echo '# a launcher that ends'
pid=$(psql_q "SELECT pg_terminate_backend(pid)::text || pid FROM pg_stat_activity WHERE $LAUNCHER"); pid=${pid#true}
claim "after SIGTERM it is back within 12 s" wait_until 12 "SELECT count(*) = 1 FROM pg_stat_activity WHERE $LAUNCHER AND pid <> $pid"
claim "and serves" called sample shop 5
stand_in shop "IF only_step = 'sample' THEN PERFORM pg_sleep(13); END IF;"
wait_until 5 "SELECT count(*) = 1 FROM pg_stat_activity WHERE $WORKER AND datname = 'shop' AND query LIKE '%sample%' AND xact_start < now() - interval '1 s'"
psql_q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $LAUNCHER" >/dev/null
most=0
for _ in $(seq 70); do
    count=$(psql_q "SELECT count(*) FROM pg_stat_activity WHERE $WORKER")
    if [ "$count" -gt "$most" ]; then most=$count; fi
    sleep 0.2
done
claim "the next one waits for a worker still running: never two at a time (most $most)" test "$most" -eq 1
stand_in shop

echo '# a role of its own'
psql_q 'CREATE ROLE optimizer_runner LOGIN IN ROLE pg_read_all_stats'
for database in shop books; do
    psql_q 'GRANT USAGE ON SCHEMA optimizer TO optimizer_runner; GRANT ALL ON ALL FUNCTIONS IN SCHEMA optimizer TO optimizer_runner; GRANT ALL ON public.calls TO optimizer_runner' $database
done
setting role optimizer_runner
claim "optimizer_workflow.role is whom it runs as" wait_until 20 "SELECT count(*) > 0 FROM public.calls WHERE caller = 'optimizer_runner'" shop
setting role nobody_here; sleep 4
claim "a role that does not exist backs off" between "$(log_lines 'role "nobody_here" does not exist')" 2 9
setting role ''
claim "without it the bootstrap superuser takes over again" called sample shop 20

echo '# no free slot'
psql_q 'ALTER SYSTEM SET max_worker_processes = 2' # the launcher and the one of logical replication
cluster_restart "$MAIN"; sleep 4
claim_sql "the server is unharmed" 'SELECT true'
claim "one line says what to raise" log_lines_are 'no background worker slot is free' 1
claim "with a hint" log_lines_are 'HINT:.*Raise "max_worker_processes"' 1
psql_q 'ALTER SYSTEM RESET max_worker_processes'; cluster_restart "$MAIN"
claim "with a slot it serves" called sample shop 6

echo '# a standby'
cluster_standby "$STANDBY" || die "the standby does not start"
sleep 3
claim_sql "it is one, and has neither launcher nor worker" "SELECT pg_is_in_recovery() AND count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'optimizer_workflow%'"
psql_q 'SELECT pg_promote()' >/dev/null
claim "once promoted it has a launcher" wait_until 10 "SELECT count(*) = 1 FROM pg_stat_activity WHERE $LAUNCHER"
claim "that serves" called sample shop 6
cluster_stop "$STANDBY"; cluster_use "$MAIN"

echo '# crash and shutdown'
pid=$(psql_q "SELECT pid FROM pg_stat_activity WHERE $LAUNCHER"); kill -9 "$pid"
claim "a killed launcher is back after the server recovered" wait_until 20 "SELECT count(*) = 1 FROM pg_stat_activity WHERE $LAUNCHER AND pid <> $pid"
claim "and serves" called sample shop 15
stand_in shop "PERFORM pg_sleep(30);"
claim "a long step is under way" wait_until 10 "SELECT count(*) = 1 FROM pg_stat_activity WHERE $WORKER AND xact_start < now() - interval '1 s'"
claim_consistent shop; claim_consistent books
begun=$(date +%s%N); cluster_stop "$MAIN"; took=$((($(date +%s%N) - begun) / 1000000))
claim "a fast shutdown takes under 5 s (here $took ms)" test $took -lt 5000
claim "nothing panicked" log_lines_are 'PANIC\|panicked\|TRAP' 0
