#!/usr/bin/env bash
# The shop's customers: pgbench as role shop_app, until it is ended. Sourced by run.sh.
#
#   traffic_start LOG    starts it in the background;  traffic_stop  ends it;  traffic_alive  says whether it runs
#
# The rate is throttled far below what two cores can do: what waits for a core says little about the query itself.
# A day block of the demo is 24 s and needs 20 calls of a query; the more there are, the narrower the interval. So what is
# cheap and measured, or compared with, runs 5 to 17 times a second, and what is slow 3 times.

# Transactions per second of all scripts together; their weights add up to 100.
TRAFFIC_RATE=140
TRAFFIC_SCRIPTS=(
    my_orders@2 review_totals@12 open_tickets@12 recent_events@3 customers_by_country@6 invoices_by_month@4
    stock_by_warehouse@5 late_shipments@10 best_sellers@8 product_page@10 category_page@6 login@6 order_detail@4
    place_order@3 ship_order@3 track_event@3 cart@2 product_reviews@1
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
