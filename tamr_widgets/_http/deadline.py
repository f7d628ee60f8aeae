"""Deadlines that reach down to the socket.

A deadline is set around a piece of work (`with deadline(3): operation.poll()`) and seen by every
request inside of it, on this thread, however deep. All durations are seconds on a monotonic
clock: what the wall clock does has no effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .._clock import Seconds, clock

# How soon a call-off is noticed while something blocks.
SLICE_SECONDS = 0.2


class Deadline:
    """When work must be over: a deadline, and whoever may call it off before."""

    __slots__ = ("cancelled", "deadline")

    def __init__(
        self, deadline: Seconds = math.inf, cancelled: Callable[[], bool] | None = None
    ) -> None:
        self.deadline = deadline
        self.cancelled = cancelled

    def left(self) -> Seconds:
        """How much time is left; zero once it has run out."""
        return max(0.0, self.deadline - clock.monotonic())

    def lift(self) -> None:
        """From now on take as long as it takes (a download that is read as a stream)."""
        self.deadline = math.inf

    def over(self) -> bool:
        """Whether somebody called it off."""
        return self.cancelled is not None and self.cancelled()

    def slice(self) -> Seconds:
        """How long to block at most before asking here again.

        Raises:
            ConnectionAbortedError: The work was called off.
            TimeoutError: The time has run out.
        """
        if self.over():
            msg = "The request was called off."
            raise ConnectionAbortedError(msg)
        left = self.left()
        if left <= 0:
            msg = "The answer took longer than the time limit."
            raise TimeoutError(msg)
        return min(left, SLICE_SECONDS)


_current: ContextVar[Deadline | None] = ContextVar("tamr_widgets_time_limit", default=None)


def current_deadline() -> Deadline | None:
    """The innermost limit around the running code, or None."""
    return _current.get()


def lift_deadlines() -> None:
    """Forget the limits around the running code, in a context that outlives them."""
    _current.set(None)


@contextmanager
def deadline(
    seconds: Seconds = math.inf, cancelled: Callable[[], bool] | None = None
) -> Iterator[Deadline]:
    """Bound the requests made inside; a limit around this one goes on to count.

    Args:
        seconds: The time for all of it.
        cancelled: Asked now and then while waiting for bytes; True ends the request.
    """
    outer = _current.get() or Deadline()
    limit = Deadline(min(outer.deadline, clock.monotonic() + seconds), cancelled or outer.cancelled)
    token = _current.set(limit)
    try:
        yield limit
    finally:
        _current.reset(token)
