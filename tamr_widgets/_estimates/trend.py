"""Detects significant trends in how long jobs take from run to run.

The test is Mann and Kendall's: it counts the pairs of runs of which the later one took longer, so
it is robust to outliers and to the distribution of the noise. Its variance is corrected for the
autocorrelation of runs, as in sessions on a busy server. The size is Theil and Sen's slope, the
median over all pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise

from .averages import median

__all__ = ["Trend", "relative_change"]

# The test is not reliable for fewer runs.
_MIN_RUNS = 8
# The 99% quantile of the absolute value of a standard normal variable.
_SIGNIFICANT = 2.576
# Smaller changes are not useful to a user.
_MIN_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Trend:
    """A significant change of how long a job takes.

    Attributes:
        change: The relative change of the duration from the first to the last run; negative if
            jobs get faster.
        since: The end of the first run, aware.
        samples: The number of runs.
    """

    change: float
    since: datetime
    samples: int


def relative_change(logs: Sequence[float]) -> float | None:
    """Returns the relative change from the first to the last run; None if not significant.

    Args:
        logs: The logarithms of the runs' durations, the newest last.
    """
    count = len(logs)
    if count < _MIN_RUNS:
        return None
    pairs = list(combinations(range(count), 2))
    score = sum((logs[b] > logs[a]) - (logs[b] < logs[a]) for a, b in pairs)
    slope = median((logs[b] - logs[a]) / (b - a) for a, b in pairs)
    change = math.expm1(slope * (count - 1))
    variance = count * (count - 1) * (2 * count + 5) / 18
    middle = count // 2
    levels = [median(logs[:middle]), median(logs[middle:])]
    # A slope or a step would look like autocorrelation, so each is subtracted.
    variance *= min(
        _inflation([log - slope * index for index, log in enumerate(logs)]),
        _inflation([log - levels[index >= middle] for index, log in enumerate(logs)]),
    )
    # The score changes in steps of two, hence the continuity correction by one.
    if abs(score) - 1 < _SIGNIFICANT * math.sqrt(variance) or abs(change) < _MIN_CHANGE:
        return None
    return change


def _inflation(residuals: Sequence[float]) -> float:
    """Returns the factor by which autocorrelation inflates the variance of the score."""
    middle = median(residuals)
    # Clipped, so that an outlier does not hide the autocorrelation of the others.
    limit = 3 * median(abs(each - middle) for each in residuals)
    clipped = [max(-limit, min(each - middle, limit)) for each in residuals]
    squares = sum(each * each for each in clipped)
    if squares <= 0:
        return 1.0
    correlation = sum(one * other for one, other in pairwise(clipped)) / squares
    correlation = min(max(correlation, 0.0), 0.9)
    return (1 + correlation) / (1 - correlation)
