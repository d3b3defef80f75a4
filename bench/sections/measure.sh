# measure_pending_implementations() with 1,000 looks due, half of them first looks and half last ones, among 5,000 queries
# with an hourly history of nine days and five recommendations each. A round takes all looks and rolls them back, so its
# time is without the commit.

section_measure() {
    local db=bench_measure queries due
    queries=$(full_or_quick 5000 1000)
    due=$(full_or_quick 1000 200)
    heading "measure_pending_implementations(), $(shown "$due") due"
    database_new "$db" advice.sql measurements.sql
    bench_call "$db" "SELECT bench.make_queries($queries, busy => 1); SELECT bench.make_history(215, 0);
                      SELECT bench.make_suggestions(); SELECT optimizer.aggregate_recommendations()"
    bench_call "$db" "VACUUM ANALYZE"
    bench_call "$db" "CALL bench.make_due($due, interval '30 hours', interval '49 hours')"
    bench_call "$db" "VACUUM ANALYZE"
    bench_call "$db" "CALL bench.measure('measure', $(full_or_quick 5 3))"
    expect "$db" "$due looks, at least two thirds of them with a verdict" "SELECT bool_and((first_row->>'looks')::int = $due
        AND (first_row->>'decided')::int > $due * 2 / 3) FROM bench.timing"
    report "all looks" s "<= 10" "$(seconds "$(median "$db" measure)")"
    database_drop "$db"
}
