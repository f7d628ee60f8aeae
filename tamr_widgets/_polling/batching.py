"""Whether one list costs less than asking about operations one by one: measured, not guessed."""

from __future__ import annotations

import math

from .._clock import Seconds, clock

# As long as the list was not measured, it is tried when so many operations are due together.
TRIAL = 5
# A list that nobody follows gets so much time, or twice what it is to replace.
TRIAL_SECONDS = 2.0
# A measurement is trusted for so long, and a list that failed is left alone for so long.
TRUST_SECONDS = 300.0
# How much the newest measurement counts.
WEIGHT = 0.3
# A list that takes no longer than this share of an interval is no burden.
LIGHT = 0.1
# After a list it is the turn of others for so many times as long as it took.
REST = 2.0


class BatchPolicy:
    """What a poller's requests cost, in seconds of its thread."""

    def __init__(self) -> None:
        self._single: Seconds | None = None
        self._list: Seconds | None = None
        self._list_good_until = self._list_bad_until = -math.inf

    @property
    def single(self) -> Seconds:
        """How long it takes to ask about one operation, as far as is known."""
        return self._single or 0.0

    def single_took(self, seconds: Seconds) -> None:
        """Learn what it took to ask about one operation."""
        self._single = _mean(self._single, seconds)

    def list_took(self, seconds: Seconds) -> None:
        """Learn what it took to ask for the list."""
        now = clock.monotonic()
        self._list = _mean(self._list if now < self._list_good_until else None, seconds)
        self._list_good_until, self._list_bad_until = now + TRUST_SECONDS, now

    def list_failed(self) -> None:
        """Learn that the list can't be had."""
        self._list_bad_until = clock.monotonic() + TRUST_SECONDS

    def prefer_list(self, operations: int) -> bool:
        """Whether to ask for the list rather than for so many operations."""
        now = clock.monotonic()
        if now < self._list_bad_until:
            return False
        if self._list is None or now >= self._list_good_until:
            return operations >= TRIAL
        return operations > 1 and self._singles(operations) > self._list

    def list_is_cheap(self, interval: Seconds) -> bool:
        """Whether a list that is wanted anyway can be asked for a little sooner."""
        if self._list is None or clock.monotonic() < self._list_bad_until:
            return False
        return self._list <= interval * LIGHT

    def limit(self, operations: int) -> Seconds:
        """How long a list may take that replaces so many requests."""
        return max(TRIAL_SECONDS, 2 * self._singles(operations))

    def rest(self) -> Seconds:
        """How long to leave the list alone after an answer."""
        return REST * (self._list or 0.0)

    def _singles(self, operations: int) -> Seconds:
        return operations * (self._single or 0.0)


def _mean(before: Seconds | None, now: Seconds) -> Seconds:
    return now if before is None else before + WEIGHT * (now - before)
