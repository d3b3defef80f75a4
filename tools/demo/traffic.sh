#!/usr/bin/env bash
# The shop's customers: pgbench as role shop_app, until it is ended. Sourced by run.sh.
#
#   traffic_start LOG    starts it in the background;  traffic_stop  ends it;  traffic_alive  says whether it runs
#
# The rate is throttled far below what two cores can do, so that queries do not wait for each other: taking one slow
# query away must not speed up its neighbours, or a change that did nothing would look like a success. The query
# that is to stay as it is (review_export) mostly waits: the speed of a shared machine drifts by 10 % within a minute,
# and the plain verdict of this version cannot tell that from a change.

# Transactions per second of all scripts together; their weights add up to 100.
TRAFFIC_RATE=50
TRAFFIC_SCRIPTS=(
    product_page@34 category_page@10 login@10 my_orders@2 order_detail@9 place_order@5 ship_order@4 track_event@7
    recent_events@3 cart@4 product_reviews@3 review_export@5 revenue_by_day@2 customers_by_country@2
)
TRAFFIC_PID=""

traffic_start() {
    local script arguments=()
    for script in "${TRAFFIC_SCRIPTS[@]}"; do
        arguments+=(--file="$REPO/tools/demo/traffic/${script%@*}.sql@${script#*@}")
    done
    PGUSER=shop_app "$PG_BIN/pgbench" --no-vacuum --client=4 --time=3600 --rate="$TRAFFIC_RATE" --random-seed=42 \
        "${arguments[@]}" shop >"$1" 2>&1 &
    TRAFFIC_PID=$!
}

traffic_alive() { [ -n "$TRAFFIC_PID" ] && kill -0 "$TRAFFIC_PID" 2>/dev/null; }

traffic_stop() {
    if traffic_alive; then
        kill "$TRAFFIC_PID"
        wait "$TRAFFIC_PID" 2>/dev/null || true
    fi
    TRAFFIC_PID=""
}
