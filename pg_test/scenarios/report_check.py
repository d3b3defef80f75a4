"""Reads a report as a browser has parsed it (chromium --dump-dom) and holds it against the tables.

    report_check.py page DOM              no script, nothing from outside, every mark is there, every plot and table can be read aloud
    report_check.py plots DOM FACTS       the plots draw the figures of FACTS, each where its scale says
    report_check.py words DOM             what report_hostile.sql wrote is text, and nothing of it is markup

FACTS is one JSON document that psql wrote from the tables (report.sh). Exit status 1 and a line for each thing that is
wrong. Standard library only.
"""
import json
import math
import re
import sys
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# What loads or runs something, or could.
FOREIGN = {"script", "img", "image", "iframe", "object", "embed", "link", "base", "audio", "video", "source", "track", "form", "foreignobject",
           "animate", "set", "feimage"}
WRONG = []


def wrong(what):
    WRONG.append(what)


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children, self.text = tag, attributes, parent, [], ""

    def __getitem__(self, name):
        return self.attributes.get(name)

    def all(self, tag=None, **having):
        for child in self.children:
            if (tag is None or child.tag == tag) and all(child[k.replace("_", "-")] == v for k, v in having.items()):
                yield child
            yield from child.all(tag, **having)

    def words(self):
        return self.text + "".join(child.words() for child in self.children)


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        element = Element(tag, {name: value if value is not None else "" for name, value in attributes}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.here = self.here.parent

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if self.here.tag != tag:
            wrong(f"</{tag}> ends <{self.here.tag}>")
            return
        self.here = self.here.parent

    def handle_data(self, data):
        # as a child, so that the order of words is kept
        piece = Element("#text", {}, self.here)
        piece.text = data
        self.here.children.append(piece)


def check_page(root):
    elements = list(root.all())
    if not any(e.tag == "main" for e in elements):
        wrong("there is no <main>: this is no report")
    if not any(e.tag == "html" and e["lang"] for e in elements):
        wrong("<html> names no language")
    identifiers = [e["id"] for e in elements if e["id"]]
    for double in {i for i in identifiers if identifiers.count(i) > 1}:
        wrong(f"id {double} is there twice")
    for element in elements:
        if element.tag in FOREIGN:
            wrong(f"<{element.tag}> is on the page")
        for name, value in element.attributes.items():
            if name.startswith("on"):
                wrong(f"<{element.tag} {name}> would run a script")
            if name in ("src", "srcset", "href", "xlink:href", "action", "data", "poster", "background", "ping", "style", "srcdoc"):
                if name == "href" and value.startswith("#"):
                    if value[1:] not in identifiers:
                        wrong(f"{value} is drawn and not defined")
                else:
                    wrong(f"<{element.tag} {name}={value[:60]}> refers to something else")
            if re.search(r"\b(NaN|Infinity|inf|undefined|null)\b", value) and name not in ("class", "id"):
                wrong(f"<{element.tag} {name}={value[:60]}> is drawn with no number")
        if element.tag == "style" and re.search(r"url\(|@import|//", element.words()):
            wrong("the style refers to something else")
        if element.tag == "svg" and element["role"] == "img" and not any(c.tag == "title" and c.words().strip() for c in element.children):
            wrong("a plot has no title")
        if element.tag == "svg" and element["role"] != "img" and element["aria-hidden"] != "true" and not inside(element, "svg"):
            wrong("an svg is neither a picture nor hidden")
        if element.tag == "table" and not (list(element.all("caption")) and list(element.all("th", scope="col")) and list(element.all("th", scope="row"))):
            wrong("a table lacks its caption or the headers of its columns or rows")


def inside(element, tag):
    while element.parent:
        element = element.parent
        if element.tag == tag:
            return True
    return False


def close(what, found, expected, slack=0.011):
    """Places are rounded to hundredths."""
    if found is None or abs(found - expected) > slack + abs(expected) * 1e-9:
        wrong(f"{what}: {found}, expected {expected}")


def across(element, name):
    value = element[name]
    return float(value[:-1]) if value and value.endswith("%") else None


def on_scale(plot, value, length=100.0):
    low, high = float(plot["data-scale-low"]), float(plot["data-scale-high"])
    return (min(max(value, low), high) - low) / (high - low) * length


def one(what, found):
    found = list(found)
    if len(found) != 1:
        wrong(f"{what}: {len(found)} of them, expected 1")
        return None
    return found[0]


def percent(value):
    """The whole percent in a cell, for comparison."""
    return None if value is None else round(value)


def check_plots(root, facts):
    plots = list(root.all("svg", data_plot="improvement"))
    if len(plots) != len(facts["implementations"]):
        wrong(f"{len(plots)} strips, expected {len(facts['implementations'])}")
    for fact in facts["implementations"]:
        name = f"implementation {fact['id']}"
        check_strip(root, name, fact)
        check_before_after(root, name, fact)
    check_heat_map(root, facts["hours"])
    check_costliest(root, facts["costliest"])
    check_learned(root, facts)


def check_strip(root, name, fact):
    plot = one(f"strip of {name}", root.all("svg", data_plot="improvement", data_implementation=str(fact["id"])))
    if plot is None:
        return
    verdict = (fact["verdict"] or "pending").replace("_", "-")
    if plot["data-verdict"] != verdict:
        wrong(f"{name}: drawn as {plot['data-verdict']}, is {verdict}")
    low, high = float(plot["data-scale-low"]), float(plot["data-scale-high"])
    for series, value in (("predicted", fact["predicted"]), ("actual", fact["adjusted"])):
        marks = list(plot.all("use", data_series=series))
        if value is None:
            if marks:
                wrong(f"{name}: {series} is drawn and not known")
            continue
        mark = one(f"{name}, {series}", marks)
        if mark is None:
            continue
        close(f"{name}, value of {series}", float(mark["data-value"]), value, 1e-9)
        close(f"{name}, place of {series}", across(mark, "x"), on_scale(plot, value))
        shape = "#mark-" + ("beyond-low" if value < low else "beyond-high" if value > high else "predicted" if series == "predicted" else verdict)
        if mark["href"] != shape:
            wrong(f"{name}: {series} has the shape {mark['href']}, expected {shape}")
    intervals = [line for line in plot.all("line") if line["data-low"]]
    if fact["low"] is None:
        if intervals:
            wrong(f"{name}: an interval is drawn and not known")
    else:
        line = one(f"{name}, interval", intervals)
        if line:
            close(f"{name}, low", float(line["data-low"]), fact["low"], 1e-9)
            close(f"{name}, high", float(line["data-high"]), fact["high"], 1e-9)
            close(f"{name}, place of low", across(line, "x1"), on_scale(plot, fact["low"]))
            close(f"{name}, place of high", across(line, "x2"), on_scale(plot, fact["high"]))
    # the table beside it says the same
    body = one(f"rows of {name}", root.all("tbody", data_implementation=str(fact["id"])))
    if body and fact["adjusted"] is not None and abs(fact["adjusted"]) >= 10 and fact["adjusted"] < 99:
        cell = one(f"{name}, found", body.all("td", data_label="Found, 95 % interval"))
        figure = re.match(r"[−0-9,]+", cell.words()) if cell else None
        said = int(figure.group().replace("−", "-").replace(",", "")) if figure else None
        if said != percent(fact["adjusted"]):
            wrong(f"{name}: the table says {said}, the tables {fact['adjusted']}")


def check_before_after(root, name, fact):
    plots = list(root.all("svg", data_plot="before-after", data_implementation=str(fact["id"])))
    if not fact["buckets"]:
        if plots:
            wrong(f"{name}: something is drawn where there are no buckets")
        return
    plot = one(f"before/after of {name}", plots)
    if plot is None:
        return
    height, top = float(plot["data-height"]), float(plot["data-scale-high"])
    start, stop, step = (float(plot[f"data-{key}"]) for key in ("time-low", "time-high", "step-seconds"))
    moment = one(f"{name}, moment", plot.all("line", **{"class": "moment"}))
    if moment:
        close(f"{name}, moment", float(moment["data-at"]), fact["changed_at"], 1e-6)
        close(f"{name}, place of the moment", across(moment, "x1"), (fact["changed_at"] - start) / (stop - start) * 100)
    for side, mean in (("before", fact["mean_before"]), ("after", fact["mean_after"])):
        lines = list(plot.all("line", data_series=f"mean-{side}"))
        if mean is None:
            if lines:
                wrong(f"{name}: a mean {side} is drawn and not known")
        elif lines:
            close(f"{name}, mean {side}", float(lines[0]["data-value"]), mean, 1e-9)
            close(f"{name}, place of the mean {side}", float(lines[0]["y1"]), height - on_scale(plot, mean, height))
        else:
            wrong(f"{name}: no mean {side}")
    # the same points from the buckets in the table, made here
    expected = {}
    for at, calls, total in fact["buckets"]:
        # the one that holds the change counts on neither side
        if start <= at < stop and at != fact["change_bucket"]:
            place = (at - fact["changed_at"]) // step
            sums = expected.setdefault(place, [0, 0.0])
            sums[0] += calls
            sums[1] += total
    dots = [e for e in plot.all() if e.tag in ("circle", "use") and e["data-value"]]
    if len(dots) != len(expected):
        wrong(f"{name}: {len(dots)} points, expected {len(expected)}")
        return
    for (place, (calls, total)), dot in zip(sorted(expected.items()), dots):
        what, mean = f"{name}, point {place:.0f}", total / calls
        close(f"{what}, value", float(dot["data-value"]), mean, 1e-6)
        middle = fact["changed_at"] + (place + 0.5) * step
        left = "cx" if dot.tag == "circle" else "x"
        close(f"{what}, place in time", across(dot, left), min(max((middle - start) / (stop - start) * 100, 0), 100))
        y = float(dot["cy"] if dot.tag == "circle" else dot["y"])
        close(f"{what}, height", y, height - min(mean, top) / top * height)
        if dot.tag == "circle" and f"dot {'before' if place < 0 else 'after'}" != dot["class"]:
            wrong(f"{what} is drawn as {dot['class']}")


def check_heat_map(root, hours):
    cells = {(int(c["data-weekday"]), int(c["data-hour"])): c for c in root.all("rect") if c["data-weekday"]}
    if len(cells) != len(hours):
        wrong(f"{len(cells)} hours on the heat map, expected {len(hours)}")
    most = max((float(cell["data-value"]) for cell in cells.values()), default=0)
    for weekday, hour, value in hours:
        cell = cells.get((weekday, hour))
        if cell is None:
            wrong(f"weekday {weekday}, hour {hour} is not drawn")
            continue
        close(f"heat of {weekday}, {hour}", float(cell["data-value"]), value, 1e-6 * most)
        close(f"place of hour {hour}", across(cell, "x"), hour * 100 / 24)
        close(f"place of weekday {weekday}", float(cell["y"]), (weekday - 1) * 22 + 1)
        shade = 0 if value <= 0 else min(max(math.ceil(float(cell["data-value"]) / most * 5), 1), 5)
        if cell["class"] != f"heat-{shade}":
            wrong(f"weekday {weekday}, hour {hour} is {cell['class']}, expected heat-{shade}")


def check_costliest(root, costliest):
    found = [row["data-query"] for row in root.all("tr") if row["data-query"]]
    if found != costliest:
        wrong(f"costliest queries are {found}, expected {costliest}")


def check_learned(root, facts):
    strips = list(root.all("svg", data_plot="confidence"))
    if len(strips) != len(facts["kinds"]):
        wrong(f"{len(strips)} kinds, expected {len(facts['kinds'])}")
    for strip, kind in zip(strips, facts["kinds"]):
        for series in ("stated", "learned"):
            for mark in strip.all("use", data_series=series):
                close(f"{series} confidence", float(mark["data-value"]), kind[series], 1e-9)
                close(f"place of {series} confidence", across(mark, "x"), kind[series] * 100)
    points = [use for use in root.all("use") if use["data-said"]]
    if len(points) != len(facts["reliability"]):
        wrong(f"{len(points)} points of reliability, expected {len(facts['reliability'])}")
    for point, (said, came) in zip(points, facts["reliability"]):
        close("said", float(point["data-said"]), said, 1e-9)
        close("place of said", across(point, "x"), said * 100)
        close("place of came", float(point["y"]), 220 - came * 220)


def check_words(root):
    body = one("body", root.all("body"))
    words = body.words()
    title = one("title", (t for t in root.all("title") if t.parent.tag == "head"))
    if title and not title.words().startswith("Tuning report: "):
        wrong(f"the title is {title.words()}")
    for place in ("description", "reasoning", "rewrite", "original", "made_by", "kind", "query"):
        if f"{place}</code></script><script>document." not in words:
            wrong(f"the words of {place} are not on the page as they were written")
    for shown in ("⟨U+202E⟩reordered⟨U+202C⟩⟨U+200F⟩⟨U+0001⟩⟨U+001B⟩[31m⟨U+007F⟩ 🙂 👩\u200d🚒 é⟨U+FEFF⟩", "<u>0123456789</u><u>",
                  "&amp;<b>&#60;", "SELECT 1 /* </style></title></textarea> */", "Cut here."):
        if shown not in words:
            wrong(f"{shown} is not on the page")
    for hidden in "\u202e\u202c\u200f\x01\x1b\x7f\ufeff":
        if hidden in words:
            wrong(f"U+{ord(hidden):04X} is on the page")
    if any(e.tag in ("u", "b", "i", "textarea") for e in body.all()):
        wrong("words became markup")


def main():
    what, dom, *facts = sys.argv[1:]
    with open(dom, encoding="utf-8") as file:
        html = file.read()
    page = Page(html)
    if page.here is not page.root:
        wrong(f"<{page.here.tag}> has no end")
    if what == "page":
        check_page(page.root)
    elif what == "plots":
        with open(facts[0], encoding="utf-8") as file:
            check_plots(page.root, json.load(file))
    elif what == "words":
        check_words(page.root)
    else:
        sys.exit(__doc__)
    for line in WRONG[:20]:
        print(line)
    if len(WRONG) > 20:
        print(f"and {len(WRONG) - 20} more")
    sys.exit(1 if WRONG else 0)


main()
