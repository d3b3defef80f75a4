"""TPC-H from DuckDB's extension: its tables as CREATE TABLE and CSV, its 22 queries as files. tpch.py DIRECTORY

Nothing of it is kept in the project: it is made in target/ whenever it is needed.
"""

import pathlib
import sys

import duckdb
import duckdb_extension_tpch

SCALE = 0.002  # 12,000 rows in lineitem: the statements are counted, not timed

out = pathlib.Path(sys.argv[1])
extension = next(pathlib.Path(duckdb_extension_tpch.__file__).parent.rglob("*.duckdb_extension"))
db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
db.execute(f"LOAD '{extension}'")
db.execute(f"CALL dbgen(sf={SCALE})")
with open(out / "schema.sql", "w") as schema:
    for name, sql in db.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall():
        schema.write(sql + "\n")
        db.execute(f"COPY {name} TO '{out / name}.csv' (HEADER false)")
        schema.write(f"\\copy {name} FROM '{out / name}.csv' CSV\n")
for number, query in db.execute("SELECT query_nr, query FROM tpch_queries()").fetchall():
    (out / f"q{number:02}.sql").write_text(query.rstrip().rstrip(";") + ";\n")
