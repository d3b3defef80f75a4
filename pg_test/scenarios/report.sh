#!/usr/bin/env bash
# report_html(), as a person gets it: on an empty database, on one with three weeks behind it, on one whose words want to be markup, and
# on a large one; each page is opened in a headless browser, and what the browser has parsed is held against the tables
# (report_check.py). That these checks can fail is tried, too. Screenshots and the PDF lie in target/report.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
HERE=$REPO/pg_test/scenarios
SHOTS=$TARGET_DIR/report
CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$CHROMIUM" ] || die "no chromium in PATH: tools/setup.sh installs it on Debian"
mkdir -p "$SHOTS"
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
    "optimizer_workflow.enabled = off" || die "the server does not start"
psql_q "CREATE ROLE monitor LOGIN IN ROLE pg_monitor; CREATE ROLE plain LOGIN; CREATE ROLE blind LOGIN"

# make_db NAME [script [psql argument...]]: a database with the extension, filled by the script.
make_db() {
    local name=$1 script=${2:-}
    shift; [ $# -eq 0 ] || shift
    psql_q "CREATE DATABASE $name" && psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow" "$name" || return 1
    [ -z "$script" ] || "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$name" "$@" -f "$HERE/$script" >/dev/null
}
# report DB: writes the page; browse DB: the page as the browser has parsed it, and how it looks.
report() { psql_q "SELECT optimizer.report_html()" "$1" >"$SCENARIO_DIR/$1.html"; }
chrome() { timeout 60 "$CHROMIUM" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
    --user-data-dir="$SCENARIO_DIR/chromium" "$@" 2>>"$SCENARIO_DIR/chromium.log"; }
dom() { chrome --dump-dom "file://$SCENARIO_DIR/$1.html" >"$SCENARIO_DIR/$1.dom"; }
shoot() { chrome --window-size="${3:-1100,3000}" --blink-settings="preferredColorScheme=${4:-1}" --screenshot="$SHOTS/$2.png" "file://$SCENARIO_DIR/$1.html" >/dev/null \
    && test -s "$SHOTS/$2.png"; }
check() { python3 "$HERE/report_check.py" "$@"; }
# breaks 'sed expression' check NAME...: the check says no to a page that was broken on purpose.
breaks() {
    local expression=$1 what=$2 name=$3
    shift 3
    sed -E "$expression" "$SCENARIO_DIR/$name.dom" >"$SCENARIO_DIR/broken.dom"
    if cmp -s "$SCENARIO_DIR/$name.dom" "$SCENARIO_DIR/broken.dom"; then echo "the expression broke nothing"; return 1; fi
    if check "$what" "$SCENARIO_DIR/broken.dom" "$@"; then echo "it went unnoticed"; return 1; fi
}
facts() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" -f "$HERE/report_facts.sql" >"$SCENARIO_DIR/$1.facts"; }
says() { case $1 in *"$2"*) ;; *) echo "it said: ${1:0:300}"; return 1 ;; esac; }
lacks() { case $1 in *"$2"*) echo "it said: $2"; return 1 ;; esac; }
as() { PGUSER=$1 "$PG_BIN/psql" -XAtq -v VERBOSITY=verbose -d "${3:-shop}" -c "$2" 2>&1; }

echo '# an empty database'
make_db empty
claim "has a report" report empty
claim "that a browser reads" dom empty
claim "and that is whole: no script, nothing from outside" check page "$SCENARIO_DIR/empty.dom"
for said in "There is no open recommendation." "nothing is proven so far" "Nothing is recommended." "No change was recorded" \
    "No outcome has come in yet" "No work was observed"; do
    claim "it says: $said" grep -qF "$said" "$SCENARIO_DIR/empty.dom"
done
claim "it draws nothing" lacks "$(cat "$SCENARIO_DIR/empty.dom")" data-plot
claim "and can be seen" shoot empty empty 1100,1800

echo '# three weeks of a shop'
make_db shop report.sql
claim_sql "four verdicts, an open measurement" \
    "SELECT count(DISTINCT verdict) = 4 AND count(*) FILTER (WHERE status = 'pending') = 1 FROM optimizer.implementations" shop
claim "has a report" report shop
claim "that a browser reads" dom shop
claim "and that is whole" check page "$SCENARIO_DIR/shop.dom"
facts shop
claim "its plots draw the figures of the tables, where their scales say" check plots "$SCENARIO_DIR/shop.dom" "$SCENARIO_DIR/shop.facts"
claim "something got some 3,000 % slower, and that ends in an arrow" grep -qE 'data-series="actual" data-value="-(29|3[0-9])[0-9]{2}[0-9.]*" href="#mark-beyond-low"' "$SCENARIO_DIR/shop.dom"
for shot in "shop-light 1100,3400 1" "shop-dark 1100,3400 0" "shop-phone 500,5200 1"; do
    # shellcheck disable=SC2086
    claim "screenshot ${shot%% *}" shoot shop $shot
done
claim "it prints" chrome --no-pdf-header-footer --print-to-pdf="$SHOTS/shop.pdf" "file://$SCENARIO_DIR/shop.html"
claim "of one day it is shorter" test "$(psql_q "SELECT length(optimizer.report_html(1)) < length(optimizer.report_html())" shop)" = t

echo '# the checks can fail'
claim "a script" breaks 's|<main>|<main><script>1</script>|' page shop
claim "a picture from elsewhere" breaks 's|<main>|<main><img src="https://example.org/x.png">|' page shop
claim "a handler" breaks 's|<main>|<main onclick="x">|' page shop
claim "a mark that nobody defined" breaks 's|id="mark-regressed"|id="mark-lost"|' page shop
claim "a plot without a title" breaks 's|<title>Improvement: [^<]*</title>||' page shop
claim "another value" breaks 's|(data-series="actual" data-value=")([0-9])|\19\2|' plots shop "$SCENARIO_DIR/shop.facts"
claim "another place" breaks 's|(data-series="predicted"[^>]* x=")[0-9.]+|\11|' plots shop "$SCENARIO_DIR/shop.facts"
claim "another shape" breaks 's|(data-series="actual"[^>]* href=")#mark-not-improved|\1#mark-improved|' plots shop "$SCENARIO_DIR/shop.facts"
claim "a point that is missing" breaks '0,/<circle class="dot before"/s|<circle class="dot before"|<g class="dot before"|' plots shop "$SCENARIO_DIR/shop.facts"
claim "a point too high" breaks 's|(<circle class="dot after"[^>]* cy=")[0-9.]+|\11|' plots shop "$SCENARIO_DIR/shop.facts"
claim "another moment of the change" breaks 's|(class="moment" data-at="[0-9]+" x1=")[0-9.]+|\12|' plots shop "$SCENARIO_DIR/shop.facts"
claim "another hour" breaks 's|(data-weekday="3" data-hour="13" data-value=")[0-9]|\1|' plots shop "$SCENARIO_DIR/shop.facts"

echo '# words that want to be markup'
make_db hostile report_hostile.sql
claim "have a report" report hostile
claim "that a browser reads" dom hostile
claim "and that is whole" check page "$SCENARIO_DIR/hostile.dom"
claim "they are there as words, and what is invisible is written out" check words "$SCENARIO_DIR/hostile.dom"
claim "and can be seen" shoot hostile hostile
claim "a page that lets them through is found" breaks 's|&lt;/script&gt;&lt;script&gt;|</script><script>|' page hostile

echo '# who may'
# With USAGE of the schema, or that alone would say no.
psql_q "GRANT USAGE ON SCHEMA optimizer TO plain" shop
claim "nobody else" says "$(as plain "SELECT optimizer.report_html()")" "ERROR:  42501: permission denied for function report_html"
claim "a monitor" says "$(as monitor "SELECT optimizer.report_html()")" "CREATE INDEX sessions_customer_id_idx"
psql_q "GRANT USAGE ON SCHEMA optimizer TO blind; GRANT SELECT ON ALL TABLES IN SCHEMA optimizer TO blind; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA optimizer TO blind" shop
blind=$(as blind "SELECT optimizer.report_html()")
claim "who may not read texts gets the figures" says "$blind" 'data-plot="improvement"'
claim "without the texts" lacks "$blind" "customer_id"

echo '# what is asked for'
for days in 0 -1 3651 NULL; do
    claim "days => $days is refused with 22023 and a hint" says "$(as postgres "SELECT optimizer.report_html($days)" | tr '\n' ' ')" "ERROR:  22023"
    claim "days => $days has a hint" says "$(as postgres "SELECT optimizer.report_html($days)")" "HINT:"
done
for days in 1 3650; do claim "days => $days" says "$(as postgres "SELECT optimizer.report_html(days => $days)")" "<!DOCTYPE html>"; done
claim_sql "it assigns no transaction id" "SELECT length(optimizer.report_html()) > 0 AND pg_current_xact_id_if_assigned() IS NULL" shop
claim_sql "nor in a transaction that may only read" "SET TRANSACTION READ ONLY; SELECT length(optimizer.report_html()) > 0" shop
STANDBY=$SCENARIO_DIR/standby
cluster_standby "$STANDBY" || die "the standby does not start"
claim_sql "and it works on a standby" "SELECT pg_is_in_recovery() AND optimizer.report_html() LIKE '%standby%data-plot=\"before-after\"%'" shop
cluster_stop "$STANDBY"
cluster_use "$MAIN"

echo '# a large database: 20,000 queries with texts of 100 kB, advice on each, 60 changes'
make_db large report_large.sql -v queries=20000 -v buckets=240
began=$(date +%s%N)
claim "has a report" report large
took=$((($(date +%s%N) - began) / 1000000))
size=$(stat -c %s "$SCENARIO_DIR/large.html")
echo "#   $took ms, $((size / 1000)) kB"
claim "below 2 MB" test "$size" -lt 2000000
# Five times what it takes here: a busy machine is no failure.
claim "within 5 s" test "$took" -lt 5000
claim "that a browser reads" dom large
claim "and that is whole" check page "$SCENARIO_DIR/large.dom"
claim "it says what it left out" grep -qE '[0-9,]+ more recommendations not shown here' "$SCENARIO_DIR/large.dom"
claim_consistent shop
cluster_stop "$MAIN"
