"""Which index is timed alone for which query. pairs.py WORK prints (index, query): each suggestion of ours with its query,
and the indexes of `single` with the queries whose planner cost they move by 1 % or more.
"""

import pathlib
import sys

from results import Advice

COST_MOVES_PERCENT = 1.0

advice = Advice(pathlib.Path(sys.argv[1]))
single = set(advice.wordings["single"])
moved = {pair for pair, gain in advice.cost_alone.items() if pair[0] in single and abs(gain) >= COST_MOVES_PERCENT}
for wording, query in sorted(moved | set(advice.stated)):
    print(wording, query, sep="\t")
