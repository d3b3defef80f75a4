# take_sample() beside the plain reading of all counters, and beside a PoWA snapshot of the same server. The reading is
# COPY (SELECT * FROM pg_stat_statements(false)) TO '/dev/null': all the server does for the SELECT of a client (every
# row formed, each value turned into text), without the client and the network. A line says what of that remains for a
# reader inside the server, which forms the rows and leaves out the text.

section_sample() {
    local db=bench_sample n=5000
    heading "take_sample() with 5,000 statements"
    database_new "$db" statements.sql
    bench_call "$db" "SELECT bench.know_statements($n)"
    sample_case "$db" ten "$n" 500 "SELECT bench.run_statements(1, 500)" "10 % active" 3
    sample_case "$db" all "$n" 5000 "SELECT bench.run_statements(1, 5000)" "all active" 10

    bench_call "$db" "SELECT bench.know_statements(4950)"
    bench_call "$db" "INSERT INTO bench.lasting SELECT queryid FROM pg_stat_statements(false)"
    sample_case "$db" new "$n" 500 "SELECT bench.run_a_tenth_and_new_ones($n, \$1)" "10 % active, 1 % new with their texts" 4
    expect "$db" "the text of each new statement" "SELECT count(*) = 50 * (SELECT count(*) + 2 FROM bench.timing
        WHERE name = 'new: sample') FROM optimizer.query_texts WHERE query LIKE '%bench.orders%'
        AND first_seen_at > (SELECT max(first_seen_at) FROM optimizer.query_texts t JOIN bench.lasting l ON l.queryid = t.query_hash)"

    report "  a reading, in the server" ms "" "$(median "$db" 'ten: reading')"
    report "  a reading without turning values into text" ms "" "$(median "$db" 'ten: rows')"
    report "  take_sample(), 10 % active" ms "" "$(median "$db" 'ten: sample')"
    report "  take_sample(), all active" ms "" "$(median "$db" 'all: sample')"
    report "  take_sample(), 10 % active, 1 % new" ms "" "$(median "$db" 'new: sample')"
    if [ -n "$HAS_POWA" ]; then report "  a PoWA snapshot, 10 % active" ms "" "$(median "$db" 'ten: powa')"; fi
    database_drop "$db"
}

# sample_case DB case statements active 'activity' 'text' most
sample_case() {
    local db=$1 case=$2 names="'$2: reading', '$2: rows', '$2: sample'" statements
    statements="'COPY (SELECT * FROM pg_stat_statements(false)) TO ''/dev/null''', 'SELECT * FROM pg_stat_statements(false)',
        'SELECT * FROM optimizer.take_sample()'"
    if [ -n "$HAS_POWA" ]; then
        names="$names, '$case: powa'"
        statements="$statements, 'SELECT powa_take_snapshot()'"
    fi
    bench_call "$db" "CALL bench.alternate($(full_or_quick 20 6), '$5', ARRAY[$names], ARRAY[$statements])"
    expect "$db" "$3 statements, $4 of them changed, in every sample" "SELECT bool_and((first_row->>'statements_seen')::int = $3
        AND (first_row->>'statements_changed')::int = $4) FROM bench.timing WHERE name = '$case: sample'"
    report "sample / reading, $6" x "<= $7" "$(median "$db" "$case: sample" "$case: reading")"
    if [ -n "$HAS_POWA" ]; then
        # The promise is for the ordinary server, where a tenth is active; the others are shown.
        report "PoWA snapshot / sample, $6" x "$([ "$case" != ten ] || echo '>= 5')" "$(median "$db" "$case: powa" "$case: sample")"
    fi
}
