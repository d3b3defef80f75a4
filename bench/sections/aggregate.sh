# aggregate_recommendations() over 100,000 queries with five suggestions each, beside a plain INSERT ... SELECT of the same
# rows into the same table. A round runs, each in a session of its own and right after a checkpoint: the first aggregation
# into the empty table, one with nothing changed, one with 1 % of suggestions changed, one with every urgency moved, and
# the plain INSERT; odd rounds begin with the INSERT. There are five rounds, or fewer (three at least) once they have taken
# five minutes. How the table grows over a day is seen with 20,000 queries: 24 aggregations with every urgency moved, and
# after each the VACUUM that autovacuum would do within the hour.

section_aggregate() {
    local db=bench_aggregate queries rounds round insert grown begun=$SECONDS
    queries=$(full_or_quick 100000 10000)
    rounds=$(full_or_quick 5 3)
    heading "aggregate_recommendations(), $(shown "$queries") queries with five suggestions each"
    aggregate_setup "$db" "$queries"
    insert=$(bench_q "$db" "SELECT bench.keep_recommendations()")
    for ((round = 1; round <= rounds; round++)); do
        if [ "$round" -gt 3 ] && [ $((SECONDS - begun)) -gt 300 ]; then break; fi
        if [ $((round % 2)) -eq 1 ]; then aggregate_plain "$db" "$round" "$insert"; fi
        bench_call "$db" "SELECT bench.forget_recommendations()"
        aggregate_timed "$db" first "$round"
        bench_call "$db" "VACUUM ANALYZE"
        aggregate_timed "$db" unchanged "$round"
        bench_call "$db" "SELECT bench.change_one_percent($round)"
        aggregate_timed "$db" "one percent" "$round" "sum(stated_confidence::numeric)"
        bench_call "$db" "SELECT bench.move_all_urgencies()"
        aggregate_timed "$db" moved "$round" "sum(urgency_score::numeric)"
        if [ $((round % 2)) -eq 0 ]; then aggregate_plain "$db" "$round" "$insert"; fi
    done
    expect "$db" "all recommendations in every aggregation" "SELECT bool_and((first_row->>'recommendation_count')::int = 5 * $queries)
        FROM bench.timing WHERE name <> 'plain'"
    report "speed of the first / of a plain INSERT ... SELECT" x ">= 0.7" "$(median "$db" plain first)"
    report "with nothing changed, tuples written" "" "<= 0" "$(quantity "$(bench_q "$db" \
        "SELECT max((first_row->>'written')::numeric) FROM bench.timing WHERE name = 'unchanged'")")"
    report "with nothing changed / first" x "<= 0.3" "$(median "$db" unchanged first)"
    report "with 1 % of suggestions changed / first" x "<= 0.35" "$(median "$db" 'one percent' first)"
    report "with all urgencies moved / first" x "<= 1.0" "$(median "$db" moved first)"
    grown=$(aggregate_growth)
    report "the table after a day of these / fresh" x "<= 2" "$(quantity "$grown")"
    report "  a plain INSERT ... SELECT of the $(shown $((queries * 5))) rows" s "" "$(seconds "$(median "$db" plain)")"
    report "  the first aggregation" s "" "$(seconds "$(median "$db" first)")"
    report "  with all urgencies moved" s "" "$(seconds "$(median "$db" moved)")"
    database_drop "$db"
}

aggregate_setup() {
    database_new "$1" advice.sql
    # 20 hours: two more may begin while this runs, and none of these leaves the window of 24.
    bench_call "$1" "SELECT bench.make_queries($2); SELECT bench.make_history(19, 0); SELECT bench.make_suggestions();
                     SELECT bench.make_learning()"
    bench_call "$1" "VACUUM ANALYZE"
    bench_call "$1" "SELECT optimizer.aggregate_recommendations()"
    expect "$1" "five recommendations for each query, all with an urgency, some learned about" "SELECT count(*) = 5 * $2
        AND min(urgency_score) > 0 AND bool_or(confidence_score <> stated_confidence) FROM optimizer.recommendations"
}

aggregate_growth() {
    local db=bench_day fresh hour
    aggregate_setup "$db" "$(full_or_quick 20000 2000)"
    fresh=$(bench_q "$db" "SELECT pg_total_relation_size('optimizer.optimization_recommendations')")
    for ((hour = 0; hour < 24; hour++)); do
        bench_call "$db" "VACUUM"
        bench_call "$db" "SELECT bench.move_all_urgencies()"
        bench_call "$db" "SELECT optimizer.aggregate_recommendations()"
    done
    bench_q "$db" "SELECT pg_total_relation_size('optimizer.optimization_recommendations') / $fresh.0"
    database_drop "$db"
}


aggregate_plain() {
    bench_call "$1" "SELECT bench.forget_recommendations()"
    bench_call "$1" "CHECKPOINT"
    bench_call "$1" "CALL bench.timed('plain', $2, '${3//\'/\'\'}')"
}

# aggregate_timed DB name round ['sum that has to differ afterwards']
aggregate_timed() {
    local written sum=${4:-count(*)} before
    before=$(bench_q "$1" "SELECT $sum FROM optimizer.recommendations")
    bench_call "$1" "CHECKPOINT"
    written=$(bench_q "$1" "SELECT bench.tuples_written()")
    bench_call "$1" "CALL bench.timed('$2', $3, 'SELECT * FROM optimizer.aggregate_recommendations()')"
    written=$(bench_q "$1" "SELECT bench.tuples_written() - $written")
    bench_call "$1" "UPDATE bench.timing SET first_row = first_row || '{\"written\": $written}' WHERE name = '$2' AND round = $3"
    if [ -n "${4:-}" ]; then
        expect "$1" "another $sum after the aggregation \"$2\"" "SELECT $sum <> $before FROM optimizer.recommendations"
    fi
}
