"""Mean and median, without the modules for fractions and decimals that `statistics` imports."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["mean", "median"]


def mean(values: Iterable[float]) -> float:
    """Returns the arithmetic mean of at least one value."""
    numbers = list(values)
    return math.fsum(numbers) / len(numbers)


def median(values: Iterable[float]) -> float:
    """Returns the median of at least one value."""
    ascending = sorted(values)
    middle = len(ascending) // 2
    return (ascending[middle] + ascending[-middle - 1]) / 2
