"""Provides the server's time, and writes times in Tamr's formats."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """The server's clock, in seconds since 1970.

    Without `now` it reads the machine's time once and then adds the monotonic clock, so that
    changes of the machine's clock do not affect the order of events.

    Args:
        now: Returns seconds since 1970; for tests with a fake clock.
        offset_seconds: The server's clock minus `now`; negative when it is behind.
    """

    def __init__(
        self, now: Callable[[], float] | None = None, *, offset_seconds: float = 0.0
    ) -> None:
        self.offset_seconds = offset_seconds
        self._now = now or _monotonic_wall_time()

    def __call__(self) -> float:
        """Returns the server's time, in seconds since 1970."""
        return self._now() + self.offset_seconds


def _monotonic_wall_time() -> Callable[[], float]:
    origin = time.time() - time.monotonic()
    return lambda: origin + time.monotonic()


def iso(seconds: float) -> str:
    """Formats a time as Tamr writes most of them: 2021-01-29T18:24:53.326Z."""
    return _utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(seconds: float) -> str:
    """Formats a time as Tamr writes it for exports and imports: 2021-07-05_16-16-30-425."""
    when = _utc(seconds)
    return f"{when:%Y-%m-%d_%H-%M-%S}-{when.microsecond // 1000:03d}"


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)
