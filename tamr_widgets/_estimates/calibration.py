"""Calibrates estimates by the outcomes of earlier ones: adaptive conformal inference.

The outcome of an estimate is the position of the actual time in its interval: -1 at the lower
end, 0 at the median, 1 at the upper end. The 10%, 50% and 90% quantiles of a server's last
outcomes are where the ends and the median should have been. From there, each outcome of a kind
of job moves both ends for this kind by a small step: outwards if it lay beyond the end, else
inwards by a ninth of that, so that one in ten lies beyond in the long run.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .duration import MAX_RUNS, Baseline, Estimate, estimate_duration, quantile
from .records import Run

__all__ = ["MAX_OUTCOMES", "UNCHANGED", "Calibration", "Outcomes", "calibrated", "outcomes"]

MAX_OUTCOMES = 20
"""The number of outcomes of a kind of job that are kept."""

_MAX_SERVER_OUTCOMES = 100
# The learning rate of the ends, in the unit of positions.
_STEP = 0.1
# The largest shift of the median, and of either end from it, by the server's calibration, so that
# kinds with outliers do not widen the intervals of those without too much.
_MAX_SHIFT = 1.5
# The standard error of the median of that many outcomes; a smaller shift would cost accuracy.
_NOISE = 0.15
_DIGITS = 6


class Outcome(NamedTuple):
    """The time when a run ended, and its position in the interval that was estimated before."""

    at: float
    position: float


class Calibration(NamedTuple):
    """The positions of an interval's lower end, median and upper end.

    The positions -1, 0 and 1 leave an interval unchanged.
    """

    low: float
    median: float
    high: float

    def after(self, outcomes: Iterable[Outcome]) -> Calibration:
        """Returns the calibration after these outcomes, the newest last."""
        low, median, high = self
        for _, each in outcomes:
            low += _STEP * (0.1 - (each < low))
            high += _STEP * ((each > high) - 0.1)
        return Calibration(low, median, high)


def calibrated(baseline: Baseline, calibration: Calibration, samples: int) -> Estimate:
    """Returns the estimate with its median and both ends moved by the calibration."""
    low, median, high = map(baseline.at, calibration)
    return Estimate(
        median_seconds=math.exp(median),
        low_seconds=math.exp(min(low, median)),
        high_seconds=math.exp(max(high, median)),
        samples=samples,
    )


def outcomes(runs: Sequence[Run], usual_spread: float, count: int = MAX_OUTCOMES) -> list[Outcome]:
    """Returns the outcomes of the estimates for the last of these runs.

    Each run is compared with the estimate that is made from those before it.

    Args:
        runs: The runs, the newest last.
        usual_spread: As for `estimate_duration`.
        count: The number of outcomes; the first run of all has none.
    """
    logs = tuple(run.log_seconds for run in runs)
    return [
        Outcome(runs[index].at, _position(logs[:index], logs[index], usual_spread))
        for index in range(max(1, len(runs) - count), len(runs))
    ]


def _position(before: tuple[float, ...], log: float, usual_spread: float) -> float:
    # Rounded, so that outcomes that differ only by floating-point errors are equal.
    return round(estimate_duration(before[-MAX_RUNS:], usual_spread).position(log), _DIGITS)


UNCHANGED = Calibration(-1.0, 0.0, 1.0)


class Outcomes:
    """The outcomes of a server's estimates, each with the time when its run ended.

    They are sorted, so the order in which they are added has no effect. If there are fewer than
    twenty, outcomes of a normal distribution are added to them.
    """

    def __init__(self) -> None:
        # Two parallel lists, so that the last positions are a slice.
        self._ascending: list[Outcome] = []
        self._positions: list[float] = []

    def replace(self, old: Iterable[Outcome], new: Iterable[Outcome]) -> None:
        """Replaces old outcomes, all of which must be present, with new ones."""
        for each in old:
            index = bisect_left(self._ascending, each)
            del self._ascending[index], self._positions[index]
        for each in new:
            index = bisect_left(self._ascending, each)
            self._ascending.insert(index, each)
            self._positions.insert(index, each.position)

    def calibration(self, until: float) -> Calibration:
        """Returns the calibration by the last outcomes before a time."""
        end = bisect_left(self._ascending, Outcome(until, -math.inf))
        last = self._positions[max(0, end - _MAX_SERVER_OUTCOMES) : end]
        if len(last) < len(_NORMAL_OUTCOMES):
            last += _NORMAL_OUTCOMES
        last.sort()
        median = quantile(last, 0.5)
        median = math.copysign(min(max(abs(median) - _NOISE, 0.0), _MAX_SHIFT), median)
        low = max(quantile(last, 0.1), median - _MAX_SHIFT)
        high = min(quantile(last, 0.9), median + _MAX_SHIFT)
        return Calibration(low, median, high)


# The quantiles 2.5%, 7.5%, ... 97.5% of a normal distribution whose 10% and 90% are -1 and 1.
_HALF_NORMAL = [0.05, 0.15, 0.25, 0.35, 0.47, 0.59, 0.73, 0.9, 1.12, 1.53]
_NORMAL_OUTCOMES = [*(-each for each in _HALF_NORMAL), *_HALF_NORMAL]
