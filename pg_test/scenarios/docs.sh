#!/usr/bin/env bash
# Every SQL block of README.md and docs/*.md runs as it stands there, page by page from the top, each page on a ground of its own
# (pg_test/docs/ground.sql, database `shop`); sessions (```psql) print what stands there; docs/reference.md is what the catalog says.
# CONTRIBUTING.md ("A page of the docs") says how a block is written. WRITE_DOCS=1 writes docs/reference.md and what sessions printed
# anew; DOCS_PAGES='README.md docs/http.md' runs these alone.
# Trap: psql's own status does not say whether a block did anything. INSERT 0 0 is a failure, too: the block did not find what it is about.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
HERE=$REPO/pg_test/docs
is_there() { [ -f "$("$PG_CONFIG" --sharedir)/extension/$1.control" ]; }

libraries=pg_stat_statements,optimizer_workflow
settings=()
if is_there pg_qualstats; then
    libraries+=,pg_qualstats
    settings+=("pg_qualstats.sample_rate = 1" "pg_qualstats.max = 20000")
fi
if is_there pg_cron; then
    libraries+=,pg_cron
    settings+=("cron.database_name = 'shop'" "cron.use_background_workers = on")
fi
cluster_start "$MAIN" "shared_preload_libraries = '$libraries'" "optimizer_workflow.enabled = off" "max_worker_processes = 24" \
    "max_prepared_transactions = 4" "${settings[@]}" || die "the server does not start"

failed() {
    printf '%s\n' "$1"
    return 1
}
psql_file() { "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d shop "$@"; }

# The README's GRANT block, which other pages lean on.
awk '/^CREATE ROLE tuning_operator/ { on = 1 } /^```/ { on = 0 } on' "$REPO/README.md" >"$SCENARIO_DIR/grants.sql"

# ground PAGE: the database anew, and none of the roles that the page before has made.
ground() {
    local extension
    psql_q "DROP DATABASE IF EXISTS shop WITH (FORCE)" && psql_q "DROP DATABASE IF EXISTS fresh" || return 1
    psql_q "SELECT format('DROP ROLE %I;', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres'" |
        "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres || return 1
    psql_q "ALTER SYSTEM RESET ALL" && psql_q "SELECT pg_reload_conf()" >/dev/null || return 1
    psql_q "CREATE DATABASE shop" || return 1
    for extension in hypopg pg_qualstats; do
        if is_there $extension; then psql_file -c "CREATE EXTENSION $extension" || return 1; fi
    done
    psql_file -f "$HERE/ground.sql" >"$SCENARIO_DIR/ground.log" 2>&1 || { tail -n 5 "$SCENARIO_DIR/ground.log"; return 1; }
    if [ "$1" != README.md ]; then psql_file -f "$SCENARIO_DIR/grants.sql"; fi
}

# runs DIR LINE: the block without an error, and no INSERT that found nothing.
runs() {
    "$PG_BIN/psql" -X -v ON_ERROR_STOP=1 -d "$DATABASE" -f "$1/$2.sql" >"$1/$2.out" 2>&1 || { tail -n 12 "$1/$2.out"; return 1; }
    ! grep -n '^INSERT 0 0$' "$1/$2.out"
}

# nothing_unsaid PAGE: every row of a table of results or columns ends in what it is.
nothing_unsaid() {
    local unsaid
    unsaid=$(awk '/^### /{ head = $0 } /^\| (result|column) /{ told = 1 } /^\| argument /{ told = 0 } told && /\|  \|$/{ print head ": " $2 }' "$1")
    [ -z "$unsaid" ] || failed "$unsaid"
}

# fails_with DIR LINE SQLSTATE
fails_with() {
    local said
    if "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -d "$DATABASE" -f "$1/$2.sql" >"$1/$2.out" 2>&1; then echo "it ran"; return 1; fi
    said=$(grep -o 'ERROR:  [0-9A-Z]\{5\}' "$1/$2.out")
    [ "$said" = "ERROR:  $3" ] || { echo "expected $3:"; cat "$1/$2.out"; return 1; }
}

# masked MASK FILE: as it is compared. `numbers`: each number is N, its sign included, and the width of columns, which follows from them, does not count.
masked() {
    if [ "$1" = numbers ]; then
        sed -E 's/[-+]?[0-9]+([.,:][0-9]+)*(e[-+]?[0-9]+)?/N/g; s/-+/-/g; s/ +/ /g; s/ $//' "$2"
    else
        sed -E 's/ +$//' "$2"
    fi
}

# session DIR LINE: what psql prints today, prompts included, into LINE.actual.
session() {
    "$PG_BIN/psql" -X -d "$DATABASE" -v ON_ERROR_STOP=0 -P pager=off <"$1/$2.input" 2>&1 | sed 's/^psql:<stdin>:[0-9]*: //' |
        awk -v prompt="$1/$2.prompt." '
            /^@@[0-9]+$/ { file = prompt substr($0, 3); while ((getline line < file) > 0) print line; next }
            { print }' | awk 'NF { for (; blank > 0; blank--) print ""; print; next } { blank++ }' >"$1/$2.actual"
}

# prints DIR LINE MASK: the session that stands in the page is the one of today, and shows no error.
prints() {
    if grep '^ERROR: ' "$1/$2.actual"; then return 1; fi
    diff <(masked "$3" "$1/$2.psql" | sed '/^$/d') <(masked "$3" "$1/$2.actual" | sed '/^$/d')
}

# rewrite PAGE DIR: today's sessions into the page.
rewrite() {
    awk -v dir="$2" '
        !within && /^```psql/ { print; within = 1; file = dir "/" FNR ".actual"
            if ((getline line < file) > 0) { replaced = 1; do print line; while ((getline line < file) > 0) } else replaced = 0
            next }
        within && /^```/ { within = replaced = 0 }
        !replaced { print }' "$1" >"$2/page" && cp "$2/page" "$1"
}

lacking() {
    local extension
    for extension in ${1//,/ }; do is_there "$extension" || { printf '%s' "$extension"; return; }; done
}

# page PAGE NAME: claims for each of its blocks; leaves in RAN and BLOCKS how many ran, of how many.
page() {
    local dir=$SCENARIO_DIR/pages/${2//\//_} line kind sqlstate needs mask database reason missing said
    RAN=0 BLOCKS=0
    rm -rf "$dir"
    mkdir -p "$dir"
    : >"$dir/blocks"
    claim "$2 can be taken apart" awk -v dir="$dir" -v page="$2" -f "$HERE/blocks.awk" "$1" || return
    if [ ! -s "$dir/blocks" ]; then echo "# $2 has no SQL"; return; fi
    if ! said=$(ground "$2" 2>&1); then
        claim "$2 has its ground" failed "$said"
        return
    fi
    while read -r line kind sqlstate needs mask database reason <&3; do
        BLOCKS=$((BLOCKS + 1))
        if [ "$reason" != - ]; then echo "# $2:$line is not run: $reason"; continue; fi
        missing=$([ "$needs" = - ] || lacking "$needs")
        if [ -n "$missing" ]; then claim "$2:$line skipped: $missing is not installed" true; RAN=$((RAN + 1)); continue; fi
        RAN=$((RAN + 1))
        DATABASE=shop
        if [ "$database" = new ]; then
            DATABASE=fresh
            psql_q "DROP DATABASE IF EXISTS fresh" 2>/dev/null
            psql_q "CREATE DATABASE fresh"
        fi
        case $kind$sqlstate in
        psql*)
            session "$dir" "$line"
            [ -z "${WRITE_DOCS:-}" ] || cp "$dir/$line.actual" "$dir/$line.psql"
            claim "$2:$line prints what stands there" prints "$dir" "$line" "$mask"
            ;;
        sql-) claim "$2:$line runs" runs "$dir" "$line" ;;
        sql*) claim "$2:$line ends in $sqlstate" fails_with "$dir" "$line" "$sqlstate" ;;
        esac
    done 3<"$dir/blocks"
    claim "$2 has something that ran" [ "$RAN" -gt 0 ]
    if [ -n "${WRITE_DOCS:-}" ] && [ "$1" = "$REPO/$2" ]; then rewrite "$1" "$dir"; fi
}

# finds LINE TEXT PAGE: a planted page has a failing claim at that line (0: it cannot even be taken apart).
# Whatever else is planted there with it must run.
finds() {
    local said
    said=$(CLAIMS_PASSED=0 CLAIMS_FAILED=0; page "$3" planted.md)
    if [ "$(grep -c '^not ok ' <<<"$said")" != 1 ] || ! grep -q "^not ok - planted.md:\?$1 $2" <<<"$said"; then failed "$said"; fi
}

# dead_links ROOT: relative links of README.md and docs/*.md under it that lead to no file, or to no heading of a page.
dead_links() { (cd "$1" && awk -f "$HERE/links.awk" README.md docs/*.md) | while IFS=$'\t' read -r place link file anchor; do
        if [ ! -e "$1/$file" ]; then echo "$place: $link"; continue; fi
        [ -z "$anchor" ] || awk -v headings=1 -f "$HERE/links.awk" "$1/$file" | grep -qxF -- "$anchor" || echo "$place: $link"
    done; }
links_lead() { local dead; dead=$(dead_links "$1"); [ -z "$dead" ] || failed "$dead"; }
# finds_link LINE LINK: of what is planted as README.md this link and no other is dead.
finds_link() { [ "$(dead_links "$SCENARIO_DIR/links")" = "README.md:$1: $2" ] || failed "$(dead_links "$SCENARIO_DIR/links")"; }

plant() { cat >"$SCENARIO_DIR/planted.md"; }

if [ -z "${DOCS_PAGES:-}${WRITE_DOCS:-}" ]; then
    echo '# what is broken is found'
    printf '%s\n' 'A page.' '```sql' 'SELECT 1;' '```' '' '```sql' 'SELECT * FROM optimizer.no_such_view;' '```' | plant
    claim "a block that fails" finds 6 runs "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```sql expect-error=22023' "SELECT optimizer.dismiss_recommendation(0, 'no');" 'SELECT 1/0;' '```' '```sql expect-error=22023' 'SELECT 1;' '```' | plant
    claim "an error that does not come" finds 5 "ends in 22023" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```sql expect-error=22023' 'SELECT 1/0;' '```' | plant
    claim "another error than the one that is named" finds 1 "ends in 22023" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```sql' 'INSERT INTO orders (customer_id, total) SELECT 1, 1 WHERE false;' '```' | plant
    claim "an INSERT that finds nothing" finds 1 runs "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```psql mask=numbers' 'shop=# SELECT 1 AS n, true AS sure;' ' n | sure ' '---+------' ' 7 | f' '(1 row)' '```' | plant
    claim "a session that prints something else" finds 1 "prints what stands there" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```psql' 'shop=# SELECT 1 AS n;' ' n ' '---' ' 2' '(1 row)' '```' | plant
    claim "another number where none is masked" finds 1 "prints what stands there" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```sql' 'SELECT 1;' | plant
    claim "a fence that is never closed" finds "" "can be taken apart" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```sql skip' 'SELECT 1;' '```' | plant
    claim "a word that means nothing" finds "" "can be taken apart" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '```' 'SELECT 1;' '```' | plant
    claim "SQL that does not say that it is" finds "" "can be taken apart" "$SCENARIO_DIR/planted.md"
    printf '%s\n' '<!-- not run: the server has to be stopped -->' '```sql' 'SELECT 1;' '```' | plant
    claim "a page of which nothing ran" finds "" "has something that ran" "$SCENARIO_DIR/planted.md"
    mkdir -p "$SCENARIO_DIR/links/docs"
    link() { printf '%s\n' '# A - b_c' '# A, b c' '[all](docs/it.md#of-it) `[no](x.md)` [web](https://x.org/y.md)' '```' '[no](x.md)' '```' '[same](docs/it.md#same-1) [down](#a---b_c)' "$@" >"$SCENARIO_DIR/links/README.md"; }
    printf '%s\n' '# Of `it`' '## Same' '```' '# none' '```' '## Same' '[up](../README.md#a-b-c)' >"$SCENARIO_DIR/links/docs/it.md"
    link '[x](docs/itt.md)'
    claim "a link to no file" finds_link 8 docs/itt.md
    link 'a [x](docs/it.md#none) [y](docs/it.md)'
    claim "a link to no heading" finds_link 8 'docs/it.md#none'
    link '[x](#nowhere)'
    claim "a link to no heading of its own" finds_link 8 '#nowhere'
fi

if [ -z "${DOCS_PAGES:-}" ]; then
    echo '# the reference'
    claim "the ground" ground reference
    psql_q "$(cat "$HERE/reference.sql")" shop >"$SCENARIO_DIR/reference.md"
    if [ -n "${WRITE_DOCS:-}" ]; then cp "$SCENARIO_DIR/reference.md" "$REPO/docs/reference.md"; fi
    claim "and says of every result and column what it is" nothing_unsaid "$SCENARIO_DIR/reference.md"
    claim "docs/reference.md is what the catalog says" diff "$REPO/docs/reference.md" "$SCENARIO_DIR/reference.md"
fi

if [ -z "${DOCS_PAGES:-}" ]; then
    echo '# the links'
    claim "lead to files and headings that are there" links_lead "$REPO"
    claim "and were found" test "$(cd "$REPO" && awk -f "$HERE/links.awk" README.md docs/*.md | wc -l)" -ge 20
fi

pages=0
for file in "$REPO/README.md" "$REPO"/docs/*.md; do
    name=${file#"$REPO"/}
    case " ${DOCS_PAGES:-$name} " in *" $name "*) ;; *) continue ;; esac
    echo "# $name"
    page "$file" "$name"
    if [ "$BLOCKS" -gt 0 ]; then pages=$((pages + 1)); fi
done
claim "pages with SQL were found" [ "$pages" -gt 0 ]
claim_consistent shop
cluster_stop "$MAIN"
