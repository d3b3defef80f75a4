"""Ways to break a dashboard, each with a word that the finding about it must hold: the gate is worth what it finds.

Each change is made to a copy of the overview; `where` says which check has to find it.
"""


def panel(dashboard, kind):
    return next(each for each in dashboard["panels"] if each["type"] == kind)


def custom(dashboard):
    return panel(dashboard, "timeseries")["fieldConfig"]["defaults"]["custom"]


def query(dashboard, kind="stat"):
    return panel(dashboard, kind)["targets"][0]


def broken(kind="stat", **change):
    def change_query(dashboard):
        target = query(dashboard, kind)
        for old, new in change.pop("replace"):
            assert old in target["rawSql"], old
            target["rawSql"] = target["rawSql"].replace(old, new)
    return change_query


def misspelt_override(dashboard):
    panel(dashboard, "table")["fieldConfig"]["overrides"][2]["matcher"]["options"] = "recomendation"


RULES = {
    "a key that nobody knows": ("unknown to Grafana's schema", lambda d: custom(d).update(lineWidht=2)),
    "a key of the dashboard that nobody knows": ("unknown to Grafana's schema", lambda d: d.update(refreshEvery="5m")),
    "an option that nobody knows": ("unknown to Grafana's schema", lambda d: panel(d, "stat")["options"].update(colourMode="value")),
    "an override of a property that nobody knows": ("unknown to Grafana's schema", lambda d: panel(d, "table")["fieldConfig"]["overrides"][0]["properties"].append(
        {"id": "custom.widht", "value": 60})),
    "a word that is no choice": ("is none of", lambda d: custom(d).update(drawStyle="dots")),
    "a key of the query that nobody knows": ("keys of the query", lambda d: query(d).update(rawSQL="SELECT 1")),
    "panels that lie over each other": ("lies over", lambda d: d["panels"][1]["gridPos"].update(x=0)),
    "a panel that leaves the grid": ("outside of the grid", lambda d: d["panels"][5]["gridPos"].update(w=9)),
    "a unit that is not on the list": ("is not on the list", lambda d: panel(d, "stat")["fieldConfig"]["defaults"].update(unit="miliseconds")),
    "no description": ("no description", lambda d: panel(d, "stat").pop("description")),
    "no title": ("no title", lambda d: panel(d, "stat").update(title="")),
    "one id twice": ("have the id", lambda d: d["panels"][2].update(id=d["panels"][1]["id"])),
    "a data source of one server": ("not the chosen data source", lambda d: panel(d, "stat").update(datasource={"type": "grafana-postgresql-datasource", "uid": "P44368ADAD746BC27"})),
    "no variable for the data source": ("must choose the data source", lambda d: d["templating"]["list"].pop(0)),
    "an export's inputs": ("belongs to an export", lambda d: d.update(__inputs=[])),
    "an id": ("id must be there, and null", lambda d: d.update(id=7)),
    "no word about missing data": ("does not say what to do", lambda d: panel(d, "stat")["fieldConfig"]["defaults"].pop("noValue")),
    "cells that repeat the word about missing data": ("each empty cell", lambda d: panel(d, "table")["fieldConfig"]["overrides"].pop(0)),
    "a link to nowhere": ("is no dashboard here", lambda d: panel(d, "table")["fieldConfig"]["overrides"][-1]["properties"][-1]["value"][0].update(url="/d/owf-wrkload?x")),
}

ANSWERS = {
    "broken SQL": ("syntax error", broken(replace=[("SELECT", "SELCT")])),
    "a column that is not there": ("does not exist", broken(replace=[("status = 'open'", "stauts = 'open'")])),
    "a macro that Grafana does not have": ("no macro", broken("timeseries", replace=[("$__timeFilter", "$__timeFiltr")])),
    "a variable that nobody defined": ("no variable", broken(replace=[("${source_type", "${source")])),
    "a table that a monitor may not read": ("permission denied", broken(replace=[("optimizer.recommendations", "optimizer.optimization_recommendations")])),
    "a function that writes": ("permission denied", broken(replace=[("SELECT count(*) AS open", "SELECT optimizer.take_sample(), 1 AS open")])),
    "times that do not ascend": ("do not ascend", broken("timeseries", replace=[("ORDER BY s.time", "ORDER BY s.time DESC")])),
    "a time by another name": ("no column is called time", broken("timeseries", replace=[("SELECT s.time,", "SELECT s.time AS day,")])),
    "a hash that a browser would round": ("loses digits", broken("table", replace=[("t.query_hash::text", "t.query_hash")])),
    "a hash that is formatted as a number": ("needs the unit string", lambda d: [each for each in panel(d, "table")["fieldConfig"]["overrides"]
        if each["matcher"]["options"] == "query_hash"][0]["properties"].pop(1)),
    "an override of a column that is not there": ("which no query answers", misspelt_override),
    "a panel that shows nothing": ("shows nothing", broken("bargauge", replace=[("WHERE source_type IN", "GROUP BY () HAVING false AND bool_or(source_type IN"), ("})", "}))")]),),
}

TRUTH = {
    "a wrong factor": ("instead of", broken(replace=[("count(*)", "count(*) * 2")])),
}
