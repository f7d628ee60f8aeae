"""What the next run of a job will take, from what the last runs took; and how far along that is.

A run counts half as much as one that came twenty runs later. When the newest five or more all
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
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

__all__ = ["WINDOW", "Estimate", "foretell", "progress"]

WINDOW = 30
"""How many runs an estimate looks at: more would be of other times."""

_HALF_LIFE = 20
_NEW_LEVEL_RUNS = 5
_OLD_LEVEL_WEIGHT = 0.1
# The usual spread speaks as loud as this many runs; runs in their order, as half, at that many.
_USUAL_RUNS = 2.0
_HALF_BY_ORDER = 9.0

_WEIGHTS = [0.5 ** (age / _HALF_LIFE) for age in reversed(range(WINDOW))]


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
    past = _weighed(logs)
    median, reach = past.median, _reach(past, usual_spread)
    trust = past.runs / (past.runs + _HALF_BY_ORDER)
    low = (1 - trust) * (median - reach) + trust * past.at(0.1, median - reach)
    high = (1 - trust) * (median + reach) + trust * past.at(0.9, median + reach)
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


class _Weighted:
    """Values in ascending order with their weights."""

    def __init__(self, values: Sequence[float], weights: Sequence[float]) -> None:
        self.pairs = sorted(zip(values, weights, strict=True))
        ends = list(accumulate(weight for _, weight in self.pairs))
        self.total = ends[-1]
        # How many runs of equal weight would say as much (Kish's effective sample size).
        self.runs = self.total**2 / sum(weight * weight for weight in weights)
        self.places = [end - weight / 2 for end, (_, weight) in zip(ends, self.pairs, strict=True)]
        self.median = self._value(self.total / 2)

    def at(self, share: float, beyond: float) -> float:
        """What a run to come is below with this probability, or `beyond` if that lies outside.

        For n equal weights it is the value at place `share * (n + 1)`.
        """
        to_come = self.total / self.runs
        place = share * (self.total + to_come) - to_come / 2
        return self._value(place) if self.places[0] <= place <= self.places[-1] else beyond

    def quarter(self) -> float:
        """How far a quarter of the weight reaches from the median, on the side where it is less.

        The lesser, since outliers mostly lie on one side.
        """
        lower, upper = self._value(0.25 * self.total), self._value(0.75 * self.total)
        return min(self.median - lower, upper - self.median)

    def _value(self, place: float) -> float:
        above = bisect(self.places, place)
        if above in (0, len(self.places)):
            return self.pairs[min(above, len(self.pairs) - 1)][0]
        (low, _), (high, _) = self.pairs[above - 1 : above + 1]
        start, end = self.places[above - 1 : above + 1]
        return low + (high - low) * (place - start) / (end - start)


def _weighed(logs: Sequence[float]) -> _Weighted:
    weights = _WEIGHTS[-len(logs) :]
    past = _Weighted(logs, weights)
    older = len(logs) - _newest_on_one_side(logs, past.median)
    if 0 < older <= len(logs) - _NEW_LEVEL_RUNS:
        faded = [weight * _OLD_LEVEL_WEIGHT for weight in weights[:older]]
        return _Weighted(logs, faded + weights[older:])
    return past


def _newest_on_one_side(logs: Sequence[float], median: float) -> int:
    side = math.copysign(1.0, logs[-1] - median)
    # Rounding must not decide on which side a run lies that is the median itself.
    return sum(1 for _ in takewhile(lambda log: (log - median) * side > 1e-9, reversed(logs)))


def _reach(past: _Weighted, usual_spread: float) -> float:
    """From the median to either end of the bell curve's 80%."""
    median = past.median
    # Five quarters are more than three standard deviations of a bell curve.
    most = max(5 * past.quarter(), 1.5 * usual_spread)
    squares = sum(weight * min(abs(log - median), most) ** 2 for log, weight in past.pairs)
    freedom = _USUAL_RUNS + past.runs - 1
    variance = (_USUAL_RUNS * usual_spread**2 + past.runs * squares / past.total) / freedom
    # Student's t at 90%, to one percent; the median, too, is off by a share of the variance.
    student = 1.2816 + 0.85 / freedom + 0.65 / freedom**2
    return student * math.sqrt(variance * (1 + 1.2 / past.runs))
