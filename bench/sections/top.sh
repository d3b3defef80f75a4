# get_top_recommendations() over 1,000,000 open recommendations (200,000 queries with five each), everything in memory. A
# sample is 200 calls in one session, each parsed and planned anew as a client's would be; the worst of all sources and of
# all values of min_impact is what counts. Ten recommendations, the last by ROI, are the only ones above 95 %: to be found,
# or not to be found (99.5 %), they must be looked for.

section_top() {
    local db=bench_top queries worst
    queries=$(full_or_quick 200000 20000)
    heading "get_top_recommendations(20), $(shown $((queries * 5))) open"
    database_new "$db" advice.sql top.sql
    bench_call "$db" "SELECT bench.make_queries($queries); SELECT bench.make_history(2, 0); SELECT bench.make_suggestions()"
    bench_call "$db" "UPDATE optimizer.index_suggestions SET estimated_improvement_percent = 99, confidence_score = 0.001 WHERE id <= 10"
    bench_call "$db" "VACUUM ANALYZE"
    bench_call "$db" "SELECT optimizer.aggregate_recommendations()"
    bench_call "$db" "VACUUM ANALYZE"
    expect "$db" "all of them open" "SELECT count(*) = 5 * $queries FROM optimizer.recommendations WHERE status = 'open'"

    bench_call "$db" "CALL bench.ask_sources($(full_or_quick 20 6), $(full_or_quick 200 20))"
    bench_call "$db" "CALL bench.ask_impacts($(full_or_quick 5 3))"
    expect "$db" "20 rows in each order" "SELECT count(*) = 20 FROM optimizer.get_top_recommendations(20, order_by => 'saving')"
    report "get_top_recommendations(20)" ms "<= 1" "$(median "$db" 'any source')"
    worst=$(worst_of "$db" 'source: _%')
    report "the slowest only_source (${worst#source: })" ms "<= 1" "$(median "$db" "$worst")"
    worst=$(worst_of "$db" 'order_by%')
    report "order_by => 'saving'" ms "" "$(median "$db" "$worst")"
    worst=$(worst_of "$db" 'min_impact%')
    report "the slowest min_impact (${worst#min_impact => })" ms "<= 50" "$(median "$db" "$worst")"
    report "  get_top_recommendations(20), through a client" ms "" "$(quantity "$(top_through_client "$db")")"
    database_drop "$db"
}

worst_of() {
    bench_q "$1" "SELECT name FROM (SELECT DISTINCT name FROM bench.timing WHERE name LIKE '$2') AS n, bench.median(n.name) AS m
                  ORDER BY m.value DESC LIMIT 1"
}

# The mean of 1,000 calls, as pgbench sees them.
top_through_client() {
    "$PG_BIN/pgbench" -n -t 1000 -f <(echo 'SELECT * FROM optimizer.get_top_recommendations(20);') "$1" 2>/dev/null \
        | sed -n 's/^latency average = \([0-9.]*\) ms/\1/p'
}
