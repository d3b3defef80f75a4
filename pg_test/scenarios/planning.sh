#!/usr/bin/env bash
# Planning what others wrote: every way that was thought of to have something executed with somebody else's rights, and every
# reason for which a statement is not planned. Executions are counted in the server log (RAISE LOG survives the rollback).
# Trap: what only might be executed proves nothing. Each planted function is executed by the planner when the guard is taken out
# (guard::is_trusted), which is how this file was tried.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" "pg_stat_statements.track = all" "log_connections = on" || die "the server does not start"

as() { PGUSER=$1 "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d postgres -c "$2" 2>&1; }
must() { local said; said=$(as "$1" "$2") || die "as $1: $2: $said"; }
# plan MARK [ROLE]: what plan_query() says of the one statement whose text holds MARK, as "planned|reason|detail|role|scans".
# Every statement here carries a mark in an alias: pg_stat_statements keeps those.
plan() { as "${2:-postgres}" "SELECT p.planned, p.reason, p.detail, p.planned_as, replace(p.scans, chr(10), '; ') FROM optimizer.plan_query($(hash "$1")) p"; }
hash() { psql_q "SELECT query_hash FROM optimizer.query_texts WHERE query ~ '\m$1\M' AND query !~ 'CREATE|optimizer'"; }
# A sample that reads texts, however lately they were read.
read_texts() { psql_q "UPDATE optimizer.sampler_state SET texts_read_at = NULL; SELECT optimizer.take_sample()" >/dev/null; }
says() { case $1 in *"$2"*) ;; *) echo "it said: $1"; return 1 ;; esac; }
reason() { local said; said=$(plan "$1" "${3:-postgres}"); says "$said" "f|$2|" || return 1; [ -z "${4:-}" ] || says "$said" "$4"; }
planned() { local said; said=$(plan "$1"); case $said in "t||"*) ;; *) echo "it said: $said"; return 1 ;; esac; }
all_planned() { local mark status=0; for mark in "$@"; do planned "$mark" || { echo "$mark"; status=1; }; done; return $status; }
# What of it was executed since the mark in the log, with whose rights.
executed() { cluster_log "$MAIN" | sed '1,/the planning begins/d' | grep -o 'executed: .*' || true; }
none_executed_by_others() { local found; found=$(executed | grep -v 'as mallory$' | sort | uniq -c); [ -z "$found" ] || { echo "$found"; return 1; }; }

psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
    CREATE ROLE mallory LOGIN; CREATE ROLE reporter LOGIN; CREATE ROLE owner_of_definer; CREATE ROLE nosy LOGIN IN ROLE pg_monitor;
    GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMP ON DATABASE postgres TO PUBLIC; CREATE SCHEMA mallory AUTHORIZATION mallory;
    GRANT USAGE ON SCHEMA mallory TO PUBLIC;
    CREATE TABLE public.items (id int PRIMARY KEY, name varchar, kind int);
    INSERT INTO public.items SELECT n, CASE WHEN n % 3 = 0 THEN 'common' ELSE 'n' || n END, n % 10 FROM generate_series(1, 5000) n; ANALYZE public.items;
    GRANT SELECT ON public.items TO PUBLIC;
    CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC;
    CREATE FUNCTION tools.today() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 5';
    CREATE FUNCTION tools.helper() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 6; END';
    CREATE FUNCTION tools.wrapped() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN helper(); END';
    CREATE FUNCTION tools.answer(int) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT coalesce(\$1, 0) + 1';
    CREATE FUNCTION tools.count_of(query text) RETURNS int LANGUAGE plpgsql STABLE AS 'DECLARE n int; BEGIN EXECUTE query INTO n; RETURN n; END';
    ALTER ROLE postgres SET search_path = '\$user', public, tools"

echo '# what is harmless now is selected from by a superuser, by a reporter, and inside a SECURITY DEFINER function'
must mallory "
    CREATE TABLE mallory.t (a int, b int); INSERT INTO mallory.t SELECT n, n % 100 FROM generate_series(1, 3000) n;
    CREATE TABLE mallory.parent (a int); CREATE TABLE mallory.child () INHERITS (mallory.parent);
    CREATE TABLE mallory.plain (a int, b int); INSERT INTO mallory.plain SELECT n, n % 100 FROM generate_series(1, 3000) n;
    CREATE TABLE mallory.guarded (a int); INSERT INTO mallory.guarded SELECT n FROM generate_series(1, 100) n;
    CREATE TABLE mallory.indexed (a int); INSERT INTO mallory.indexed SELECT n FROM generate_series(1, 3000) n;
    CREATE TABLE mallory.counted (a int, b int); INSERT INTO mallory.counted SELECT n, n % 100 FROM generate_series(1, 3000) n;
    CREATE TABLE mallory.racing (a int);
    CREATE TYPE mallory.mood AS ENUM ('good', 'bad');
    ANALYZE mallory.t; ANALYZE mallory.plain; ANALYZE mallory.indexed; ANALYZE mallory.counted;
    CREATE VIEW mallory.v AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_cheap AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_domain AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_cast AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_statement AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_volatile_statement AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_answer AS SELECT a FROM mallory.plain WHERE a = tools.answer(41);
    CREATE VIEW mallory.v_xml AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_aggregate AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_inlined AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_volatile AS SELECT a FROM mallory.plain WHERE a = 1;
    CREATE VIEW mallory.v_definer AS SELECT a FROM mallory.plain WHERE a = 1;
    GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO PUBLIC"
psql_q "CREATE FUNCTION public.by_definer() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN RETURN (SELECT count(*) AS m_definer FROM mallory.v_definer); END'; ALTER FUNCTION public.by_definer() OWNER TO owner_of_definer"
for statement in "count(*) AS m_view FROM mallory.v" "count(*) AS m_cheap FROM mallory.v_cheap" "count(*) AS m_domain FROM mallory.v_domain" \
    "count(*) AS m_cast FROM mallory.v_cast" "count(*) AS m_statement FROM mallory.v_statement" "count(*) AS m_xml FROM mallory.v_xml" \
    "count(*) AS m_answer FROM mallory.v_answer" "count(*) AS m_volatile_statement FROM mallory.v_volatile_statement" "count(*) AS m_aggregate FROM mallory.v_aggregate" "count(*) AS m_inlined FROM mallory.v_inlined" "count(*) AS m_volatile FROM mallory.v_volatile" \
    "count(*) AS m_predicate FROM mallory.t WHERE a = 1" "count(*) AS m_expression FROM mallory.indexed WHERE a = 1" \
    "count(*) AS m_check FROM mallory.parent WHERE a = 1" "count(*) AS m_statistics FROM mallory.counted WHERE a = 1 AND b = 1" \
    "count(*) AS m_racing FROM mallory.racing WHERE a = 1" "count(*) AS m_operator FROM public.items WHERE name = 'common'" \
    "count(*) AS m_function FROM public.items WHERE id = today()" "count(*) AS m_nested FROM public.items WHERE id = wrapped()" \
    "count(*) AS m_temp FROM items WHERE id = 1" "count(*) AS m_text FROM public.items WHERE id = 1 AND kind = 1" "public.by_definer() AS m_calls"; do
    must postgres "SELECT $statement"
done
must reporter "SELECT count(*) AS m_policy FROM mallory.guarded WHERE a = 1"
must reporter "SELECT count(*) AS m_reporter, 1 FROM mallory.v"
read_texts
claim "all of it is planned" all_planned m_view m_cheap m_domain m_cast m_statement m_volatile_statement m_answer m_xml m_predicate m_expression m_check m_statistics m_operator m_function \
    m_nested m_temp m_policy m_definer m_reporter
claim "the one inside the SECURITY DEFINER function as its owner" says "$(plan m_definer)" "|owner_of_definer|"

echo '# then everything is replaced'
steal() { # steal NAME ARGUMENTS RESULT VALUE [OPTION]: a function that says who it ran as, and tries what it can
    echo "CREATE OR REPLACE FUNCTION $1($2) RETURNS $3 LANGUAGE plpgsql ${5:-IMMUTABLE} AS \$f\$ DECLARE ignored text; BEGIN
        RAISE LOG 'executed: $1 as %', current_user;
        BEGIN EXECUTE 'ALTER ROLE mallory SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'SET ROLE postgres'; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch $SCENARIO_DIR/stolen'''; EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN EXECUTE 'CREATE TABLE public.loot ()'; EXCEPTION WHEN OTHERS THEN NULL; END;
        RETURN $4; END \$f\$;"
}
must mallory "
    $(steal mallory.evil int int 1) $(steal mallory.evil_truth int boolean true) $(steal mallory.evil_cheap int int 1 'IMMUTABLE COST 0.0001')
    $(steal mallory.evil_mood mallory.mood int 1) $(steal mallory.evil_state 'int, int' int 1) $(steal mallory.evil_volatile int int 1 VOLATILE)
    $(steal public.evil_equal 'varchar, varchar' boolean true) $(steal public.today '' int 5) $(steal public.helper '' int 5 VOLATILE)
    CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.evil_equal, RESTRICT = eqsel, JOIN = eqjoinsel);
    CREATE FUNCTION mallory.thin(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT mallory.evil(\$1)';
    CREATE DOMAIN mallory.positive AS int CHECK (mallory.evil_truth(VALUE));
    CREATE CAST (mallory.mood AS int) WITH FUNCTION mallory.evil_mood(mallory.mood);
    CREATE AGGREGATE mallory.total (int) (SFUNC = mallory.evil_state, STYPE = int);
    CREATE OR REPLACE VIEW mallory.v AS SELECT a FROM mallory.plain WHERE a = mallory.evil(1);
    CREATE OR REPLACE VIEW mallory.v_cheap AS SELECT a FROM mallory.plain WHERE a = mallory.evil_cheap(1);
    CREATE OR REPLACE VIEW mallory.v_domain AS SELECT a FROM mallory.plain WHERE a = num_nonnulls(domain_in('1', 'mallory.positive'::regtype, -1));
    CREATE OR REPLACE VIEW mallory.v_cast AS SELECT a FROM mallory.plain WHERE a = ('good'::mallory.mood)::int;
    CREATE OR REPLACE VIEW mallory.v_statement AS SELECT a FROM mallory.plain WHERE a = tools.count_of('SELECT count(*) FROM mallory.plain');
    CREATE OR REPLACE VIEW mallory.v_volatile_statement AS SELECT a FROM mallory.plain WHERE a = tools.count_of('SELECT lo_create(424242)::int');
    CREATE OR REPLACE VIEW mallory.v_xml AS SELECT a FROM mallory.plain WHERE a = length(table_to_xml('mallory.plain', true, true, '')::text);
    CREATE OR REPLACE VIEW mallory.v_aggregate AS SELECT mallory.total(a) AS a FROM mallory.plain GROUP BY b;
    CREATE OR REPLACE VIEW mallory.v_inlined AS SELECT a FROM mallory.plain WHERE a = mallory.thin(1);
    CREATE OR REPLACE VIEW mallory.v_volatile AS SELECT a FROM mallory.plain WHERE a = mallory.evil_volatile(1);
    CREATE OR REPLACE VIEW mallory.v_definer AS SELECT a FROM mallory.plain WHERE a = mallory.evil(1);
    CREATE INDEX ON mallory.t (a) WHERE mallory.evil_truth(1);
    CREATE INDEX ON mallory.indexed ((mallory.evil(1) + a));
    ALTER TABLE mallory.child ADD CHECK (a > mallory.evil(1));
    CREATE STATISTICS mallory.s ON (mallory.evil(1) + a), b FROM mallory.counted;
    CREATE POLICY p ON mallory.guarded USING (a = mallory.evil(1)); ALTER TABLE mallory.guarded ENABLE ROW LEVEL SECURITY"
psql_q "ALTER FUNCTION mallory.evil_cheap(int) LEAKPROOF"
# Whatever planting it executed was mallory's own doing.
psql_q "DO \$\$ BEGIN RAISE LOG 'the planning begins'; END \$\$"

untrusted() { claim "$2" reason "$1" untrusted_function postgres "$3"; }
untrusted m_view "a view that was replaced" "mallory.evil(integer) of role mallory"
untrusted m_reporter "the same for somebody who is no superuser" "mallory.evil(integer) of role mallory"
untrusted m_cheap "a function that is LEAKPROOF and costs nothing" "mallory.evil_cheap("
untrusted m_cast "a cast of a planted type" "mallory.evil_mood("
untrusted m_domain "a domain's constraint, reached by a built-in function" "mallory.evil_truth("
untrusted m_inlined "a function that would be inlined" "mallory.thin("
untrusted m_predicate "an index with a predicate" "mallory.evil_truth("
untrusted m_expression "an index on an expression" "mallory.evil("
untrusted m_check "a CHECK constraint of a child" "mallory.evil("
untrusted m_statistics "statistics on an expression" "mallory.evil("
untrusted m_policy "a policy" "mallory.evil("
untrusted m_operator "an operator in public that fits better" "public.evil_equal("
untrusted m_function "a function in public that is found first" "public.today("
untrusted m_nested "a function that a superuser's own function finds by its search_path" "public.helper("
untrusted m_definer "a statement inside a SECURITY DEFINER function" "mallory.evil("
claim "a superuser's function that executes its argument" reason m_statement runs_statement
claim "even where that is no more than a call" reason m_volatile_statement runs_statement
claim "one that only computes is planned" planned m_answer
claim "a built-in function that reads what its argument names" reason m_xml runs_statement
claim "what planning does not execute is planned: a volatile function" planned m_volatile
claim "and an aggregate" planned m_aggregate
claim "a view in the caller's pg_temp is not looked at" says "$(as nosy "CREATE TEMP VIEW items AS SELECT a AS id FROM mallory.plain WHERE a = mallory.evil(1);
    SELECT planned, scans FROM optimizer.plan_query($(hash m_temp))")" "t|index only public.items"
psql_q "UPDATE optimizer.query_texts SET query = 'SELECT count(*) AS m_text FROM mallory.plain WHERE a = mallory.evil(1)' WHERE query_hash = $(hash m_text)"
untrusted m_text "a text that somebody delivered for a superuser's query" "mallory.evil("
must mallory "CREATE FUNCTION mallory.evil_check(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE LOG ''executed: evil_check as %'', current_user; RETURN true; END';
    CREATE DOMAIN mallory.checked AS int CHECK (mallory.evil_check(VALUE)); CREATE TABLE mallory.listed (a mallory.checked[])"
text_hash=$(hash m_text)
psql_q "UPDATE optimizer.query_texts SET query = 'SELECT count(*) AS m_text FROM mallory.listed WHERE a = ''{1}''' WHERE query_hash = $text_hash;
    DELETE FROM optimizer.query_readings; DELETE FROM optimizer.maintenance_runs; SELECT optimizer.run_maintenance('advise')" >/dev/null
claim_sql "a literal that a domain's CHECK would look at is not even read" \
    "SELECT reason = 'untrusted_function' AND detail LIKE 'mallory.evil_check(%' FROM optimizer.query_readings WHERE query_hash = $text_hash"
claim_sql "while others are" "SELECT count(*) > 20 FROM optimizer.query_readings WHERE state = 'read'"
psql_q "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA optimizer TO nosy; CREATE TABLE public.secret (id int); DELETE FROM optimizer.query_texts WHERE query_hash = $text_hash"
must nosy "SELECT optimizer.ingest_query_metrics($text_hash, now(), 1, 1, query_text => 'SELECT id AS m_delivered FROM public.secret')"
claim "a text delivered under the number of a superuser's query is planned as who delivered it" reason m_delivered no_privilege
PGUSER=mallory "$PG_BIN/psql" -XAtq -d postgres >/dev/null 2>&1 <<<"$(for _ in $(seq 60); do echo "CREATE INDEX i ON mallory.racing (a) WHERE mallory.evil_truth(1); SELECT pg_sleep(0.01); DROP INDEX mallory.i;
    CREATE OR REPLACE VIEW mallory.v AS SELECT a FROM mallory.plain WHERE a = 1; CREATE OR REPLACE VIEW mallory.v AS SELECT a FROM mallory.plain WHERE a = mallory.evil(1);"; done)" &
racer=$!
for _ in 1 2 3; do psql_q "SELECT p.reason, count(*) FROM generate_series(1, 200) n, LATERAL (SELECT CASE WHEN n % 2 = 0 THEN $(hash m_racing) ELSE $(hash m_view) END AS hash) h,
    optimizer.plan_query(h.hash) p GROUP BY 1" >>"$SCENARIO_DIR/race"; done
kill "$racer" 2>/dev/null; wait "$racer" 2>/dev/null
claim "all this while indexes and views come and go" grep -q untrusted_function "$SCENARIO_DIR/race"
# mallory's own CREATE INDEX executes the function, too, as mallory.
claim "nothing was executed with anybody else's rights" none_executed_by_others
claim_sql "nobody became superuser, nothing was made" "SELECT count(*) = 0 FROM pg_roles, (SELECT to_regclass('public.loot')) l (loot) WHERE rolname = 'mallory' AND (rolsuper OR loot IS NOT NULL)"
# plpgsql keeps an expression ready for a whole transaction, with the functions it calls already looked up.
as nosy "BEGIN; SET search_path = public, tools; SELECT tools.wrapped(); SELECT reason FROM optimizer.plan_query($(hash m_nested)); COMMIT" >"$SCENARIO_DIR/kept"
claim "what the caller's transaction had ready is looked up anew" grep -q untrusted_function "$SCENARIO_DIR/kept"
claim "and not executed" test "$(executed | grep -c 'public.helper as nosy')" -ge 1 -a "$(executed | grep -c 'public.helper as postgres')" = 0
claim "and no program ran" test ! -e "$SCENARIO_DIR/stolen"

echo '# what a role brings itself'
psql_q "CREATE SEQUENCE public.own_seq; GRANT ALL ON SEQUENCE public.own_seq TO reporter"
psql_q "CREATE FUNCTION public.my_time() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 8; END'"
must reporter "CREATE FUNCTION public.my_value() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7';
    CREATE FUNCTION public.my_number() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT nextval(''public.own_seq'')::int';
    CREATE FUNCTION public.my_loop() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 9; END';
    SELECT count(*) AS m_loop FROM public.items WHERE id = public.my_loop();
    SELECT count(*) AS m_own FROM public.items WHERE id = public.my_value();
    SELECT count(*) AS m_writes FROM public.items WHERE id = public.my_number();
    SELECT count(*) AS m_slow FROM public.items WHERE id = public.my_time()"
psql_q "CREATE OR REPLACE FUNCTION public.my_time() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN FOR i IN 1..2000000000 LOOP END LOOP; RETURN 8; END'"
must reporter "CREATE OR REPLACE FUNCTION public.my_loop() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN LOOP BEGIN LOOP NULL; END LOOP; EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END'"
read_texts
claim "its own function is executed" says "$(plan m_own)" "t|||reporter|index only public.items by public.items_pkey"
before=$(psql_q "SELECT last_value FROM public.own_seq")
claim "but writes nothing" reason m_writes runs_statement
claim "a procedural one, which might swallow every cancel, is not" reason m_loop untrusted_function postgres "public.my_loop("
claim "not even what no rollback takes back" test "$(psql_q "SELECT last_value FROM public.own_seq")" = "$before"
began=$SECONDS
claim "and takes 3 s at most" reason m_slow timed_out
claim "measured" test $((SECONDS - began)) -le 6

echo '# reasons'
psql_q "CREATE ROLE leaver LOGIN; CREATE TABLE public.dropped (a int); CREATE TABLE public.revoked (a int); GRANT SELECT ON public.revoked TO reporter; GRANT SELECT ON public.items TO leaver;
    CREATE TABLE public.locked (a int); CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.twice (a int); CREATE TABLE two.twice (a int);
    GRANT USAGE ON SCHEMA one, two TO reporter; GRANT SELECT ON one.twice, two.twice TO reporter;
    CREATE TABLE public.parted (a int) PARTITION BY RANGE (a); CREATE TABLE public.many (a int) PARTITION BY RANGE (a)"
psql_q "DO \$\$ BEGIN FOR n IN 1..1200 LOOP EXECUTE format('CREATE TABLE public.many_%s PARTITION OF public.many FOR VALUES FROM (%s) TO (%s)', n, n, n + 1);
    IF n <= 3 THEN EXECUTE format('CREATE TABLE public.parted_%s PARTITION OF public.parted FOR VALUES FROM (%s) TO (%s)', n, n, n + 1); END IF; END LOOP; END \$\$"
must leaver "SELECT count(id) AS r_leaver FROM public.items"
must reporter "SELECT count(*) AS r_revoked FROM public.revoked; SET search_path = two; SELECT count(*) AS r_twice FROM twice"
must postgres "SELECT count(*) AS r_dropped FROM public.dropped; SELECT count(*) AS r_locked FROM public.locked; SELECT count(*) AS r_after FROM public.items;
    SELECT count(*) AS r_parted FROM public.parted; SELECT count(*) AS r_many FROM public.many; SELECT 1, 2, 3, 4, 5, 6 AS r_long; SELECT 1, 2 AS r_deep; SELECT 1, 2, 3 AS r_case;
    SELECT 1, 2, 3, 4 AS r_two; SELECT 1, 2, 3, 4, 5 AS r_junk; CREATE TEMP TABLE passing (a int); SELECT count(*) AS r_temp FROM passing"
must postgres "VACUUM public.locked"
must reporter "ALTER ROLE reporter SET search_path = one, public"
read_texts
psql_q "DROP OWNED BY leaver; DROP ROLE leaver; DROP TABLE public.dropped; REVOKE ALL ON public.revoked FROM reporter"
text() { psql_q "UPDATE optimizer.query_texts SET query = $2 WHERE query_hash = $1"; }
long=$(hash r_long) deep=$(hash r_deep) case=$(hash r_case) two=$(hash r_two) junk=$(hash r_junk)
text "$long" "'SELECT ''' || repeat('x', 2000000) || ''''"
text "$deep" "'SELECT ' || repeat('(', 10000) || '1' || repeat(')', 10000)"
text "$case" "'SELECT ' || repeat('CASE WHEN true THEN ', 10000) || '1' || repeat(' END', 10000)"
text "$two" "'SELECT 1; DROP TABLE public.items'"
text "$junk" "'SELECT FROM WHERE'"
said() { psql_q "SELECT reason, detail FROM optimizer.plan_query($1)"; }
claim "role dropped" reason r_leaver role_gone
claim "relation dropped" reason r_dropped relation_gone
claim "no right any more" reason r_revoked no_privilege
claim "a name in two schemas" reason r_twice ambiguous_relation postgres "one.twice or two.twice"
claim "another session's temporary table" reason r_temp relation_gone
claim "one's own temporary table" says "$(psql_q "CREATE TEMP TABLE passing (a int); SELECT reason FROM optimizer.plan_query($(hash r_temp))")" temporary_relation
claim "three partitions are planned, as one in the list" says "$(plan r_parted)" "seq public.parted: "
claim "1,200 are not" reason r_many too_many_partitions
claim "a text of 2 MB" says "$(said "$long")" text_too_long
claim "10,000 parentheses" says "$(said "$deep")" nested_too_deep
claim "10,000 times CASE" says "$(said "$case")" nested_too_deep
claim "two statements in one" says "$(said "$two")" "2 statements in one text"
claim_sql "of which none was run" "SELECT count(*) = 5000 FROM public.items"
claim "no SQL" says "$(said "$junk")" not_readable
claim "utility" says "$(psql_q "SELECT reason FROM optimizer.query_texts, optimizer.plan_query(query_hash) WHERE query = 'VACUUM public.locked'")" utility
"$PG_BIN/psql" -XAtq -d postgres -c "BEGIN; LOCK TABLE public.locked; SELECT pg_sleep(20)" >/dev/null &
holder=$!
wait_until 10 "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'public.locked'::regclass AND mode = 'AccessExclusiveLock' AND granted"
began=$SECONDS
claim "a lock that another session holds, and the next one is planned" says "$(psql_q "SELECT string_agg(coalesce(p.reason, 'planned'), ' ' ORDER BY n)
    FROM (VALUES (1, $(hash r_locked)), (2, $(hash r_after))) h (n, hash), optimizer.plan_query(hash) p")" "lock_not_available planned"
claim "within 3 s" test $((SECONDS - began)) -le 3
psql_q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'" >/dev/null; wait "$holder" 2>/dev/null

echo '# other servers are not asked'
if "$PG_BIN/psql" -XAtq -d postgres -c "CREATE EXTENSION postgres_fdw" >/dev/null 2>&1; then
    psql_q "CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'postgres', use_remote_estimate 'true');
        CREATE USER MAPPING FOR postgres SERVER elsewhere OPTIONS (user 'postgres');
        CREATE FOREIGN TABLE public.far (id int) SERVER elsewhere OPTIONS (schema_name 'public', table_name 'items');
        CREATE TABLE public.mixed (a int) PARTITION BY RANGE (a); CREATE TABLE public.mixed_1 PARTITION OF public.mixed FOR VALUES FROM (1) TO (2);
        CREATE VIEW public.far_view AS SELECT id FROM public.far"
    must postgres "SELECT count(*) AS f_far FROM public.far; SELECT count(*) AS f_view FROM public.far_view; SELECT count(*) AS f_mixed FROM public.mixed"
    psql_q "CREATE FOREIGN TABLE public.mixed_2 PARTITION OF public.mixed FOR VALUES FROM (2) TO (3) SERVER elsewhere"
    read_texts
    far() { cluster_log "$MAIN" | grep -c 'application_name=postgres_fdw' || true; }
    known=$(far)
    claim "planning by hand connects" test "$(psql_q 'EXPLAIN SELECT * FROM public.far' >/dev/null; far)" -gt "$known"
    known=$(far)
    claim "a foreign table" reason f_far foreign_table postgres public.far
    claim "one behind a view" reason f_view foreign_table postgres public.far
    claim "one among partitions" reason f_mixed foreign_table postgres public.mixed_2
    claim "nobody connected" test "$(far)" = "$known"
else
    note "postgres_fdw is not there: foreign tables were not tried"
fi

echo "# settings of the role hold, but for those that let the search grow"
psql_q "CREATE TABLE public.big (id int, other int); INSERT INTO public.big SELECT n, n FROM generate_series(1, 20000) n; CREATE INDEX ON public.big (id); ANALYZE public.big; GRANT SELECT ON public.big TO reporter"
must reporter "SELECT other AS s_own FROM public.big WHERE id = 5"
chain=$(for n in $(seq 2 30); do printf ' JOIN public.big b%d ON b%d.id = b1.id' "$n" "$n"; done)
must reporter "SELECT count(*) AS s_joins FROM public.big b1 $chain WHERE b1.id = 1"
read_texts
claim "an index is used" says "$(plan s_own)" "index public.big by"
must reporter "ALTER ROLE reporter SET enable_indexscan = off; ALTER ROLE reporter SET enable_bitmapscan = off"
claim "until the role says no" says "$(plan s_own)" "seq public.big"
must reporter "ALTER ROLE reporter SET join_collapse_limit = 100; ALTER ROLE reporter SET from_collapse_limit = 100; ALTER ROLE reporter SET geqo = off"
began=$SECONDS
claim "30 joins of a role that raised every limit are planned" planned s_joins
claim "within 3 s" test $((SECONDS - began)) -le 3

echo '# afterwards the session is as it was'
state="SELECT concat_ws(' ', current_user, session_user, current_setting('search_path'), current_setting('transaction_read_only'), current_setting('lock_timeout'),
    current_setting('enable_indexscan'), current_setting('row_security'), current_setting('log_min_messages'),
    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('public.items'::regclass, 'public.many'::regclass)), pg_current_xact_id_if_assigned())"
"$PG_BIN/psql" -XAtq -d postgres >"$SCENARIO_DIR/state" 2>&1 <<SQL
BEGIN;
$state;
SELECT count(*) FROM optimizer.query_texts, optimizer.plan_query(query_hash) WHERE query ~ '\m(m_view|m_own|r_leaver|r_revoked|r_many|r_twice|r_after)\M';
$state;
CREATE TEMP TABLE memory AS SELECT sum(used_bytes) AS bytes FROM pg_backend_memory_contexts;
SELECT count(*) FROM generate_series(1, 500), optimizer.plan_query($(hash m_own));
SELECT count(*) FROM generate_series(1, 500), optimizer.plan_query($(hash m_view));
SELECT 'grew by', (SELECT sum(used_bytes) FROM pg_backend_memory_contexts) - bytes < 1000000 FROM memory;
COMMIT;
SQL
claim "role, search_path, settings, locks, no transaction id" test "$(sed -n 1p "$SCENARIO_DIR/state")" = "$(sed -n 3p "$SCENARIO_DIR/state")"
claim "and it did plan" test "$(sed -n 2p "$SCENARIO_DIR/state")" -ge 7
claim "1,000 more take no memory with them" grep -q 'grew by|t' "$SCENARIO_DIR/state"
claim "a call may be cancelled" says "$(as postgres "SET statement_timeout = '500ms'; SELECT * FROM optimizer.plan_query($(hash m_slow))")" "statement timeout"

echo '# who may ask, and how'
claim "a monitor may" says "$(plan m_own nosy)" "t|"
claim "others may not" says "$(as reporter "SELECT * FROM optimizer.plan_query(1)")" "permission denied"
psql_q "GRANT USAGE ON SCHEMA optimizer TO reporter; GRANT EXECUTE ON FUNCTION optimizer.plan_query(bigint) TO reporter"
claim "not even when it was granted to them" says "$(as reporter "SELECT * FROM optimizer.plan_query(1)")" "may not read all statistics"
cluster_standby "$SCENARIO_DIR/standby" || die "the standby does not start"
must postgres "SELECT count(*) AS r_after FROM public.items"; must reporter "SELECT count(*) AS m_reporter, 1 FROM mallory.v"
claim "on a standby, too" planned r_after
claim "where an untrusted function is refused as well" reason m_reporter untrusted_function
cluster_stop "$SCENARIO_DIR/standby"; cluster_use "$MAIN"
claim_consistent
cluster_stop "$MAIN"
