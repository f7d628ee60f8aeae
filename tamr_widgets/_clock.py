"""Provides monotonic time for waiting and wall time for display."""

from __future__ import annotations

import math
import time
from numbers import Real

Seconds = float

# More than thirty years, and less than the maximum time-out of an operating system.
MAX_SECONDS = 1e9


class Clock:
    """The time source of the package, which tests replace."""

    def monotonic(self) -> Seconds:
        """Returns the monotonic time in seconds."""
        return time.monotonic()

    def wall(self) -> Seconds:
        """Returns the seconds since 1970 by this machine's clock, which may jump."""
        return time.time()

    def sleep(self, seconds: Seconds) -> None:
        """Sleeps; Ctrl-C (Interrupt) ends it immediately with a KeyboardInterrupt."""
        time.sleep(seconds)


clock = Clock()


def checked_seconds(name: str, value: object) -> Seconds:
    """Returns `value` as a float, for the argument `name`.

    Raises:
        TypeError: It is not a number.
        ValueError: It is negative, NaN, or more than `MAX_SECONDS`.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        msg = f"{name} must be a number of seconds, not {value!r:.100}."
        raise TypeError(msg)
    try:
        seconds = float(value)
    except OverflowError:  # an integer that is longer than any float
        seconds = math.inf
    if not 0 <= seconds <= MAX_SECONDS:
        msg = f"{name} must be zero or more seconds, and at most a billion."
        raise ValueError(msg)
    return seconds


def checked_timeout(value: object) -> Seconds | None:
    """Returns the argument `timeout_seconds` as a float, or None, which is no timeout.

    Raises:
        TypeError, ValueError: As for `checked_seconds`.
    """
    return None if value is None else checked_seconds("timeout_seconds", value)
