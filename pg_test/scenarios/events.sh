#!/usr/bin/env bash
# What happens beside us is noted once, at the right time, whoever does it and by whatever way it is seen; nobody's DDL
# fails or waits for it; and what was advised and done is offered for recording.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
rm -f "$MAIN/server.log"
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" || die "the server does not start"

says() { case $1 in *"$2"*) ;; *) echo "it said: $1"; return 1 ;; esac; }
# as ROLE SQL: another client and role, each statement by itself.
as() { printf '%s\n' "$2" | PGUSER=$1 "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d postgres 2>&1; }
# look [db]: one look now, whenever the last one was.
look() {
    psql_q "UPDATE optimizer.maintenance_runs SET last_run_at = '2000-01-01' WHERE step = 'events'" "${1:-postgres}"
    psql_q "UPDATE optimizer.seen_server SET catalog_looked_at = catalog_looked_at, catalog_look_ms = 0" "${1:-postgres}"
    LOOK=$(psql_q "SELECT detail FROM optimizer.run_maintenance('events')" "${1:-postgres}" 2>&1)
}
# since: the events from MARK on, in lines; mark: what follows is new.
mark() { psql_q "SELECT coalesce(max(id), 0) FROM optimizer.system_events" >"$SCENARIO_DIR/mark"; }
since() {
    psql_q "SELECT concat_ws(' ', event_type, action, 'by', noticed_by, actor, coalesce(object_name, setting_name), setting_scope,
                             database_name, role_name, old_value, new_value)
            FROM optimizer.events WHERE id > $(cat "$SCENARIO_DIR/mark") ORDER BY id"
}
# noted TEXT: exactly these events since MARK, after a look; mark again.
noted() {
    local found
    look; found=$(since); mark
    [ "$found" = "$1" ] || { printf 'look: %s\nit noted:\n%s\ninstead of:\n%s\n' "$LOOK" "$found" "$1"; return 1; }
}

psql_q "CREATE EXTENSION pg_stat_statements; CREATE TABLE orders (id int PRIMARY KEY, customer_id int, note text);
    INSERT INTO orders SELECT n, n % 100 FROM generate_series(1, 1000) AS n; CREATE INDEX there_before ON orders (note);
    CREATE EXTENSION optimizer_workflow; CREATE ROLE deployer LOGIN; GRANT ALL ON SCHEMA public TO deployer;
    ALTER TABLE orders OWNER TO deployer; CREATE INDEX before_the_first_look ON orders (note, id)"

echo '# the first look'
look
claim "only sees" says "$LOOK" "first look"
claim_sql "nothing that was there before, the extension's own objects least of all" "SELECT count(*) = 0 FROM optimizer.system_events"
mark
claim "and a second one finds nothing new" noted ""

echo '# DDL of another client, by event trigger'
as deployer "CREATE INDEX orders_customer_idx ON orders (customer_id)"
claim "an index is noted once, with who did it" noted "index created by event trigger deployer public.orders_customer_idx"
claim_sql "to the second, with table and definition" \
    "SELECT occurred_after IS NULL AND occurred_at > now() - interval '30 s' AND relation_id = 'orders'::regclass AND relation_name = 'public.orders'
        AND definition = 'CREATE INDEX orders_customer_idx ON public.orders USING btree (customer_id)'
     FROM optimizer.events WHERE object_name = 'public.orders_customer_idx'"
as deployer "CREATE INDEX CONCURRENTLY orders_slowly_idx ON orders (customer_id, id)"
claim "one that is built concurrently too" noted "index created by event trigger deployer public.orders_slowly_idx"
as deployer "BEGIN; CREATE INDEX never ON orders (id, note); ALTER TABLE orders ADD never int; ROLLBACK"
claim "what is rolled back never happened" noted ""
as deployer "CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (customer_id)" >/dev/null
claim_sql "an index that failed to build is there, invalid" "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = 'broken'::regclass"
claim "and no event" noted ""
as deployer "DROP INDEX broken; DROP INDEX CONCURRENTLY orders_slowly_idx"
claim "a dropped index is noted, one that never was valid as well" noted "index dropped by event trigger deployer public.broken
index dropped by event trigger deployer public.orders_slowly_idx"
claim_sql "with the table it was on" "SELECT relation_name = 'public.orders' FROM optimizer.events WHERE object_name = 'public.orders_slowly_idx' AND action = 'dropped'"
as deployer "CREATE TABLE lines (id int PRIMARY KEY, order_id int UNIQUE); ALTER TABLE lines ADD amount numeric; CREATE TABLE copied AS SELECT 1 AS a;
    CREATE STATISTICS lines_stat ON id, order_id FROM lines"
claim "tables and statistics, the indexes of a new table as part of it" noted "table created by event trigger deployer public.lines
table altered by event trigger deployer public.lines
table created by event trigger deployer public.copied
statistics created by event trigger deployer public.lines_stat"
as deployer "CREATE TEMP TABLE passing (id int PRIMARY KEY); CREATE INDEX ON passing (id); DROP TABLE passing"
claim "temporary ones are nobody's business" noted ""
as deployer "BEGIN; CREATE TABLE gone (id int); CREATE INDEX gone_idx ON gone (id); DROP TABLE gone; COMMIT"
claim "made and dropped between two looks: each as it was done" noted "table created by event trigger deployer public.gone
index created by event trigger deployer public.gone_idx
table dropped by event trigger deployer public.gone"
as deployer "DROP TABLE lines; DROP TABLE copied"
claim "a table takes its indexes and statistics along" noted "table dropped by event trigger deployer public.lines
table dropped by event trigger deployer public.copied"
as deployer "CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')"
look; mark
as deployer "CREATE INDEX parts_id_idx ON parts (id)"
claim "an index of a partitioned table is one index" noted "index created by event trigger deployer public.parts_id_idx"
as deployer "ALTER TABLE parts ADD note text"
claim "what is done to a partitioned table is done once" noted "table altered by event trigger deployer public.parts"
as deployer "CREATE TABLE whole (a int) PARTITION BY LIST (a); CREATE TABLE whole_1 PARTITION OF whole FOR VALUES IN (1); CREATE TABLE whole_2 PARTITION OF whole FOR VALUES IN (2)"
look; mark
as deployer "DROP TABLE whole"
claim "and dropped once" noted "table dropped by event trigger deployer public.whole"
psql_q "SET session_replication_role = replica; CREATE INDEX orders_replica_idx ON orders (note, customer_id)"
claim "a session in replica role is seen too" noted "index created by event trigger postgres public.orders_replica_idx"
psql_q "SET ROLE deployer; DROP INDEX orders_replica_idx"
claim "SET ROLE names the role" noted "index dropped by event trigger deployer public.orders_replica_idx"
as deployer "REINDEX INDEX CONCURRENTLY orders_customer_idx; REINDEX TABLE orders"
claim "an index that is rebuilt is the index it was" noted ""

echo '# by comparison, where the event trigger is off'
psql_q "ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE; ALTER EVENT TRIGGER optimizer_workflow_drop DISABLE"
claim_sql "status() says so, and what to type" \
    "SELECT detail LIKE '%comparison of the catalog alone' AND hint LIKE '%ALTER EVENT TRIGGER%' FROM optimizer.status() WHERE item = 'events'"
as deployer "CREATE INDEX CONCURRENTLY orders_slowly_idx ON orders (customer_id, id); CREATE TABLE lines (id int PRIMARY KEY)" >/dev/null
claim "the same changes are found" noted "index created by look public.orders_slowly_idx
table created by look public.lines"
claim_sql "with the interval in which they were made" \
    "SELECT bool_and(occurred_after < occurred_at AND occurred_at <= noticed_at) FROM optimizer.events WHERE noticed_by = 'look'"
as deployer "ALTER TABLE lines ADD b int; ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.01); DROP INDEX orders_slowly_idx; ALTER INDEX orders_customer_idx SET (fillfactor = 50)"
claim "what was altered and dropped too" noted "index altered by look public.orders_customer_idx CREATE INDEX orders_customer_idx ON public.orders USING btree (customer_id)
index dropped by look public.orders_slowly_idx
table altered by look public.lines
table altered by look public.orders"
as deployer "REINDEX INDEX CONCURRENTLY orders_customer_idx; VACUUM ANALYZE orders"
claim "what is rebuilt, analyzed or vacuumed is no change of definition" noted ""
as deployer "CREATE INDEX parts_at_idx ON parts (at); DROP TABLE lines"
claim "a partitioned index is one index here as well" noted "index created by look public.parts_at_idx
table dropped by look public.lines"
psql_q "ALTER EVENT TRIGGER optimizer_workflow_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER optimizer_workflow_drop ENABLE ALWAYS"

echo '# settings'
psql_q "ALTER SYSTEM SET work_mem = '64MB'"; psql_q "ALTER SYSTEM SET log_min_duration_statement = '1min'"
psql_q "SELECT pg_reload_conf()" >/dev/null; sleep 0.5
claim "a setting of the server, with its units; what it logs is left out" noted "setting changed by look work_mem server 4MB 64MB"
claim_sql "at the time the configuration was loaded" \
    "SELECT occurred_at = pg_conf_load_time() AND occurred_at < noticed_at FROM optimizer.events WHERE new_value = '64MB'"
psql_q "ALTER DATABASE postgres SET jit = off; ALTER ROLE deployer SET work_mem = '8MB'; ALTER ROLE deployer IN DATABASE postgres SET enable_seqscan = off;
    ALTER ROLE ALL SET random_page_cost = 1.1; ALTER DATABASE template1 SET jit = off; ALTER ROLE deployer SET application_name = 'x'"
claim "of database, role, role in a database, all roles; not of another database" noted "setting created by look enable_seqscan role_in_database postgres deployer off
setting created by look jit database postgres off
setting created by look random_page_cost all_roles 1.1
setting created by look work_mem role deployer 8MB"
PGOPTIONS='-c work_mem=1MB -c jit=on' look
claim "what a session has for itself is not the server's" noted ""
PGUSER=postgres PGOPTIONS='-c seq_page_cost=3' psql_q "SET effective_cache_size = '1GB'; UPDATE optimizer.maintenance_runs SET last_run_at = '2000-01-01';
    SELECT 1 FROM optimizer.run_maintenance('events')" >/dev/null
claim "neither what it sets nor what its client asked for" noted ""
psql_q "ALTER DATABASE postgres RESET jit; ALTER ROLE deployer RESET ALL; ALTER ROLE deployer IN DATABASE postgres RESET ALL; ALTER ROLE ALL RESET random_page_cost"
claim "taken back: dropped" noted "setting dropped by look enable_seqscan role_in_database postgres deployer off
setting dropped by look jit database postgres off
setting dropped by look random_page_cost all_roles 1.1
setting dropped by look work_mem role deployer 8MB"
psql_q "ALTER DATABASE postgres SET work_mem = '9MB'"
claim_sql "what was recorded for the server is looked for there, whatever the looking session has" \
    "SELECT current_setting('work_mem') = '9MB'
        AND optimizer.unmet_ground('{\"setting\": \"work_mem\", \"scope\": \"server\", \"value\": \"9MB\"}') = 'work_mem is 64MB, not 9MB'
        AND optimizer.unmet_ground('{\"setting\": \"work_mem\", \"scope\": \"server\", \"value\": \"65536\"}') IS NULL"
psql_q "ALTER DATABASE postgres RESET work_mem"
psql_q "CREATE EXTENSION IF NOT EXISTS pgrowlocks" 2>/dev/null || psql_q "CREATE EXTENSION btree_gist"
claim "an extension that was installed" says "$(look; since)" "extension created by look"
mark

echo '# resets, restarts, crashes'
psql_q "SELECT pg_stat_statements_reset()" >/dev/null
claim "a reset of pg_stat_statements" noted "stats_reset reset by look"
psql_q "SELECT pg_stat_reset_shared('bgwriter'), pg_stat_reset()" >/dev/null
claim "a reset of one kind of statistics is no crash" noted ""
cluster_restart "$MAIN"
claim "a restart" noted "restart started by look"
claim_sql "at the moment the server started" \
    "SELECT occurred_at = pg_postmaster_start_time() AND occurred_after IS NULL FROM optimizer.events WHERE event_type = 'restart'"
psql_q "CHECKPOINT"
cluster_crash "$MAIN" backend
claim "kill -9 of one process: a crash, although the server never stopped, and no reset beside" noted "crash recovered by look"
claim_sql "after the start of the server" "SELECT occurred_at > pg_postmaster_start_time() FROM optimizer.events WHERE action = 'recovered'"
psql_q "ALTER SYSTEM SET maintenance_work_mem = '96MB'"
cluster_crash "$MAIN" immediate; cluster_up "$MAIN"
claim "a start after a crash, and the setting that came with it: what was seen before is still known" noted "crash started by look
setting changed by look maintenance_work_mem server 64MB 96MB"

echo '# what looks implemented'
psql_q "INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score) VALUES
        (1, 'orders', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS a_name ON orders USING btree (note text_ops, id DESC)', 50, 0.5),
        (2, 'public.orders', 'create index on public.orders (customer_id)', 50, 0.5),
        (3, 'elsewhere.orders', 'CREATE INDEX ON elsewhere.orders (note, id DESC)', 50, 0.5),
        (4, 'orders', 'CREATE INDEX ON orders (note, id DESC) WHERE id > 5', 50, 0.5),
        (5, 'orders', 'DROP INDEX CONCURRENTLY there_before', 50, 0.5),
        (6, 'orders', 'CREATE INDEX ON orders (id, customer_id, note)', 50, 0.5);
    INSERT INTO optimizer.parameter_tuning_suggestions (query_hash, parameter_name, recommended_value, scope, estimated_improvement_percent, confidence_score) VALUES
        (11, 'effective_cache_size', '1024MB', 'server', 20, 0.5), (12, 'effective_cache_size', '1GB', 'database', 20, 0.5),
        (13, 'effective_cache_size', '2GB', 'server', 20, 0.5), (14, 'Hash_Mem_Multiplier', '3.0', 'role', 20, 0.5),
        (15, 'random_page_cost', '1.1', 'query', 20, 0.5);
    SELECT optimizer.aggregate_recommendations(); SELECT optimizer.ingest_query_metrics(n, now() - interval '2 hours', 100, 1000) FROM generate_series(1, 20) AS n" >/dev/null
offered() { psql_q "SELECT string_agg(query_hash::text, ' ' ORDER BY query_hash) FROM optimizer.get_top_recommendations(100) WHERE looks_implemented_at IS NOT NULL"; }
look; mark
claim "nothing, as long as nobody did anything; what was there before was not done" test "$(offered)" = ""
as deployer "CREATE INDEX orders_note_id_idx ON orders (note, id DESC)"
as deployer "DROP INDEX there_before"
psql_q "ALTER SYSTEM SET effective_cache_size = '1GB'"; psql_q "SELECT pg_reload_conf()" >/dev/null; psql_q "ALTER ROLE deployer SET hash_mem_multiplier = 3"; sleep 0.5
look
claim "the index under whatever name, the one that was to be dropped, the setting in its scope and however it is written" \
    test "$(offered)" = "1 5 11 14"
claim_sql "at the time the index was made" \
    "SELECT r.looks_implemented_at = e.occurred_at FROM optimizer.recommendations r, optimizer.events e
     WHERE r.query_hash = 1 AND e.object_name = 'public.orders_note_id_idx'"
claim_sql "status() offers each, with what to type" \
    "SELECT count(*) = 4 AND bool_and(ok) AND bool_or(hint LIKE 'Record it: SELECT * FROM optimizer.record_recommendation_implementation(1);')
     FROM optimizer.status() WHERE item = 'looks implemented'"
psql_q "SELECT optimizer.dismiss_recommendation(id, 'no') FROM optimizer.recommendations WHERE query_hash = 5" >/dev/null
claim "one that was dismissed is not offered" test "$(offered)" = "1 11 14"
psql_q "SELECT optimizer.reopen_recommendation(id) FROM optimizer.recommendations WHERE query_hash = 5" >/dev/null
claim "open again, it is" test "$(offered)" = "1 5 11 14"
psql_q "ALTER ROLE deployer SET hash_mem_multiplier = 4; DELETE FROM optimizer.index_suggestions WHERE query_hash = 5;
    SELECT optimizer.aggregate_recommendations()" >/dev/null
look
claim "a value that changed again, and advice that expired, are not" test "$(offered)" = "1 11"
SAID=$(psql_q "SELECT * FROM optimizer.record_recommendation_implementation((SELECT id FROM optimizer.recommendations WHERE query_hash = 1))" 2>&1)
claim "recording takes the ledger's time and says so" says "$SAID" "when the ledger of events saw the change"
claim_sql "to the microsecond" \
    "SELECT i.implementation_timestamp = e.occurred_at FROM optimizer.implementations i, optimizer.events e
     WHERE i.query_hash = 1 AND e.object_name = 'public.orders_note_id_idx'"
psql_q "SELECT * FROM optimizer.record_recommendation_implementation((SELECT id FROM optimizer.recommendations WHERE query_hash = 11), implemented_at => now() - interval '1 hour')" >/dev/null 2>&1
claim_sql "a time that is given wins" "SELECT implementation_timestamp < now() - interval '59 min' FROM optimizer.implementations WHERE query_hash = 11"
psql_q "SELECT * FROM optimizer.record_recommendation_implementation((SELECT id FROM optimizer.recommendations WHERE query_hash = 13))" >/dev/null 2>&1
claim_sql "without either it is now" "SELECT implementation_timestamp > now() - interval '10 s' FROM optimizer.implementations WHERE query_hash = 13"
as deployer "CREATE INDEX made_just_now ON orders (id, customer_id, note)"
psql_q "SELECT * FROM optimizer.record_recommendation_implementation((SELECT id FROM optimizer.recommendations WHERE query_hash = 6))" >/dev/null 2>&1
claim_sql "an index that no look has seen yet has its time all the same" \
    "SELECT i.implementation_timestamp = e.occurred_at FROM optimizer.implementations i, optimizer.events e
     WHERE i.query_hash = 6 AND e.object_name = 'public.made_just_now'"
psql_q "SELECT optimizer.revert_implementation(id) FROM optimizer.implementations WHERE query_hash = 1" >/dev/null
look
claim "what was taken back is not offered again for what it was" test "$(offered)" = ""
claim_sql "recording and reverting are events, with who did it" \
    "SELECT string_agg(action, ' ' ORDER BY id) = 'recorded recorded recorded recorded reverted' AND bool_and(actor = 'postgres' AND implementation_id > 0)
     FROM optimizer.events WHERE event_type = 'implementation'"
mark
as deployer "ANALYZE orders"; as deployer "VACUUM orders"; psql_q "CREATE TABLE other (a int); ANALYZE other"; look; sleep 0.5
claim "ANALYZE and VACUUM of a table under measurement, and of no other" says "$(look; since | grep -v ' other')" "analyze manual by look
vacuum manual by look"
claim_sql "once each" "SELECT count(*) = count(DISTINCT (event_type, occurred_at)) AND bool_and(relation_name = 'public.orders') FROM optimizer.events WHERE event_type IN ('analyze', 'vacuum')"
psql_q "UPDATE optimizer.system_events SET occurred_at = occurred_at - interval '100 days', noticed_at = noticed_at - interval '100 days' WHERE event_type = 'crash';
    SELECT optimizer.run_maintenance('purge')" >/dev/null
claim_sql "what is older than retention is purged" "SELECT count(*) = 0 FROM optimizer.events WHERE event_type = 'crash'"

echo '# bounded'
mark
psql_q "DO \$\$ BEGIN FOR n IN 1..400 LOOP EXECUTE format('CREATE TABLE many_%s (a int)', n); END LOOP; END \$\$"
look
claim_sql "400 tables in one go are 200 rows of the hour and one that says there were more" \
    "SELECT count(*) FILTER (WHERE action = 'created') BETWEEN 150 AND 200 AND count(*) FILTER (WHERE action = 'more') = 1 FROM optimizer.events WHERE event_type = 'table' AND id > $(cat "$SCENARIO_DIR/mark")"
claim_sql "what is about indexes still has room" "SELECT last_value < 200 FROM optimizer.index_events_noted"
look
claim_sql "and nothing is added by looking again" "SELECT count(*) FILTER (WHERE action = 'more') = 1 FROM optimizer.events WHERE event_type = 'table'"

echo '# rights'
psql_q "CREATE ROLE plain LOGIN; CREATE ROLE monitor LOGIN IN ROLE pg_monitor; GRANT ALL ON SCHEMA public TO plain"
claim "whoever has no right on the schema creates what he likes" test -z "$(as plain "CREATE TABLE mine (a int); CREATE INDEX mine_idx ON mine (a)")"
claim "it is noted under his name" says "$(psql_q "SELECT actor FROM optimizer.events WHERE object_name = 'public.mine_idx'")" plain
claim "he reads nothing of it" says "$(as plain "SELECT * FROM optimizer.events")" "permission denied"
claim "a monitor does" says "$(as monitor "SELECT definition FROM optimizer.events WHERE object_name = 'public.mine_idx'")" "CREATE INDEX"
claim "and nobody reads the table or calls the trigger's function" says "$(as monitor "SELECT * FROM optimizer.system_events")$(as monitor "SELECT optimizer.note_ddl()")" "permission denied"

echo '# the ledger never stands in the way'
psql_q "BEGIN; LOCK optimizer.system_events IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT" >/dev/null &
sleep 0.5
begun=$(date +%s%N)
claim "a table that is locked is not waited for" test -z "$(as deployer "CREATE INDEX while_locked ON orders (customer_id, note)")"
took=$((($(date +%s%N) - begun) / 1000000)); wait $!
claim "for longer than a moment ($took ms)" test "$took" -lt 1000
mark
claim "what could not be noted is found by the next look" noted "index created by look public.while_locked"
psql_q "ALTER TABLE optimizer.system_events RENAME TO hidden"
claim "DDL goes on without the table" test -z "$(as deployer "DROP INDEX while_locked")"
psql_q "ALTER TABLE optimizer.hidden RENAME TO system_events"
for isolation in 'repeatable read' serializable; do
    for n in 1 2; do
        as deployer "BEGIN ISOLATION LEVEL $isolation; CREATE INDEX s_$n ON orders (id) WHERE id = $n; SELECT pg_sleep(0.5); DROP INDEX there_not_$n" >/dev/null 2>&1 &
        as deployer "BEGIN ISOLATION LEVEL $isolation; CREATE TABLE s_$n (a int); SELECT pg_sleep(0.5); CREATE INDEX ON s_$n (a); DROP TABLE s_$n; COMMIT" >>"$SCENARIO_DIR/isolated" 2>&1 &
    done
    wait
done
claim "transactions that must not depend on each other do not" test -z "$(tr -d '\n' <"$SCENARIO_DIR/isolated")"
psql_q "ALTER SYSTEM SET optimizer_workflow.sample_interval = '1s'"; psql_q "ALTER SYSTEM SET optimizer_workflow.enabled = on"; psql_q "SELECT pg_reload_conf()" >/dev/null
for client in 1 2 3 4; do
    for n in $(seq 50); do
        echo "CREATE TABLE c_${client}_$n (a int, b int); CREATE INDEX ON c_${client}_$n (a); ALTER TABLE c_${client}_$n ADD c int; DROP TABLE c_${client}_$n;"
    done >"$SCENARIO_DIR/client_$client.sql"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d postgres -f "$SCENARIO_DIR/client_$client.sql" >>"$SCENARIO_DIR/clients" 2>&1 &
    CLIENTS[client]=$!
done
failed=0; for client in 1 2 3 4; do wait "${CLIENTS[client]}" || failed=$((failed + 1)); done
claim "4 clients, 800 statements of DDL beside a worker that looks every second: no error" test "$failed" -eq 0 -a ! -s "$SCENARIO_DIR/clients"
claim "nobody deadlocked" test "$(cluster_log "$MAIN" | grep -c 'deadlock detected')" -eq 0
claim "the worker looks" wait_until 10 "SELECT last_run_at > now() - interval '3 s' AND detail LIKE '%noted' FROM optimizer.maintenance_runs WHERE step = 'events'"
psql_q "ALTER SYSTEM SET optimizer_workflow.enabled = off"; psql_q "SELECT pg_reload_conf()" >/dev/null; sleep 1

# ddl_ms: median time of CREATE INDEX on an empty table, ms, in the server.
ddl_ms() {
    psql_q "CREATE TABLE timed (a int); CREATE TEMP TABLE took (ms float8);
        DO \$\$ DECLARE begun timestamptz; BEGIN FOR n IN 1..200 LOOP begun := clock_timestamp(); EXECUTE format('CREATE INDEX timed_%s ON timed (a)', n);
            INSERT INTO took SELECT extract(epoch FROM clock_timestamp() - begun) * 1000; EXECUTE format('DROP INDEX timed_%s', n); END LOOP; END \$\$;
        DROP TABLE timed; SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 3) FROM took"
}
psql_q "SELECT setval('optimizer.index_events_noted', 1, false); ALTER SEQUENCE optimizer.index_events_noted MINVALUE -100000; SELECT setval('optimizer.index_events_noted', -100000)" >/dev/null
with=$(ddl_ms)
psql_q "ALTER EVENT TRIGGER optimizer_workflow_ddl DISABLE; ALTER EVENT TRIGGER optimizer_workflow_drop DISABLE"
without=$(ddl_ms)
psql_q "ALTER EVENT TRIGGER optimizer_workflow_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER optimizer_workflow_drop ENABLE ALWAYS"
claim_sql "CREATE INDEX on an empty table: $without ms without the event trigger, $with ms with it: less than 2 ms apart" "SELECT $with - $without < 2"

echo '# DROP and CREATE EXTENSION'
psql_q "BEGIN; DROP EXTENSION optimizer_workflow; SELECT pg_sleep(2); COMMIT" >/dev/null &
sleep 0.5
claim "DDL beside a DROP EXTENSION that is not committed" test -z "$(as deployer "CREATE TABLE beside (a int); CREATE INDEX ON beside (a)")"
wait $!
claim_sql "the event triggers went with it" "SELECT count(*) = 0 FROM pg_event_trigger"
claim "and DDL goes on" test -z "$(as deployer "CREATE INDEX ON beside (a)")"
psql_q "CREATE EXTENSION optimizer_workflow"
claim_sql "they come back with it" "SELECT count(*) = 2 AND bool_and(evtenabled = 'A') FROM pg_event_trigger"
look; mark
claim "and begin anew" noted ""

echo '# dump and restore'
psql_q "CREATE INDEX before_the_dump ON beside (a)"; look
psql_q "CREATE DATABASE restored"
"$PG_BIN/pg_dump" -Fc postgres >"$SCENARIO_DIR/all.dump"
claim "a whole database with the extension in it restores without an error" "$PG_BIN/pg_restore" --exit-on-error -d restored "$SCENARIO_DIR/all.dump"
claim_sql "its events came along, and none of the restore itself" \
    "SELECT count(*) = 1 AND min(object_name) = 'public.before_the_dump' FROM optimizer.events" restored
claim_sql "what the old server was is not known there" "SELECT count(*) = 0 FROM optimizer.seen_server" restored
look restored
claim "so the first look there only sees" says "$LOOK" "first look"
psql_q "CREATE DATABASE watched"; psql_q "CREATE EXTENSION optimizer_workflow" watched; look watched
psql_q "CREATE TABLE noted_here (a int)" watched
psql_q "DROP SCHEMA public CASCADE; CREATE SCHEMA public" watched
claim "events that were noted before the old ones came are in nobody's way" \
    "$PG_BIN/pg_restore" --data-only --exit-on-error -t system_events -d watched "$SCENARIO_DIR/all.dump"
claim_sql "both are there" "SELECT count(DISTINCT id) = 3 FROM optimizer.events" watched
claim "nothing panicked, no cache lookup failed" test "$(cluster_log "$MAIN" | grep -c 'panicked\|PANIC\|cache lookup failed')" -eq 0
claim_consistent
cluster_stop "$MAIN"
