"""What a run of the comparison left under target/tpch, read back: see arms.sh and measure.py for the files."""

import json
import pathlib
import re
from collections import defaultdict
from statistics import median

from arithmetic import improvement_interval, improvement_percent

# Q17 and Q20 run for a minute without an index and for milliseconds with one: each alone would decide a mean.
LEFT_OUT = (17, 20)
# What a suggestion says of a query that may become slower: the words are the contract with the advisor.
WARNING = re.compile(r"(may|can|often)( get| become| be)? slower|may regress|(loses its|gives up its \d+) (gather|parallel)",
                     re.IGNORECASE)


class Sets:
    """Every query in every copy: times by run, copy, query and round, and the plans."""

    def __init__(self, work):
        self.times = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))  # run, arm, query: ms by round
        self.stopped = set()  # (arm, query) that met the timeout
        for run, turn, arm, query, ms, timed_out in rows(work / "timings.tsv"):
            if int(timed_out):
                self.stopped.add((arm, int(query)))
            if int(turn) > 0:
                self.times[run][arm][int(query)].append(float(ms))
        self.shapes = {}
        self.gathers = {}
        for run, arm, query, _, shape, gathers in rows(work / "plans.tsv"):
            self.shapes[run, arm, int(query)] = shape
            self.gathers[run, arm, int(query)] = int(gathers)
        self.runs = sorted(self.times)
        self.queries = sorted(self.times[self.runs[0]]["base"])
        self.counted = [query for query in self.queries if query not in LEFT_OUT]

    def all_rounds(self, arm, queries):
        return {q: [ms for run in self.runs for ms in self.times[run][arm][q]] for q in queries}

    def median_ms(self, arm, query):
        return median(self.all_rounds(arm, [query])[query])

    def unknown(self, arm, query):
        """Both sides met the timeout: nothing is known of their ratio."""
        return {("base", query), (arm, query)} <= self.stopped

    def improvement(self, arm, query):
        return improvement_percent(self.median_ms("base", query), self.median_ms(arm, query))

    def slower(self, arm, percent):
        """Queries that are slower by more than that, with another plan, in every run."""
        def in_run(run, query):
            times = self.times[run]
            change = improvement_percent(median(times["base"][query]), median(times[arm][query]))
            return change < -percent and self.shapes[run, arm, query] != self.shapes[run, "base", query]
        return [q for q in self.queries if not self.unknown(arm, q) and all(in_run(run, q) for run in self.runs)]


class Alone:
    """One index at a time: (wording, query) to what it brought, percent, with its 95 % interval."""

    def __init__(self, work):
        times, stopped, gathers = defaultdict(list), set(), {}
        for wording, turn, side, query, ms, timed_out, gathered in rows(work / "alone.tsv"):
            if int(timed_out):
                stopped.add((wording, side, int(query)))
            if int(turn) > 0:
                times[wording, side, int(query)].append(float(ms))
            else:
                gathers[wording, side, int(query)] = int(gathered)
        self.measured = {}
        self.bounded = set()  # the time without the index met the timeout: it brought more than is said
        self.loses_gather = set()
        for wording, side, query in times:
            if side == "with":
                self._add(wording, query, times, stopped, gathers)

    def _add(self, wording, query, times, stopped, gathers):
        pair, with_index, without = (wording, query), (wording, "with", query), (wording, "without", query)
        if {with_index, without} <= stopped:
            return
        if without in stopped or with_index in stopped:
            self.bounded.add(pair)
        if gathers[with_index] < gathers[without]:
            self.loses_gather.add(pair)
        before, after = times[without], times[with_index]
        low, high = improvement_interval(before, after)
        self.measured[pair] = improvement_percent(median(before), median(after)), low, high


class Advice:
    """What was advised and what planner cost made of it."""

    def __init__(self, work):
        self.query_of = {int(query_hash): int(number) for number, query_hash in rows(work / "queries.tsv")}
        self.wordings = defaultdict(list)
        for arm, _, wording in rows(work / "wording.tsv"):
            self.wordings[arm].append(wording)
        # A suggestion is known by all that is built for it; mostly that is one index.
        built_for = {(int(h), definition): wording for h, definition, wording in rows(work / "together.tsv")}
        self.cost_of_set = {}
        self.cost_alone = {}
        for arm, wording, query, before, after in rows(work / "costs.tsv"):
            gain = improvement_percent(float(before), float(after))
            if wording == "all":
                self.cost_of_set[arm, int(query)] = gain
            else:
                self.cost_alone[wording, int(query)] = gain
        lines = (work / "suggestions.json").read_text().splitlines()
        self.rows = [json.loads(line) for line in lines]
        self.stated = {}  # (wording, query): (percent, confidence)
        for row in self.rows:
            query_hash = int(row["query_hash"])
            wording = built_for[query_hash, re.sub(r"\s+", " ", row["definition"])]
            if query_hash in self.query_of:
                self.stated[wording, self.query_of[query_hash]] = row["estimated_improvement_percent"], row["confidence_score"]

    def warned_of(self):
        """Queries of which a suggestion says that they may become slower: its own query, one that it lists or names."""
        found = set()
        for row in self.rows:
            text = row.get("reasoning") or ""
            if WARNING.search(text):
                listed = {int(row["query_hash"]), *(row.get("affected_query_hashes") or [])}
                found |= {q for h, q in self.query_of.items() if h in listed or re.search(rf"(?<![-\d]){h}(?!\d)", text)}
        return found


# psql's COPY text: a tab parts columns, a backslash is doubled.
def rows(path):
    if not path.exists():
        return []
    return [line.replace("\\\\", "\\").split("\t") for line in pathlib.Path(path).read_text().splitlines()]
