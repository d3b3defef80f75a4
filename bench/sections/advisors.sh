# The index advisor: 5,000 statements, 990 of which take a thousandth of the time each (more than a thousand cannot); indexes are
# tried for all of those, and chosen for all together. Then a pass with nothing changed. Reading and planning come before.

section_advisors() {
    local db=bench_advisors n heavy
    if [ ! -f "$("$PG_CONFIG" --sharedir)/extension/hypopg.control" ]; then note "HypoPG is not installed: the advisor is not measured"; return; fi
    n=$(full_or_quick 5000 1000)
    heavy=$((n * 990 / 5000))
    heading "trying indexes for $(shown "$n") statements"
    database_new "$db" reader.sql advisors.sql
    bench_call "$db" "SELECT bench.make_statements($n)"
    bench_call "$db" "SELECT * FROM bench.read_all()"
    bench_call "$db" "SELECT bench.make_load($heavy)"
    bench_call "$db" "CALL bench.alternate($(full_or_quick 3 1), 'SELECT bench.forget_trials()', ARRAY['first'],
        ARRAY['SELECT * FROM bench.read_all()'])"
    expect "$db" "$heavy statements tried" "SELECT count(*) = $heavy FROM optimizer.index_trials"
    expect "$db" "some of them helped" "SELECT count(*) > 0 FROM optimizer.index_suggestions WHERE made_by = 'builtin'"
    expect "$db" "nothing hypothetical left" "SELECT count(*) = 0 FROM hypopg()"
    report "all of them, for the first time" s "<= 60" "$(seconds "$(median "$db" first)")"
    bench_call "$db" "VACUUM ANALYZE optimizer.index_trials"
    bench_call "$db" "CALL bench.alternate($(full_or_quick 10 3), 'SELECT 1', ARRAY['again'], ARRAY['SELECT * FROM bench.read_all()'])"
    report "a pass with nothing changed" s "<= 1" "$(seconds "$(median "$db" again)")"
    report "  a statement, tried for the first time" ms "" \
        "$(median "$db" first | awk -F '|' -v OFS='|' -v n="$heavy" '{ for (i = 1; i < 4; i++) if ($i != "") $i /= n; print }')"
    database_drop "$db"
}
