#!/usr/bin/env bash
# The arms of the comparison: what each tool advises, asked in one copy that is never timed, and a copy with the indexes of
# each. Sourced by run.sh.
#
#   arms_advise             what is advised: ADVISED/<arm>.sql, one definition a line; suggestions.json (ours as they were
#                           made), queries.tsv (number, hash), costs.tsv (arm, wording or `all`, query, cost before and after by
#                           HypoPG), wording.tsv (arm, definition, wording), together.tsv (hash, definition of ours, wording of
#                           it and of those that it says it takes as well); ARMS says which arms there are
#   arms_build              the copies, and arms.tsv (arm, indexes, bytes, repeating a primary key, refused)
#
# base      primary keys alone
# noise     the same: how far two equal copies are apart
# single    supabase/index_advisor's rule (sql/advice.sql)
# qualstats pg_qualstats_index_advisor(), of the extension, after it has seen every query once. Without its thresholds: with
#           its defaults (1,000 rows and 30 % filtered) it says less, and gains half as much (docs/advisors.md)
# ours      everything that generate_suggestions() says is to be built, after the same queries
# An arm whose tool is not there is left out, with a note.

ADVICE_DB=tpch_advice
TRACKED="-c pg_stat_statements.track=top -c pg_qualstats.enabled=on -c pg_qualstats.sample_rate=1"
# shellcheck disable=SC2034 # run.sh's server starts with it
UNTRACKED="-c pg_stat_statements.track=none -c pg_qualstats.enabled=off -c client_min_messages=warning"
# Seconds for one statement of the workload that the tools watch; Q20 takes a minute and a half without an index.
WORKLOAD_TIMEOUT_S=300
# Seconds that each of them is repeated.
WORKLOAD_QUERY_S=2

arms_advise() {
    local extension file number
    psql_q "CREATE DATABASE $ADVICE_DB TEMPLATE $BASE_DB"
    for extension in pg_stat_statements hypopg $HAS_QUALSTATS; do psql_q "CREATE EXTENSION $extension" $ADVICE_DB; done
    psql_file $ADVICE_DB "$HERE/sql/advice.sql"
    for file in $(query_files); do
        number=$(query_number "$file")
        printf "INSERT INTO bench.query VALUES (%s, :'statement', bench.hash_of(:'statement'));\n" "$number" \
            | "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -v statement="$(cat "$file")" -d $ADVICE_DB
    done
    workload_run
    rm -rf "$ADVISED"
    mkdir -p "$ADVISED"
    ARMS=(base noise single)
    advise_qualstats
    advise_ours
    psql_q "SELECT DISTINCT definition FROM bench.single_columns() ORDER BY 1" $ADVICE_DB >"$ADVISED/single.sql"
    psql_q "COPY bench.query (number, query_hash) TO STDOUT" $ADVICE_DB >"$WORK/queries.tsv"
    costs_write
}

# Each query over and over for WORKLOAD_QUERY_S, at least once: the figure weighs all queries alike, and beside Q17 and Q20, which
# take a minute each, whatever ran once would be less of the time than anybody tunes for.
workload_run() {
    local file
    psql_q "SELECT pg_stat_statements_reset()" $ADVICE_DB >/dev/null
    if [ -n "$HAS_QUALSTATS" ]; then psql_q "SELECT pg_qualstats_reset()" $ADVICE_DB >/dev/null; fi
    for file in $(query_files); do
        PGOPTIONS="$TRACKED -c statement_timeout=${WORKLOAD_TIMEOUT_S}s" "$PG_BIN/pgbench" -n -T $WORKLOAD_QUERY_S -f "$file" $ADVICE_DB \
            >"$WORK/workload.log" 2>&1 || note "Q$(query_number "$file") did not end: no tool has seen it"
    done
}

advise_qualstats() {
    if [ -z "$HAS_QUALSTATS" ]; then note "no arm qualstats: the extension pg_qualstats is not installed (tools/setup.sh)"; return; fi
    ARMS+=(qualstats)
    # It says some definitions several times. From 2.1 on each is an object with the queries it is for.
    psql_q "SELECT DISTINCT CASE json_typeof(i) WHEN 'object' THEN i ->> 'ddl' ELSE i #>> '{}' END AS definition
            FROM json_array_elements(pg_qualstats_index_advisor(min_filter => 0, min_selectivity => 0) -> 'indexes') AS i
            ORDER BY 1" $ADVICE_DB >"$ADVISED/qualstats.sql"
}

# Statements are read in steps of about 2 s, and suggestions may be made in such steps too: until nothing is added.
advise_ours() {
    local step detail made="" before
    : >"$WORK/suggestions.json"
    psql_q "CREATE EXTENSION optimizer_workflow; SELECT optimizer.take_sample()" $ADVICE_DB >/dev/null
    if [ "$(psql_q "SELECT to_regprocedure('optimizer.generate_suggestions(bigint)') IS NOT NULL" $ADVICE_DB)" != t ]; then
        note "no arm ours: this build has no optimizer.generate_suggestions()"
        return
    fi
    for ((step = 0; step < 50; step++)); do
        detail=$(psql_q "DELETE FROM optimizer.maintenance_runs; SELECT detail FROM optimizer.run_maintenance('advise')" $ADVICE_DB)
        case $detail in *more) ;; *) break ;; esac
    done
    for ((step = 0; step < 50; step++)); do
        before=$made
        psql_q "SELECT * FROM optimizer.generate_suggestions()" $ADVICE_DB >/dev/null
        made=$(psql_q "SELECT count(*) FROM optimizer.index_suggestions" $ADVICE_DB)
        if [ "$made" = "$before" ]; then break; fi
    done
    psql_q "SELECT to_jsonb(s) FROM optimizer.index_suggestions s WHERE made_by = 'builtin' AND definition ~* '^\s*CREATE'
            ORDER BY definition, query_hash" $ADVICE_DB >"$WORK/suggestions.json"
    if [ ! -s "$WORK/suggestions.json" ]; then note "no arm ours: no index was suggested"; return; fi
    ARMS+=(ours)
    psql_q "SELECT DISTINCT regexp_replace(definition, '\s+', ' ', 'g') FROM optimizer.index_suggestions
            WHERE made_by = 'builtin' AND definition ~* '^\s*CREATE' ORDER BY 1" $ADVICE_DB >"$ADVISED/ours.sql"
}

costs_write() {
    local arm
    for arm in "${ARMS[@]}"; do
        [ -s "$ADVISED/$arm.sql" ] || continue
        sed "s/\\\\/\\\\\\\\/g; s/^/$arm\t/" "$ADVISED/$arm.sql" | psql_q "COPY bench.advised (arm, definition) FROM STDIN" $ADVICE_DB
    done
    psql_q "UPDATE bench.advised SET wording = bench.wording(definition)" $ADVICE_DB
    psql_q "COPY (SELECT arm, definition, wording FROM bench.advised) TO STDOUT" $ADVICE_DB >"$WORK/wording.tsv"
    psql_file $ADVICE_DB "$HERE/sql/together.sql"
    psql_q "COPY (SELECT query_hash, definition, wording FROM bench.together) TO STDOUT" $ADVICE_DB >"$WORK/together.tsv"
    psql_q "COPY (WITH built AS (
                      SELECT arm, 'all' AS wording, array_agg(definition) AS definitions FROM bench.advised GROUP BY arm
                      UNION
                      SELECT arm, wording, ARRAY[definition] FROM bench.advised WHERE arm <> 'ours'
                      UNION
                      SELECT 'ours', wording, definitions FROM bench.together)
                  SELECT b.arm, b.wording, c.* FROM built b, bench.costs(b.definitions) AS c) TO STDOUT" $ADVICE_DB >"$WORK/costs.tsv"
}

arms_build() {
    local arm definition refused
    : >"$WORK/arms.tsv"
    for arm in "${ARMS[@]}"; do
        refused=0
        psql_q "CREATE DATABASE tpch_$arm TEMPLATE $BASE_DB"
        if [ -f "$ADVISED/$arm.sql" ]; then
            while IFS= read -r definition; do
                psql_q "$definition" "tpch_$arm" </dev/null || refused=$((refused + 1))
            done <"$ADVISED/$arm.sql"
        fi
        psql_q "CALL bench.analyze_expressions()" "tpch_$arm"
        psql_q "COPY (SELECT '$arm', count(*), coalesce(sum(bytes), 0), count(*) FILTER (WHERE repeats_a_primary_key), $refused
                      FROM bench.made_index) TO STDOUT" "tpch_$arm" >>"$WORK/arms.tsv"
    done
    psql_q "CREATE DATABASE tpch_alone TEMPLATE $BASE_DB"
}
