#!/usr/bin/env bash
# How many statements are understood: the share of SELECT, INSERT, UPDATE, DELETE and MERGE that is read and that is planned, by
# where the statements come from, on a private cluster. Prints the table and writes it to docs/reader.md, between its markers.
# Exit status 1 when less than 99 % is read or less than 97 % planned.
# TPC-H comes from Python packages, fetched once into target/; without them its rows are missing and the exit status is 1.
set -euo pipefail
# shellcheck source=tools/cluster.sh
. "$(dirname "$0")/cluster.sh"
cd "$REPO"
HERE=tools/reader_report
WORK=$TARGET_DIR/reader_report
MAIN=$WORK/cluster
DB=corpus
PACKAGES=(duckdb==1.5.5 duckdb-extension-tpch==1.5.5)
READ_AT_LEAST=99
PLANNED_AT_LEAST=97
mkdir -p "$WORK/tpch"

tpch_fetch() {
    [ -f "$WORK/tpch/q22.sql" ] && return
    [ -x "$WORK/venv/bin/python" ] || python3 -m venv "$WORK/venv" || return 1
    "$WORK/venv/bin/pip" install -q --disable-pip-version-check "${PACKAGES[@]}" \
        && "$WORK/venv/bin/python" $HERE/tpch.py "$WORK/tpch"
}

# as ROLE psql-argument...: goes on after a statement that fails, and says which did.
as() {
    local role=$1
    shift
    PGUSER=$role "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=0 -d "$DB" "$@" >>"$WORK/$role.out" 2>>"$WORK/$role.err"
}

traffic_tpch() {
    local file
    as tpch -f "$WORK/tpch/schema.sql"
    psql_q "ANALYZE" "$DB"
    for file in "$WORK"/tpch/q*.sql; do as tpch -f "$file"; done
}

traffic_pgbench() {
    local script mode
    PGUSER=pgbench "$PG_BIN/pgbench" -i -q -I dtgvpf --scale=1 "$DB" >>"$WORK/pgbench.out" 2>&1
    for script in tpcb-like simple-update select-only; do
        for mode in simple extended prepared; do
            PGUSER=pgbench "$PG_BIN/pgbench" -n -b "$script" -M "$mode" -t 5 "$DB" >>"$WORK/pgbench.out" 2>&1
        done
    done
}

traffic_orm() { as orm --single-transaction -f $HERE/orm.sql; }
traffic_psql() { as psql -f $HERE/psql.sql; }
traffic_dumper() { PGUSER=dumper "$PG_BIN/pg_dump" "$DB" >"$WORK/pg_dump.out" 2>"$WORK/pg_dump.err"; }

tpch_fetch || note "TPC-H could not be fetched: its statements are missing"
rm -f "$WORK"/*.err "$WORK"/*.out
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" "pg_stat_statements.max = 10000" \
    "optimizer_workflow.enabled = off"
psql_q "CREATE DATABASE $DB"
# Each source is a role, so that each statement says where it comes from; `psql` looks at everything, as an administrator does.
psql_q "CREATE ROLE tpch LOGIN; CREATE ROLE pgbench LOGIN; CREATE ROLE orm LOGIN; CREATE ROLE psql LOGIN IN ROLE pg_monitor, pg_read_all_data; ALTER ROLE psql SET search_path = shop, tpch, public;
        CREATE ROLE dumper LOGIN IN ROLE pg_read_all_data;
        CREATE EXTENSION pg_stat_statements; ALTER ROLE orm SET search_path = shop; GRANT CREATE ON DATABASE $DB TO orm;
        CREATE SCHEMA tpch AUTHORIZATION tpch; CREATE SCHEMA pgbench AUTHORIZATION pgbench" "$DB"
as orm -v ON_ERROR_STOP=1 -f $HERE/orm_schema.sql || die "the schema of the mappers could not be made: $WORK/orm.err"
psql_q "SELECT pg_stat_statements_reset()" "$DB" >/dev/null
for origin in tpch pgbench orm psql dumper; do
    if [ "$origin" = tpch ] && [ ! -f "$WORK/tpch/q22.sql" ]; then continue; fi
    "traffic_$origin" || note "$origin: not everything ran"
done
if grep -H 'ERROR:' "$WORK"/*.err; then note "statements failed: they are not in the figures"; fi

# Only now, so that nothing of the extension is in the dump and in \d.
psql_q "CREATE EXTENSION optimizer_workflow; SELECT optimizer.take_sample()" "$DB" >/dev/null
for ((step = 0; step < 50; step++)); do
    detail=$(psql_q "DELETE FROM optimizer.maintenance_runs; SELECT detail FROM optimizer.run_maintenance('advise')" "$DB")
    case $detail in *more) ;; *) break ;; esac
done
note "advise: $detail"
"$PG_BIN/psql" -Xq -d "$DB" -v ON_ERROR_STOP=1 -f $HERE/figures.sql >"$WORK/figures.log"
psql_q "TABLE report_lines" "$DB" >"$WORK/reader.md"
cat "$WORK/reader.md"
psql_q "SELECT format(E'%s, %s: %s\n%s\n', origin, reason, detail, query) FROM judged WHERE reason IS NOT NULL ORDER BY 1" "$DB" >"$WORK/missed.txt"
note "the texts that were missed, and why: $WORK/missed.txt"

# Puts the table between the markers of docs/reader.md.
awk -v table="$WORK/reader.md" '
    /<!-- figures: end -->/ { skip = 0 }
    !skip { print }
    /<!-- figures: begin -->/ { while ((getline line <table) > 0) print line; skip = 1 }' docs/reader.md >"$WORK/docs.md"
mv "$WORK/docs.md" docs/reader.md

status=0
[ -f "$WORK/tpch/q22.sql" ] || status=1
for part in "read $READ_AT_LEAST" "planned $PLANNED_AT_LEAST"; do
    read -r what least <<<"$part"
    share=$(psql_q "SELECT 100.0 * count(*) FILTER (WHERE is_$what) / count(*) FROM judged" "$DB")
    if psql_q "SELECT $share < $least" | grep -q t; then
        note "$what: ${share:0:5} %, less than $least %"
        status=1
    fi
done
cluster_remove "$MAIN"
exit "$status"
