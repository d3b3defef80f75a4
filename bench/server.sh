#!/usr/bin/env bash
# The server that is measured: a private cluster under target/bench, one database for each section. Sourced by run.sh.
#
#   server_start                  a new cluster;  HAS_POWA says whether PoWA's archivist can be measured beside
#   database_new DB [sql file...] a database with pg_stat_statements, the extension, the stopwatch and the files of bench/sql
#   database_drop DB
#   bench_q DB 'sql'              bare values;  bench_call DB 'sql' the same outside a transaction, for procedures
#
# Unlike the other private clusters this one is durable (fsync, full page writes): a commit costs what it costs. Other
# settings are PostgreSQL's own, but for memory, WAL between checkpoints and the number of statements that are known.
# The worker is off, and autovacuum on, except where a section says so. What the benchmark itself runs is not counted by
# pg_stat_statements: only bench.run_statements() is.

BENCH_CLUSTER=$TARGET_DIR/bench/cluster
HAS_POWA=""

server_start() {
    local preload="pg_stat_statements,optimizer_workflow" powa=()
    if [ -f "$("$PG_CONFIG" --sharedir)/extension/powa.control" ]; then
        HAS_POWA=yes
        preload=$preload,powa
        powa=("powa.frequency = -1")
    fi
    cluster_start "$BENCH_CLUSTER" "shared_preload_libraries = '$preload'" "fsync = on" "full_page_writes = on" \
        "shared_buffers = 1GB" "max_wal_size = 4GB" "pg_stat_statements.max = 25000" "optimizer_workflow.enabled = off" \
        "${powa[@]}"
    export PGOPTIONS="-c pg_stat_statements.track=none -c client_min_messages=warning"
}

database_new() {
    local db=$1 file files=("$BENCH/sql/stopwatch.sql")
    shift
    for file in "$@"; do files+=("$BENCH/sql/$file"); done
    psql_q "DROP DATABASE IF EXISTS $db"
    psql_q "CREATE DATABASE $db"
    bench_q "$db" "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow"
    if [ -n "$HAS_POWA" ]; then bench_q "$db" "CREATE EXTENSION powa CASCADE"; fi
    for file in "${files[@]}"; do "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$db" -f "$file" >/dev/null; done
}

database_drop() { psql_q "DROP DATABASE $1"; }

bench_q() { psql_q "$2" "$1"; }
bench_call() { psql_q "$2" "$1" >/dev/null; }
