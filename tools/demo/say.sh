#!/usr/bin/env bash
# How the demo speaks: headed sections, tables, a line of progress, and failure with what is needed to find out why.
# Sourced by run.sh, after tools/cluster.sh. Promises lines of at most 100 columns.

section() { printf '\n== %s\n' "$*"; }
tell() { printf '   %s\n' "$@"; }

# table 'sql': aligned, indented, without the row count.
table() {
    "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -P footer=off -P border=0 -P null=- -d shop -c "$1" | sed '/^$/d; s/^/   /; s/ *$//' | cut -c 1-100
}
shop() { psql_q "$1" shop; }

# progress 'text': rewrites one line on a terminal; elsewhere a line of its own every ten seconds.
PROGRESS_NEXT=0
progress() {
    if [ -t 1 ]; then
        printf '\r\033[K   %s' "$1"
    elif [ "$SECONDS" -ge "$PROGRESS_NEXT" ]; then
        tell "$1"
        PROGRESS_NEXT=$((SECONDS + 10))
    fi
}
progress_end() {
    if [ -t 1 ]; then printf '\n'; fi
    PROGRESS_NEXT=0
}

# Says what was expected, what the extension says about itself, and how the server's log ends.
fail() {
    progress_end
    note ""
    note "demo failed: $1"
    note "what optimizer.status() complains about:"
    "$PG_BIN/psql" -XAtq -d shop -c "SELECT item, detail, hint FROM optimizer.status() WHERE NOT ok" >&2 2>/dev/null || true
    note "the end of the server's log:"
    cluster_log_tail "$DEMO" 25 >&2 || true
    note "the end of the traffic's log:"
    tail -n 5 "$TRAFFIC_LOG" >&2 2>/dev/null || true
    if cluster_running "$DEMO"; then
        note "the cluster runs on for a look: psql -h $PGHOST -p $PGPORT -U postgres shop; make demo-stop ends it"
    fi
    exit 1
}

# expect 'what' 'sql that returns t'
expect() {
    local answer
    answer=$(shop "$2" 2>&1) || true
    [ "$answer" = t ] || fail "expected $1, but got: $answer"
}

# wait_progress SECONDS 'what' 'sql that returns t' 'sql that returns the progress text'
wait_progress() {
    local begun=$SECONDS
    until [ "$(shop "$3" 2>&1 || true)" = t ]; do
        if [ $((SECONDS - begun)) -gt "$1" ]; then fail "no $2 after $1 s"; fi
        traffic_alive || fail "the traffic ended by itself"
        progress "$(printf '%3d s  ' $((SECONDS - begun)))$(shop "$4" 2>/dev/null || true)"
        sleep 1
    done
    progress_end
}
