"""Commands, which run between two polls: their queue, and how one runs."""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from .._clock import Seconds, clock
from .._http.deadline import deadline
from ..errors import InternalError, TamrError
from .callbacks import log_exception
from .subscription import Subscription

Action = Callable[[], object]
T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Command(NamedTuple):
    """A command. Of two that are due at the same time, the older is first.

    Attributes:
        due: The time at which it is due, on the monotonic clock.
        number: A number that grows with each command.
        handle: The subscription that cancels it when it is closed.
        owner: The object whose commands run in order.
        action: Runs the command, and notifies the handle.
    """

    due: Seconds
    number: int
    handle: Subscription
    owner: object
    action: Action


class CommandQueue:
    """A queue of commands in which owners take turns. A command whose handle is closed is skipped.

    However many commands one owner adds, those of another wait for one of them only.
    """

    def __init__(self) -> None:
        self._delayed: list[Command] = []
        # By the identity of their owner; the owner that is served next comes first.
        self._ready: OrderedDict[int, deque[Command]] = OrderedDict()
        self._numbers = itertools.count()

    def add(
        self, handle: Subscription, action: Action, delay: Seconds = 0.0, owner: object = None
    ) -> None:
        """Adds a command that is due in `delay` seconds."""
        command = Command(clock.monotonic() + delay, next(self._numbers), handle, owner, action)
        heapq.heappush(self._delayed, command)

    def due(self) -> Seconds:
        """Returns when the oldest is due, on the monotonic clock; infinity if there is none."""
        self._move_due()
        heads = [queue[0].due for queue in self._ready.values()]
        return min(heads, default=self._delayed[0].due if self._delayed else math.inf)

    def take(self) -> Command | None:
        """Removes and returns the next command that is due, or None."""
        self._move_due()
        if not self._ready:
            return None
        key, queue = self._ready.popitem(last=False)
        command = queue.popleft()
        if queue:
            self._ready[key] = queue  # at the end, so that other owners are served first
        return command

    def discard_closed(self) -> None:
        """Removes delayed commands that were cancelled, so that their objects can be freed."""
        self._delayed = [each for each in self._delayed if not each.handle.closed]
        heapq.heapify(self._delayed)

    def cancel(self, owner: object) -> list[Subscription]:
        """Removes all commands of an owner, and returns their handles."""
        removed = [*self._ready.pop(id(owner), ())]
        removed += [each for each in self._delayed if each.owner is owner]
        self._delayed = [each for each in self._delayed if each.owner is not owner]
        heapq.heapify(self._delayed)
        return [each.handle for each in removed]

    def _move_due(self) -> None:
        """Moves due commands to their owners' queues, and removes cancelled ones."""
        now = clock.monotonic()
        while self._delayed and (self._delayed[0].due <= now or self._delayed[0].handle.closed):
            command = heapq.heappop(self._delayed)
            self._ready.setdefault(id(command.owner), deque()).append(command)
        for key, queue in list(self._ready.items()):
            while queue and queue[0].handle.closed:
                queue.popleft()
            if not queue:
                del self._ready[key]


def run_command(
    work: Callable[[], T], cancelled: Callable[[], bool], seconds: Seconds = math.inf
) -> T:
    """Runs `work` with a deadline, and returns its result.

    Args:
        work: A command, or the request of a poll.
        cancelled: Returns whether its requests are to end now; called while they wait.
        seconds: The deadline of its requests, in seconds from now.

    Raises:
        InternalError: `work` raised another exception than a TamrError.
        TamrError: `work` raised it.
    """
    try:
        with deadline(seconds, cancelled):
            return work()
    except TamrError:
        raise
    except BaseException as error:  # also SystemExit, which would end the thread in silence
        log_exception(_logger, "The poller met an error that is not the server's.", error)
        raise internal_error(error) from error


def internal_error(error: BaseException) -> InternalError:
    """Returns the error to report for an exception that the package did not expect."""
    # Unlike str(error), this works for an error whose `__str__` raises.
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    return InternalError(f"Something went wrong in tamr_widgets itself: {text}.")
