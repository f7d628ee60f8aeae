"""Batching policy: whether one request of the list costs less than polls of single operations.

The list is preferred if it is no slower than the polls and cheaper in requests and bytes. On a
slow line one round trip is shorter than ten, but a list of all jobs may have a hundred times their
bytes.
"""

from __future__ import annotations

import math

from .._clock import Seconds, clock

# As long as the list was not measured, it is tried when so many operations are due together, or if
# their polls take longer than their interval.
TRIAL = 12
# The cost of a request for server and line, as the number of documents that cost as much in bytes.
REQUEST_DOCUMENTS = 25
# A list must be so many times as expensive before single polls replace it again: while the
# operations end one by one, the choice would change with each, and requests would add up.
STAY_FACTOR = 5
# A list without subscribers gets this time, or twice the time of the polls that it replaces.
TRIAL_SECONDS = 2.0
# A measurement is valid for so long, and after an error the list is not requested for so long.
TRUST_SECONDS = 300.0
# The weight of the newest measurement in the moving average.
WEIGHT = 0.3
# A list that takes no longer than this share of an interval is cheap.
MAX_CHEAP_SHARE = 0.1
# The cooldown after a list, as a multiple of its duration: other targets are polled meanwhile.
COOLDOWN_FACTOR = 2.0


class BatchPolicy:
    """Measures a poller's requests, in seconds, and chooses between the list and single polls."""

    def __init__(self) -> None:
        self._single: Seconds | None = None
        self._list: Seconds | None = None
        self._list_length = 0
        self._prefers_list = False
        self._list_good_until = self._list_bad_until = -math.inf

    @property
    def single(self) -> Seconds:
        """The usual duration of a poll of one operation in seconds; 0 before the first."""
        return self._single or 0.0

    @property
    def list(self) -> Seconds:
        """The usual duration of a request of the list in seconds; 0 before the first."""
        return self._list or 0.0

    def single_took(self, seconds: Seconds) -> None:
        """Records the duration of a poll of one operation."""
        self._single = _mean(self._single, seconds)

    def list_took(self, seconds: Seconds, length: int) -> None:
        """Records the duration of a request of the list, and the number of its operations."""
        self._list_length = length
        now = clock.monotonic()
        self._list = _mean(self._list if now < self._list_good_until else None, seconds)
        self._list_good_until, self._list_bad_until = now + TRUST_SECONDS, now

    def list_failed(self) -> None:
        """Records that the list is unavailable."""
        self._list_bad_until = clock.monotonic() + TRUST_SECONDS

    def prefer_list(self, operations: int, interval: Seconds) -> bool:
        """Whether to request the list rather than so many operations.

        Args:
            operations: The number of operations that are due.
            interval: The seconds in which each is to be polled once.
        """
        now = clock.monotonic()
        if now < self._list_bad_until or operations < 2:
            return False
        singles = self._singles(operations)
        is_late = singles > interval
        if self._list is None or now >= self._list_good_until:
            return operations >= TRIAL or is_late
        factor = STAY_FACTOR if self._prefers_list else 1
        is_cheaper = (
            operations * (REQUEST_DOCUMENTS + 1) * factor > REQUEST_DOCUMENTS + self._list_length
        )
        self._prefers_list = (is_cheaper or is_late) and self._list < singles
        return self._prefers_list

    def list_is_cheap(self, interval: Seconds) -> bool:
        """Whether a list that is due soon anyway can be requested a little sooner."""
        if self._list is None or clock.monotonic() < self._list_bad_until:
            return False
        return self._list <= interval * MAX_CHEAP_SHARE

    def list_deadline(self, operations: int) -> Seconds:
        """Returns the deadline, in seconds, of a list that replaces so many polls."""
        return max(TRIAL_SECONDS, 2 * self._singles(operations))

    def list_cooldown(self) -> Seconds:
        """Returns the least number of seconds between a list and the next."""
        return COOLDOWN_FACTOR * self.list

    def _singles(self, operations: int) -> Seconds:
        return operations * (self._single or 0.0)


def _mean(before: Seconds | None, now: Seconds) -> Seconds:
    return now if before is None else before + WEIGHT * (now - before)
