"""Times queries in copies of one database, each in a session of its own, in turns. PGHOST, PGPORT, PGUSER say where.

    measure.py sets   TEXTS RUN ROUNDS TIMEOUT_MS TIMINGS PLANS ARM...
        every query in every copy tpch_ARM, query by query, so that what the machine does meanwhile meets all copies alike;
        the copy that begins turns. Appends (run, round, arm, query, ms, timed_out) and (run, arm, query, cost, shape, gathers).
    measure.py alone  TEXTS DATABASE ROUNDS TIMEOUT_MS PAIRS TIMINGS
        PAIRS has (index, query): each round builds the index, times its queries, drops it and times them without, or the
        other way round. Appends (index, round, with or without, query, ms, timed_out, gathers).

Round 0 warms caches and is not to be counted. What was stopped by the timeout twice is not tried again in that run: its
rows say timed_out, and ms is the timeout, of which the true time is only known to be more.
"""

import json
import os
import pathlib
import subprocess
import sys
from collections import Counter, defaultdict

PSQL = [os.path.join(os.environ["PG_BIN"], "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate"]
STOPPED_BY_TIMEOUT = "57014"
TRIES = 2


def session(database, sql):
    """What one new session answers; None where the statement timeout ended it."""
    done = subprocess.run([*PSQL, "-d", database], input=sql, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout.strip()
    if STOPPED_BY_TIMEOUT in done.stderr:
        return None
    raise SystemExit(f"{database}: {done.stderr}{sql}")


def called(function, statement):
    return f"SELECT bench.{function}($statement${statement}$statement$);"


class Stopwatch:
    def __init__(self, timeout_ms):
        self.timeout_ms = int(timeout_ms)
        self.stops = Counter()

    def elapsed(self, key, database, statement):
        """(ms, timed_out); `key` is what gives up after two stops."""
        if self.stops[key] >= TRIES:
            return self.timeout_ms, True
        answer = session(database, f"SET statement_timeout = {self.timeout_ms};" + called("elapsed_ms", statement))
        if answer is None:
            self.stops[key] += 1
            return self.timeout_ms, True
        return float(answer), False


def plan(database, statement):
    return json.loads(session(database, called("plan", statement)))


def nodes(node):
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


def gathers(node):
    return sum(each["Node Type"] in ("Gather", "Gather Merge") for each in nodes(node))


def shape(node):
    """A plan without its numbers: what is done to which relation by which index, in which order."""
    facts = [node.get(key) for key in ("Node Type", "Strategy", "Join Type", "Parallel Aware", "Relation Name", "Alias",
                                       "Index Name", "Scan Direction", "Subplan Name", "Parent Relationship")]
    return [*facts, *(shape(child) for child in node.get("Plans", []))]


def texts_in(directory):
    return {int(path.stem[1:]): path.read_text() for path in sorted(pathlib.Path(directory).glob("q[0-9][0-9].sql"))}


def rows_to(path):
    handle = open(path, "a")
    return lambda *row: print(*row, sep="\t", file=handle, flush=True)


def sets(texts, run, rounds, timeout_ms, timings, plans, *arms):
    texts, write, watch = texts_in(texts), rows_to(timings), Stopwatch(timeout_ms)
    write_plan = rows_to(plans)
    for number, text in texts.items():
        for arm in arms:
            top = plan(f"tpch_{arm}", text)
            write_plan(run, arm, number, top["Total Cost"], json.dumps(shape(top)), gathers(top))
    for turn in range(int(rounds) + 1):
        for number, text in texts.items():
            for place in range(len(arms)):
                arm = arms[(place + turn + number) % len(arms)]
                ms, timed_out = watch.elapsed((arm, number), f"tpch_{arm}", text)
                write(run, turn, arm, number, ms, int(timed_out))


def alone(texts, database, rounds, timeout_ms, pairs, timings):
    texts, write, watch = texts_in(texts), rows_to(timings), Stopwatch(timeout_ms)
    queries = defaultdict(list)
    for line in pathlib.Path(pairs).read_text().splitlines():
        definition, number = line.split("\t")
        queries[definition].append(int(number))
    drop = ("SELECT format('DROP INDEX %s', name) FROM bench.made_index \\gexec\n")
    for definition, numbers in queries.items():
        create = f"{definition}; CALL bench.analyze_expressions();"
        for turn in range(int(rounds) + 1):
            for side in ("without", "with") if turn % 2 else ("with", "without"):
                session(database, drop + (create if side == "with" else ""))
                for number in numbers:
                    # Without an index the query is the same for all of them: its timeouts are, too.
                    key = (number, definition if side == "with" else None)
                    ms, timed_out = watch.elapsed(key, database, texts[number])
                    seen = gathers(plan(database, texts[number])) if turn == 0 else ""
                    write(definition, turn, side, number, ms, int(timed_out), seen)
        session(database, drop)


if __name__ == "__main__":
    {"sets": sets, "alone": alone}[sys.argv[1]](*sys.argv[2:])
