"""The arithmetic of the comparison, apart from files: medians, ratios with their intervals, errors of predictions, the
verdict of one index on one query. Percentages are improvements: 100 x (1 - after / before), negative when it got slower.

Trap: rounds are resampled whole. What slows one round slows every copy in it, and single timings resampled apart would make
two copies that differ by nothing look less alike than they are.
"""

import math
import random
from statistics import fmean, median

RESAMPLES = 1000  # the ends of a 95 % interval then stand on 25 resamples each
SEED = 20  # figures of one set of timings are the same each time they are computed
NOTICEABLE = 1.05  # a change by less than this factor is none; as in core's verdict
SLOWDOWN_PERCENT = 15.0  # from here on a slowdown is one that a person would complain about


def geometric_mean(values):
    return math.exp(fmean(math.log(value) for value in values))


def improvement_percent(before, after):
    return 100.0 * (1.0 - after / before)


def ratio_of_means(copy, base, rounds):
    """Geometric mean over queries of median(copy) / median(base), on the rounds given; both {query: [ms by round]}."""
    return geometric_mean(
        median([copy[query][r] for r in rounds]) / median([base[query][r] for r in rounds]) for query in base
    )


def interval(values):
    """The middle 95 % of them."""
    ordered = sorted(values)
    cut = int(0.025 * len(ordered))
    return ordered[cut], ordered[-1 - cut]


def resampled_rounds(rounds):
    """RESAMPLES lists of round numbers, drawn with replacement, always the same ones."""
    chance = random.Random(SEED)
    return [chance.choices(range(rounds), k=rounds) for _ in range(RESAMPLES)]


def improvement_interval(before, after):
    """The 95 % interval of the improvement of the medians; lists of ms by round."""
    count = min(len(before), len(after))
    return interval(
        improvement_percent(median([before[r] for r in rounds]), median([after[r] for r in rounds]))
        for rounds in resampled_rounds(count)
    )


def ranks(values):
    """1 for the smallest; equal values share the mean of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end + 1 < len(order) and values[order[end + 1]] == values[order[begin]]:
            end += 1
        for place in order[begin:end + 1]:
            result[place] = (begin + end) / 2 + 1
        begin = end + 1
    return result


def rank_correlation(ones, others):
    """Spearman's, 0 where one side is all alike."""
    a, b = ranks(ones), ranks(others)
    mean_a, mean_b = fmean(a), fmean(b)
    spread = math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b)) / spread if spread else 0.0


def mean_absolute_error(pairs):
    return fmean(abs(predicted - measured) for predicted, measured in pairs)


def errors(pairs):
    """What (predicted, measured) improvements in percent say of whoever predicted: bias is positive when too much was promised."""
    gains = [measured for predicted, measured in pairs if predicted > 0]
    return {
        "count": len(pairs),
        "error": mean_absolute_error(pairs),
        "bias": fmean(predicted - measured for predicted, measured in pairs),
        "rank": rank_correlation(*zip(*pairs)),
        "harm": sum(measured < -SLOWDOWN_PERCENT for measured in gains) / len(gains) if gains else 0.0,
    }


def together_percent(improvements):
    """What several promises for one query amount to when each takes its share of what the others leave."""
    return 100.0 * (1.0 - math.prod(1.0 - each / 100.0 for each in improvements))


def verdict(measured, low, high, promised):
    """The verdict's rules on one measured improvement and its 95 % interval, percent (docs/measurement.md)."""
    if high < 0 and measured <= 100.0 * (1.0 - NOTICEABLE):
        return "regressed"
    if low > 0 and measured >= 100.0 * (1.0 - 1.0 / NOTICEABLE):
        return "improved"
    if high < max(5.0, promised / 2.0):
        return "not_improved"
    return "inconclusive"
