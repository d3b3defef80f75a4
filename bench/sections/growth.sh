# The same figures as the server grows: 1,000, 5,000 and 20,000 statements with a day of history; 5,000 statements with 1, 7
# and 35 days. Every query has a bucket each hour and five suggestions. These lines have no targets.

declare -A GROWTH
GROWTH_CASES=("1000 1" "5000 1" "5000 7" "5000 35" "20000 1")

section_growth() {
    local case figure
    if [ -n "${BENCH_QUICK:-}" ]; then GROWTH_CASES=("1000 1" "2000 1" "1000 3"); fi
    heading "Growth"
    for case in "${GROWTH_CASES[@]}"; do growth_case "${case% *}" "${case#* }"; done
    for figure in "take_sample(), 10 % active|ms" "aggregate_recommendations(), all urgencies moved|ms" \
        "get_top_recommendations(20)|ms" "measure_pending_implementations(), 200 due|ms" "query_metrics|MB"; do
        for case in "${GROWTH_CASES[@]}"; do
            [ -n "${GROWTH["${figure%|*}: $case"]:-}" ] || continue
            report "${figure%|*}: $(shown "${case% *}"), ${case#* } d" "${figure#*|}" "" "${GROWTH["${figure%|*}: $case"]}"
        done
    done
}

growth_case() {
    local db=bench_growth n=$1 days=$2 case="$1 $2" round
    database_new "$db" statements.sql advice.sql measurements.sql growth.sql
    bench_call "$db" "SELECT bench.know_statements($n)"
    bench_call "$db" "SELECT bench.adopt_statements(); SELECT bench.make_history(24 * $days, 1); SELECT bench.make_suggestions()"
    bench_call "$db" "SELECT bench.run_statements(1, $n); SELECT optimizer.take_sample(); SELECT optimizer.aggregate_recommendations()"
    bench_call "$db" "VACUUM ANALYZE"
    GROWTH["query_metrics: $case"]=$(quantity "$(bench_q "$db" "SELECT pg_total_relation_size('optimizer.query_metrics') / 1e6")")

    bench_call "$db" "CALL bench.alternate(10, 'SELECT bench.run_statements(1, $((n / 10)))', ARRAY['sample'],
                      ARRAY['SELECT * FROM optimizer.take_sample()'])"
    GROWTH["take_sample(), 10 % active: $case"]=$(median "$db" sample)
    for round in 1 2 3; do
        bench_call "$db" "SELECT bench.move_all_urgencies()"
        bench_call "$db" "CALL bench.timed('moved', $round, 'SELECT * FROM optimizer.aggregate_recommendations()')"
        bench_call "$db" "VACUUM"
    done
    GROWTH["aggregate_recommendations(), all urgencies moved: $case"]=$(median "$db" moved)
    bench_call "$db" "CALL bench.alternate(10, 'SELECT 1', ARRAY['top'],
                      ARRAY['SELECT * FROM optimizer.get_top_recommendations(20)'], 100)"
    GROWTH["get_top_recommendations(20): $case"]=$(median "$db" top)
    # A day of history holds nothing to compare with: no figure then.
    if [ "$days" -ge 7 ]; then
        bench_call "$db" "CALL bench.make_ground(500)"
        bench_call "$db" "CALL bench.make_due(200, interval '30 hours', interval '49 hours')"
        bench_call "$db" "CALL bench.measure('measure', 3)"
        expect "$db" "200 looks, at least half of them with a verdict" "SELECT bool_and((first_row->>'looks')::int = 200
            AND (first_row->>'decided')::int >= 100) FROM bench.timing WHERE name = 'measure'"
        GROWTH["measure_pending_implementations(), 200 due: $case"]=$(median "$db" measure)
    fi
    database_drop "$db"
}
