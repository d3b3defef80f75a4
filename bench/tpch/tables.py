"""The tables of docs/advisors.md: the arms, each query in each arm, and each suggestion, predicted against measured."""

from arithmetic import SLOWDOWN_PERCENT, verdict


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def of_arms(arms):
    return table(["arm", "indexes", "MB", "after / before", "95 %", "slower by more than 15 %, in both runs", "repeat a primary key"], [
        [arm.name, str(arm.indexes), f"{arm.megabytes:.1f}", f"{arm.ratio:.3f}", f"{arm.low:.3f} to {arm.high:.3f}",
         ", ".join(f"Q{query}" for query in arm.slower) or "none", str(arm.repeats)]
        for arm in arms.values()])


def of_queries(arms, sets):
    def cell(arm, query):
        if sets.unknown(arm.name, query):
            return "unknown"
        ratio = sets.median_ms(arm.name, query) / sets.median_ms("base", query)
        bound = "<" if ("base", query) in sets.stopped else ">" if (arm.name, query) in sets.stopped else ""
        changed = "" if sets.shapes[sets.runs[0], arm.name, query] != sets.shapes[sets.runs[0], "base", query] else " ="
        text = f"{bound}{ratio:.2f}{changed}"
        return f"**{text}**" if query in arm.slower else text

    def base(query):
        return (">" if ("base", query) in sets.stopped else "") + f"{sets.median_ms('base', query):.0f}"

    return table(["query", "base, ms", *arms], [
        [f"Q{query}", base(query), *(cell(arm, query) for arm in arms.values())] for query in sets.queries])


def of_suggestions(alone, advice):
    def row(pair):
        stated, confidence = advice.stated[pair]
        measured, low, high = alone.measured[pair]
        cost = advice.cost_alone.get(pair)
        marks = [verdict(measured, low, high, stated)]
        if pair in alone.bounded:
            marks.append("a bound: one side met the timeout")
        if pair in alone.loses_gather:
            marks.append("the plan loses a Gather")
        return [f"`{short(pair[0])}`", f"Q{pair[1]}", f"{stated:.0f}", f"{confidence:.2f}", "" if cost is None else f"{cost:.0f}",
                f"{measured:.0f}", f"{low:.0f} to {high:.0f}", "; ".join(marks)]
    pairs = sorted(pair for pair in advice.stated if pair in alone.measured)
    return table(["index", "query", "said, %", "confidence", "planner cost, %", "measured, %", "95 %", ""], [row(pair) for pair in pairs])


def of_planner_cost(alone, advice):
    """The worst of what planner cost promised for single columns, where it was most wrong."""
    pairs = [pair for pair, gain in advice.cost_alone.items() if pair in alone.measured and pair[0] in advice.wordings["single"]]
    pairs.sort(key=lambda pair: -abs(advice.cost_alone[pair] - alone.measured[pair][0]))
    return table(["index of `single`", "query", "planner cost, %", "measured, %", "95 %", ""], [
        [f"`{short(wording)}`", f"Q{query}", f"{advice.cost_alone[wording, query]:.0f}", f"{alone.measured[wording, query][0]:.0f}",
         "{:.0f} to {:.0f}".format(*alone.measured[wording, query][1:]),
         "the plan loses a Gather" if (wording, query) in alone.loses_gather else ""]
        for wording, query in pairs[:8]])


def short(wording):
    return wording.replace("CREATE INDEX ON public.", "").replace("USING btree ", "")


def all_of(arms, sets, alone, advice):
    parts = ["Geometric mean over the queries other than Q17 and Q20:\n", of_arms(arms),
             f"Each query, median after / before (`=` where the plan is the same, bold where it is slower by more than "
             f"{SLOWDOWN_PERCENT:.0f} % with another plan in both runs, `<` and `>` where a side met the timeout):\n",
             of_queries(arms, sets)]
    if advice.stated:
        parts += ["Each suggestion of ours, one index at a time, improvement of its query predicted against measured:\n",
                  of_suggestions(alone, advice)]
    if alone.measured:
        parts += ["Where planner cost was most wrong about the indexes of `single`, one at a time:\n", of_planner_cost(alone, advice)]
    return "\n".join(parts)
