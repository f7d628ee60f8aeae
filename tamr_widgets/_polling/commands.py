"""Commands that wait for their turn between two polls, each at its time."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from .._clock import Seconds, clock
from .target import Subscription

Action = Callable[[], object]


class Command(NamedTuple):
    """A command, and when it is to be run. Of two that are due together the older comes first."""

    due: Seconds
    number: int
    handle: Subscription
    owner: object
    action: Action


class CommandQueue:
    """A queue of commands in which owners take turns. A command whose handle is closed is not run.

    However many commands one owner leaves, those of another wait for one of them only.
    """

    def __init__(self) -> None:
        self._delayed: list[Command] = []
        # By the identity of their owner; the one whose turn it is comes first.
        self._ready: OrderedDict[int, deque[Command]] = OrderedDict()
        self._numbers = itertools.count()

    def add(
        self, handle: Subscription, action: Action, delay: Seconds = 0.0, owner: object = None
    ) -> None:
        """Leave a command, to be run so many seconds from now."""
        order = Command(clock.monotonic() + delay, next(self._numbers), handle, owner, action)
        heapq.heappush(self._delayed, order)

    def due(self) -> Seconds:
        """When the oldest one is due, on the monotonic clock; infinity if there is none."""
        self._sort()
        heads = [queue[0].due for queue in self._ready.values()]
        return min(heads, default=self._delayed[0].due if self._delayed else math.inf)

    def take(self) -> Command | None:
        """Remove the next command that is due, or None."""
        self._sort()
        if not self._ready:
            return None
        key, queue = self._ready.popitem(last=False)
        order = queue.popleft()
        if queue:
            self._ready[key] = queue  # at the end: it is the turn of others now
        return order

    def discard_closed(self) -> None:
        """Let go of delayed commands that were called off, however late they would be due."""
        self._delayed = [each for each in self._delayed if not each.handle.closed]
        heapq.heapify(self._delayed)

    def cancel(self, owner: object) -> list[Subscription]:
        """Remove all commands of an owner, and return their handles."""
        removed = [*self._ready.pop(id(owner), ())]
        removed += [each for each in self._delayed if each.owner is owner]
        self._delayed = [each for each in self._delayed if each.owner is not owner]
        heapq.heapify(self._delayed)
        return [each.handle for each in removed]

    def _sort(self) -> None:
        """Move what is due to its owner's queue, and leave out what was called off."""
        now = clock.monotonic()
        while self._delayed and (self._delayed[0].due <= now or self._delayed[0].handle.closed):
            order = heapq.heappop(self._delayed)
            self._ready.setdefault(id(order.owner), deque()).append(order)
        for key, queue in list(self._ready.items()):
            while queue and queue[0].handle.closed:
                queue.popleft()
            if not queue:
                del self._ready[key]
