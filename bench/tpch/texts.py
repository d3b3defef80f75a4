"""TPC-H's tables and its 22 queries out of DuckDB's extension, as files. texts.py DIRECTORY

Writes DIRECTORY/schema.sql (types as DuckDB declares them, without keys) and DIRECTORY/q01.sql to q22.sql. Nothing of it
is kept in the project: it is made under target/ whenever it is needed.
"""

import pathlib
import sys

import duckdb
import duckdb_extension_tpch

out = pathlib.Path(sys.argv[1])
extension = next(pathlib.Path(duckdb_extension_tpch.__file__).parent.rglob("*.duckdb_extension"))
db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
db.execute(f"LOAD '{extension}'")
db.execute("CALL dbgen(sf=0)")
tables = db.execute("SELECT sql FROM duckdb_tables() ORDER BY table_name").fetchall()
(out / "schema.sql").write_text("".join(f"{sql}\n" for (sql,) in tables))
for number, query in db.execute("SELECT query_nr, query FROM tpch_queries()").fetchall():
    (out / f"q{number:02}.sql").write_text(query.rstrip().rstrip(";") + "\n")
