#!/usr/bin/env bash
# What a benchmark says: one line each, `name  value  target  ok` or `MISSED`, and the same with its interval and the
# number of rounds in target/bench/results.tsv. Sourced by run.sh, after server.sh.
#
#   heading 'text'
#   report 'name' unit 'target' 'value|low|high|rounds' [judged]   target: '<= 3', '>= 0.7', '< 3', '> 0.7' or
#                                       '' for a plain line; judged: the number that the target is held against,
#                                       where it is not the value
#   median DB one [other]               'value|low|high|rounds' of bench.timing, in ms, or of one / other by round
#   seconds 'value|low|high|rounds'     the same, given in ms
#   quantity 'number'                   the same for a number without an interval
#   expect DB 'what' 'sql'              ends the run when the statement does not return t: then a figure means nothing
#   full_or_quick A B                   A, or B with BENCH_QUICK=1

RESULTS=$TARGET_DIR/bench/results.tsv
MISSED=0

full_or_quick() { if [ -n "${BENCH_QUICK:-}" ]; then printf '%s' "$2"; else printf '%s' "$1"; fi; }

heading() { printf '\n%s\n' "$*"; }

# Three significant digits, thousands in groups.
shown() {
    awk -v x="$1" 'BEGIN {
        if (x == 0) { print 0; exit }
        a = x < 0 ? -x : x
        text = a >= 100 ? sprintf("%.0f", x) : a >= 10 ? sprintf("%.1f", x) : a >= 1 ? sprintf("%.2f", x) : sprintf("%.3f", x)
        while (match(text, /[0-9][0-9][0-9][0-9]($|[,])/)) text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
        print text
    }'
}

report() {
    local name=$1 unit=$2 target=$3 value low high rounds judged verdict=""
    IFS='|' read -r value low high rounds <<<"$4"
    judged=${5:-$value}
    [ -n "$value" ] || die "no figure for: $name"
    if [ -n "$target" ]; then
        verdict=MISSED
        if awk -v x="$judged" -v op="${target%% *}" -v t="${target##* }" \
            'BEGIN { exit !(op == "<=" ? x <= t : op == "<" ? x < t : op == ">" ? x > t : x >= t) }'; then
            verdict=ok
        else
            MISSED=$((MISSED + 1))
        fi
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$value" "$unit" "$low" "$high" "$rounds" "$target" "$verdict" >>"$RESULTS"
    printf '  %-62s %9s %-4s %-8s %s\n' "$name" "$(shown "$value")" "$unit" "$target" "$verdict" | sed 's/ *$//'
}

median() {
    bench_q "$1" "SELECT concat_ws('|', value, coalesce(low::text, ''), coalesce(high::text, ''), rounds)
                  FROM bench.median('${2//\'/\'\'}', $([ -n "${3:-}" ] && printf "'%s'" "$3" || printf NULL))"
}

seconds() { awk -F '|' -v OFS='|' '{ for (i = 1; i < 4; i++) if ($i != "") $i /= 1000; print }' <<<"$1"; }

quantity() { printf '%s|||1' "$1"; }

expect() {
    local answer
    answer=$(bench_q "$1" "$3")
    [ "$answer" = t ] || die "expected $2, but the statement returned \"$answer\": $3"
}
