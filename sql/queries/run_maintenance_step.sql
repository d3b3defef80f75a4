-- One step of maintenance. $1: the step's name. The detail comes as raw bytes: the worker also serves databases that are not UTF8.
SELECT step, pg_catalog.textsend(detail) FROM optimizer.run_maintenance($1)
