"""Claims about what results.py and figures.py make of a run's files: python3 bench/tpch/test_results.py"""

import contextlib
import io
import json
import operator
import pathlib
import tempfile
import unittest
from unittest import mock

import figures
from results import Advice, Alone, Sets

ORDERS = "CREATE INDEX ON public.orders USING btree (o_custkey)"


def read(reader, **files):
    """What `reader` makes of a directory with these files: name without its ending to rows, or to lines of text."""
    with tempfile.TemporaryDirectory() as directory:
        for name, rows in files.items():
            text = "".join((row if isinstance(row, str) else "\t".join(map(str, row))) + "\n" for row in rows)
            (pathlib.Path(directory) / f"{name}.{'json' if name == 'suggestions' else 'tsv'}").write_text(text)
        return reader(pathlib.Path(directory))


def sets_of(ours_by_run, shape="other", stopped=False):
    """Query 3: 100 ms in base; in ours what is given for each run, with a plan of that shape ("same" is base's)."""
    # The first round is warming up: its 9,000 ms must not matter.
    timings = [(run, turn, arm, 3, ms if turn else 9000, int(stopped))
               for run, ours in ours_by_run.items() for turn in range(4) for arm, ms in (("base", 100), ("ours", ours))]
    plans = [(run, arm, 3, 1, arm_shape, 0) for run in ours_by_run for arm, arm_shape in (("base", "same"), ("ours", shape))]
    return read(Sets, timings=timings, plans=plans)


def advice_of(reasoning, affected=(), hash_of_5=-99):
    suggestion = {"query_hash": -7, "definition": "CREATE INDEX ON  orders\n(o_custkey)", "estimated_improvement_percent": 60,
                  "confidence_score": 0.7, "reasoning": reasoning, "affected_query_hashes": list(affected)}
    given = "CREATE INDEX ON orders (o_custkey)"
    return read(Advice, queries=[(3, -7), (5, hash_of_5)], wording=[("ours", given, ORDERS)],
                costs=[("ours", "all", 3, 100, 10), ("ours", ORDERS, 3, 100, 25)],
                together=[(-7, given, ORDERS)], suggestions=[json.dumps(suggestion)])


def alone_of(*sides):
    """One index and query 3: (side, ms, timed out); without the index the plan has a Gather."""
    return read(Alone, alone=[(ORDERS, turn, side, 3, ms if turn else 9000, stopped, "" if turn else int(side == "without"))
                              for turn in range(4) for side, ms, stopped in sides])


class Claims(unittest.TestCase):
    def test_slower_by_more_than_15_percent_with_another_plan_in_both_runs_counts(self):
        self.assertEqual(sets_of({1: 116, 2: 130}).slower("ours", 15), [3])

    def test_slower_in_one_run_only_does_not_count(self):
        self.assertEqual(sets_of({1: 130, 2: 114}).slower("ours", 15), [])

    def test_slower_with_the_same_plan_does_not_count(self):
        self.assertEqual(sets_of({1: 130, 2: 130}, shape="same").slower("ours", 15), [])

    def test_what_met_the_timeout_on_both_sides_says_nothing(self):
        sets = sets_of({1: 130, 2: 130}, stopped=True)
        self.assertTrue(sets.unknown("ours", 3))
        self.assertEqual(sets.slower("ours", 15), [])

    def test_the_warming_round_is_not_counted(self):
        self.assertEqual(sets_of({1: 50, 2: 50}).median_ms("ours", 3), 50)

    def test_a_warning_about_its_own_query_announces(self):
        for warning in ("its plan loses its Gather", "it may get slower", "the plan gives up its 2 parallel workers"):
            self.assertEqual(advice_of(warning).warned_of(), {3})

    def test_a_warning_announces_what_it_lists_and_what_it_names(self):
        self.assertEqual(advice_of("may get slower", affected=[-99]).warned_of(), {3, 5})
        self.assertEqual(advice_of("query -99 may regress").warned_of(), {3, 5})
        self.assertEqual(advice_of("query -991 may regress", hash_of_5=-99).warned_of(), {3})
        self.assertEqual(advice_of("query -99 may regress", hash_of_5=99).warned_of(), {3})

    def test_praise_announces_nothing(self):
        self.assertEqual(advice_of("a sequential scan of 150,000 rows is slower").warned_of(), set())

    def test_a_suggestion_meets_its_cost_whatever_its_layout(self):
        advice = advice_of("")
        self.assertEqual(advice.stated, {(ORDERS, 3): (60, 0.7)})
        self.assertEqual(advice.cost_alone, {(ORDERS, 3): 75.0})
        self.assertEqual(advice.cost_of_set, {("ours", 3): 90.0})

    def test_an_index_alone_is_judged_by_rounds_with_and_without(self):
        alone = alone_of(("with", 40, 0), ("without", 80, 0))
        self.assertEqual(alone.measured, {(ORDERS, 3): (50.0, 50.0, 50.0)})
        self.assertEqual(alone.loses_gather, {(ORDERS, 3)})

    def test_an_index_that_saves_a_query_from_the_timeout_brought_at_least_that(self):
        alone = alone_of(("with", 60, 0), ("without", 6000, 1))
        self.assertEqual(alone.measured[ORDERS, 3][0], 99.0)
        self.assertEqual(alone.bounded, {(ORDERS, 3)})

    def test_two_timeouts_say_nothing_of_an_index(self):
        self.assertEqual(alone_of(("with", 6000, 1), ("without", 6000, 1)).measured, {})

    def test_a_half_teaches_what_its_own_indexes_did_and_nothing_else(self):
        pairs = {(f"index {n}; another", n): (50.0, measured) for n, measured in enumerate((90.0, 80.0, -40.0, -50.0))}
        alone = mock.Mock(measured={pair: (measured, measured - 5, measured + 5) for pair, (_, measured) in pairs.items()})
        for half in ({"index 0", "index 2"}, {"index 1", "index 3"}):
            lines = [line.split("\t") for line in figures.outcome_lines(7, half, pairs, alone)]
            learned = {float(line[2]) for line in lines}
            self.assertEqual(learned, {measured for pair, (_, measured) in pairs.items() if figures.index_of(pair) in half})
            self.assertEqual([line[1] for line in lines], ["improved", "regressed"])
            self.assertEqual({line[4] for line in lines}, {"1.0"})

    def test_what_is_equal_does_not_pass_as_better(self):
        found = {"count": 3, "error": 44.9056, "bias": -38.4056, "rank": 0.39923, "harm": 1 / 3}
        with contextlib.redirect_stdout(io.StringIO()) as said:
            figures.say_errors("ours", found, found)
        lines = [line.split("|") for line in said.getvalue().splitlines()]
        compare = {"<": operator.lt, ">": operator.gt, "<=": operator.le}
        passed = []
        for _, _, _, target, value, _, _, _, judged in lines:
            sign, bound = target.split()
            passed.append(compare[sign](float(judged or value), float(bound)))
        self.assertEqual(passed, [False, False, False, True])


if __name__ == "__main__":
    unittest.main()
