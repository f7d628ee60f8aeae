"""Sets deadlines that apply down to the socket.

A deadline is set around a block (`with deadline(3): operation.poll()`) and applies to every request
in it, on the same thread. All durations are seconds on a monotonic clock, so changes of the wall
clock have no effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .._clock import Seconds, clock

# The maximum time until a cancellation is noticed while a call blocks.
SLICE_SECONDS = 0.2


class Deadline:
    """A point in time at which work must end, with a callback that can cancel it earlier.

    Args:
        at: The end on the monotonic clock, in seconds.
        cancelled: Returns whether the work was cancelled.
    """

    __slots__ = ("at", "cancelled")

    def __init__(self, at: Seconds = math.inf, cancelled: Callable[[], bool] | None = None) -> None:
        self.at = at
        self.cancelled = cancelled

    def remaining(self) -> Seconds:
        """Returns the remaining time, zero after the deadline."""
        return max(0.0, self.at - clock.monotonic())

    def lift(self) -> None:
        """Removes the end, for a download that is read as a stream; it can still be cancelled."""
        self.at = math.inf

    def is_cancelled(self) -> bool:
        """Whether the work was cancelled."""
        return self.cancelled is not None and self.cancelled()

    def slice(self) -> Seconds:
        """Returns the maximum time to block before the next call of this method.

        Raises:
            ConnectionAbortedError: The work was cancelled.
            TimeoutError: The deadline has passed.
        """
        if self.is_cancelled():
            msg = "The request was cancelled."
            raise ConnectionAbortedError(msg)
        remaining = self.remaining()
        if remaining <= 0:
            msg = "The response was not complete before the deadline."
            raise TimeoutError(msg)
        return min(remaining, SLICE_SECONDS)


_current: ContextVar[Deadline | None] = ContextVar("tamr_widgets_deadline", default=None)


def current_deadline() -> Deadline | None:
    """Returns the innermost deadline around the running code, or None."""
    return _current.get()


def lift_deadlines() -> None:
    """Removes the deadlines around the running code, in a context that outlives them."""
    _current.set(None)


@contextmanager
def deadline(
    seconds: Seconds = math.inf, cancelled: Callable[[], bool] | None = None
) -> Iterator[Deadline]:
    """Sets a deadline for the requests in the block; an outer deadline still applies.

    Args:
        seconds: The maximum duration of the whole block.
        cancelled: Called every `SLICE_SECONDS` while a request waits; True ends the request. None
            for the callback of the outer deadline.
    """
    outer = _current.get() or Deadline()
    inner = Deadline(min(outer.at, clock.monotonic() + seconds), cancelled or outer.cancelled)
    token = _current.set(inner)
    try:
        yield inner
    finally:
        _current.reset(token)
