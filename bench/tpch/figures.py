"""What the comparison found. figures.py WORK LEARNED_FORECASTS, the second being core's example of that name.

Prints lines for run.sh, `heading|text` and `figure|name|unit|target|value|low|high|rounds|judged`, and writes
WORK/advisors.md, the tables that docs/advisors.md holds.
"""

import math
import pathlib
import random
import subprocess
import sys
from collections import Counter
from statistics import fmean

import arithmetic as a
import tables
from results import Advice, Alone, Sets

THEIRS = ("single", "qualstats")
# Which half is learned from is drawn this often: one halving of a dozen indexes says mostly which ones it drew.
HALVINGS = 200
# A predicted gain below this is none: planner cost moves by fractions of a percent for many reasons.
PREDICTED_GAIN_PERCENT = 1.0


def heading(text):
    print(f"heading|{text}")


def figure(name, value, unit="", target="", low="", high="", rounds=1, judged=""):
    print(f"figure|{name}|{unit}|{target}|{value}|{low}|{high}|{rounds}|{judged}")


class Arm:
    def __init__(self, work_row, sets, draws):
        self.name, self.indexes, self.bytes, self.repeats, self.refused = work_row
        self.indexes, self.repeats, self.refused = int(self.indexes), int(self.repeats), int(self.refused)
        self.megabytes = int(self.bytes) / 1e6
        copy, base = sets.all_rounds(self.name, sets.counted), sets.all_rounds("base", sets.counted)
        self.ratio = a.ratio_of_means(copy, base, range(len(draws[0])))
        self.drawn = [a.ratio_of_means(copy, base, draw) for draw in draws]
        self.low, self.high = a.interval(self.drawn)
        self.slower = sets.slower(self.name, a.SLOWDOWN_PERCENT)


def say_sets(arms, sets, advice, rounds):
    heading(f"index sets: geometric mean of after / before over {len(sets.counted)} queries")
    for arm in arms.values():
        figure(f"{arm.name}: {arm.indexes} indexes, {arm.megabytes:.0f} MB, {len(arm.slower)} slower", arm.ratio, "x",
               low=arm.low, high=arm.high, rounds=rounds)
        if arm.refused:
            figure(f"  {arm.name}: definitions that the server refused", arm.refused)
    ours, theirs = arms.get("ours"), [arms[name] for name in THEIRS if name in arms]
    figure("index suggestions of ours to judge", ours.indexes if ours else 0, target=">= 1")
    if not ours:
        return
    best = min(theirs, key=lambda arm: arm.ratio)
    low, high = a.interval(mine / min(others) for mine, *others in zip(ours.drawn, *(arm.drawn for arm in theirs)))
    figure(f"ours / best of theirs ({best.name}), upper bound", ours.ratio / best.ratio, "x", "<= 1.03", low, high, rounds, high)
    smallest = min(arm.megabytes for arm in theirs)
    figure("MB of ours / the fewest of theirs", ours.megabytes / smallest, "x", "< 1")
    figure("queries more than 15 % slower with another plan, in both runs", len(ours.slower), target="<= 1")
    warned = advice.warned_of()
    figure("  of them not announced", len(set(ours.slower) - warned), target="<= 0")
    figure("  queries that ours warned of", len(warned))


def pairs_of_sets(arm, sets, predicted):
    """(predicted, measured) of each query that counts; `predicted` gives a percentage for a query."""
    return [(predicted(q), sets.improvement(arm, q)) for q in sets.counted if not sets.unknown(arm, q)]


def say_errors(name, found, against=None):
    """Errors of one who predicts; each is to be better than that of `against`, only harm may be equal. Targets are shown with
    three digits, rounded so that what is equal does not pass as better."""
    def target(sign, bound, rounded):
        return f"{sign} {rounded(bound * 1000) / 1000:g}" if against else ""
    than = against or found
    figure(f"{name}: mean absolute error", found["error"], "pp", target("<", than["error"], math.floor), rounds=found["count"])
    figure("  bias (more was promised: above 0)", found["bias"], "pp", target("<", abs(than["bias"]), math.floor),
           judged=abs(found["bias"]))
    figure("  rank correlation", found["rank"], "", target(">", than["rank"], math.ceil))
    figure("  promised gains that are slowdowns of more than 15 %", found["harm"], "", target("<=", than["harm"], math.ceil))


def say_predictions(arms, sets, alone, advice):
    """Returns the pairs of ours, one index at a time: (wording, query): (stated, measured)."""
    heading("predictions over sets: what each query gains, predicted against measured")
    noise = [abs(sets.improvement("noise", q)) for q in sets.counted]
    figure("noise: mean absolute improvement where nothing was changed", fmean(noise), "pp")
    theirs = [name for name in THEIRS if name in arms]
    raw = [pair for name in theirs for pair in pairs_of_sets(name, sets, lambda q: advice.cost_of_set[name, q])]
    say_errors(f"planner cost, {' and '.join(theirs)}", a.errors(raw))
    if "ours" in arms:
        raw = a.errors(pairs_of_sets("ours", sets, lambda q: advice.cost_of_set.get(("ours", q), 0.0)))
        say_errors("planner cost, ours", raw)
        stated = pairs_of_sets("ours", sets, lambda q: a.together_percent(
            [percent for (_, query), (percent, _) in advice.stated.items() if query == q]))
        say_errors("said by ours", a.errors(stated), raw)

    heading("predictions, one index at a time")
    raw = [(gain, alone.measured[pair][0]) for pair, gain in advice.cost_alone.items()
           if pair in alone.measured and pair[0] in advice.wordings["single"] and gain >= PREDICTED_GAIN_PERCENT]
    if raw:
        say_errors("planner cost, indexes of single", a.errors(raw))
    pairs = {pair: (stated, alone.measured[pair][0]) for pair, (stated, _) in advice.stated.items() if pair in alone.measured}
    if pairs:
        raw = a.errors([(advice.cost_alone.get(pair, 0.0), measured) for pair, (_, measured) in pairs.items()])
        say_errors("planner cost, indexes of ours", raw)
        say_errors("said by ours", a.errors(list(pairs.values())), raw)
    return pairs


def index_of(pair):
    """The index that a suggestion is about, without those that it takes as well: one action, whatever it says it needs."""
    return pair[0].split("; ")[0]


def outcome_lines(group, half, pairs, alone):
    """An index that was suggested for k queries is one change: each of its outcomes weighs 1/k."""
    queries = Counter(map(index_of, pairs))
    for pair, (stated, measured) in pairs.items():
        if index_of(pair) in half:
            lesson = a.verdict(*alone.measured[pair], stated)
            yield f"{group}\t{lesson}\t{measured}\t{stated}\t{1 / queries[index_of(pair)]}"


def say_learning(learned_forecasts, pairs, alone, advice):
    heading("the same after learning from half of the indexes, on the other half")
    indexes = sorted(set(map(index_of, pairs)))
    if len(indexes) < 4:
        figure("indexes, fewer than four: nothing to halve", len(indexes), target=">= 4")
        return
    chance = random.Random(a.SEED)
    halves = [set(chance.sample(indexes, len(indexes) // 2)) for _ in range(HALVINGS)]
    # A group may have no outcome: its name alone.
    lines = [line for n, half in enumerate(halves) for line in (str(n), *outcome_lines(n, half, pairs, alone))]
    answer = subprocess.run([learned_forecasts], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    judged = {"before": [], "after": [], "expected before": [], "expected after": []}
    scores = {"before": [], "after": []}
    for half, line in zip(halves, answer.splitlines()):
        rho, at_zero, slope, least, most = map(float, line.split("\t")[1:])
        for pair, (stated, measured) in pairs.items():
            if index_of(pair) in half:
                continue
            confidence = advice.stated[pair][1]
            learned = min(max(at_zero + slope * confidence, least), most)
            forecast = min(max(rho * stated, 0.0), 100.0)
            judged["before"].append((stated, measured))
            judged["after"].append((forecast, measured))
            judged["expected before"].append((confidence * stated, measured))
            judged["expected after"].append((learned * forecast, measured))
            lesson = a.verdict(*alone.measured[pair], stated)
            if lesson != "inconclusive":
                worked = lesson == "improved"
                scores["before"].append((confidence - worked) ** 2)
                scores["after"].append((learned - worked) ** 2)
    error = {name: a.mean_absolute_error(each) for name, each in judged.items()}
    # What the list ranks by. The forecast alone says what comes when the advice works, of pairs that it did not work for, too.
    figure("confidence x forecast, mean absolute error / before learning", error["expected after"] / error["expected before"], "x", "< 1",
           rounds=HALVINGS)
    for name in ("before", "after"):
        figure(f"  forecast {name} learning", error[name], "pp")
    for name in ("before", "after"):
        figure(f"  confidence x forecast {name} learning", error[f"expected {name}"], "pp")
    for name in ("before", "after"):
        if scores[name]:
            figure(f"  Brier score of the confidence {name} learning", fmean(scores[name]))


def main(work, learned_forecasts):
    work = pathlib.Path(work)
    sets, alone, advice = Sets(work), Alone(work), Advice(work)
    rounds = sum(len(sets.times[run]["base"][sets.queries[0]]) for run in sets.runs)
    draws = a.resampled_rounds(rounds)
    work_rows = [line.split("\t") for line in (work / "arms.tsv").read_text().splitlines()]
    arms = {row[0]: Arm(row, sets, draws) for row in work_rows if row[0] != "base"}
    say_sets(arms, sets, advice, rounds)
    pairs = say_predictions(arms, sets, alone, advice)
    if pairs:
        say_learning(learned_forecasts, pairs, alone, advice)
    (work / "tables.md").write_text(tables.all_of(arms, sets, alone, advice))


if __name__ == "__main__":
    main(*sys.argv[1:])
