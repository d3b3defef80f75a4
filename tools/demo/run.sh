#!/usr/bin/env bash
# The loop, end to end, on live traffic: observe, advise, rank, apply, record, measure, learn.
# Promises: a private cluster under target/demo (a second run replaces it), real queries, verdicts given by the worker
# and not by this script, about 3.5 minutes; the cluster stays for a look afterwards, the traffic does not.
# Time runs fast here: a bucket, "an hour", is 1 s wide, so a "day" of 24 buckets is 24 s.
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
WARM_UP=10
# Buckets between the advice and the change: the day before the advice and the day before the change are left out of what
# is compared with, and four whole ones in between are a baseline.
REST=122

start_shop() {
    section "1. A shop on PostgreSQL $PG_MAJOR, in a private cluster"
    cluster_start "$DEMO" "shared_preload_libraries = 'pg_stat_statements,optimizer_workflow'" \
        "shared_buffers = 256MB" "max_parallel_workers_per_gather = 0" \
        "autovacuum_naptime = 10min" "checkpoint_timeout = 30min" "max_wal_size = 2GB" \
        "optimizer_workflow.enabled = off" "optimizer_workflow.databases = 'shop'" \
        "optimizer_workflow.sample_interval = 1s" "optimizer_workflow.bucket_width = 1s" \
        "optimizer_workflow.advise_interval = 5s" \
        "optimizer_workflow.measure_after = 24s" "optimizer_workflow.measure_deadline = 48s"
    cluster_keep "$DEMO"
    psql_q "CREATE DATABASE shop"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d shop -f tools/demo/schema.sql >/dev/null
    psql_q "VACUUM (ANALYZE)" shop
    psql_q "CHECKPOINT" shop
    [ -f "$("$PG_CONFIG" --sharedir)/extension/hypopg.control" ] || die "HypoPG is not installed for $PG_CONFIG; the index advisor needs it"
    psql_q "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION hypopg; CREATE EXTENSION optimizer_workflow" shop
    tell "rows: $(shop "SELECT string_agg(format('%s %sk', relname, round((reltuples / 1000)::numeric, 1)::real), ', '
                                          ORDER BY reltuples DESC)
                        FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                          AND reltuples > 20000")" \
        "orders has no index on customer_id, though every visit to \"my orders\" asks for it." \
        "Time runs fast here: an \"hour\" is 1 s, so a \"day\" is 24 s, and a verdict needs whole days."
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
    wait_progress 60 "12 observed buckets" \
        "SELECT count(DISTINCT bucket_start) >= 13 FROM optimizer.query_metrics" \
        "SELECT format('sampled into %s of 12 buckets, %s query shapes',
                       least(count(DISTINCT bucket_start), 12), count(DISTINCT query_hash))
         FROM optimizer.query_metrics"
    expect "at least ten query shapes" "SELECT count(*) >= 10 FROM optimizer.query_stats"
    table "SELECT left(query, 44) AS query, round(calls_per_hour) AS \"calls/h\",
                  round(mean_exec_time_ms::numeric, 2) AS \"mean ms\",
                  round(100 * share_of_total_time::numeric, 1) AS \"% of time\"
           FROM optimizer.query_stats ORDER BY total_exec_time_ms DESC LIMIT 14"
}

advise() {
    section "3. The index advisor and other tools give advice; the extension ranks it"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d shop -f tools/demo/suggestions.sql
    expect "three pieces of index advice from another tool" \
        "SELECT count(*) = 3 FROM optimizer.index_suggestions WHERE made_by = 'index_advisor'"
    wait_progress 60 "index on orders by the built-in advisor" \
        "SELECT count(*) > 0 FROM optimizer.index_suggestions
         WHERE made_by = 'builtin' AND relation = 'public.orders' AND columns[1] = 'customer_id'" \
        "SELECT format('the advisor has tried %s statements', count(*)) FROM optimizer.index_trials"
    tell "What the index advisor says of its index on orders:"
    shop "SELECT reasoning FROM optimizer.index_suggestions WHERE made_by = 'builtin' AND relation = 'public.orders'
          ORDER BY estimated_improvement_percent DESC LIMIT 1" | fold -s -w 92 | sed 's/^/     /; s/ *$//'
    expect "recommendations from all four sources" \
        "SELECT source_types @> '{index,parameter,rewrite,workload_pattern}' FROM optimizer.aggregate_recommendations()"
    tell "SELECT * FROM optimizer.get_top_recommendations():"
    table "SELECT rec_id AS id, source_type AS source, left(replace(recommendation_text, 'Create a btree index on public.', 'btree index on '), 39) AS recommendation,
                  round(estimated_improvement) AS \"%\", round(confidence::numeric, 2) AS confidence,
                  round((roi_score * 1e6)::numeric, 2) AS \"ROI 1e-6\",
                  round((expected_saving_ms_per_hour / 1000)::numeric, 1) AS \"saves s/h\"
           FROM optimizer.get_top_recommendations()"
}

# apply RECOMMENDATION_LIKE: runs its action_sql while the traffic goes on and records it; APPLIED is the record's id.
apply() {
    local recommendation action
    recommendation=$(shop "SELECT rec_id FROM optimizer.get_top_recommendations() WHERE action_sql LIKE '$1' LIMIT 1")
    [ -n "$recommendation" ] || fail "expected a recommendation whose action_sql is like $1"
    action=$(shop "SELECT action_sql FROM optimizer.get_top_recommendations() WHERE rec_id = $recommendation")
    tell "${action%;};" "SELECT * FROM optimizer.record_recommendation_implementation($recommendation, ...);"
    shop "$action" || fail "the recommended statement was refused"
    APPLIED=$(shop "SET client_min_messages = warning; SELECT impl_id FROM optimizer.record_recommendation_implementation($recommendation,
                        implementation_notes => 'applied by make demo')") || fail "it could not be recorded"
}

implement() {
    section "4. Nobody acts for five days; then three are applied while the traffic goes on"
    wait_progress $((REST + 60)) "five days of history" \
        "SELECT count(*) >= $REST FROM optimizer.sampling_coverage WHERE observed_share > 0
             AND bucket_start > (SELECT min(created_at) FROM optimizer.recommendations)" \
        "SELECT format('%s buckets since the advice came; the worker has read the relations of %s statements',
             (SELECT count(*) FROM optimizer.sampling_coverage WHERE observed_share > 0
                  AND bucket_start > (SELECT min(created_at) FROM optimizer.recommendations)),
             (SELECT count(*) FROM optimizer.query_readings))"
    OPEN=$(shop "SELECT rec_id FROM optimizer.get_top_recommendations() WHERE action_sql LIKE '%events_customer_id_idx ON public.events (customer_id)%' LIMIT 1")
    apply '%ON public.orders %(customer_id%'
    APPLIED_ALL=$APPLIED
    apply '%reviews_is_published_idx%'
    APPLIED_ALL=$APPLIED_ALL,$APPLIED
    apply '%tickets_opened_at_idx%'
    APPLIED_ALL=$APPLIED_ALL,$APPLIED
    tell "One helps, one does nothing, one hurts. Nobody told the extension which."
}

# measured: SQL that is true when the worker has given every verdict.
measured() { printf "SELECT bool_and(status = 'implemented') FROM optimizer.implementations WHERE id IN (%s)" "$APPLIED_ALL"; }

measure() {
    section "5. The worker compares before with after: a first look after 24 s, the last after 48 s"
    wait_progress 110 "three verdicts" "$(measured)" \
        "SELECT string_agg(format('%s %s', split_part(index_name, '_', 1),
                    coalesce(verdict, coalesce(round(mean::numeric, 1)::text, '-') || ' ms')), ',  ' ORDER BY id)
         FROM (SELECT i.id, i.verdict, substring(r.action_sql FROM '\\w+_idx') AS index_name,
                      (SELECT sum(q.total_exec_time_ms) / nullif(sum(q.calls), 0) FROM optimizer.query_metrics q
                       WHERE q.query_hash = i.query_hash AND q.bucket_start > now() - interval '10 s') AS mean
               FROM optimizer.implementations i JOIN optimizer.recommendations r ON r.id = i.recommendation_id
               WHERE i.id IN ($APPLIED_ALL)) AS n"
    table "SELECT substring(r.action_sql FROM '\w+_idx') AS index,
                  round((i.pre_optimization_stats->>'mean_exec_time_ms')::numeric, 2) AS \"ms before\",
                  round((i.post_optimization_stats->>'mean_exec_time_ms')::numeric, 2) AS after,
                  round(i.predicted_improvement_percent) AS \"said %\",
                  round(i.adjusted_improvement_percent) AS \"found %\",
                  format('%s to %s', round(i.improvement_low_percent), round(i.improvement_high_percent)) AS \"95 % interval\",
                  i.controls, i.verdict
           FROM optimizer.implementations i JOIN optimizer.recommendations r ON r.id = i.recommendation_id
           WHERE i.id IN ($APPLIED_ALL) ORDER BY i.id"
    tell "found %: improvement after taking out what moved the controls, queries on other tables, too."
    shop "SELECT verdict_reason FROM optimizer.implementations WHERE id IN ($APPLIED_ALL) ORDER BY id" \
        | fold -s -w 92 | sed 's/^/     /; s/ *$//; /^     [a-z_]*: /s/^     /   - /'
    expect "the missing index to have helped" \
        "SELECT verdict = 'improved' FROM optimizer.implementations WHERE id = ${APPLIED_ALL%%,*}"
    local told
    told=$(shop "SELECT string_agg(verdict, ' ' ORDER BY id) FROM optimizer.implementations WHERE id IN ($APPLIED_ALL)")
    if [ "$told" != "improved not_improved regressed" ]; then
        tell "Expected was improved, not_improved, regressed. A day of 24 s is short and this machine was busy" \
            "(load $(cut -d ' ' -f 1 /proc/loadavg)): it says what it could not tell, and not the opposite."
    fi
}

conclude() {
    section "6. What it learned about the two that gave index advice"
    table "SELECT made_by, source_type AS source, kind, outcomes, inconclusive, round(success_weight::numeric, 2) AS successes,
                  round(realisation_rate::numeric, 3) AS \"realised / predicted\"
           FROM optimizer.learned_kinds WHERE made_by IN ('builtin', 'index_advisor') ORDER BY made_by"
    tell "The index on events, still open: $(shop "SELECT format('confidence %s stated, %s now; forecast %s %% (%s to %s)',
        stated_confidence, round(confidence_score::numeric, 3), round(forecast_improvement_percent),
        round(forecast_low_percent), round(forecast_high_percent)) FROM optimizer.recommendations WHERE id = $OPEN")."
    table "SELECT open_recommendations AS open, implemented, improved, not_improved, regressed, inconclusive,
                  round(seconds_saved_per_day::numeric) AS \"seconds saved/day\"
           FROM optimizer.optimization_summary()"
    local harmful
    harmful=$(shop "SELECT min(id) FROM optimizer.implementations WHERE verdict = 'regressed' AND id IN ($APPLIED_ALL)")
    if [ -n "$harmful" ]; then
        section "7. What hurts is taken back, and not offered again"
        tell "DROP INDEX CONCURRENTLY public.tickets_opened_at_idx;" "SELECT optimizer.revert_implementation($harmful);"
        shop "DROP INDEX CONCURRENTLY public.tickets_opened_at_idx"
        shop "SELECT optimizer.revert_implementation($harmful, 'taken back by make demo')" >/dev/null
        shop "SELECT format('its recommendation: %s, %s', r.status, split_part(r.dismissal_reason, '(', 1))
              FROM optimizer.recommendations r JOIN optimizer.implementations i ON i.recommendation_id = r.id
              WHERE i.id = $harmful" | fold -s -w 94 | sed 's/^/   /; s/ *$//'
    fi
}

farewell() {
    traffic_stop
    section "8. Look around (the traffic has ended, the cluster runs; $((SECONDS / 60)) min $((SECONDS % 60)) s)"
    tell "psql -h $PGHOST -p $PGPORT -U postgres shop" \
        "SELECT * FROM optimizer.get_optimization_results();   optimizer.implementations, learned_kinds" \
        "SELECT * FROM optimizer.status();   query_stats shows 24 buckets, 24 s here: then it is empty" \
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
