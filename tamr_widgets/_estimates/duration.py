"""Estimates how long the next run of a job takes, from the durations of the last runs.

The median is that of the last twenty runs; once the newest five all lie on one side of it, only
these count. Each half of the interval is a weighted mean of two: one of a normal distribution,
with Student's factor for few runs and a variance that is clipped and shrunk towards a usual one,
and the quantile of the runs themselves, whose weight grows with their number. `calibration`
corrects the result by the outcomes of earlier estimates. Durations are compared as logarithms,
since jobs vary in proportion to their length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from .averages import median as median_of

__all__ = ["MAX_RUNS", "Baseline", "Estimate", "estimate_duration", "progress", "quantile"]

MAX_RUNS = 20
"""The largest number of runs in an estimate."""

_NEW_LEVEL_RUNS = 5
# The weight of the usual spread, in runs.
_USUAL_RUNS = 4.0
# Larger deviations from the median are clipped to this many median deviations.
_CLIP = 4.0
# With this many runs, their quantile has a weight of one half; with fewer than nine, of 0.
_HALF_BY_QUANTILE = 25.0
_MIN_QUANTILE_RUNS = 9
# The smallest half of the interval, as a share of that of the normal distribution.
_MIN_SHARE = 0.2
# Rounding errors must not put a run on one side of the median if it is the median itself.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of a duration, with an 80% interval.

    Attributes:
        median_seconds: The median.
        low_seconds: The 10% quantile.
        high_seconds: The 90% quantile.
        samples: The number of past runs in the estimate.
    """

    median_seconds: float
    low_seconds: float
    high_seconds: float
    samples: int


class Baseline(NamedTuple):
    """An estimate before its calibration, in logarithms of seconds.

    Attributes:
        median: The median.
        below: The distance from the median to the lower end of the interval.
        above: The distance from the median to the upper end.
    """

    median: float
    below: float
    above: float

    def at(self, position: float) -> float:
        """Returns the logarithm at a position: -1 is the lower end, 0 the median, 1 the upper."""
        return self.median + position * (self.above if position > 0 else self.below)

    def position(self, log: float) -> float:
        """Returns the position of a logarithm, the inverse of `at`."""
        distance = log - self.median
        return distance / (self.above if distance > 0 else self.below)


# Each estimate is needed at least twice: for itself, and for its outcome.
@lru_cache(maxsize=4096)
def estimate_duration(logs: tuple[float, ...], usual_spread: float) -> Baseline:
    """Estimates the duration of the next run.

    Args:
        logs: The natural logarithms of the last runs' seconds, the newest last; at least one and
            at most MAX_RUNS.
        usual_spread: The usual standard deviation of such logarithms, a prior for few runs.
    """
    runs = sorted(logs)
    median = median_of(runs)
    if len(runs) > _NEW_LEVEL_RUNS:
        newest = sorted(logs[-_NEW_LEVEL_RUNS:])
        if newest[0] > median + _ROUNDING or newest[-1] < median - _ROUNDING:
            runs, median = newest, median_of(newest)
    half = _half_width(runs, median, usual_spread)
    if len(runs) < _MIN_QUANTILE_RUNS:
        return Baseline(median, half, half)
    weight = len(runs) / (len(runs) + _HALF_BY_QUANTILE)
    below = (1 - weight) * half + weight * (median - quantile(runs, 0.1))
    above = (1 - weight) * half + weight * (quantile(runs, 0.9) - median)
    return Baseline(median, max(below, _MIN_SHARE * half), max(above, _MIN_SHARE * half))


def progress(elapsed_seconds: float, estimate: Estimate) -> float:
    """Returns the progress of a job, from 0 to less than 1.

    It never decreases with time, is close to 1 at about the median, and slows down in the upper
    part of the interval and beyond. `estimate.js` computes the same.
    """
    elapsed = max(0.0, elapsed_seconds)
    median = estimate.median_seconds
    slack = max(estimate.high_seconds - median, 0.05 * median) / 2
    late = (elapsed - median) / slack
    # A soft max(median - elapsed, 0): log(1 + exp(-late)), which must not overflow early on.
    ahead = max(0.0, -late) + math.log1p(math.exp(-abs(late)))
    remaining = slack * (ahead + 0.5)
    return min(elapsed / (elapsed + remaining), 0.999)


def quantile(ascending: Sequence[float], share: float) -> float:
    """Returns a quantile: the next value is below it with the probability `share`."""
    place = share * (len(ascending) + 1) - 1
    below = min(max(int(place), 0), len(ascending) - 1)
    above = min(below + 1, len(ascending) - 1)
    part = min(max(place - below, 0.0), 1.0)
    return ascending[below] + part * (ascending[above] - ascending[below])


def _half_width(runs: Sequence[float], median: float, usual_spread: float) -> float:
    """Returns half the width of the 80% interval of a normal distribution."""
    deviations = sorted(abs(run - median) for run in runs)
    max_deviation = max(_CLIP * median_of(deviations), 1.5 * usual_spread)
    squares = sum(min(deviation, max_deviation) ** 2 for deviation in deviations)
    freedom = _USUAL_RUNS + len(runs) - 1
    variance = (_USUAL_RUNS * usual_spread**2 + squares) / freedom
    # Approximates Student's t at 90% to one percent; 1.2 / n is for the variance of the median.
    student = 1.2816 + 0.85 / freedom + 0.65 / freedom**2
    return student * math.sqrt(variance * (1 + 1.2 / len(runs)))
