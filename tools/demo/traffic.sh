#!/usr/bin/env bash
# The shop's customers: pgbench as role shop_app, until it is ended. Sourced by run.sh.
#
#   traffic_start LOG    starts it in the background;  traffic_stop  ends it;  traffic_alive  says whether it runs
#
# The rate is throttled far below what two cores can do: what waits for a core says little about the query itself.
# A day block of the demo is 24 s and needs 20 calls of a query, so that whatever is to be measured, or compared with, runs
# two to three times a second.

# Transactions per second of all scripts together; their weights add up to 100.
TRAFFIC_RATE=70
TRAFFIC_SCRIPTS=(
    my_orders@4 review_totals@4 open_tickets@4 recent_events@4 customers_by_country@4 invoices_by_month@4
    stock_by_warehouse@4 late_shipments@4 best_sellers@4 product_page@20 category_page@8 login@10 order_detail@6
    place_order@5 ship_order@4 track_event@5 cart@4 product_reviews@2
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
