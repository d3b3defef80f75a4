#!/usr/bin/env bash
# TPC-H for the comparison: data by tpchgen-cli, texts of the queries by DuckDB's extension, both from Python packages in
# a virtualenv under target/tpch, and the database that every arm is a copy of. Sourced by run.sh.
#
#   tpch_fetch         packages, texts and data, each only where it is missing
#   tpch_load DB       the eight tables with primary keys and nothing else, vacuumed and analyzed, and schema bench
#   query_files        the files of the 22 texts, in order
#
# Trap: tpchgen-cli ends each line with the separator, which COPY takes for one more column.

PACKAGES=(tpchgen-cli==4.0.0 duckdb==1.5.5 duckdb-extension-tpch==1.5.5)
PRIMARY_KEYS=("region(r_regionkey)" "nation(n_nationkey)" "supplier(s_suppkey)" "customer(c_custkey)" "part(p_partkey)"
    "partsupp(ps_partkey, ps_suppkey)" "orders(o_orderkey)" "lineitem(l_orderkey, l_linenumber)")

tpch_fetch() {
    if ! "$VENV/bin/python" -c 'import duckdb, duckdb_extension_tpch' 2>/dev/null || [ ! -x "$VENV/bin/tpchgen-cli" ]; then
        note "fetching ${PACKAGES[*]}"
        python3 -m venv "$VENV" || die "python3 cannot make a virtualenv; on Debian: apt-get install python3-venv"
        "$VENV/bin/pip" install -q --disable-pip-version-check "${PACKAGES[@]}"
    fi
    mkdir -p "$TEXTS" "$DATA"
    if [ ! -f "$TEXTS/q22.sql" ]; then "$VENV/bin/python" "$HERE/texts.py" "$TEXTS"; fi
    if [ ! -f "$DATA/complete" ]; then
        "$VENV/bin/tpchgen-cli" -s "$SCALE" --overwrite --output-dir "$DATA" 2>"$WORK/tpchgen.log" \
            || { cat "$WORK/tpchgen.log" >&2; die "tpchgen-cli made no data"; }
        touch "$DATA/complete"
    fi
}

query_files() { printf '%s\n' "$TEXTS"/q[0-9][0-9].sql; }

# Vacuumed, so that no reader has anything left to mark on a page; frozen, so that none ever will.
tpch_load() {
    local db=$1 key table
    psql_q "CREATE DATABASE $db"
    psql_file "$db" "$TEXTS/schema.sql"
    for key in "${PRIMARY_KEYS[@]}"; do
        table=${key%%(*}
        sed 's/|$//' "$DATA/$table.tbl" | psql_q "COPY $table FROM STDIN (DELIMITER '|')" "$db"
        psql_q "ALTER TABLE $table ADD PRIMARY KEY (${key#*(}" "$db"
    done
    psql_file "$db" "$HERE/sql/sessions.sql"
    psql_q "VACUUM (FREEZE, ANALYZE)" "$db"
}
