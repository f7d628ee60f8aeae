"""Draws durations of jobs: log-normal around drifting medians, with a few outliers."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job_types import JobType

# Standard deviations of log durations from run to run, and of the change of a median in each run.
NOISE = 0.06
DRIFT = 0.008
# The mean change of a log median in each run.
GROWTH = 0.0008
# The share of runs that take two to six times as long.
OUTLIERS = 0.015


class DurationModel:
    """Draws durations; each description has its own median, which changes a little with each run.

    Args:
        seed: The same seed draws the same durations in the same order.
        speed: All durations are divided by it.
    """

    def __init__(self, seed: int, speed: float = 1.0) -> None:
        self.random = random.Random(seed)  # noqa: S311 - nothing here is a secret
        self.speed = speed
        self._levels: dict[str, float] = {}

    def running_seconds(self, kind: JobType, description: str) -> float:
        """Draws the next running time of a description, in seconds."""
        draw = self.random
        level = self._levels.get(description)
        if level is None:
            # The same work on another dataset is consistently faster or slower.
            spread = 0.35 if "{name}" in kind.description else 0.0
            level = math.log(kind.seconds) + draw.gauss(0, spread)
        level += draw.gauss(GROWTH, DRIFT)
        self._levels[description] = level
        outlier = draw.uniform(2, 6) if draw.random() < OUTLIERS else 1.0
        return outlier * math.exp(level + draw.gauss(0, NOISE)) / self.speed

    def submission_seconds(self) -> float:
        """Draws the time in seconds from a request to the start of its job on an idle server."""
        return 11 * math.exp(self.random.gauss(0, 0.25)) / self.speed
