"""Claims about arithmetic.py: python3 bench/tpch/test_arithmetic.py"""

import random
import unittest

import arithmetic as a


class Claims(unittest.TestCase):
    def test_the_geometric_mean_of_twice_and_half_is_one(self):
        self.assertAlmostEqual(a.geometric_mean([2.0, 0.5]), 1.0)

    def test_a_copy_that_is_twice_as_fast_in_every_query_has_ratio_one_half(self):
        base = {1: [10.0, 12.0, 11.0], 2: [200.0, 210.0, 190.0]}
        copy = {query: [ms / 2 for ms in rounds] for query, rounds in base.items()}
        self.assertAlmostEqual(a.ratio_of_means(copy, base, range(3)), 0.5)

    def test_what_slows_whole_rounds_does_not_widen_the_interval(self):
        load = [1.0, 3.0, 1.0, 2.0, 5.0, 1.0, 4.0]
        low, high = a.improvement_interval([100 * x for x in load], [50 * x for x in load])
        self.assertAlmostEqual(low, 50.0)
        self.assertAlmostEqual(high, 50.0)

    def test_the_interval_of_equal_copies_holds_no_change_nineteen_times_in_twenty(self):
        chance = random.Random(1)
        held = 0
        for _ in range(100):
            before = [100 * chance.lognormvariate(0, 0.1) for _ in range(9)]
            after = [100 * chance.lognormvariate(0, 0.1) for _ in range(9)]
            low, high = a.improvement_interval(before, after)
            held += low <= 0 <= high
        self.assertGreaterEqual(held, 90)

    def test_equal_values_share_their_rank(self):
        self.assertEqual(a.ranks([5.0, 1.0, 5.0, 9.0]), [2.5, 1.0, 2.5, 4.0])

    def test_an_order_kept_correlates_fully_and_one_turned_round_negatively(self):
        self.assertAlmostEqual(a.rank_correlation([1, 2, 3, 4], [10, 200, 201, 999]), 1.0)
        self.assertAlmostEqual(a.rank_correlation([1, 2, 3, 4], [9, 7, 5, 3]), -1.0)
        self.assertEqual(a.rank_correlation([1, 1, 1], [1, 2, 3]), 0.0)

    def test_errors_of_predictions_worked_by_hand(self):
        found = a.errors([(50.0, 30.0), (20.0, -20.0), (0.0, -30.0), (10.0, -15.0)])
        self.assertAlmostEqual(found["error"], (20 + 40 + 30 + 25) / 4)
        self.assertAlmostEqual(found["bias"], (20 + 40 + 30 + 25) / 4)
        # A slowdown counts where a gain was promised, and beyond 15 %, not at it.
        self.assertAlmostEqual(found["harm"], 1 / 3)

    def test_two_promises_of_half_make_three_quarters(self):
        self.assertAlmostEqual(a.together_percent([50.0, 50.0]), 75.0)
        self.assertEqual(a.together_percent([]), 0.0)

    def test_verdicts_at_their_borders(self):
        self.assertEqual(a.verdict(5.0, 0.1, 9.0, 50.0), "improved")
        self.assertEqual(a.verdict(4.7, 0.1, 9.0, 50.0), "not_improved")
        self.assertEqual(a.verdict(4.7, 0.1, 26.0, 50.0), "inconclusive")
        self.assertEqual(a.verdict(-5.1, -9.0, -0.1, 50.0), "regressed")
        self.assertEqual(a.verdict(-4.9, -9.0, -0.1, 50.0), "not_improved")
        self.assertEqual(a.verdict(30.0, -1.0, 60.0, 50.0), "inconclusive")


if __name__ == "__main__":
    unittest.main()
