"""The gate of grafana/dashboards. Prints `ok - ...` and `not ok - ...` as the scenarios do; exit status 1 when a claim fails.

    check.py rules FOLDER               the JSON alone
    check.py answers FOLDER CONNECTION empty|filled
    check.py truth FOLDER CONNECTION OWNER_CONNECTION
    check.py falsify FOLDER CONNECTION OWNER_CONNECTION     each break of corrupt.py has to be found
"""
import copy
import json
import pathlib
import sys

import answers
import corrupt
import rules
import truth

FILES = {"tuning-overview.json", "tuning-results.json", "tuning-learning.json", "workload.json"}
# What the story of story.sql has nothing to show for.
MAY_BE_EMPTY = ()
FAILED = False


def claim(text, found):
    global FAILED
    print(f"{'not ok' if found else 'ok'} - {text}", flush=True)
    for each in found[:20]:
        print(f"#   {each}")
    FAILED = FAILED or bool(found)


def load(folder):
    return {path.name: json.loads(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.json"))}


def all_findings(kind, dashboard, dashboards, asker, owner):
    if kind == "rules":
        return list(rules.findings(dashboard, {each["uid"] for each in dashboards}))
    if kind == "answers":
        return list(answers.findings(dashboard, asker, True, MAY_BE_EMPTY))
    others = [each for each in dashboards if each["uid"] != dashboard["uid"]]
    return [f"{text}: {wrong}" for text, wrong in truth.findings([dashboard, *others], asker, owner) if wrong]


def falsify(dashboards, asker, owner):
    whole = dashboards["tuning-overview.json"]
    for kind, breaks in (("rules", corrupt.RULES), ("answers", corrupt.ANSWERS), ("truth", corrupt.TRUTH)):
        for what, (word, change) in breaks.items():
            broken = copy.deepcopy(whole)
            change(broken)
            found = all_findings(kind, broken, list(dashboards.values()), asker, owner)
            claim(f"found: {what}", [] if any(word in each for each in found) else [f"nothing with '{word}' among {found[:3]}"])


def main(what, folder, *connections):
    dashboards = load(folder)
    if what == "rules":
        claim("the four dashboards are there", sorted(FILES ^ set(dashboards)))
        uids = [each["uid"] for each in dashboards.values()]
        claim("each has a uid of its own", sorted(set(uid for uid in uids if uids.count(uid) > 1)))
        for name, dashboard in dashboards.items():
            claim(f"{name}: {len(list(rules.panels(dashboard)))} panels keep to the rules", list(rules.findings(dashboard, set(uids))))
    elif what == "answers":
        asker = answers.Asker(connections[0])
        for name, dashboard in dashboards.items():
            claim(f"{name}: every query answers, {connections[1]}", list(answers.findings(dashboard, asker, connections[1] == "filled", MAY_BE_EMPTY)))
    elif what == "truth":
        for text, wrong in truth.findings(list(dashboards.values()), answers.Asker(connections[0]), answers.Asker(connections[1])):
            claim(text, [wrong] if wrong else [])
    elif what == "falsify":
        falsify(dashboards, answers.Asker(connections[0]), answers.Asker(connections[1]))
    else:
        sys.exit(__doc__)
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
