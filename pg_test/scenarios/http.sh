#!/usr/bin/env bash
# The functions for HTTP gateways as PostgREST calls them, on the roles of docs/http.md: a login role that may nothing, SET
# LOCAL ROLE, the role's own settings and request settings for one transaction, arguments by name; a GET in a read-only
# transaction with its parameters as text, a POST with its body taken apart by json_to_record. The page's nginx block runs with
# nginx (http_proxy.py) where that is installed.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
DOC=$REPO/docs/http.md
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" || die "the server does not start"
HASH=-6144822718316370613
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
    SELECT optimizer.ingest_query_metrics($HASH, now() - interval '1 hour', 500, 225000, query_text => 'SELECT secret');
    INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, columns, estimated_improvement_percent, confidence_score)
    VALUES ($HASH, 'orders', 'CREATE INDEX ON orders (customer_id)', '{customer_id}', 90, 0.8);
    INSERT INTO optimizer.query_rewrite_suggestions (query_hash, suggestion_type, description, estimated_improvement_percent, confidence_score)
    VALUES (2, 'or_to_in', 'Use IN', 30, 0.5)" >/dev/null

says() { case $1 in *"$2"*) ;; *) echo "it said: $1"; return 1 ;; esac; }
says_not() { case $1 in *"$2"*) echo "it said: $1"; return 1 ;; *) ;; esac; }
# request ROLE METHOD FUNCTION [name=value... | body] : the body of the answer, or the error. SCHEMA: the one that the profile header names.
request() {
    local role=$1 method=$2 function=$3 begin=BEGIN claims="{\"role\": \"$1\"}" call name types="" given="" sql schema=${SCHEMA:-optimizer}
    shift 3
    if [ "$method" = GET ]; then
        begin="BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
        # One parameter after the other, untyped as in the URL.
        given=$(for name in "$@"; do printf ', "%s" := %s' "${name%%=*}" "'${name#*=}'"; done)
        call="SELECT $schema.$function(${given#, }) AS pgrst_scalar"
    else
        # What of the function's arguments the body names, with the types that the catalog gives them.
        types=$(psql_q "SELECT string_agg(format('%I %s', a.name, format_type(p.proargtypes[a.place - 1], NULL)), ', ')
            FROM pg_proc p, unnest(p.proargnames) WITH ORDINALITY AS a (name, place)
            WHERE p.pronamespace = '$schema'::regnamespace AND p.proname = '$function' AND \$b\$$1\$b\$::jsonb ? a.name")
        given=$(psql_q "SELECT string_agg(format('%1\$I := body.%1\$I', key), ', ') FROM jsonb_object_keys(\$b\$$1\$b\$) AS key")
        call="SELECT $schema.$function($given) AS pgrst_scalar"
        if [ -n "$types" ]; then call="$call FROM json_to_record(\$b\$$1\$b\$::json) AS body($types)"; fi
    fi
    sql="$begin;
        SELECT set_config('search_path', '\"$schema\"', true), set_config('role', '$role', true),
               set_config('request.jwt.claims', '$claims', true), set_config('request.method', '$method', true),
               set_config('request.path', '/rpc/$function', true), set_config('request.headers', '{}', true),
               set_config('request.cookies', '{}', true) \\g /dev/null
        SELECT set_config(split_part(s, '=', 1), substr(s, strpos(s, '=') + 1), true)
        FROM pg_db_role_setting d, unnest(d.setconfig) AS s WHERE d.setrole = '$role'::regrole AND d.setdatabase = 0 \\g /dev/null
        WITH pgrst_source AS ($call)
        SELECT coalesce(json_agg(t.pgrst_scalar) -> 0, 'null') FROM pgrst_source AS t;
        COMMIT;"
    printf '%s\n' "$sql" | PGOPTIONS='-c client_min_messages=warning' PGUSER=authenticator \
        "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -d postgres 2>&1
}
# field ANSWER PATH: what is at a JSON path.
field() { psql_q "SELECT \$j\$$1\$j\$::jsonb #>> '$2'"; }
field_is() { local is; is=$(field "$1" "$2") && [ "$is" = "$3" ] || { echo "$2 is $is in: $1"; return 1; }; }

echo "# the page's SQL"
awk '/^CREATE ROLE authenticator/ { on = 1 } /^```/ { on = 0 } on' "$DOC" >"$SCENARIO_DIR/grants.sql"
claim "the roles are made as it stands there" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres -f "$SCENARIO_DIR/grants.sql"
claim "whom PostgREST connects as may nothing" says "$(PGUSER=authenticator psql_q 'SELECT optimizer.api_optimization_recommendations()' 2>&1)" "permission denied for schema optimizer"
claim_sql "nor had it USAGE of the schema: no function, no column" "SELECT NOT bool_or(may) FROM (
    SELECT has_function_privilege('authenticator', oid, 'EXECUTE') AS may FROM pg_proc WHERE pronamespace = 'optimizer'::regnamespace UNION ALL
    SELECT has_any_column_privilege('authenticator', oid, 'SELECT, INSERT, UPDATE') FROM pg_class WHERE relnamespace = 'optimizer'::regnamespace AND relkind IN ('r', 'v')) AS p"

echo '# with a token'
answer=$(request web_user POST api_aggregate_recommendations '{}')
claim "an aggregation without query_hash is of all queries" field_is "$answer" '{recommendations_aggregated}' 2
claim "and names their sources" field_is "$answer" '{source_types}' '["index", "rewrite"]'
answer=$(request web_user POST api_aggregate_recommendations '{"query_hash": "2", "min_confidence": 0.1}')
claim "of one query, its hash given as text" field_is "$answer" '{recommendations_aggregated}' 1
answer=$(request web_user GET api_optimization_recommendations max_rows=10 min_impact=5 source_type=index)
claim "a list in a read-only transaction, by source" field_is "$answer" '{count}' 1
claim "shows what to do" field_is "$answer" '{recommendations,0,action_sql}' 'CREATE INDEX ON orders (customer_id)'
claim "with the hash as text" field_is "$answer" '{recommendations,0,query_hash_text}' "$HASH"
id=$(field "$answer" '{recommendations,0,id}')
answer=$(request web_user GET api_optimization_recommendations)
claim "max_rows cuts the list" field_is "$(request web_user GET api_optimization_recommendations max_rows=1)" '{count}' 1
claim "without parameters: everything" field_is "$answer" '{count}' 2
claim "nothing matches: a message" field_is "$(request web_user GET api_optimization_recommendations min_impact=99)" '{message}' 'no open recommendation matches'
claim "no result yet: a message" field_is "$(request web_user GET api_optimization_results)" '{message}' 'no implementation matches'
claim "implement without query_hash is refused by name" says "$(request web_user POST api_implement_recommendation "{\"recommendation_id\": $id}")" "22023: query_hash is required"
claim "with an id of 0 as well" says "$(request web_user POST api_implement_recommendation '{"recommendation_id": 0, "query_hash": 2}')" "22023: recommendation_id must be positive, not 0"
claim "and the hint shows what would do" says "$(request web_user GET api_optimization_results recommendation_id=0)" "HINT:  Give the number of an existing row, for instance recommendation_id => 1."
claim "what does not exist is P0002" says "$(request web_user POST api_implement_recommendation '{"recommendation_id": 4711, "query_hash": 2}')" "P0002: recommendation 4711 does not exist"
body="{\"recommendation_id\": $id, \"query_hash\": \"$HASH\", \"implementation_notes\": \"Ada's \\\"ticket\\\" 12; \$1 \\\\ ünï\"}"
recorded=$(request web_user POST api_implement_recommendation "$body")
answer=$recorded
claim "implement records it" field_is "$answer" '{status}' pending
claim "with the metrics from before" field_is "$answer" '{pre_metrics,mean_exec_time_ms}' 450.0
claim "and says what to know about it, which is a NOTICE elsewhere" says "$(field "$answer" '{notices}')" 'orders has no valid index'
claim "a second time it is refused" says "$(request web_user POST api_implement_recommendation "$body")" "55000: "
claim_sql "implemented_by is the role of the request" "SELECT implemented_by = 'web_user' FROM optimizer.implementations"
answer=$(request web_user GET api_optimization_results status=pending "recommendation_id=$id" max_rows=5)
claim "results by status and recommendation" field_is "$answer" '{count}' 1
claim "with its notes unharmed" field_is "$answer" '{results,0,implementation_notes}' 'Ada'\''s "ticket" 12; $1 \ ünï'
claim "its hash as text" field_is "$answer" '{results,0,query_hash_text}' "$HASH"
claim "and its time in ISO 8601" says "$(field "$answer" '{results,0,implemented_at}' | grep -cE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+\+00:00$')" 1
claim "GET does not write" says "$(request web_user GET api_aggregate_recommendations)" "25006: "
claim "what else the role could want is not granted" says "$(request web_user POST dismiss_recommendation '{"recommendation_id": 2, "reason": "x"}')" "42501: permission denied"

echo '# without a token'
answer=$(request web_anon GET api_optimization_recommendations max_rows=10)
claim "figures are there" field_is "$answer" '{count}' 1
claim "texts are not" field_is "$answer" '{recommendations,0,recommendation_text}' '<insufficient privilege>'
answer=$(request web_anon GET api_optimization_results)
claim "results neither: the figures" field_is "$answer" '{results,0,pre_metrics,mean_exec_time_ms}' 450.0
claim "and not the notes" field_is "$answer" '{results,0,implementation_notes}' '<insufficient privilege>'
claim "aggregation is refused" says "$(request web_anon POST api_aggregate_recommendations '{}')" "42501: permission denied"
claim "implementation is refused" says "$(request web_anon POST api_implement_recommendation '{"recommendation_id": 2, "query_hash": "2"}')" "42501: permission denied"
anon() { PGUSER=authenticator psql_q "SET ROLE web_anon; $1" 2>&1; }
claim_sql "no other function than these two may be called" "SELECT string_agg(proname, ' ' ORDER BY proname) = 'api_optimization_recommendations api_optimization_results'
    FROM pg_proc WHERE pronamespace = 'optimizer'::regnamespace AND has_function_privilege('web_anon', oid, 'EXECUTE')"
claim_sql "no relation may be read but columns of two views" "SELECT string_agg(relname, ' ' ORDER BY relname) = 'implementations recommendations'
    FROM pg_class WHERE relnamespace = 'optimizer'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') AND has_any_column_privilege('web_anon', oid, 'SELECT')"
claim_sql "nor written" "SELECT count(*) = 0 FROM pg_class WHERE relnamespace = 'optimizer'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
    AND (has_any_column_privilege('web_anon', oid, 'INSERT, UPDATE, REFERENCES') OR has_table_privilege('web_anon', oid, 'DELETE, TRUNCATE, TRIGGER'))"
for column in recommendations.detailed_explanation recommendations.undo_sql recommendations.dismissal_reason recommendations.made_by \
    implementations.implemented_by implementations.notes implementations.error_message; do
    claim "$column is none of them" says "$(anon "SELECT ${column#*.} FROM optimizer.${column%.*}")" "permission denied"
done

echo '# limits'
claim_sql "the roles have their timeouts" "SELECT string_agg(setrole::regrole || ' ' || setconfig::text, ', ' ORDER BY setrole::regrole::text)
    = 'authenticator {statement_timeout=30s}, web_anon {statement_timeout=2s}' FROM pg_db_role_setting"
psql_q "BEGIN; LOCK TABLE optimizer.optimization_recommendations IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4)" >/dev/null &
HOLDER=$!
wait_until 5 "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%' AND wait_event = 'PgSleep'"
claim "without a token a request that waits ends after 2 s" says "$(request web_anon GET api_optimization_recommendations)" "57014: canceling statement due to statement timeout"
claim "with one it waits" field_is "$(request web_user GET api_optimization_recommendations)" '{count}' 1
wait "$HOLDER"

echo '# statuses of its own'
awk '/^CREATE SCHEMA tuning/ { on = 1 } /^```/ { on = 0 } on' "$DOC" >"$SCENARIO_DIR/tuning.sql"
claim "the function that maps them is made as it stands there" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres -f "$SCENARIO_DIR/tuning.sql"
implement() { SCHEMA=tuning request "$1" POST implement_recommendation "$2"; }
claim "what does not exist is 404" says "$(implement web_user '{"recommendation_id": 4711, "query_hash": 2}')" "PT404: recommendation 4711 does not exist"
claim "with the hint of the error" says "$(implement web_user '{"recommendation_id": 4711, "query_hash": 2}')" "HINT:  "
claim "and its SQLSTATE" says "$(implement web_user '{"recommendation_id": 4711, "query_hash": 2}')" "DETAIL:  P0002"
claim "a second time is 409" says "$(implement web_user "$body")" "PT409: "
claim "what was 400 is still" says "$(implement web_user '{"recommendation_id": 0, "query_hash": 2}')" "22023: recommendation_id must be positive, not 0"
second=$(psql_q "SELECT id FROM optimizer.recommendations WHERE status = 'open'")
claim "what can be recorded is" field_is "$(implement web_user "{\"recommendation_id\": $second, \"query_hash\": \"2\"}")" '{status}' pending
claim_sql "by the role of the request" "SELECT bool_and(implemented_by = 'web_user') AND count(*) = 2 FROM optimizer.implementations"
answer=$(request web_user GET api_optimization_results max_rows=1)
claim "max_rows cuts the results" field_is "$answer" '{count}' 1
claim "and the newest is first" field_is "$answer" '{results,0,recommendation_id}' "$second"
claim "without a token it is refused" says "$(implement web_anon "$body")" "42501: permission denied"
psql_q "SELECT optimizer.revert_implementation(max(id)) FROM optimizer.implementations" >/dev/null

echo '# other paths'
awk '/^location = \/recommendations/ { on = 1 } /^```/ { on = 0 } on' "$DOC" >"$SCENARIO_DIR/locations"
# METHOD TARGET [BODY] = what PostgREST would be asked. A space ends a target.
cat >"$SCENARIO_DIR/paths" <<'LIST'
GET /optimization-recommendations = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=5
GET /optimization-recommendations?limit=10 = GET /rpc/api_optimization_recommendations?max_rows=10&min_impact=5
GET /optimization-recommendations?limit=0 = GET /rpc/api_optimization_recommendations?max_rows=0&min_impact=5
GET /optimization-recommendations?limit= = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=5
GET /optimization-recommendations?min_impact=12.5 = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=12.5
GET /optimization-recommendations?min_impact=0 = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=0
GET /optimization-recommendations?source_type=index = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=5&source_type=index
GET /optimization-recommendations?source_type=0 = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=5&source_type=0
GET /optimization-recommendations?source_type=index&min_impact=0&limit=0 = GET /rpc/api_optimization_recommendations?max_rows=0&min_impact=0&source_type=index
GET /optimization-recommendations?source_type=a%26max_rows=1%20b = GET /rpc/api_optimization_recommendations?max_rows=20&min_impact=5&source_type=a%26max_rows=1%20b
GET /optimization-results = GET /rpc/api_optimization_results?max_rows=20
GET /optimization-results?limit=3 = GET /rpc/api_optimization_results?max_rows=3
GET /optimization-results?limit=0 = GET /rpc/api_optimization_results?max_rows=0
GET /optimization-results?status=pending = GET /rpc/api_optimization_results?max_rows=20&status=pending
GET /optimization-results?status=0 = GET /rpc/api_optimization_results?max_rows=20&status=0
GET /optimization-results?recommendation_id=7 = GET /rpc/api_optimization_results?max_rows=20&recommendation_id=7
GET /optimization-results?recommendation_id=0 = GET /rpc/api_optimization_results?max_rows=20&recommendation_id=0
GET /optimization-results?recommendation_id=7&limit=3&status=pending = GET /rpc/api_optimization_results?max_rows=3&status=pending&recommendation_id=7
POST /recommendations/aggregate {} = POST /rpc/api_aggregate_recommendations {}
POST /recommendations/aggregate {"query_hash": "0", "min_confidence": 0} = POST /rpc/api_aggregate_recommendations {"query_hash": "0", "min_confidence": 0}
POST /implement {} = POST /rpc/api_implement_recommendation {}
POST /implement {"recommendation_id": 0, "query_hash": "-2", "implementation_notes": "a = b"} = POST /rpc/api_implement_recommendation {"recommendation_id": 0, "query_hash": "-2", "implementation_notes": "a = b"}
GET /implementations = 404
LIST
NGINX=$(PATH=$TARGET_DIR/tools/nginx/usr/sbin:$PATH:/usr/sbin command -v nginx)
if [ -n "$NGINX" ] && command -v python3 >/dev/null; then
    PROXY=$(mktemp -d /tmp/owf.XXXXXX)
    at_exit "rm -rf '$PROXY'"
    sed -E 's/^(.*) = (GET|POST|404)/\1\t\2/' "$SCENARIO_DIR/paths" >"$SCENARIO_DIR/paths.tab"
    cut -f 1 "$SCENARIO_DIR/paths.tab" | python3 "$(dirname "${BASH_SOURCE[0]}")/http_proxy.py" "$NGINX" "$SCENARIO_DIR/locations" "$PROXY" >"$SCENARIO_DIR/proxied" 2>&1
    while IFS=$'\t' read -r asked wanted came; do
        claim "nginx: $asked" test "$came" = "$wanted"
        [ "$came" = "$wanted" ] || printf '#   %s instead of %s\n' "$came" "$wanted"
    done < <(paste "$SCENARIO_DIR/paths.tab" "$SCENARIO_DIR/proxied")
    # through to the function: parameters from the address, one after the other
    proxied() { local url; url=$(grep -F "$1"$'\t' "$SCENARIO_DIR/paths.tab" | cut -f 2); url=${url#GET /rpc/}; IFS='&' read -ra words <<<"${url#*\?}"; request web_user GET "${url%%\?*}" "${words[@]}"; }
    claim "limit=0 is refused, not taken for the default" says "$(proxied 'GET /optimization-results?limit=0')" "22023: max_rows must be between 1 and 100, not 0"
    claim "recommendation_id=0 as well" says "$(proxied 'GET /optimization-results?recommendation_id=0')" "22023: recommendation_id must be positive, not 0"
    claim "min_impact=0 is everything" field_is "$(proxied 'GET /optimization-recommendations?min_impact=0')" '{count}' 1
else
    claim "nginx: skipped, nginx is not installed (tools/setup.sh)" true
fi

echo "# the page"
for function in $(psql_q "SELECT proname FROM pg_proc WHERE pronamespace = 'optimizer'::regnamespace AND proname LIKE 'api\\_%'"); do
    claim "has a curl line for $function" grep -q "curl .*/$function[\"?]" "$DOC"
done
# keys_of ANSWER: those of the document and of its rows, one a line.
keys_of() { psql_q "SELECT DISTINCT key FROM (VALUES (\$j\$$1\$j\$::jsonb)) AS a (d) CROSS JOIN LATERAL (SELECT d UNION ALL
    SELECT r FROM jsonb_array_elements(coalesce(d -> 'recommendations', d -> 'results', '[]')) AS r) AS o (o), jsonb_object_keys(o) AS key"; }
{ request web_user GET api_optimization_recommendations >"$SCENARIO_DIR/list"
  keys_of "$(request web_user POST api_aggregate_recommendations '{}')"; keys_of "$(cat "$SCENARIO_DIR/list")"; keys_of "$recorded"
  keys_of "$(request web_user GET api_optimization_results)"; printf '%s\n' code details hint calls mean_exec_time_ms; } | sort -u >"$SCENARIO_DIR/keys_come"
awk '/^```json/ { on = 1; next } /^```/ { on = 0 } on' "$DOC" | grep -oE '"[a-z_]+":' | tr -d '":' | sort -u >"$SCENARIO_DIR/keys_shown"
shown_and_gone() { local gone; gone=$(comm -23 "$SCENARIO_DIR/keys_shown" "$SCENARIO_DIR/keys_come"); [ -z "$gone" ] || { echo "$gone"; return 1; }; }
claim "shows no key that does not come" shown_and_gone
claim "shows most that come" test "$(comm -12 "$SCENARIO_DIR/keys_shown" "$SCENARIO_DIR/keys_come" | wc -l)" -ge 30
claim_consistent

echo '# a word in every text'
psql_q "$(cat "$REPO/pg_test/secret.sql")
    INSERT INTO optimizer.query_texts (query_hash, query) VALUES (2, 'x') ON CONFLICT DO NOTHING" >/dev/null
claim_sql "is put wherever no list of words forbids it" "SELECT coalesce(bool_and(is_checked), true) FROM public.plant_secret()"
for function in api_optimization_recommendations api_optimization_results; do
    claim "$function shows it with a token" says "$(request web_user GET "$function")" secret
    answer=$(request web_anon GET "$function")
    claim "$function has rows without one" says "$answer" '"<insufficient privilege>"'
    claim "and not the word" says_not "$answer" secret
done
cluster_stop "$MAIN"
