# Bytes on disk per active query and hour, indexes included, beside PoWA's, both with a look every five minutes. Time is
# compressed (sql/storage.sql). Ours: the growth of the buckets over the hours after the first, divided by the (query,
# hour) rows in it. PoWA's: the growth of its coalesced history over 100 looks, after which it coalesces by itself
# (powa.coalesce), divided by active queries and 100 / 12 hours. The promise is for the ordinary server, where a tenth is
# active: PoWA writes down the idle ones as well. A VACUUM of ours after each hour, as autovacuum does it when a
# fifth of a table was rewritten; of PoWA's, which only grows, one at the end.

section_storage() {
    heading "Bytes per active query and hour, 5,000 statements"
    storage_case "10 % active" 500 1
    storage_case "all active" 5000 2
}

storage_case() {
    local db=bench_storage text=$1 active=$2 pace=$3 hour looks first bytes rows ours powa=false theirs
    looks=$(full_or_quick 48 24)
    if [ -n "$HAS_POWA" ]; then powa=true; fi
    database_new "$db" statements.sql storage.sql
    psql_q "ALTER SYSTEM SET optimizer_workflow.bucket_width = '$((12 * pace))s'"
    cluster_reload "$BENCH_CLUSTER"
    bench_call "$db" "SELECT bench.know_statements(5000)"

    # So that it coalesces at the hundredth look.
    if [ "$powa" = true ]; then bench_q "$db" "UPDATE powa_snapshot_metas SET coalesce_seq = 0"; fi
    bench_call "$db" "CALL bench.collect(12, $active, $pace, $powa)"
    first=$(bench_q "$db" "SELECT bench.bytes_of_buckets() || ' ' || count(*) FROM optimizer.query_metrics")
    for ((hour = 0; hour < looks / 12; hour++)); do
        bench_call "$db" "CALL bench.collect(12, $active, $pace, $powa)"
        bench_call "$db" "VACUUM optimizer.query_metrics"
    done
    bytes=$(bench_q "$db" "SELECT bench.bytes_of_buckets() - ${first% *}")
    rows=$(bench_q "$db" "SELECT count(*) - ${first#* } FROM optimizer.query_metrics")
    expect "$db" "a row for each active query and hour" "SELECT $rows BETWEEN $active * ($looks / 12 - 1) AND $active * ($looks / 12 + 2)"
    ours=$(awk "BEGIN { print $bytes / $rows }")
    report "bytes, $text" B "" "$(quantity "$ours")"

    if [ "$powa" = true ]; then
        bench_call "$db" "CALL bench.collect(100 - 12 - $looks, $active, 0, true)"
        bench_call "$db" "VACUUM powa_statements_history"
        expect "$db" "PoWA to have coalesced" "SELECT coalesce_seq = 100 AND aggts > '-infinity' FROM powa_snapshot_metas WHERE srvid = 0"
        theirs=$(bench_q "$db" "SELECT bench.bytes_of_powa() / ($active * 100 / 12.0)")
        report "bytes, $text, PoWA" B "" "$(quantity "$theirs")"
        report "bytes / PoWA's, $text" x "$([ "$active" -gt 500 ] || echo '<= 0.1')" "$(quantity "$(awk "BEGIN { print $ours / $theirs }")")"
    fi
    psql_q "ALTER SYSTEM RESET optimizer_workflow.bucket_width"
    cluster_reload "$BENCH_CLUSTER"
    database_drop "$db"
}
