#!/usr/bin/env bash
# Private PostgreSQL clusters for the demo, the scenarios and pg_regress. Sourced, never run.
#
#   cluster_start DIR [conf line...]   a new, empty cluster under DIR (replaces the one that was there) and its use
#   cluster_standby DIR                a streaming standby under DIR of the cluster in use (replaces the one that was there),
#                                      and its use
#   cluster_use DIR                    points psql, psql_q and pgbench at it: PGHOST, PGPORT, PGUSER
#   cluster_conf DIR line...           appends settings;  cluster_reload DIR  makes the server read them
#   cluster_restart DIR [mode]         stops (fast unless told) when it runs, and starts
#   cluster_crash DIR [what]           postmaster: kill -9, nothing runs afterwards (the default); immediate: the same,
#                                      by pg_ctl; backend: kill -9 of one process, the server recovers by itself
#   cluster_stop DIR, cluster_remove DIR, cluster_log DIR, cluster_log_tail DIR [lines]
#   cluster_keep DIR                   leave it running when the script ends
#   at_exit 'command'                  runs at the end of the script, last registered first
#   psql_q 'sql' [db]                  bare values, one row a line, fails on the first error
#   wait_until SECONDS 'sql' [db]      polls until the statement returns t; fails after SECONDS
#   claim 'text' command...            prints `ok - text` or `not ok - text`; a failed claim makes the script exit 1
#   claim_sql 'text' 'sql' [db]        claims that the statement returns t
#   claim_consistent [db]              claims that pg_test/consistency.sql finds nothing; each scenario does so at its end
#
# Promises: no TCP port is opened, no server is touched that was not started here, processes end by their pid.
# The server runs as an unprivileged user: the caller, or for root `postgres` (else `nobody`). Whoever can enter the
# socket directory (mode 0700) is trusted. fsync is off: these clusters hold nothing of value.
# Trap: the server's user may be unable to enter DIR, and a socket path ends at 107 bytes. Then data or socket lie
# in /tmp, DIR/data and DIR/socket are links, and DIR/cluster says where.
# Trap: within `claim` bash does not stop at the first failing line of a function; join lines with &&.

# shellcheck source=tools/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# A server inherits it, and pgrx would then add a backtrace to every error.
unset RUST_BACKTRACE
postgres_use
unset PGSERVICE PGSERVICEFILE PGPASSFILE PGPASSWORD PGHOSTADDR PGOPTIONS PGDATABASE PGSSLMODE PGTZ PGCLIENTENCODING

# Where a scenario puts its cluster when nobody says otherwise.
SCENARIO_DIR=${SCENARIO_DIR:-$TARGET_DIR/scenarios/$(basename "${0%.sh}")}
CLUSTER_SERVER_USER=$(id -un)
if root; then
    CLUSTER_SERVER_USER=postgres
    id postgres >/dev/null 2>&1 || CLUSTER_SERVER_USER=nobody
fi
CLUSTER_STARTED=()
CLUSTER_AT_EXIT=()
CLAIMS_PASSED=0
CLAIMS_FAILED=0

# cluster_as_server command...: runs it as the user who owns the server, from a directory that user can enter.
cluster_as_server() {
    if root; then
        (cd / && exec runuser -u "$CLUSTER_SERVER_USER" -- "$@")
    else
        (cd / && exec "$@")
    fi
}

cluster_known() { [ -f "$1/cluster" ]; }
cluster_fact() { sed -n "s/^$2=//p" "$1/cluster"; }
cluster_data() { cluster_fact "$1" data; }
cluster_ctl() {
    local dir=$1
    shift
    cluster_as_server "$(cluster_fact "$dir" bin)/pg_ctl" -s -D "$(cluster_data "$dir")" "$@"
}
cluster_running() { cluster_known "$1" && cluster_ctl "$1" status >/dev/null 2>&1; }

# A scratch directory in /tmp that belongs to the server's user.
cluster_scratch() {
    local scratch
    scratch=$(mktemp -d /tmp/owf.XXXXXX)
    if root; then chown "$CLUSTER_SERVER_USER" "$scratch"; fi
    printf '%s\n' "$scratch"
}

cluster_start() {
    local dir home socket port
    dir=$(realpath -m "$1")
    shift
    cluster_remove "$dir"
    mkdir -p "$dir"
    home=$dir
    if root; then
        chown "$CLUSTER_SERVER_USER" "$dir"
        cluster_as_server test -w "$dir" 2>/dev/null || home=$(cluster_scratch)
    fi
    # The port only names the socket file. It follows from the path, so a cluster keeps it from run to run.
    port=$((20000 + $(printf '%s' "$dir" | cksum | cut -d ' ' -f 1) % 20000))
    socket=$home/socket
    if [ ${#socket} -gt $((107 - 15)) ]; then socket=$(cluster_scratch); fi
    printf '%s\n' "data=$home/data" "socket=$socket" "port=$port" "bin=$PG_BIN" "log=$home/server.log" \
        "scratch=$([ "$home" = "$dir" ] || printf '%s' "$home")" \
        "socket_scratch=$([ "$socket" = "$home/socket" ] || printf '%s' "$socket")" >"$dir/cluster"
    if [ "$home" != "$dir" ]; then ln -sfn "$home/data" "$dir/data"; fi
    if [ "$socket" != "$dir/socket" ]; then ln -sfn "$socket" "$dir/socket"; fi

    rm -f "$home/server.log"
    cluster_as_server mkdir -p "$socket"
    cluster_as_server chmod 0700 "$socket"
    cluster_as_server "$PG_BIN/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --locale=C --no-sync \
        >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; note "error: initdb failed"; return 1; }
    cluster_conf "$dir" "listen_addresses = ''" "port = $port" "unix_socket_directories = '$socket'" \
        "unix_socket_permissions = 0700" "timezone = 'UTC'" "log_timezone = 'UTC'" "log_line_prefix = '%m [%p] %b '" \
        "fsync = off" "full_page_writes = off" "$@"
    CLUSTER_STARTED+=("$dir")
    cluster_up "$dir"
}

# Data and socket lie in /tmp: pg_basebackup must be able to write there as the server's user.
cluster_standby() {
    local dir home port=$((PGPORT + 1))
    dir=$(realpath -m "$1")
    cluster_remove "$dir"
    mkdir -p "$dir"
    if root; then chown "$CLUSTER_SERVER_USER" "$dir"; fi
    home=$(cluster_scratch)
    printf '%s\n' "data=$home/data" "socket=$home" "port=$port" "bin=$PG_BIN" "log=$home/server.log" \
        "scratch=$home" socket_scratch= >"$dir/cluster"
    CLUSTER_STARTED+=("$dir")
    cluster_as_server "$PG_BIN/pg_basebackup" -D "$home/data" -R -X stream -c fast \
        -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" || { note "error: pg_basebackup failed"; return 1; }
    cluster_conf "$dir" "port = $port" "unix_socket_directories = '$home'"
    cluster_up "$dir"
}

# cluster_up DIR: starts a stopped cluster with the data it has.
cluster_up() {
    if ! cluster_ctl "$1" start -w -t 60 -l "$(cluster_fact "$1" log)" >/dev/null; then
        note "error: the server under $1 did not start; the end of its log:"
        cluster_log_tail "$1" 20 >&2
        return 1
    fi
    cluster_use "$1"
}

cluster_use() {
    PGHOST=$(cluster_fact "$1" socket)
    PGPORT=$(cluster_fact "$1" port)
    PGUSER=postgres
    export PGHOST PGPORT PGUSER
}

cluster_conf() {
    local data
    data=$(cluster_data "$1")
    shift
    printf '%s\n' "$@" | cluster_as_server tee -a "$data/postgresql.conf" >/dev/null
}

cluster_reload() { cluster_ctl "$1" reload; }

cluster_stop() {
    if cluster_running "$1"; then cluster_ctl "$1" stop -m "${2:-fast}" -w -t 60; fi
}

cluster_restart() {
    cluster_stop "$1" "${2:-fast}"
    cluster_up "$1"
}

# The processes of the cluster: the postmaster's pid first, then those of its children.
cluster_pids() {
    local postmaster
    postmaster=$(head -n 1 "$(cluster_data "$1")/postmaster.pid")
    printf '%s\n' "$postmaster"
    { grep -ls "^PPid:[[:space:]]*$postmaster\$" /proc/[0-9]*/status || true; } | cut -d / -f 3
}

cluster_crash() {
    local pids pid
    case ${2:-postmaster} in
    immediate)
        cluster_ctl "$1" stop -m immediate -w
        ;;
    backend)
        cluster_use "$1"
        pid=$(psql_q "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        kill -9 "$pid"
        # Not back before the server has noticed and recovered: then another process is the checkpointer.
        wait_until 30 "SELECT min(pid) <> $pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        ;;
    postmaster)
        mapfile -t pids < <(cluster_pids "$1")
        kill -9 "${pids[0]}"
        for pid in "${pids[@]}"; do cluster_wait_gone "$pid"; done
        if kill -0 "${pids[0]}" 2>/dev/null; then
            rm -f "$(cluster_data "$1")/postmaster.pid" "$(cluster_fact "$1" socket)"/.s.PGSQL.*
        fi
        ;;
    *)
        die "cluster_crash: postmaster, immediate or backend, not ${2}"
        ;;
    esac
}

# Children notice within a moment that their postmaster is gone; one that does not after 20 s is ended too.
# Trap: where no init reaps, the killed postmaster stays a zombie, and its pid file would keep a new one from starting.
cluster_wait_gone() {
    local tries
    for tries in $(seq 100); do
        if ! kill -0 "$1" 2>/dev/null; then return 0; fi
        if [ "$tries" -gt 15 ] && grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; then return 0; fi
        sleep 0.2
    done
    note "process $1 was still there after 20 s: killed"
    kill -9 "$1" 2>/dev/null || true
}

# Stops the cluster and deletes what cluster_start made, nothing else.
cluster_remove() {
    local scratch
    cluster_known "$1" || return 0
    cluster_stop "$1" immediate || return 1
    if [ "$(cluster_fact "$1" log)" != "$1/server.log" ]; then
        cp "$(cluster_fact "$1" log)" "$1/server.log" 2>/dev/null || true
    fi
    for scratch in "$(cluster_fact "$1" scratch)" "$(cluster_fact "$1" socket_scratch)"; do
        case $scratch in /tmp/owf.??????) rm -rf "$scratch" ;; esac
    done
    rm -rf "$1/data" "$1/socket" "$1/cluster"
}

cluster_keep() {
    local dir kept=()
    for dir in "${CLUSTER_STARTED[@]}"; do
        if [ "$dir" != "$(realpath -m "$1")" ]; then kept+=("$dir"); fi
    done
    CLUSTER_STARTED=("${kept[@]}")
}

cluster_log() { cat "$(cluster_fact "$1" log)"; }
cluster_log_tail() { tail -n "${2:-40}" "$(cluster_fact "$1" log)"; }

psql_q() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "${2:-postgres}" -c "$1"; }

wait_until() {
    local end=$((SECONDS + $1)) answer=""
    while [ "$SECONDS" -le "$end" ]; do
        answer=$(psql_q "$2" "${3:-postgres}" 2>&1 || true)
        if [ "$answer" = t ]; then return 0; fi
        sleep 0.2
    done
    note "waited $1 s in vain for: $2"
    note "the last answer was: $answer"
    return 1
}

claim() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        CLAIMS_PASSED=$((CLAIMS_PASSED + 1))
        printf 'ok - %s\n' "$text"
    else
        CLAIMS_FAILED=$((CLAIMS_FAILED + 1))
        printf 'not ok - %s\n' "$text"
        if [ -n "$output" ]; then printf '%s\n' "$output" | sed 's/^/#   /'; fi
    fi
}

claim_sql() { claim "$1" cluster_says_true "$2" "${3:-postgres}"; }
cluster_says_true() {
    local answer
    answer=$(psql_q "$1" "$2") || return 1
    [ "$answer" = t ] || { printf 'expected t, got "%s" from: %s\n' "$answer" "$1"; return 1; }
}

claim_consistent() { claim "everything in ${1:-postgres} agrees with everything else" cluster_consistent "${1:-postgres}"; }
# cluster_consistent [db]: prints what is inconsistent, and fails then. What a scenario planted in public is not in its way.
cluster_consistent() {
    local found status=0
    found=$(PGOPTIONS='-c search_path=pg_catalog' "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "${1:-postgres}" \
        -f "$REPO/pg_test/consistency.sql" 2>&1) || status=1
    [ -z "$found" ] || { printf '%s\n' "$found"; status=1; }
    return "$status"
}

at_exit() { CLUSTER_AT_EXIT+=("$1"); }

# Ends what this script started. OPTIMIZER_KEEP=1 leaves the data of scenario clusters for a look.
cluster_finish() {
    local status=$? i dir
    trap - EXIT
    set +e
    for ((i = ${#CLUSTER_AT_EXIT[@]} - 1; i >= 0; i--)); do eval "${CLUSTER_AT_EXIT[i]}"; done
    for dir in "${CLUSTER_STARTED[@]}"; do
        if [ -n "${OPTIMIZER_KEEP:-}" ]; then cluster_stop "$dir"; else cluster_remove "$dir"; fi
    done
    if [ "$status" -eq 0 ] && [ "$CLAIMS_FAILED" -gt 0 ]; then status=1; fi
    exit "$status"
}
trap cluster_finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
