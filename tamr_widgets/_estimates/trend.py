"""Whether jobs get slower or faster from run to run, where that is more than noise.

The test is Mann and Kendall's: it counts in how many pairs of runs the later one took longer, and
so neither outliers nor the shape of the noise matter. Its variance is corrected for runs that
resemble the run before them, as in sessions on a busy server. The size is Theil and Sen's slope,
the median over all pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise
from statistics import median

__all__ = ["Trend", "relative_change"]

_MIN_RUNS = 8
# Of 100 series without a trend, one is further out than this.
_SIGNIFICANT = 2.576
# Less is of no use to anyone.
_MIN_CHANGE = 0.05


@dataclass(frozen=True, slots=True)
class Trend:
    """A change of how long a job takes that is more than noise.

    Attributes:
        change: By which share it takes longer now than at the beginning; negative if it takes
            less.
        since: The end of the first run that was looked at.
        samples: The number of runs.
    """

    change: float
    since: datetime
    samples: int


def relative_change(logs: Sequence[float]) -> float | None:
    """Returns by which share the last runs take longer than the first, None where that is noise.

    Args:
        logs: The logarithms of how long the runs took, the newest last.
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
    # A trend of its own would look like likeness, be it a slope or a step: it is taken out.
    variance *= min(
        _inflation([log - slope * index for index, log in enumerate(logs)]),
        _inflation([log - levels[index >= middle] for index, log in enumerate(logs)]),
    )
    # The score moves in steps of two, hence the correction by one.
    if abs(score) - 1 < _SIGNIFICANT * math.sqrt(variance) or abs(change) < _MIN_CHANGE:
        return None
    return change


def _inflation(residuals: Sequence[float]) -> float:
    """Returns by how much likeness from run to run inflates the variance of the score."""
    middle = median(residuals)
    # In ranks of a kind, so that an outlier does not hide the likeness of the others.
    limit = 3 * median(abs(each - middle) for each in residuals)
    clipped = [max(-limit, min(each - middle, limit)) for each in residuals]
    squares = sum(each * each for each in clipped)
    if squares <= 0:
        return 1.0
    likeness = sum(one * other for one, other in pairwise(clipped)) / squares
    likeness = min(max(likeness, 0.0), 0.9)
    return (1 + likeness) / (1 - likeness)
