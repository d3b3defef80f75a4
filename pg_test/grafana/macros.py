"""What Grafana makes of a query before PostgreSQL sees it.

Two passes, in Grafana's order: the page puts in variables and $__interval, then the data source's server side expands the
macros (grafana/pkg/tsdb/grafana-postgresql-datasource/macros.go). Trap, kept here: a macro's arguments end at the first `)`,
so no argument may hold a function call; $__timeGroup with a `,` right behind it names its column itself; a word with a `$` in
front and `(` behind that is no macro is an error.
"""
import re
from datetime import datetime, timezone

UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)(?![\w(])")


class Unknown(ValueError):
    """A macro, a variable or a format that Grafana does not have, or that this dashboard does not define."""


def seconds(interval):
    found = re.fullmatch(r"(\d+)(ms|[smhdw])", interval.strip("'"))
    if not found:
        raise Unknown(f"no interval: {interval}")
    return int(found[1]) * UNIT_SECONDS[found[2]]


def quoted(value):
    return "'" + value.replace("'", "''") + "'"


def formatted(value, form):
    """`value` is a string, or a list where the variable holds several."""
    several = value if isinstance(value, list) else [value]
    match form:
        case "sqlstring":
            return ",".join(quoted(each) for each in several)
        case "text" | "raw" | None:
            return several[0] if len(several) == 1 else "{" + ",".join(several) + "}"
        case _:
            raise Unknown(f"no variable format that is used here: {form}")


def with_variables(sql, variables, interval):
    """$__interval first: it is a variable of the page like the others."""
    known = {**variables, "__interval": interval, "__interval_ms": str(int(seconds(interval) * 1000))}

    def put(found):
        name, form = found[1] or found[3], found[2]
        if name in known:
            return formatted(known[name], form)
        if name.startswith("__") and found[3]:
            return found[0]  # left to the server side
        raise Unknown(f"no variable {name}")

    return VARIABLE.sub(put, sql)


def rfc3339(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def expanded(sql, begin: datetime, end: datetime):
    def put(found):
        name, arguments = found[1], [each.strip(" ") for each in found[2].split(",")]
        if name == "__timeGroup" and sql[found.end() : found.end() + 1] == ",":
            name = "__timeGroupAlias"
        return macro(name, arguments, begin, end)

    return MACRO.sub(put, sql)


def macro(name, arguments, begin, end):
    first = arguments[0]
    match name:
        case "__time":
            return f'{first} AS "time"'
        case "__timeEpoch":
            return f'extract(epoch from {first}) as "time"'
        case "__timeFilter":
            return f"{first} BETWEEN '{rfc3339(begin)}' AND '{rfc3339(end)}'"
        case "__timeFrom":
            return f"'{rfc3339(begin)}'"
        case "__timeTo":
            return f"'{rfc3339(end)}'"
        case "__timeGroup" | "__timeGroupAlias":
            if len(arguments) < 2:
                raise Unknown(f"{name} needs a column and an interval")
            width = f"{seconds(arguments[1]):g}"
            group = f"floor(extract(epoch from {first})/{width})*{width}"
            return group + (' AS "time"' if name == "__timeGroupAlias" else "")
        case "__unixEpochFilter":
            return f"{first} >= {int(begin.timestamp())} AND {first} <= {int(end.timestamp())}"
        case "__unixEpochFrom":
            return str(int(begin.timestamp()))
        case "__unixEpochTo":
            return str(int(end.timestamp()))
        case "__unixEpochGroup" | "__unixEpochGroupAlias":
            if len(arguments) < 2:
                raise Unknown(f"{name} needs a column and an interval")
            width = f"{seconds(arguments[1]):g}"
            return f"floor(({first})/{width})*{width}" + (' AS "time"' if name.endswith("Alias") else "")
        case _:
            raise Unknown(f"no macro {name}")
