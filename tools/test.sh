#!/usr/bin/env bash
# Every check there is, in the order of their cost: format, clippy, core, in-database, SQL files, isolation, scenarios.
# Promises: a step that fails does not stop the later ones that can still run; the last line is `N passed, N failed`;
# the exit status is 0 only when nothing failed, nothing ended without a count, and something passed.
# Steps can be named to run only those: tools/test.sh core regress. Logs and results: target/test.
# Trap: the in-database tests install a library built with the test feature; the step `install` puts the ordinary one
# (debug profile: seconds instead of minutes) in its place, and `make install` the release one.
set -euo pipefail
# shellcheck source=tools/cluster.sh
. "$(dirname "$0")/cluster.sh"
cd "$REPO"

RESULTS=$TARGET_DIR/test
FEATURES=(--no-default-features --features)
ALL_STEPS=(fmt clippy core in_database install regress isolation scenarios)
PASSED=0
FAILED=0
TROUBLES=()
INSTALLED=unknown
mkdir -p "$RESULTS"
rm -f "$RESULTS/summary"
export CARGO_TERM_COLOR=never

# ---- the steps: each writes to stdout, and its exit status says whether all went well ----

step_fmt() { cargo fmt --all --check; }

# With and without the test feature: each leaves code out that the other sees.
step_clippy() {
    cargo clippy --workspace --all-targets "${FEATURES[@]}" "$PG_FEATURE" -- -D warnings \
        && cargo clippy --workspace --all-targets "${FEATURES[@]}" "$PG_FEATURE pg_test" -- -D warnings
}

step_core() { cargo test -p optimizer_core; }

# cargo-pgrx starts a cluster of its own and copies the library with sudo when it is told a user to run it as.
step_in_database() {
    local data status=0 as=()
    data=$(cluster_scratch)
    if root || ! server_dirs_writable; then as=(--runas "$CLUSTER_SERVER_USER"); fi
    library_unshare || return 1
    # One test at a time: each is one long transaction, and two that take the same locks in their own order would deadlock.
    RUST_TEST_THREADS=1 cargo pgrx test "$PG_FEATURE" "${as[@]}" --pgdata "$data" || status=$?
    rm -rf "$data"
    return "$status"
}

step_install() { tools/install.sh --debug; }

# expected_tests FOLDER EXTENSION EXPECTED: puts the names into TESTS; fails where one has no expected output, since
# pg_regress would leave it out without a word.
expected_tests() {
    local file name status=0
    TESTS=()
    for file in "$1"/*."$2"; do
        [ -f "$file" ] || continue
        name=$(basename "$file" ".$2")
        if [ -f "$3/$name.out" ]; then
            TESTS+=("$name")
        else
            echo "not ok - $name: $3/$name.out is missing"
            status=1
        fi
    done
    [ ${#TESTS[@]} -gt 0 ] || echo "not ok - no *.$2 with expected output in $1"
    return "$status"
}

# regress_driver PATH DIR argument...: pg_regress or pg_isolation_regress of this PostgreSQL on the cluster in use.
regress_driver() {
    local driver dir=$2 status=0
    driver=$(dirname "$("$PG_CONFIG" --pgxs)")/../test/$1
    [ -x "$driver" ] || { echo "not ok - $driver is missing: it comes with the server headers"; return 1; }
    shift 2
    rm -f "$dir/regression.diffs"
    "$driver" --bindir="$PG_BIN" --outputdir="$dir" --host="$PGHOST" --port="$PGPORT" --user=postgres "$@" || status=1
    if [ -f "$dir/regression.diffs" ]; then cat "$dir/regression.diffs"; fi
    return "$status"
}

step_regress() {
    local status=0 dir=$TARGET_DIR/regress
    expected_tests pg_test/sql sql pg_test/expected || status=1
    if [ ${#TESTS[@]} -eq 0 ]; then return 1; fi
    cluster_start "$dir/cluster" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
        "optimizer_workflow.enabled = off" || return 1
    regress_driver regress/pg_regress "$dir" --inputdir="$REPO/pg_test" --dbname=regress "${TESTS[@]}" || status=1
    cluster_remove "$dir/cluster"
    return "$status"
}

# Nothing but the sessions of a spec may wait or be waited for: no worker, no autovacuum.
step_isolation() {
    local status=0 dir=$TARGET_DIR/isolation
    expected_tests pg_test/isolation/specs spec pg_test/isolation/expected || status=1
    if [ ${#TESTS[@]} -eq 0 ]; then return 1; fi
    cluster_start "$dir/cluster" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
        "optimizer_workflow.enabled = off" "autovacuum = off" || return 1
    # A wait that never ends is a failure after 20 s (PGISOLATIONTIMEOUT), not after five minutes.
    psql_q "CREATE DATABASE isolation" \
        && "$PG_BIN/psql" -Xq -d isolation -v consistency="$(cat pg_test/consistency.sql)" -f pg_test/isolation/setup.sql \
        && PGISOLATIONTIMEOUT=20 regress_driver isolation/pg_isolation_regress "$dir" \
            --inputdir="$REPO/pg_test/isolation" --use-existing --dbname=isolation "${TESTS[@]}" || status=1
    cluster_remove "$dir/cluster"
    return "$status"
}

step_scenarios() {
    local file name status=0 found=""
    for file in pg_test/scenarios/*.sh; do
        [ -f "$file" ] || continue
        found=yes
        name=$(basename "$file" .sh)
        echo "# scenario $name"
        scenario "$file" "$name" || status=1
    done
    [ -n "$found" ] && return "$status"
}

# Seconds for one scenario: the longest takes a few minutes on two busy cores; a hanging one must not hold up CI.
SCENARIO_LIMIT=900

# One that ends early or claims nothing counts as a failure of its own.
scenario() {
    local log=$RESULTS/scenario_$2.log status=0
    SCENARIO_DIR=$TARGET_DIR/scenarios/$2 timeout --foreground -k 60 "$SCENARIO_LIMIT" bash "$1" 2>&1 | tee "$log" || status=$?
    if grep -q '^not ok ' "$log"; then return 1; fi
    if [ "$status" -ne 0 ]; then
        echo "not ok - $2 ended early with status $status"
        return 1
    fi
    grep -q '^ok ' "$log" || { echo "not ok - $2 made no claim"; return 1; }
}

# ---- counting ----

# Sums of a step's log as "passed failed": cargo's result lines, pg_regress (and its isolation twin) before and from 16
# on, claims.
count() {
    awk '
        /^test result: / { for (i = 1; i < NF; i++) { if ($(i + 1) == "passed;") p += $i; if ($(i + 1) == "failed;") f += $i } next }
        /^(test )? *[[:alnum:]_]+ +\.\.\. (ok|FAILED)/ && regress { if (/\.\.\. ok/) p++; else f++; next }
        /^not ok / { f++; next }
        /^ok / { p++ }
        END { print p + 0, f + 0 }' regress="$([ "$1" = regress ] || [ "$1" = isolation ] && echo 1 || echo 0)" "$2"
}

run_step() {
    local step=$1 log=$RESULTS/$1.log status=0 begun=$SECONDS passed failed
    printf '\n=== %s ===\n' "$step"
    # In this shell, not in a pipe's subshell: the exit trap has to know the clusters a step starts.
    "step_$step" > >(tee "$log") 2>&1 || status=$?
    wait "$!" || true
    case $step in
    fmt | clippy) passed=$((status == 0)) failed=$((status != 0)) ;;
    install) passed=0 failed=$((status != 0)) ;;
    *)
        read -r passed failed < <(count "$step" "$log")
        if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; }; then
            echo "step $step ended with status $status and $passed passed tests: counted as one failure"
            failed=1
        fi
        ;;
    esac
    if [ "$step" = install ]; then INSTALLED=$((status == 0)); fi
    if [ "$failed" -gt 0 ]; then TROUBLES+=("$step"); fi
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
    printf -- '--- %s: %d passed, %d failed, %d s\n' "$step" "$passed" "$failed" $((SECONDS - begun))
}

wanted() {
    local step
    if [ ${#STEPS[@]} -eq 0 ]; then return 0; fi
    for step in "${STEPS[@]}"; do if [ "$step" = "$1" ]; then return 0; fi; done
    return 1
}

STEPS=("$@")
for step in "${STEPS[@]}"; do
    case " ${ALL_STEPS[*]} " in *" $step "*) ;; *) die "no step $step; there are: ${ALL_STEPS[*]}" ;; esac
done
for step in "${ALL_STEPS[@]}"; do
    wanted "$step" || continue
    case $step in
    regress | isolation | scenarios)
        if [ "$INSTALLED" = 0 ]; then
            printf '\n=== %s === skipped: the extension could not be installed\n' "$step"
            continue
        fi
        ;;
    esac
    run_step "$step"
done

if [ ${#TROUBLES[@]} -gt 0 ]; then printf '\nfailed in: %s (logs in %s)\n' "${TROUBLES[*]}" "$RESULTS"; fi
printf '\n%d passed, %d failed\n' "$PASSED" "$FAILED" | tee "$RESULTS/summary"
[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
