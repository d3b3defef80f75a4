#!/usr/bin/env bash
# The loop, end to end, on live traffic: observe, advise, rank, apply, record, measure, learn.
# Promises: a private cluster under target/demo (a second run replaces it), real queries, verdicts given by the worker
# and not by this script, about 3 minutes; the cluster stays for a look afterwards, the traffic does not.
# Time runs fast here: a bucket, "an hour", is 2 s wide, so the 24 h and 48 h of the measurement are 48 s and 96 s.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tools/cluster.sh
. tools/cluster.sh
# shellcheck source=tools/demo/say.sh
. tools/demo/say.sh
# shellcheck source=tools/demo/traffic.sh
. tools/demo/traffic.sh

DEMO=$TARGET_DIR/demo
TRAFFIC_LOG=$TARGET_DIR/demo-traffic.log
# Seconds of traffic before anything counts: caches fill and hint bits are set.
WARM_UP=20

start_shop() {
    section "1. A shop on PostgreSQL $PG_MAJOR, in a private cluster"
    cluster_start "$DEMO" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
        "shared_buffers = 256MB" "max_parallel_workers_per_gather = 0" \
        "autovacuum_naptime = 10min" "checkpoint_timeout = 30min" "max_wal_size = 2GB" \
        "optimizer_workflow.enabled = off" "optimizer_workflow.databases = 'shop'" \
        "optimizer_workflow.sample_interval = 1s" "optimizer_workflow.bucket_width = 2s" \
        "optimizer_workflow.advise_interval = 5s" \
        "optimizer_workflow.measure_after = 48s" "optimizer_workflow.measure_deadline = 96s"
    cluster_keep "$DEMO"
    psql_q "CREATE DATABASE shop"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d shop -f tools/demo/schema.sql >/dev/null
    psql_q "VACUUM (ANALYZE)" shop
    psql_q "CHECKPOINT" shop
    psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION optimizer_workflow" shop
    tell "rows: $(shop "SELECT string_agg(format('%s %sk', relname, round((reltuples / 1000)::numeric, 1)::real), ', '
                                          ORDER BY reltuples DESC)
                        FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                          AND reltuples > 1000")" \
        "orders has no index on customer_id, though every visit to \"my orders\" asks for it." \
        "Time runs fast here: an \"hour\" is 2 s, so the looks at 24 h and 48 h come after 48 s and 96 s."
}

observe() {
    section "2. Customers arrive, and the worker watches"
    traffic_start "$TRAFFIC_LOG"
    at_exit traffic_stop
    tell "pgbench: ${#TRAFFIC_SCRIPTS[@]} scripts, $TRAFFIC_RATE transactions a second; $WARM_UP s to warm up"
    sleep "$WARM_UP"
    traffic_alive || fail "the traffic ended by itself"
    shop "SELECT pg_stat_statements_reset()" >/dev/null
    cluster_conf "$DEMO" "optimizer_workflow.enabled = on"
    cluster_reload "$DEMO"
    wait_until 30 "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type LIKE 'optimizer_workflow%'" shop \
        || fail "expected the background worker in pg_stat_activity"
    tell "pg_stat_activity: $(shop "SELECT string_agg(DISTINCT backend_type, ', ') FROM pg_stat_activity
                                    WHERE backend_type LIKE 'optimizer_workflow%'")"
    wait_progress 120 "24 observed buckets" \
        "SELECT count(DISTINCT bucket_start) >= 25 FROM optimizer.query_metrics" \
        "SELECT format('sampled into %s of 24 buckets, %s query shapes',
                       least(count(DISTINCT bucket_start), 24), count(DISTINCT query_hash))
         FROM optimizer.query_metrics"
    expect "at least ten query shapes" "SELECT count(*) >= 10 FROM optimizer.query_stats"
    table "SELECT left(query, 44) AS query, round(calls_per_hour) AS \"calls/h\",
                  round(mean_exec_time_ms::numeric, 2) AS \"mean ms\",
                  round(100 * share_of_total_time::numeric, 1) AS \"% of time\"
           FROM optimizer.query_stats ORDER BY total_exec_time_ms DESC LIMIT 12"
}

advise() {
    section "3. Other tools give advice; the extension ranks it"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d shop -f tools/demo/suggestions.sql
    expect "three pieces of index advice" \
        "SELECT count(*) = 3 FROM optimizer.index_suggestions WHERE made_by = 'index_advisor'"
    expect "recommendations from all four sources" \
        "SELECT source_types @> '{index,parameter,rewrite,workload_pattern}' FROM optimizer.aggregate_recommendations()"
    tell "SELECT * FROM optimizer.get_top_recommendations():"
    table "SELECT rec_id AS id, source_type AS source, rtrim(left(recommendation_text, 39), ' (') AS recommendation,
                  estimated_improvement AS \"%\", round(confidence::numeric, 2) AS confidence,
                  round((roi_score * 1e6)::numeric, 2) AS \"ROI 1e-6\",
                  round((expected_saving_ms_per_hour / 1000)::numeric, 1) AS \"saves s/h\"
           FROM optimizer.get_top_recommendations()"
}

# apply RECOMMENDATION_LIKE: runs its action_sql while the traffic goes on and records it; APPLIED is the record's id.
apply() {
    local recommendation action
    recommendation=$(shop "SELECT rec_id FROM optimizer.get_top_recommendations() WHERE action_sql LIKE '$1'")
    [ -n "$recommendation" ] || fail "expected a recommendation whose action_sql is like $1"
    action=$(shop "SELECT action_sql FROM optimizer.get_top_recommendations() WHERE rec_id = $recommendation")
    tell "${action%;};" "SELECT * FROM optimizer.record_recommendation_implementation($recommendation, ...);"
    shop "$action" || fail "the recommended statement was refused"
    APPLIED=$(shop "SELECT impl_id FROM optimizer.record_recommendation_implementation($recommendation,
                        implementation_notes => 'applied by make demo')") || fail "it could not be recorded"
}

implement() {
    section "4. Two are applied while the traffic goes on, and recorded"
    OPEN=$(shop "SELECT rec_id FROM optimizer.get_top_recommendations() WHERE action_sql LIKE '%events_customer_id%'")
    CONFIDENCES="stated $(confidence)"
    apply '%orders_customer_id_idx%'
    GOOD=$APPLIED
    apply '%reviews_is_published_idx%'
    IDLE=$APPLIED
    tell "The first helps. The second cannot: that export mostly waits, for its own throttle." \
        "Nobody told the extension."
}

confidence() { shop "SELECT round(confidence_score::numeric, 3) FROM optimizer.recommendations WHERE id = $OPEN"; }

# measured IMPLEMENTATION: SQL that is true when the worker has given its verdict.
measured() { printf "SELECT status = 'implemented' FROM optimizer.implementations WHERE id = %s" "$1"; }

measure() {
    section "5. The worker compares before with after"
    local live="SELECT string_agg(format('%s: %s ms', n.name, coalesce(round(m.mean::numeric, 2)::text, '-')), ',  '
                                  ORDER BY n.id)
        FROM (VALUES ($GOOD, 'my orders'), ($IDLE, 'review export')) AS n (id, name)
        JOIN optimizer.implementations AS i USING (id)
        CROSS JOIN LATERAL (SELECT sum(total_exec_time_ms) / nullif(sum(calls), 0) AS mean
            FROM optimizer.query_metrics AS q
            WHERE q.query_hash = i.query_hash AND q.bucket_start > now() - interval '10 s') AS m"
    wait_progress 110 "first verdict" "$(measured "$GOOD")" "$live"
    CONFIDENCES="$CONFIDENCES, then $(confidence)"
    tell "$(verdict_line "$GOOD")"
    wait_progress 110 "second verdict" "$(measured "$IDLE")" "$live"
    CONFIDENCES="$CONFIDENCES, then $(confidence)"
    tell "$(verdict_line "$IDLE")"
}

verdict_line() {
    shop "SELECT format('%s: %s, %s %% measured against %s %% predicted', (SELECT rtrim(left(recommendation_text, 39), ' (')
              FROM optimizer.recommendations AS r WHERE r.id = i.recommendation_id), verdict,
              round(actual_improvement_percent::numeric, 1), predicted_improvement_percent)
          FROM optimizer.implementations AS i WHERE id = $1"
}

conclude() {
    section "6. Predicted beside actual"
    table "SELECT rtrim(left(recommendation_text, 39), ' (') AS recommendation,
                  round((pre_metrics->>'mean_exec_time_ms')::numeric, 2) AS \"before ms\",
                  round((post_metrics->>'mean_exec_time_ms')::numeric, 2) AS \"after ms\",
                  predicted_improvement_percent AS \"predicted %\",
                  round(actual_improvement_percent::numeric, 1) AS \"actual %\", verdict
           FROM optimizer.get_optimization_results() ORDER BY implementation_id"
    expect "the missing index to have helped" "SELECT verdict = 'improved' FROM optimizer.implementations WHERE id = $GOOD"
    if [ "$(shop "SELECT verdict FROM optimizer.implementations WHERE id = $IDLE")" != not_improved ]; then
        tell "The index on reviews changes nothing, so its verdict should be not_improved. This machine was not" \
            "equally busy before and after (load $(cut -d ' ' -f 1 /proc/loadavg)); run it again when it is quiet."
    fi

    section "7. What it learned about index_advisor"
    table "SELECT made_by, source_type AS source, kind, outcomes, round(success_weight::numeric, 2) AS successes,
                  round(realisation_rate::numeric, 3) AS \"realised / predicted\"
           FROM optimizer.learned_kinds WHERE made_by = 'index_advisor'"
    tell "Confidence in its open advice, the index on events: $CONFIDENCES."
    table "SELECT open_recommendations AS open, implemented, improved, not_improved, regressed, inconclusive,
                  round(seconds_saved_per_day::numeric) AS \"seconds saved/day\"
           FROM optimizer.optimization_summary()"
}

farewell() {
    traffic_stop
    section "8. Look around (the traffic has ended, the cluster runs; $((SECONDS / 60)) min $((SECONDS % 60)) s)"
    tell "psql -h $PGHOST -p $PGPORT -U postgres shop" \
        "SELECT * FROM optimizer.get_optimization_results();   optimizer.implementations, learned_kinds" \
        "SELECT * FROM optimizer.status();   query_stats shows 24 buckets, 48 s here: then it is empty" \
        "make demo-stop   stops and deletes it"
}

# Ctrl-C: a person who interrupts wants nothing left running.
trap 'progress_end; cluster_stop "$DEMO" immediate; exit 130' INT
SECONDS=0
start_shop
observe
advise
implement
measure
conclude
farewell
