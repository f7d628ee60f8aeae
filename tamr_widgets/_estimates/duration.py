"""Estimates of how long the next run of a job takes, from how long the last runs took.

The median is that of the last twenty runs; once the newest five all lie on one side of it, only
these count. Each half of the interval blends a bell curve's, with Student's factor for few runs
and a variance that is clipped and drawn towards a usual one, with the quantile among the runs
themselves. The more runs, the more the quantile counts. `calibration` corrects the result by how
earlier estimates turned out. Durations are compared as logarithms, since jobs vary by percents,
be they of seconds or of hours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = ["MAX_RUNS", "Baseline", "Estimate", "estimate_duration", "progress", "quantile"]

MAX_RUNS = 20
"""An estimate is made of so many runs at most."""

_NEW_LEVEL_RUNS = 5
# The usual spread counts as this many runs.
_USUAL_RUNS = 4.0
# A run counts as no further from the median than this many median deviations.
_CLIP = 4.0
# With this many runs, their own quantile counts half; with fewer than nine there is none.
_HALF_BY_QUANTILE = 25.0
_MIN_QUANTILE_RUNS = 9
# Neither half is less than this share of the bell curve's.
_MIN_SHARE = 0.2
# Rounding must not decide on which side of the median a run lies that is the median itself.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long something takes, as far as the past can tell.

    Attributes:
        median_seconds: It takes longer as often as it takes less.
        low_seconds: One in ten takes less.
        high_seconds: One in ten takes longer.
        samples: The number of past runs behind it.
    """

    median_seconds: float
    low_seconds: float
    high_seconds: float
    samples: int


class Baseline(NamedTuple):
    """An estimate before its calibration, in logarithms of seconds.

    Attributes:
        median: The middle.
        below: The distance from there to the lower end of the interval.
        above: The distance to the upper end.
    """

    median: float
    below: float
    above: float

    def at(self, position: float) -> float:
        """Returns the logarithm at a position: -1 is the lower end, 0 the median, 1 the upper."""
        return self.median + position * (self.above if position > 0 else self.below)

    def position(self, log: float) -> float:
        """Returns where a logarithm lies, as `at` counts."""
        distance = log - self.median
        return distance / (self.above if distance > 0 else self.below)


# Each is made at least twice: once to be shown, and once to see how it turned out.
@lru_cache(maxsize=4096)
def estimate_duration(logs: tuple[float, ...], usual_spread: float) -> Baseline:
    """Estimates the next run.

    Args:
        logs: The natural logarithms of the last runs' seconds, the newest last; at least one and
            at most MAX_RUNS.
        usual_spread: The standard deviation of such logarithms from run to run, to go by while
            there are few.
    """
    runs = sorted(logs)
    median = _median(runs)
    if len(runs) > _NEW_LEVEL_RUNS:
        newest = sorted(logs[-_NEW_LEVEL_RUNS:])
        if newest[0] > median + _ROUNDING or newest[-1] < median - _ROUNDING:
            runs, median = newest, _median(newest)
    half = _half_width(runs, median, usual_spread)
    if len(runs) < _MIN_QUANTILE_RUNS:
        return Baseline(median, half, half)
    trust = len(runs) / (len(runs) + _HALF_BY_QUANTILE)
    below = (1 - trust) * half + trust * (median - quantile(runs, 0.1))
    above = (1 - trust) * half + trust * (quantile(runs, 0.9) - median)
    return Baseline(median, max(below, _MIN_SHARE * half), max(above, _MIN_SHARE * half))


def progress(elapsed_seconds: float, estimate: Estimate) -> float:
    """Returns how far along a job is, from 0 to less than 1.

    It never goes back while time goes on, comes near the end at about the median, slows down in
    the upper part of the interval, and creeps when the job takes longer than usual. `estimate.js`
    computes the same.
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
    """Returns the value that one more would be below with this probability."""
    place = share * (len(ascending) + 1) - 1
    below = min(max(int(place), 0), len(ascending) - 1)
    above = min(below + 1, len(ascending) - 1)
    part = min(max(place - below, 0.0), 1.0)
    return ascending[below] + part * (ascending[above] - ascending[below])


def _median(ascending: Sequence[float]) -> float:
    middle = len(ascending) // 2
    return (ascending[middle] + ascending[-middle - 1]) / 2


def _half_width(runs: Sequence[float], median: float, usual_spread: float) -> float:
    """Returns the distance from the median to either end of a bell curve's 80%."""
    deviations = sorted(abs(run - median) for run in runs)
    most = max(_CLIP * _median(deviations), 1.5 * usual_spread)
    squares = sum(min(deviation, most) ** 2 for deviation in deviations)
    freedom = _USUAL_RUNS + len(runs) - 1
    variance = (_USUAL_RUNS * usual_spread**2 + squares) / freedom
    # Student's t at 90%, to one percent; the median, too, is off by a share of the variance.
    student = 1.2816 + 0.85 / freedom + 0.65 / freedom**2
    return student * math.sqrt(variance * (1 + 1.2 / len(runs)))
