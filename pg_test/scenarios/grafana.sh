#!/usr/bin/env bash
# The dashboards of grafana/: each is parsed with Grafana's own schema, keeps to the rules of its dashboard linter, and all its
# queries run as the role of docs/grafana.md, on an empty database and on one with a story (pg_test/grafana/story.sql). What key
# panels show is what the tables say; and what is broken on purpose is found. No Grafana server takes part: docs/grafana.md says so.
# The first run fetches two Python packages into target/grafana.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
HERE=$REPO/pg_test/grafana
BOARDS=$REPO/grafana/dashboards
MAIN=$SCENARIO_DIR/main
VENV=$TARGET_DIR/grafana/venv

# check argument...: its claims are this scenario's.
check() {
    local text status=0
    text=$("$VENV/bin/python" -B "$HERE/check.py" "$@" 2>&1) || status=$?
    printf '%s\n' "$text"
    CLAIMS_PASSED=$((CLAIMS_PASSED + $(grep -c '^ok ' <<<"$text")))
    CLAIMS_FAILED=$((CLAIMS_FAILED + $(grep -c '^not ok ' <<<"$text")))
    # an error that no claim caught
    if [ "$status" -ne 0 ] && ! grep -q '^not ok ' <<<"$text"; then claim "check.py $1 ran to its end" false; fi
}
connection() { printf 'host=%s port=%s user=%s dbname=%s' "$PGHOST" "$PGPORT" "$1" "$2"; }
told() { "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d filled -f "$1" >/dev/null || die "$1 failed"; }

if ! [ -f "$VENV/complete" ] || ! cmp -s "$HERE/requirements.txt" "$VENV/complete"; then
    rm -rf "$VENV"
    python3 -m venv "$VENV" || die "python3 cannot make a virtualenv; on Debian: apt-get install python3-venv"
    "$VENV/bin/pip" install -q --disable-pip-version-check -r "$HERE/requirements.txt" || die "no packages: $(cat "$HERE/requirements.txt")"
    cp "$HERE/requirements.txt" "$VENV/complete"
fi

echo '# the files'
claim "macros are expanded as Grafana does" "$VENV/bin/python" -B -m unittest discover -q -s "$HERE" -p 'test_*.py'
check rules "$BOARDS"

echo '# the role of docs/grafana.md'
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" "client_min_messages = warning" || die "the server does not start"
awk '/^CREATE ROLE grafana/ { on = 1 } /^```/ { on = 0 } on' "$REPO/docs/grafana.md" >"$SCENARIO_DIR/role.sql"
claim "is made as it stands there" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres -f "$SCENARIO_DIR/role.sql"
for db in empty filled; do
    psql_q "CREATE DATABASE $db"
    psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow" "$db"
done
refused() { PGUSER=grafana "$PG_BIN/psql" -XAtq -d filled -c "$1" 2>&1 | grep -q 'permission denied\|read-only transaction'; }
claim "reads no table that holds text" refused "SELECT * FROM optimizer.query_texts"
claim "writes nothing" refused "SELECT optimizer.take_sample()"
claim "not even where it may" refused "CREATE TEMP TABLE t (); INSERT INTO t DEFAULT VALUES; CREATE TABLE public.t ()"

echo '# an empty database'
check answers "$BOARDS" "$(connection grafana empty)" empty

echo '# three weeks of a shop'
told "$HERE/story.sql"
psql_q "SELECT optimizer.run_maintenance('events')" filled >/dev/null
while psql_q "SELECT detail FROM optimizer.run_maintenance('advise')" filled | grep -q more; do :; done
psql_q "SELECT optimizer.run_maintenance('aggregate')" filled >/dev/null
told "$HERE/told.sql"
psql_q "SELECT format('#   %-15s %-12s %-13s %s', q.story, i.status, i.verdict, left(i.verdict_reason, 90))
    FROM optimizer.implementations i JOIN story.query q USING (query_hash) ORDER BY n" filled
claim_sql "ended as it was told" "SELECT array_agg(coalesce(i.verdict, i.status) ORDER BY q.n)
    = '{improved,not_improved,regressed,improved,improved,pending,inconclusive,regressed}'
    FROM optimizer.implementations i JOIN story.query q USING (query_hash)" filled
check answers "$BOARDS" "$(connection grafana filled)" filled

echo '# what key panels show'
check truth "$BOARDS" "$(connection grafana filled)" "$(connection postgres filled)"

echo '# what is broken on purpose is found'
check falsify "$BOARDS" "$(connection grafana filled)" "$(connection postgres filled)"
claim_consistent filled
cluster_stop "$MAIN"
