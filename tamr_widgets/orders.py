"""What is to be done between two polls, each thing at its time."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable

from .timing import Seconds, clock
from .watch import Subscription

Action = Callable[[], object]


class Orders:
    """A queue of actions. One whose owner is closed by its turn is not done."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Seconds, int, Subscription, Action]] = []
        # Of two that are due at the same time the older comes first.
        self._numbers = itertools.count()

    def add(self, owner: Subscription, action: Action, delay: Seconds = 0.0) -> None:
        """Leave an action, to be done so many seconds from now."""
        order = (clock.monotonic() + delay, next(self._numbers), owner, action)
        heapq.heappush(self._waiting, order)

    def due(self) -> Seconds:
        """When the next one is due, on the monotonic clock; infinity if there is none."""
        while self._waiting and self._waiting[0][2].closed:
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else math.inf

    def take(self) -> Action | None:
        """Remove the next action that is due, or None."""
        if self.due() > clock.monotonic():
            return None
        return heapq.heappop(self._waiting)[3]
