"""What the next run of a job will take, from what the last runs took; and how far along that is.

A run counts half as much as one that came twelve runs later. When the newest five or more all
lie on one side of the median, the older ones count a tenth: there is a new level. The estimate is
the weighted median; it is as good as the plain one where nothing changes, better where data grow.

The interval is a blend of two. One is read off the runs in their order, where the run to come
counts as one more of them: of n runs, the middle 80% covers far less than 80% of what follows.
The other is a bell curve's, with Student's allowance for few runs, whose spread is that of the
runs, with outliers clipped, drawn towards a usual one. The more runs, the more the first counts.
All is done on logarithms, since jobs vary by percents, be they of seconds or of hours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["WINDOW", "Estimate", "foretell", "progress"]

WINDOW = 20
"""How many runs an estimate looks at: more would be of other times."""

_HALF_LIFE = 12
_NEW_LEVEL_RUNS = 5
_OLD_LEVEL_WEIGHT = 0.1
# The usual spread speaks as loud as this many runs; runs in their order, as half, at that many.
_USUAL_RUNS = 2.0
_HALF_BY_ORDER = 9.0
_NOTHING = 1e-9

_WEIGHTS = [0.5 ** (age / _HALF_LIFE) for age in reversed(range(WINDOW))]

Weighted = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long something takes, as far as the past can tell.

    Attributes:
        median_seconds: It takes longer as often as it takes less.
        low_seconds: One in ten takes less.
        high_seconds: One in ten takes longer.
        samples: How many past runs this is from.
    """

    median_seconds: float
    low_seconds: float
    high_seconds: float
    samples: int


def foretell(logs: Sequence[float], usual_spread: float) -> Estimate:
    """Estimate the next run.

    Args:
        logs: The natural logarithms of what the last runs took in seconds, the newest last; at
            least one, and only the last WINDOW are looked at.
        usual_spread: The standard deviation of such logarithms from run to run, to go by while
            there are few.
    """
    logs = logs[-WINDOW:]
    weighted, median = _weigh(logs)
    total = sum(weight for _, weight in weighted)
    # How many runs of equal weight would say as much (Kish's effective sample size).
    runs = total * total / sum(weight * weight for _, weight in weighted)
    reach = _reach(weighted, median, total, runs, usual_spread)
    trust = runs / (runs + _HALF_BY_ORDER)
    low, high = (
        (1 - trust) * bell + trust * _quantile(weighted, share, total, total / runs, bell)
        for share, bell in ((0.1, median - reach), (0.9, median + reach))
    )
    return Estimate(
        median_seconds=math.exp(median),
        low_seconds=math.exp(min(low, median)),
        high_seconds=math.exp(max(high, median)),
        samples=len(logs),
    )


def progress(elapsed_seconds: float, estimate: Estimate) -> float:
    """How far along a job is, from 0 to less than 1.

    It never goes back while time goes on, comes near the end at about the median, slows down in
    the upper part of the interval, and creeps when the job takes longer than usual. The browser's
    side computes the same.
    """
    elapsed = max(0.0, elapsed_seconds)
    median = estimate.median_seconds
    slack = max(estimate.high_seconds - median, 0.05 * median) / 2
    late = (elapsed - median) / slack
    # A soft max(median - elapsed, 0): log(1 + exp(-late)), which must not overflow early on.
    ahead = max(0.0, -late) + math.log1p(math.exp(-abs(late)))
    remaining = slack * (ahead + 0.5)
    return min(elapsed / (elapsed + remaining), 0.999)


def _weigh(logs: Sequence[float]) -> tuple[Weighted, float]:
    """Each with its weight, in ascending order, and their median."""
    weights = _WEIGHTS[-len(logs) :]
    weighted = sorted(zip(logs, weights, strict=True))
    median = _median(weighted)
    newer = _newest_on_one_side(logs, median)
    if not _NEW_LEVEL_RUNS <= newer < len(logs):
        return weighted, median
    older = len(logs) - newer
    weights = [weight * _OLD_LEVEL_WEIGHT for weight in weights[:older]] + weights[older:]
    weighted = sorted(zip(logs, weights, strict=True))
    return weighted, _median(weighted)


def _newest_on_one_side(logs: Sequence[float], median: float) -> int:
    side = math.copysign(1.0, logs[-1] - median)
    count = 0
    for log in reversed(logs):
        if (log - median) * side <= _NOTHING:
            break
        count += 1
    return count


def _reach(
    weighted: Weighted, median: float, total: float, runs: float, usual_spread: float
) -> float:
    """From the median to either end of the bell curve's 80%."""
    typical = 1.5 * _median(sorted((abs(log - median), weight) for log, weight in weighted))
    most = max(3 * typical, 1.5 * usual_spread)
    clipped = sum(weight * min(abs(log - median), most) ** 2 for log, weight in weighted) / total
    freedom = _USUAL_RUNS + runs - 1
    variance = (_USUAL_RUNS * usual_spread**2 + runs * clipped) / freedom
    # Student's t at 90%, to half a percent; the median itself is off by its share of the variance.
    student = 1.2816 + 0.85 / freedom + 0.65 / freedom**2
    return student * math.sqrt(variance * (1 + 1.2 / runs))


def _median(weighted: Weighted) -> float:
    total = sum(weight for _, weight in weighted)
    return _quantile(weighted, 0.5, total, 0.0, weighted[0][0])


def _quantile(
    weighted: Weighted, share: float, total: float, to_come: float, otherwise: float
) -> float:
    """Where this share of the weight lies below, if a value of the weight `to_come` is added.

    For n equal weights that is the value at place `share * (n + 1)` in their order, and
    `otherwise` where there is no such place.
    """
    target = share * (total + to_come)
    place, before, value_before = to_come / 2, -math.inf, otherwise
    for value, weight in weighted:
        middle = place + weight / 2
        if middle >= target:
            part = (target - before) / (middle - before) if before > -math.inf else 0.0
            return value_before + part * (value - value_before)
        before, value_before = middle, value
        place += weight
    return otherwise
