"""Makes the records that a history keeps of operations that have ended.

Each record begins with the time of an end and a name, by which it is sorted and identified.
Contradictory times, such as an end before the start, make no record.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

__all__ = ["Ended", "PastRun", "Run", "Span", "ended", "moment", "run", "seconds_of", "span"]

# A shorter duration counts as this; a longer one than the maximum is not valid.
_MIN_SECONDS = 0.001
_MAX_SECONDS = 100 * 86_400.0
# A job that "ended" in 2099 would remain the newest; smaller errors of clocks are tolerated.
_MAX_SECONDS_AHEAD = 10 * 366 * 86_400.0
_UNKNOWN = -1.0


class Run(NamedTuple):
    """One run.

    Attributes:
        at: The time of its end, in seconds since 1970.
        of: A name; only the latest run of each name is kept.
        log_seconds: The natural logarithm of its duration in seconds.
    """

    at: float
    of: str
    log_seconds: float


class Span(NamedTuple):
    """The times of a job that was started, in seconds since 1970.

    Attributes:
        ended: The time of its end; infinity if it has not ended.
        of: Its id.
        created: The time of its creation.
        started: The time of its start.
        succeeded: Whether it succeeded.
    """

    ended: float
    of: str
    created: float
    started: float
    succeeded: bool


class Ended(NamedTuple):
    """The outcome of a job.

    Attributes:
        at: The time of its end, else the last known time, in seconds since 1970.
        of: Its id.
        state: SUCCEEDED, FAILED or CANCELED.
        queued: The seconds that it waited to run; -1 if that is not known.
        ran: The seconds that it ran; -1 if that is not known.
    """

    at: float
    of: str
    state: str
    queued: float
    ran: float

    def past_run(self) -> PastRun:
        """Returns the public form of the record."""
        return PastRun(moment(self.at), _duration(self.queued), _duration(self.ran), self.state)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a job that has ended.

    Attributes:
        when: The time when it ended, aware.
        queued: The time that it waited to run; None if it did not run or that is not known.
        ran: The time that it ran; None if it did not run or that is not known.
        state: SUCCEEDED, FAILED or CANCELED.
    """

    when: datetime
    queued: timedelta | None
    ran: timedelta | None
    state: str


def run(of: str, begin: datetime | None, end: datetime | None) -> Run | None:
    """Returns the record of a duration; None if it has no valid begin and end."""
    if begin is None or end is None:
        return None
    seconds = (end - begin).total_seconds()
    if not 0 <= seconds <= _MAX_SECONDS or _is_far_ahead(end):
        return None
    return Run(end.timestamp(), of, math.log(max(seconds, _MIN_SECONDS)))


def span(of: str, waited: Run | None, ran: Run | None, *, succeeded: bool) -> Span | None:
    """Returns the record of a job's creation, start and end; None if one is not known."""
    if waited is None or ran is None:
        return None
    return Span(ran.at, of, waited.at - math.exp(waited.log_seconds), waited.at, succeeded)


def ended(
    of: str, state: str, created: datetime | None, started: datetime | None, end: datetime | None
) -> Ended | None:
    """Returns the record of a job's outcome, at its end or else the last known time."""
    at = end or started or created
    if at is None or _is_far_ahead(at):
        return None
    return Ended(
        at.timestamp(),
        of,
        state,
        _seconds_between(created, started),
        _seconds_between(started, end),
    )


def seconds_of(at: datetime | None) -> float | None:
    """Converts a time to seconds since 1970; None if it is None."""
    return at.timestamp() if at else None


def moment(at: float) -> datetime:
    """Converts seconds since 1970 to a time."""
    return datetime.fromtimestamp(at, timezone.utc)


def _is_far_ahead(at: datetime) -> bool:
    return at.timestamp() > time.time() + _MAX_SECONDS_AHEAD


def _seconds_between(begin: datetime | None, end: datetime | None) -> float:
    seconds = (end - begin).total_seconds() if begin and end else _UNKNOWN
    return seconds if 0 <= seconds <= _MAX_SECONDS else _UNKNOWN


def _duration(seconds: float) -> timedelta | None:
    return None if seconds == _UNKNOWN else timedelta(seconds=seconds)
