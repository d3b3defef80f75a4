#!/usr/bin/env bash
# Writes report_html() into a file: target/report.html, or the path given.
# With PGDATABASE, PGHOST, PGSERVICE or another variable of libpq set, of the database that psql would then connect to; else of the demo's
# (`make demo` leaves its cluster running). REPORT_DAYS=90 reports on more days than 30.
# Promises: the file is whole or, when it fails, as it was before.
set -euo pipefail
# It shows texts of queries: for its owner alone.
umask 077
OUT=$(realpath -m "${1:-"$(dirname "$0")/../target/report.html"}")
cd "$(dirname "$0")/.."
DAYS=${REPORT_DAYS:-30}
PSQL=psql
if [ -z "${PGDATABASE:-}${PGHOST:-}${PGHOSTADDR:-}${PGPORT:-}${PGUSER:-}${PGSERVICE:-}" ]; then
    # shellcheck source=tools/cluster.sh
    . tools/cluster.sh
    cluster_running "$TARGET_DIR/demo" \
        || die "no demo is running: make demo first, or name a database: PGDATABASE=shop make report"
    cluster_use "$TARGET_DIR/demo"
    PSQL=$PG_BIN/psql
    export PGDATABASE=shop
fi
mkdir -p "$(dirname "$OUT")"
"$PSQL" -XAtq -v ON_ERROR_STOP=1 -v days="$DAYS" -o "$OUT.part" <<<"SELECT optimizer.report_html(:'days');" \
    || { rm -f "$OUT.part"; exit 1; }
mv "$OUT.part" "$OUT"
echo "$OUT: $(($(wc -c <"$OUT") / 1000)) kB over $DAYS days; open it in a browser, or attach it to a mail"
