"""The clock of the package: monotonic seconds for waiting, the time of day for showing."""

from __future__ import annotations

import math
import time
from numbers import Real

Seconds = float

# More than thirty years, and less than an operating system takes for a time-out.
MAX_SECONDS = 1e9


class Clock:
    """The time source of everything here; tests put their own in its place."""

    def monotonic(self) -> Seconds:
        """Seconds that never go back."""
        return time.monotonic()

    def wall(self) -> Seconds:
        """Seconds since 1970, as this machine believes. Only for showing, never for deciding."""
        return time.time()

    def sleep(self, seconds: Seconds) -> None:
        """Do nothing for a while; Ctrl-C (Interrupt) ends it at once."""
        time.sleep(seconds)


clock = Clock()


def checked_seconds(name: str, value: object) -> Seconds:
    """`value` as seconds, or a clear error that names the argument.

    Raises:
        TypeError: It is not a number.
        ValueError: It is negative, not a number, or longer than anybody can wait.
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
