#!/usr/bin/env bash
# The wall clock of a running server jumps: over the days when summer time begins and ends, back one hour, forward 25 hours
# and back again; and bucket_width changes meanwhile. The worker is on, the traffic is real. Nothing is measured early,
# no bucket holds more than its time, no work counts twice, and sampling goes on at once.
# Trap: everything in here that waits or counts seconds does it by this script's own clock, which stays right.
set -u
# shellcheck source=tools/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/cluster.sh"
MAIN=$SCENARIO_DIR/main
CLOCK=$(cluster_scratch)
at_exit "rm -rf $CLOCK"

true_us() { date +%s%6N; }
# ahead MICROSECONDS: how far the server's clock is ahead of the true one. In one step, for readers at any moment.
ahead() { AHEAD=$1; printf '%s\n' "$1" >"$CLOCK/new" && chmod 0644 "$CLOCK/new" && mv "$CLOCK/new" "$CLOCK/ahead_us"; }
set_clock() { ahead $(($(date -u -d "$1 UTC" +%s) * 1000000 - $(true_us))); }
turn_clock() { ahead $((AHEAD + $1 * 1000000)); }

TRAFFIC="query LIKE 'SELECT count(*) FROM counted WHERE a = %'"
traffic_on() { "$PG_BIN/psql" -XAtq <<<'SELECT count(*) FROM counted WHERE a = 1 \watch 0.05' >/dev/null & TRAFFIC_PID=$!; }
traffic_off() { kill "$TRAFFIC_PID" && wait "$TRAFFIC_PID"; } 2>/dev/null
at_exit 'traffic_off'
setting() { psql_q "ALTER SYSTEM SET optimizer_workflow.$1 = '$2'" && psql_q 'SELECT pg_reload_conf()' >/dev/null; }
calls() { psql_q "SELECT coalesce(sum(calls), 0) FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash) WHERE $TRAFFIC"; }
executions() { psql_q "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE $TRAFFIC"; }
# more_calls NUMBER SECONDS: waits until so many more are counted.
more_calls() {
    local more=$(($(calls) + $1))
    wait_until "$2" "SELECT sum(calls) >= $more FROM optimizer.query_metrics JOIN optimizer.query_texts USING (query_hash) WHERE $TRAFFIC"
}
# begin MOMENT: nothing observed yet, and the server's clock there. The sample keeps the worker's out until the end of the transaction.
begin() {
    set_clock "$1" && psql_q "SELECT optimizer.take_sample(); DELETE FROM optimizer.query_metrics; DELETE FROM optimizer.sampling_coverage;
                              DELETE FROM optimizer.sampler_state; DELETE FROM optimizer.sampler_counters" >/dev/null
    BEGUN=$(true_us) EXECUTED=$(executions)
}
# sound: what must hold whatever the clock did. LIVED is the true time since `begin`, seconds.
sound() {
    local faults executed lived
    executed=$(($(executions) - EXECUTED)) lived=$((($(true_us) - BEGUN) / 1000000 + 1))
    faults=$(psql_q "
        SELECT 'the bucket at ' || bucket_start || ' holds ' || sampled_seconds || ' s'
        FROM optimizer.sampling_coverage WHERE sampled_seconds > bucket_width_seconds + 0.001
        UNION ALL
        SELECT 'the bucket at ' || bucket_start || ' overlaps the one after it'
        FROM (SELECT *, lead(bucket_start) OVER (PARTITION BY bucket_width_seconds ORDER BY bucket_start) AS next
              FROM optimizer.sampling_coverage) AS c
        WHERE next < bucket_start + make_interval(secs => bucket_width_seconds)
        UNION ALL
        SELECT sum(sampled_seconds) || ' s were observed in $lived s' FROM optimizer.sampling_coverage HAVING sum(sampled_seconds) > $lived
        UNION ALL
        SELECT 'a query has work in a bucket that was not observed' WHERE EXISTS (
            SELECT FROM optimizer.query_metrics m WHERE NOT EXISTS (
                SELECT FROM optimizer.sampling_coverage c WHERE c.bucket_start = m.bucket_start))
        UNION ALL
        SELECT 'negative work' FROM optimizer.query_metrics
        WHERE least(calls, total_exec_time_ms, sum_squared_deviation_ms2, rows, shared_blks_hit, shared_blks_read) < 0
        UNION ALL
        SELECT sum(calls) || ' executions were counted, $executed happened' FROM optimizer.query_metrics
        JOIN optimizer.query_texts USING (query_hash) WHERE $TRAFFIC HAVING sum(calls) > $executed")
    [ -z "$faults" ] || { echo "$faults"; return 1; }
}
# implement NAME: builds an index for the traffic's query and records it; IMPLEMENTATION is its number.
implement() {
    psql_q "CREATE INDEX $1 ON counted (a);
            INSERT INTO optimizer.index_suggestions (query_hash, relation, definition, estimated_improvement_percent, confidence_score)
            SELECT query_hash, 'counted', 'CREATE INDEX $1 ON counted (a)', 80, 0.9 FROM optimizer.query_texts WHERE $TRAFFIC;
            SELECT optimizer.aggregate_recommendations()" >/dev/null
    IMPLEMENTATION=$(psql_q "SELECT optimizer.record_recommendation_implementation(id) FROM optimizer.recommendations
                             WHERE status = 'open' AND action_sql LIKE '%$1%'" | tr -d '(' | cut -d , -f 1)
}

cc -shared -fPIC -O1 -o "$CLOCK/clock.so" "$(dirname "${BASH_SOURCE[0]}")/clock.c" || die "the clock does not compile"
chmod 0755 "$CLOCK/clock.so"
set_clock '2026-03-29 00:00:00'
export LD_PRELOAD=$CLOCK/clock.so TEST_CLOCK=$CLOCK/ahead_us
cluster_start "$MAIN" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" "timezone = 'Europe/Berlin'" \
    "optimizer_workflow.sample_interval = 1s" "autovacuum = off" || die "the server does not start"
unset LD_PRELOAD TEST_CLOCK
psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow;
        CREATE TABLE counted AS SELECT n AS a FROM generate_series(1, 20000) n"
claim_sql "the server has the clock that was set" "SELECT date_trunc('hour', clock_timestamp()) = '2026-03-29 00:00:00+00'"
claim "and so has its worker" wait_until 5 "SELECT date_trunc('hour', max(last_run_at)) = '2026-03-29 00:00:00+00' FROM optimizer.maintenance_runs"
traffic_on

# changes_time DAY SEASON: the server lives through 01:00 UTC of that day.
changes_time() {
    echo "# $2 begins in Berlin"
    begin "$1 00:59:57"; sleep 7
    claim_sql "one bucket ends where the next begins, at 01:00 UTC" \
        "SELECT array_agg(bucket_start ORDER BY bucket_start) = '{$1 00:00:00+00, $1 01:00:00+00}' AND bool_and(bucket_width_seconds = 3600)
         FROM optimizer.sampling_coverage"
    claim_sql "no second is missing in between" "SELECT sum(sampled_seconds) BETWEEN 3.9 AND 7.5 AND count(*) = 2 FROM optimizer.sampling_coverage"
    claim "and nothing is double" sound
    claim_sql "the last 24 buckets are the last 24 hours" \
        "SELECT window_start = '$1 01:00:00+00'::timestamptz - make_interval(hours => 23) FROM optimizer.recent_window"
    setting enabled off; sleep 1.5
    set_clock "$1 00:59:58"; psql_q "SELECT optimizer.take_sample()" >/dev/null; set_clock "$1 01:00:02"
    claim_sql "a sample from before was taken seconds ago, says status()" \
        "SELECT detail ~ '^00:00:0[3-9] ago' FROM optimizer.status() WHERE item = 'last sample'"
    turn_clock -3600
    claim_sql "the clock goes back with no worker there: status() says so, and what to do" \
        "SELECT NOT ok AND detail ~ '^the clock has been set back by at least 00:59:5' AND hint LIKE '%take_sample()%'
         FROM optimizer.status() WHERE item = 'last sample'"
    setting enabled on
}
changes_time 2026-03-29 summer
changes_time 2026-10-25 winter

echo '# back one hour'
begin '2026-10-26 10:30:00'
more_calls 25 10
implement back_idx
more_calls 25 10
turn_clock -3600
claim "samples are taken and counted at once" wait_until 5 "SELECT sum(calls) >= 20 FROM optimizer.query_metrics WHERE bucket_start = '2026-10-26 09:00:00+00'"
claim "every step runs again, none waits for its last run to be over" \
    wait_until 5 "SELECT count(*) = 6 AND bool_and(last_run_at <= clock_timestamp()) FROM optimizer.maintenance_runs"
claim_sql "nothing is measured early" "SELECT (SELECT status FROM optimizer.implementations WHERE id = $IMPLEMENTATION) = 'pending'
    AND NOT EXISTS (SELECT FROM optimizer.implementation_measurements)"
claim_sql "by hand neither" "SELECT status = 'pending' AND verdict_reason LIKE 'provisional, next look at 2026-10-27%' FROM optimizer.measure_implementation_results($IMPLEMENTATION)"
claim_sql "status() has nothing to complain of but a short history" "SELECT bool_and(ok OR item IN ('history', 'index advice')) AND bool_and(detail !~ '-\d') FROM optimizer.status()"
claim "and nothing is double" sound

echo '# back twelve seconds, into buckets that are full'
setting bucket_width 4s; sleep 2
begin '2026-10-26 12:00:00'; sleep 13
claim_sql "some buckets are full" "SELECT count(*) >= 2 FROM optimizer.sampling_coverage WHERE sampled_seconds > 3.999"
turn_clock -12; sleep 12
claim "a second that was lived before is not observed again" sound
claim "then counting goes on" more_calls 20 8
claim "and nothing is double" sound
setting bucket_width 1h; sleep 2

echo '# forward 25 hours'
begin '2026-10-27 10:30:00'
more_calls 25 10
implement forward_idx
psql_q 'TRUNCATE counted' # a hundred times faster from now on: a verdict would be clear
more_calls 25 10
turn_clock $((25 * 3600))
claim "samples are taken and counted at once" wait_until 5 "SELECT sum(calls) >= 20 FROM optimizer.query_metrics WHERE bucket_start = '2026-10-28 11:00:00+00'"
claim_sql "the day that was not observed stays empty" \
    "SELECT count(*) = 0 FROM optimizer.sampling_coverage WHERE bucket_start > '2026-10-27 10:00:00+00' AND bucket_start < '2026-10-28 11:00:00+00'"
claim "and nothing is double" sound
claim_sql "nothing is purged" "SELECT sum(calls) >= 50 FROM optimizer.query_metrics WHERE bucket_start = '2026-10-27 10:00:00+00'"
claim "the look that is due by this clock is taken" \
    wait_until 5 "SELECT count(*) = 1 FROM optimizer.implementation_measurements WHERE implementation_id = $IMPLEMENTATION AND look = 'first'"
claim_sql "and concludes nothing from a day that nobody saw" "SELECT i.status = 'pending' AND m.verdict = 'inconclusive' AND m.verdict_reason LIKE 'coverage: %'
    FROM optimizer.implementations i JOIN optimizer.implementation_measurements m ON m.implementation_id = i.id WHERE i.id = $IMPLEMENTATION"

echo '# and back again'
turn_clock $((-25 * 3600))
claim "samples are taken and counted at once" more_calls 20 5
claim "and nothing is double" sound
claim_sql "what lies in the future is kept" "SELECT sum(calls) >= 20 FROM optimizer.query_metrics WHERE bucket_start > clock_timestamp()"
claim_sql "but is not observed time of the last 24 hours" \
    "SELECT observed_seconds = (SELECT sum(sampled_seconds) FROM optimizer.sampling_coverage WHERE bucket_start <= now()) FROM optimizer.recent_window"
setting bucket_width 10s
claim "a new bucket_width does not wait for it" \
    wait_until 15 "SELECT count(*) > 0 FROM optimizer.sampling_coverage WHERE bucket_width_seconds = 10 AND bucket_start <= now()"
claim "nor does its work count into the last 24 buckets" wait_until 15 \
    "SELECT w.basis = 'observed' AND (SELECT sum(calls) FROM optimizer.query_activity) =
         (SELECT sum(calls) FROM optimizer.query_metrics WHERE bucket_start BETWEEN w.window_start AND now()) FROM optimizer.recent_window w"
turn_clock $((40 * 86400))
claim "it is purged when its time has come" wait_until 5 "SELECT count(*) = 0 FROM optimizer.sampling_coverage WHERE bucket_start < '2026-11-01'"
claim "the last look at what nobody saw is final and concludes nothing" \
    wait_until 5 "SELECT status = 'implemented' AND verdict = 'inconclusive' AND verdict_reason LIKE 'coverage: %' FROM optimizer.implementations WHERE id = $IMPLEMENTATION"

echo '# bucket_width from 12 s to 4 s and back'
setting bucket_width 12s; traffic_off; sleep 2
begin '2026-12-09 12:00:02'
wait_until 5 "SELECT count(*) = 1 FROM optimizer.sampler_state" && traffic_on
sleep 6; setting bucket_width 4s; sleep 5
# In a bucket that has been sampled: else what is sampled next belongs to the one before, which is neither before nor after.
wait_until 6 "SELECT extract(epoch FROM clock_timestamp()) % 4 BETWEEN 2.2 AND 3"; implement width_idx; sleep 4
setting bucket_width 12s; sleep 10; traffic_off; sleep 2.5
executed=$(($(executions) - EXECUTED)); lived=$((($(true_us) - BEGUN) / 1000000))
claim_sql "both widths were used" "SELECT count(*) FILTER (WHERE bucket_width_seconds = 12) >= 2 AND count(*) FILTER (WHERE bucket_width_seconds = 4) >= 3
    FROM optimizer.sampling_coverage"
claim "every execution is counted once (here $executed)" test "$(calls)" -eq "$executed"
claim_sql "every second is observed once" "SELECT sum(sampled_seconds) BETWEEN $lived - 4 AND $lived + 1 FROM optimizer.sampling_coverage"
claim "and nothing is double" sound
psql_q "SELECT optimizer.measure_implementation_results($IMPLEMENTATION, true)" >/dev/null
# A sample between the change and its recording leaves the bucket of the change on neither side.
read -r before after neither < <(psql_q "
    SELECT (pre_optimization_stats ->> 'calls') || ' ' || (post_optimization_stats ->> 'calls') || ' '
           || CASE WHEN work_before_change IS NULL THEN m.calls ELSE 0 END
    FROM optimizer.optimization_implementations i
    JOIN optimizer.query_metrics m ON m.query_hash = i.query_hash AND m.bucket_start = i.change_bucket_start
    WHERE i.id = $IMPLEMENTATION")
claim "each is before the change or after it, or in the one bucket that is neither (here $before, $after and $neither)" \
    test "$before" -gt 0 -a "$after" -gt 0 -a $((before + after + neither)) -eq "$executed"
# nothing_died: prints what did. Limits go by the wall clock, as every timeout of the server does: a jump may end the step that
# is under way, which is tried again.
nothing_died() {
    ! cluster_log "$MAIN" | awk '
        /ERROR: .*canceling statement due to statement timeout/ { limit = 1 }
        /PANIC|FATAL|panicked|died/ { if (!(limit && /died in step/)) { print before; print; found = 1 } limit = 0 }
        { before = $0 }
        END { exit !found }'
}
claim "nothing died on the way" nothing_died
cluster_stop "$MAIN"
