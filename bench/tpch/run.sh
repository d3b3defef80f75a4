#!/usr/bin/env bash
# Compares index advisors on TPC-H by measured time, and predictions with what came: see docs/advisors.md.
# Promises: a private cluster that is gone afterwards; texts and data under target/tpch alone; what is compared runs in
# turns in one run, each query in a session of its own; exit status 1 when a promise is missed, also when ours has nothing
# to judge. Prints the figures and puts them, with the tables, between the markers of docs/advisors.md.
#
#   TPCH_ROUNDS=7       rounds that count in each of the two runs (and for each index alone), at least 7
#   TPCH_SCALE=0.1      scale of the data
#   TPCH_TIMEOUT_MS=6000  longest time for one statement in a timed session
#   TPCH_ADVICE_ONLY=1  asks the tools, prints the indexes of ours and measures nothing: for working on the advisor
#   TPCH_FIGURES_ONLY=1 computes figures from the timings that are there
#   BENCH_QUICK=1       scale 0.01 and 2 rounds, docs/advisors.md stays as it is: for working on it
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tools/cluster.sh
. tools/cluster.sh
# shellcheck source=bench/measure.sh
. bench/measure.sh
# Python would leave compiled files beside its scripts.
export PYTHONDONTWRITEBYTECODE=1
HERE=$REPO/bench/tpch
SCALE=${TPCH_SCALE:-$(full_or_quick 0.1 0.01)}
ROUNDS=${TPCH_ROUNDS:-$(full_or_quick 7 2)}
TIMEOUT_MS=${TPCH_TIMEOUT_MS:-6000}
RUNS=2
WORK=$TARGET_DIR/tpch/scale-$SCALE
VENV=$TARGET_DIR/tpch/venv
TEXTS=$TARGET_DIR/tpch/texts
DATA=$WORK/data
ADVISED=$WORK/advised
RESULTS=$WORK/results.tsv
CLUSTER=$TARGET_DIR/tpch/cluster
BASE_DB=tpch_template
HAS_QUALSTATS=""
ARMS=()
# shellcheck source=bench/tpch/data.sh
. "$HERE/data.sh"
# shellcheck source=bench/tpch/arms.sh
. "$HERE/arms.sh"

query_number() { basename "$1" .sql | sed 's/^q0*//'; }
psql_file() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" -f "$2" >/dev/null; }
has_extension() { [ -f "$("$PG_CONFIG" --sharedir)/extension/$1.control" ]; }

# Nothing of a checkpoint, of autovacuum or of what watches statements is in a timing; parallel workers, JIT and the costs
# of the planner are the server's defaults. All copies fit into shared_buffers (about 200 MB each at scale 0.1).
tpch_server_start() {
    cluster_start "$CLUSTER" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow${HAS_QUALSTATS:+,$HAS_QUALSTATS}'" \
        "optimizer_workflow.enabled = off" "shared_buffers = 3GB" "autovacuum = off" "max_wal_size = 16GB" "checkpoint_timeout = 1h"
    export PGOPTIONS=$UNTRACKED
}

# The same data without the libraries that watched.
tpch_server_bare() {
    unset PGOPTIONS
    cluster_conf "$CLUSTER" "shared_preload_libraries = ''"
    cluster_restart "$CLUSTER"
}

measure_sets() {
    local run
    : >"$WORK/timings.tsv"
    : >"$WORK/plans.tsv"
    for ((run = 1; run <= RUNS; run++)); do
        # A run is a server of its own: other addresses, other order of what is cached.
        tpch_server_bare
        python3 "$HERE/measure.py" sets "$TEXTS" $run "$ROUNDS" "$TIMEOUT_MS" "$WORK/timings.tsv" "$WORK/plans.tsv" "${ARMS[@]}"
        progress "run $run of $RUNS measured"
    done
}

# Each suggestion of ours with its query, and single's indexes with the queries whose cost they move by 1 % or more.
measure_alone() {
    python3 "$HERE/pairs.py" "$WORK" >"$WORK/pairs.tsv"
    : >"$WORK/alone.tsv"
    python3 "$HERE/measure.py" alone "$TEXTS" tpch_alone "$ROUNDS" "$TIMEOUT_MS" "$WORK/pairs.tsv" "$WORK/alone.tsv"
    progress "$(wc -l <"$WORK/pairs.tsv") pairs of index and query measured"
}

progress() { note "$(printf '%3d min %02d s  %s' $((SECONDS / 60)) $((SECONDS % 60)) "$1")"; }

say_figures() {
    local what name unit target value low high rounds judged
    printf 'name\tvalue\tunit\tlow\thigh\trounds\ttarget\tverdict\n' >"$RESULTS"
    while IFS='|' read -r what name unit target value low high rounds judged; do
        case $what in
        heading) heading "$name" ;;
        figure) report "$name" "$unit" "$target" "$value|$low|$high|$rounds" "$judged" ;;
        esac
    done <"$WORK/figures.txt"
}

document() {
    awk -v figures="$WORK/said.txt" -v tables="$WORK/tables.md" '
        /<!-- end of tpch -->/ { skip = 0 }
        !skip { print }
        /<!-- tpch: written by make advisors-tpch -->/ {
            skip = 1
            print "```"; while ((getline line <figures) > 0) print line; print "```\n"
            while ((getline line <tables) > 0) print line
        }' docs/advisors.md >"$WORK/docs.md"
    mv "$WORK/docs.md" docs/advisors.md
}

mkdir -p "$WORK"
python3 -m unittest discover -q -s "$HERE" 2>"$WORK/unittest.log" || { cat "$WORK/unittest.log" >&2; die "the figures would be wrong"; }
SECONDS=0
if [ -z "${TPCH_FIGURES_ONLY:-}" ]; then
    has_extension hypopg || die "HypoPG is not installed for $PG_CONFIG: tools/setup.sh"
    if has_extension pg_qualstats; then HAS_QUALSTATS=pg_qualstats; fi
    tpch_fetch
    tpch_server_start
    tpch_load $BASE_DB
    progress "loaded"
    arms_advise
    progress "advised: ${ARMS[*]}"
    if [ -n "${TPCH_ADVICE_ONLY:-}" ]; then
        cat "$ADVISED/ours.sql"
        cluster_remove "$CLUSTER"
        exit
    fi
    arms_build
    printf 'PostgreSQL %s, %d cores, scale %s, %d runs of %d rounds, timeout %d ms\n' "$(psql_q 'SHOW server_version')" "$(nproc)" \
        "$SCALE" "$RUNS" "$ROUNDS" "$TIMEOUT_MS" >"$WORK/about.txt"
    measure_sets
    measure_alone
    cluster_remove "$CLUSTER"
fi
cargo build -q --release -p optimizer_core --example learned_forecasts
python3 "$HERE/figures.py" "$WORK" "$TARGET_DIR/release/examples/learned_forecasts" >"$WORK/figures.txt"
say_figures >"$WORK/lines.txt"
{ cat "$WORK/about.txt" "$WORK/lines.txt"; printf '\n%d missed\n' "$MISSED"; } | tee "$WORK/said.txt"
if [ -n "${BENCH_QUICK:-}" ]; then
    printf 'BENCH_QUICK: these figures mean nothing. %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
else
    document
fi
[ "$MISSED" -eq 0 ]
