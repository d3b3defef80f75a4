# What the worker costs a server with 5,000 statements, 500 of them active every five seconds, at an interval of 10 s
# (the default is 5 min). First the CPU time of the launcher, of the short-lived workers and of the postmaster that forks
# them, on a server that does little else; autovacuum is off, so that the postmaster reaps no other children, and what
# keeps the statements busy is one session that outlives the window. Then pgbench, read-only, with and without the worker
# in turns: the throughput's ratio, with the 95 % t interval of its logarithm over the pairs.

section_worker() {
    local db=bench_worker window pairs
    window=$(full_or_quick 120 30)
    pairs=$(full_or_quick 12 3)
    heading "The worker at an interval of 10 s"
    database_new "$db" statements.sql worker.sql
    bench_call "$db" "SELECT bench.know_statements(5000)"
    "$PG_BIN/pgbench" -i -q -s 10 "$db" >/dev/null 2>&1
    worker_set "autovacuum = off" "optimizer_workflow.databases = '$db'" "optimizer_workflow.sample_interval = '10s'" \
        "optimizer_workflow.enabled = on"
    bench_call "$db" "CALL bench.keep_busy($((window + 60 + 2 * pairs * 15)))" 2>/dev/null &
    wait_until 30 "SELECT count(*) = 6 FROM optimizer.maintenance_runs" "$db"
    # The first visit runs every step there is.
    sleep 11

    worker_cpu "$db" "$window"
    worker_throughput "$db" "$pairs"
    worker_end_traffic
    worker_set "autovacuum" "optimizer_workflow.databases" "optimizer_workflow.sample_interval" "optimizer_workflow.enabled"
    wait_until 30 "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '$db'"
    database_drop "$db"
}

worker_end_traffic() {
    psql_q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL bench.keep_busy%'" >/dev/null
    wait %% 2>/dev/null || true
}

# worker_set 'name = value' or 'name' (back to what the configuration file says) ...
worker_set() {
    local setting
    for setting in "$@"; do
        case $setting in
        *=*) psql_q "ALTER SYSTEM SET $setting" ;;
        *) psql_q "ALTER SYSTEM RESET $setting" ;;
        esac
    done
    cluster_reload "$BENCH_CLUSTER"
}

worker_cpu() {
    local postmaster launcher ticks covered share
    postmaster=$(head -n 1 "$(cluster_data "$BENCH_CLUSTER")/postmaster.pid")
    launcher=$(psql_q "SELECT pid FROM pg_stat_activity WHERE backend_type = 'optimizer_workflow launcher'")
    covered=$(bench_q "$1" "SELECT sum(sampled_seconds) FROM optimizer.sampling_coverage")
    # No session begins or ends in here: its time would be the postmaster's.
    sleep 1
    ticks=$(worker_ticks "$postmaster" "$launcher")
    sleep "$2"
    ticks=$(($(worker_ticks "$postmaster" "$launcher") - ticks))
    share=$(awk "BEGIN { print 100 * $ticks / $(getconf CLK_TCK) / $2 }")
    expect "$1" "the worker to have sampled throughout" "SELECT sum(sampled_seconds) - $covered > $2 - 11 FROM optimizer.sampling_coverage"
    report "CPU of launcher and workers, of one core" "%" "<= 1" "$(quantity "$share")"
}

# User and system time of the launcher, of the postmaster, and of the children that it has reaped.
worker_ticks() { sed 's/^.*) //' "/proc/$1/stat" "/proc/$2/stat" | awk 'NR == 1 { t += $14 + $15 } { t += $12 + $13 } END { print t }'; }

worker_throughput() {
    local pair on off order logs=()
    for ((pair = 1; pair <= $2; pair++)); do
        if [ $((pair % 2)) -eq 1 ]; then order="on off"; else order="off on"; fi
        for state in $order; do printf -v "$state" '%s' "$(worker_tps "$1" "$state")"; done
        logs+=("$(awk "BEGIN { print log($on / $off) }")")
    done
    worker_ratio "${logs[@]}"
}

worker_tps() {
    worker_set "optimizer_workflow.enabled = $2" >&2
    sleep 1
    "$PG_BIN/pgbench" -n -S -c 2 -T "$(full_or_quick 10 3)" "$1" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

# Missed only when the whole interval lies below 0.99: a shared machine moves by more than a worker costs.
worker_ratio() {
    local value
    value=$(printf '%s\n' "$@" | awk '
        BEGIN { split("12.71 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228 2.201 2.179 2.160 2.145 2.131 2.120", t, " ") }
        { n++; sum += $1; squares += $1 ^ 2 }
        END {
            mean = sum / n
            half = t[n - 1] * sqrt((squares - n * mean ^ 2) / (n - 1) / n)
            printf "%.4f|%.4f|%.4f|%d", exp(mean), exp(mean - half), exp(mean + half), n
        }')
    report "pgbench with / without it, 95 % interval $(cut -d '|' -f 2 <<<"$value") to $(cut -d '|' -f 3 <<<"$value")" x ">= 0.99" \
        "$value" "$(cut -d '|' -f 3 <<<"$value")"
}
