# measure_pending_implementations() with 1,000 looks due, half of them first looks and half last ones, among 5,000 queries:
# 14 days before and two after the change, hour by hour, each look with 20 controls. Then one look by itself among 35 days of
# the same queries. What is timed is rolled back, so it is without the commit.

section_measure() {
    local db=bench_measure queries due
    queries=$(full_or_quick 5000 1000)
    due=$(full_or_quick 1000 200)
    heading "measure_pending_implementations(), $(shown "$due") due"
    database_new "$db" advice.sql measurements.sql
    bench_call "$db" "SELECT bench.make_queries($queries, busy => 1); SELECT bench.make_history(410, 0);
                      SELECT bench.make_suggestions(); SELECT optimizer.aggregate_recommendations()"
    bench_call "$db" "CALL bench.make_ground($((due * 5 / 2)))"
    bench_call "$db" "VACUUM ANALYZE"
    bench_call "$db" "CALL bench.make_due($due, interval '30 hours', interval '49 hours')"
    bench_call "$db" "VACUUM ANALYZE"
    bench_call "$db" "CALL bench.measure('measure', $(full_or_quick 5 3))"
    expect "$db" "$due looks, at least two thirds of them with a verdict" "SELECT bool_and((first_row->>'looks')::int = $due
        AND (first_row->>'decided')::int > $due * 2 / 3) FROM bench.timing"
    expect "$db" "all of them with 20 controls" "BEGIN; SELECT bench.looks_with_controls() = $due; ROLLBACK"
    report "all looks" s "<= 30" "$(seconds "$(median "$db" measure)")"
    if [ -z "${BENCH_QUICK:-}" ]; then
        bench_call "$db" "SELECT bench.make_history(35 * 24, 411)"
        bench_call "$db" "VACUUM ANALYZE"
    fi
    bench_call "$db" "CALL bench.measure_each('one', 20)"
    expect "$db" "two thirds of them with a verdict" "SELECT count(*) FILTER (WHERE (first_row->>'decided')::boolean) * 3 > count(*) * 2
        FROM bench.timing WHERE name = 'one'"
    report "one look, with 35 days of history" ms "<= 1000" "$(median "$db" one)"
    database_drop "$db"
}
