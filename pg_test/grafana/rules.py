"""What must hold for a dashboard's JSON before any query is run. Each function yields findings; none means that it holds.

The trip through grafana-foundation-sdk finds typos: its classes keep the keys that Grafana's schema has and lose all others.
Three things it does not know, checked here by hand: the queries of this data source (kept as they are, whatever is in them),
those of annotations (lost), and the properties of overrides, which are any value; they make the trip as if they were defaults.
Trap: the SDK takes any word where the schema has a choice, so words are compared with its enums.
"""
import enum
import json
import types
import typing

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

register_default_plugins()

SOURCE = {"type": "grafana-postgresql-datasource", "uid": "${datasource}"}
TARGET_KEYS = {"datasource", "editorMode", "format", "rawQuery", "rawSql", "refId"}
# Units that these dashboards use, of those that the linter of Grafana's dashboards knows.
UNITS = {"none", "string", "short", "percent", "percentunit", "ms", "s", "dateTimeFromNow", "bool_yes_no"}
# What the SDK writes where the JSON says nothing: Grafana's own defaults.
ADDED = {
    "hidden": False, "skipUrlSync": False, "auto": False, "auto_min": "10s", "auto_count": 30, "allowCustomValue": True,
    "transparent": False, "repeatDirection": "h", "builtIn": 0, "showTypeIcons": False, "hide": 0,
}
GRID_COLUMNS = 24
# A table's noValue is shown in each cell that is null, unless its column has one of its own.
EMPTY_CELL = {"matcher": {"id": "byRegexp", "options": "/.*/"}, "properties": [{"id": "noValue", "value": "–"}]}


def panels(dashboard):
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", [])


def queries(dashboard):
    """(where, target) of every panel and annotation."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield f"panel {panel.get('title')}", target
    for annotation in dashboard["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation.get("target", {})


def as_json(value):
    return json.loads(json.dumps(value, cls=JSONEncoder))


def differences(before, after, where):
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from differences(value, after[key], f"{where}/{key}")
            elif value is not None:
                yield f"{where}: the key {key} is unknown to Grafana's schema"
        for key in after.keys() - before.keys():
            if key not in ADDED or after[key] != ADDED[key]:
                yield f"{where}: the schema wants {key} ({after[key]})"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after)):
            yield from differences(one, other, f"{where}[{place}]")
    elif before != after:
        yield f"{where}: {before} came back as {after}"


def round_trip(dashboard):
    sent = as_json(dashboard)
    for annotation in sent["annotations"]["list"]:
        annotation.pop("target", None)
    yield from differences(sent, as_json(Dashboard.from_json(as_json(sent))), dashboard["uid"])
    for panel in panels(dashboard):
        for override in panel["fieldConfig"]["overrides"]:
            for prop in override["properties"]:
                tried = as_json({**panel, "fieldConfig": {"defaults": {}, "overrides": []}})
                place = tried["fieldConfig"]["defaults"]
                *way, last = prop["id"].split(".")
                for step in way:
                    place = place.setdefault(step, {})
                place[last] = prop["value"]
                where = f"{panel['title']}: override of {override['matcher'].get('options')}"
                back = Panel.from_json(as_json(tried))
                for found in differences(tried["fieldConfig"], as_json(back.field_config), where):
                    if "the schema wants" not in found:
                        yield found
                yield from choices(back.field_config, where)


def choices(value, where):
    """Words where the SDK's type is an enum, compared with it."""
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from choices(each, f"{where}[{place}]")
    elif type(value).__module__.startswith("grafana_foundation_sdk.models"):
        if isinstance(value, enum.Enum):
            return
        hints = typing.get_type_hints(type(value))
        for name, held in vars(value).items():
            if isinstance(held, (str, int)) and not isinstance(held, (bool, enum.Enum)):
                allowed = [each for each in members(hints.get(name)) if isinstance(each, type) and issubclass(each, enum.Enum)]
                if allowed and not any(held in [each.value for each in kind] for kind in allowed):
                    yield f"{where}/{name}: {held} is none of {[each.value for kind in allowed for each in kind]}"
            else:
                yield from choices(held, f"{where}/{name}")


def members(hint):
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for each in typing.get_args(hint):
            yield from members(each)
    elif hint is not None:
        yield hint


def words(dashboard):
    sent = as_json(dashboard)
    yield from choices(Dashboard.from_json(sent), dashboard["uid"])


def whole(dashboard):
    if dashboard.get("id", "") is not None:
        yield "id must be there, and null"
    for key in dashboard:
        if key.startswith("__"):
            yield f"{key} belongs to an export, not to provisioning"
    if not 8 <= len(dashboard.get("uid") or "") <= 40:
        yield "the uid must have 8 to 40 characters"
    if dashboard.get("editable") is not False:
        yield "a provisioned dashboard is not editable"
    for key in ("title", "description", "tags", "refresh", "time", "links"):
        if not dashboard.get(key):
            yield f"{key} is missing"
    sources = [each for each in dashboard["templating"]["list"] if each["type"] == "datasource"]
    if [(each["name"], each.get("label"), each.get("query")) for each in sources] != [("datasource", "Data source", SOURCE["type"])]:
        yield "one variable must choose the data source: name datasource, label Data source"
    names = [each["name"] for each in dashboard["templating"]["list"]]
    if len(set(names)) < len(names):
        yield f"two variables share a name: {names}"
    for each in dashboard["templating"]["list"]:
        if not each.get("label") or not each.get("description"):
            yield f"variable {each['name']} has no label or no description"
        if each["type"] == "query" and (each.get("refresh") != 2 or each.get("datasource") != SOURCE):
            yield f"variable {each['name']} must ask the chosen data source, again when the time changes"


def each_panel(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    for twice in {each for each in ids if ids.count(each) > 1}:
        yield f"two panels have the id {twice}"
    titles = [panel["title"] for panel in panels(dashboard) if panel.get("title")]
    for twice in {each for each in titles if titles.count(each) > 1}:
        yield f"two panels are called {twice}"
    for panel in panels(dashboard):
        name = panel.get("title") or f"number {panel.get('id')}"
        for key in ("title", "description"):
            if not panel.get(key):
                yield f"{name}: no {key}"
        if panel.get("datasource") != SOURCE:
            yield f"{name}: not the chosen data source"
        if not panel.get("targets"):
            yield f"{name}: no query"
        defaults = panel["fieldConfig"]["defaults"]
        if not defaults.get("noValue"):
            yield f"{name}: does not say what to do where there is no data"
        if panel["type"] == "table" and panel["fieldConfig"]["overrides"][:1] != [EMPTY_CELL]:
            yield f"{name}: each empty cell would say what to do where there is no data"
        units = [defaults.get("unit")] + [prop["value"] for override in panel["fieldConfig"]["overrides"]
                                          for prop in override["properties"] if prop["id"] == "unit"]
        for unit in units:
            if unit not in UNITS:
                yield f"{name}: the unit {unit} is not on the list"
    for where, target in queries(dashboard):
        if set(target) != TARGET_KEYS:
            yield f"{where}: keys of the query are {sorted(target)}"
        elif target["datasource"] != SOURCE or target["editorMode"] != "code" or target["rawQuery"] is not True \
                or target["format"] not in ("table", "time_series"):
            yield f"{where}: not a written query of the chosen data source"
    for panel in panels(dashboard):
        refs = [target.get("refId") for target in panel.get("targets", [])]
        if len(set(refs)) < len(refs) or not all(refs):
            yield f"{panel.get('title')}: refIds are not unique"


def grid(dashboard):
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["y"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > GRID_COLUMNS:
            yield f"{panel.get('title')}: outside of the grid"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{panel.get('title')} lies over {taken[x, y]}"
                    break
                taken[x, y] = panel.get("title")
            else:
                continue
            break


def links(dashboard, uids):
    text = json.dumps(dashboard)
    for part in text.split("/d/")[1:]:
        uid = part.split("?")[0].split('"')[0]
        if uid not in uids:
            yield f"a link leads to {uid}, which is no dashboard here"


RULES = {"round trip": round_trip, "words": words, "whole": whole, "panels": each_panel, "grid": grid}


def findings(dashboard, uids):
    for rule in RULES.values():
        yield from rule(dashboard)
    yield from links(dashboard, uids)
