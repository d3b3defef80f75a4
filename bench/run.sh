#!/usr/bin/env bash
# Measures what docs/performance.md promises: bench/run.sh [section...], all of them without arguments.
# Promises: a private cluster that is gone afterwards; every ratio is one of two things measured in the same run, in
# turns, as the median of its rounds; exit status 1 when a target is missed.
# BENCH_QUICK=1 takes smaller data and fewer rounds: for working on the benchmark, its figures mean nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/cluster.sh
. tools/cluster.sh
BENCH=$REPO/bench
# shellcheck source=bench/server.sh
. "$BENCH/server.sh"
# shellcheck source=bench/measure.sh
. "$BENCH/measure.sh"
ALL_SECTIONS=(sample storage aggregate top measure reader advisors worker growth)
for section in "${ALL_SECTIONS[@]}"; do
    # shellcheck source=/dev/null
    . "$BENCH/sections/$section.sh"
done

SECTIONS=("$@")
if [ ${#SECTIONS[@]} -eq 0 ]; then SECTIONS=("${ALL_SECTIONS[@]}"); fi
for section in "${SECTIONS[@]}"; do
    case " ${ALL_SECTIONS[*]} " in *" $section "*) ;; *) die "no section $section; there are: ${ALL_SECTIONS[*]}" ;; esac
done

mkdir -p "$TARGET_DIR/bench"
printf 'name\tvalue\tunit\tlow\thigh\trounds\ttarget\tverdict\n' >"$RESULTS"
server_start
printf 'PostgreSQL %s, %d cores%s\n' "$(psql_q 'SHOW server_version')" "$(nproc)" \
    "$([ -z "${BENCH_QUICK:-}" ] || echo ', BENCH_QUICK: these figures mean nothing')"
if [ -z "$HAS_POWA" ]; then note "PoWA's archivist is not installed: nothing is measured beside it (tools/setup.sh --bench)"; fi
SECONDS=0
for section in "${SECTIONS[@]}"; do "section_$section"; done
printf '\n%d missed, %d min %d s\n' "$MISSED" $((SECONDS / 60)) $((SECONDS % 60))
[ "$MISSED" -eq 0 ]
