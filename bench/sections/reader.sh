# Reading statements: 5,000 that differ in what they read, compare and return, a fifth of them with places that have to be
# repaired, all read for the first time; then a pass with nothing new. In the server, in steps of the advise step's budget.

section_reader() {
    local db=bench_reader n
    n=$(full_or_quick 5000 1000)
    heading "reading $(shown "$n") statements"
    database_new "$db" reader.sql
    bench_call "$db" "SELECT bench.make_statements($n)"
    bench_call "$db" "CALL bench.alternate($(full_or_quick 5 1), 'SELECT bench.forget_readings()', ARRAY['first'],
        ARRAY['SELECT * FROM bench.read_all()'])"
    expect "$db" "$n statements read in each round" "SELECT bool_and((first_row->>'statements')::int = $n) FROM bench.timing WHERE name = 'first'"
    expect "$db" "all of them understood" "SELECT count(*) = $n AND bool_and(state = 'read') AND bool_and(is_complete) FROM optimizer.query_readings"
    expect "$db" "a fifth of them after a repair" "SELECT count(*) FILTER (WHERE 'repaired' = ANY (assumptions)) = $n / 5 FROM optimizer.query_readings"
    report "all statements, read for the first time" s "<= 10" "$(seconds "$(median "$db" first)")"
    bench_call "$db" "VACUUM ANALYZE"
    bench_call "$db" "CALL bench.alternate($(full_or_quick 20 3), 'SELECT 1', ARRAY['again'], ARRAY['SELECT * FROM bench.read_all()'])"
    expect "$db" "nothing read again" "SELECT bool_and((first_row->>'statements')::int = 0) FROM bench.timing WHERE name = 'again'"
    report "a pass with nothing new" ms "<= 200" "$(median "$db" again)"
    report "  a statement, read for the first time" ms "" \
        "$(median "$db" first | awk -F '|' -v OFS='|' -v n="$n" '{ for (i = 1; i < 4; i++) if ($i != "") $i /= n; print }')"
    database_drop "$db"
}
