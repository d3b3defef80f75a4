"""Runs every query of a dashboard the way Grafana does, and holds what comes back against what its panel needs.

Variables are filled as a freshly opened page fills them: each with its first value, in order; `All` is every value. A query
variable without rows is an empty string. Panels are asked over several ranges and intervals, and once for each value of the
single-choice variables, so that no value of a variable breaks a panel.
"""
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import psycopg

from macros import Unknown, expanded, with_variables
from rules import panels, queries

RANGES = [(timedelta(days=35), "6h"), (timedelta(days=14), "1h"), (timedelta(hours=6), "30s")]
# Values of a single-choice variable that are tried.
MOST_VALUES = 12


class Asker:
    def __init__(self, conninfo):
        self.connection = psycopg.connect(conninfo, autocommit=True)

    def ask(self, sql, variables, span, interval):
        """Columns and rows; raises what Grafana or PostgreSQL would."""
        end = datetime.now(timezone.utc)
        text = expanded(with_variables(sql, variables, interval), end - span, end)
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return [column.name for column in cursor.description], cursor.fetchall()

    def rows(self, sql):
        """A statement that is not Grafana's, as it stands."""
        with self.connection.cursor() as cursor:
            return cursor.execute(sql).fetchall()


def values_of(variable, asker, known):
    """Every value of a variable, the first one first."""
    if variable["type"] == "custom":
        return [part.split(" : ")[-1].strip() for part in variable["query"].split(",")]
    columns, rows = asker.ask(variable["query"], known, *RANGES[1])
    if columns != ["__text", "__value"]:
        raise Unknown(f"variable {variable['name']} answers {columns}")
    return [row[1] for row in rows]


def states(dashboard, asker):
    """What the variables may hold: as the page opens, then each other value of those with one choice."""
    first, others = {}, {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "datasource":
            continue
        values = values_of(variable, asker, first)
        if variable["includeAll"]:
            first[variable["name"]] = values
            others[variable["name"]] = [[value] for value in values[:MOST_VALUES]]
        else:
            chosen = variable.get("current", {}).get("value")
            first[variable["name"]] = chosen if chosen in values else values[0] if values else ""
            others[variable["name"]] = values[:MOST_VALUES]
    yield first
    for name, values in others.items():
        for value in values:
            if value != first[name]:
                yield {**first, name: value}


def seconds(moment):
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def series(columns, rows):
    """Findings about the shape of a time series, and the names that its panel will show."""
    found = []
    if "time" not in columns:
        return ["no column is called time"], set()
    place = columns.index("time")
    times = [row[place] for row in rows]
    if any(each is None for each in times):
        found.append("a time is null")
    elif any(seconds(one) > seconds(next_) for one, next_ in zip(times, times[1:])):
        found.append("times do not ascend")
    rest = [name for name in columns if name != "time"]
    for name in rest:
        held = [row[columns.index(name)] for row in rows if row[columns.index(name)] is not None]
        if name == "metric":
            if not all(isinstance(each, str) for each in held) or len(held) < len(rows):
                found.append("a series has no name")
        elif not all(isinstance(each, (int, float, Decimal)) for each in held):
            found.append(f"{name} is no number")
    if "metric" in rest and len(rest) != 2:
        found.append("a named series needs exactly one value")
    named = {row[columns.index("metric")] for row in rows} if "metric" in rest else set(rest)
    if "metric" in rest and len({(row[place], row[columns.index("metric")]) for row in rows}) < len(rows):
        found.append("a series has two values at one time")
    return found, named


def of_panel(panel, asker, variables, span, interval):
    """Findings, whether any row came, and the names of columns or series."""
    found, rows_came, names = [], False, set()
    for target in panel["targets"]:
        try:
            columns, rows = asker.ask(target["rawSql"], variables, span, interval)
        except (Unknown, psycopg.Error) as error:
            return [f"{panel['title']}: {str(error).strip().splitlines()[0]}"], False, set()
        if target["format"] == "time_series":
            shape, named = series(columns, rows)
            found += [f"{panel['title']}: {each}" for each in shape]
            names |= named
        else:
            names |= set(columns)
            if len(set(columns)) < len(columns):
                found.append(f"{panel['title']}: two columns share a name")
        for column, kind in ((name, type(value)) for row in rows for name, value in zip(columns, row)):
            if "hash" in column and kind is int:
                found.append(f"{panel['title']}: {column} is a number, and loses digits in a browser")
                break
        # a count of nothing is a row, a mean of nothing is one of nulls
        rows_came = rows_came or any(any(value is not None for value in row) for row in rows)
    return found, rows_came, names


def overridden(panel):
    return {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"] if override["matcher"]["id"] == "byName"}


def plain_text(panel):
    """Columns of digits that Grafana leaves alone: with any other unit it reads a number out of a text."""
    return {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]
            for prop in override["properties"] if prop == {"id": "unit", "value": "string"}}


def findings(dashboard, asker, filled, may_be_empty=()):
    filled_panels, names = set(), {}
    for variables in states(dashboard, asker):
        for span, interval in RANGES:
            for panel in panels(dashboard):
                found, rows_came, named = of_panel(panel, asker, variables, span, interval)
                yield from (f"{dashboard['uid']}: {each} (with {variables} over {span})" for each in found)
                names.setdefault(panel["id"], set()).update(named)
                if rows_came:
                    filled_panels.add(panel["id"])
    for where, target in queries(dashboard):
        if where.startswith("annotation"):
            try:
                columns, rows = asker.ask(target["rawSql"], {}, *RANGES[0])
            except (Unknown, psycopg.Error) as error:
                yield f"{dashboard['uid']}: {where}: {str(error).strip().splitlines()[0]}"
                continue
            if columns != ["time", "text", "tags"]:
                yield f"{dashboard['uid']}: {where} answers {columns}"
            if filled and not rows:
                yield f"{dashboard['uid']}: {where} marks nothing"
    for panel in panels(dashboard):
        if panel["type"] == "table":
            for name in names[panel["id"]]:
                if "hash" in name and name not in plain_text(panel):
                    yield f"{dashboard['uid']}: {panel['title']}: {name} needs the unit string, or its digits are taken for a number"
        if not filled:
            continue
        if panel["id"] not in filled_panels and panel["title"] not in may_be_empty:
            yield f"{dashboard['uid']}: {panel['title']} shows nothing"
        # where series are named by data, not every name has to occur
        if panel["type"] != "timeseries":
            for name in overridden(panel) - names[panel["id"]]:
                yield f"{dashboard['uid']}: {panel['title']} dresses {name}, which no query answers"
        elif overridden(panel) and not overridden(panel) & names[panel["id"]]:
            yield f"{dashboard['uid']}: {panel['title']} dresses {sorted(overridden(panel))}, of which nothing is answered"
