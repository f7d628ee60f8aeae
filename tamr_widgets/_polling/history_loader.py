"""What a poller learns from the answers that pass by: how long jobs take."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterable
from typing import Any

from .._clock import Seconds, clock
from .._operation.operation_list import OperationList
from ..history import JobHistory
from ..operation import Operation
from .callbacks import log_exception
from .target import Subscription

# The list is asked for in a pause between two polls that is this long, so that none comes late;
# where polls are closer, in any pause, once this time has passed.
PAUSE_SECONDS = 1.0
URGENT_SECONDS = 5.0
# A list that takes longer than this is given up.
LIST_SECONDS = 5.0
REFUSED_SECONDS = 300.0
# A list that is longer than this (some 65,000 jobs) is not parsed for an estimate alone: parsing
# takes a second of the kernel's time, and the documents ten times their size in memory.
MAX_LIST_BYTES = 32_000_000
# So many jobs are learnt from at a time: a few milliseconds.
CHUNK = 200
# Where there is never time to learn, what is left is forgotten rather than piled up.
MAX_QUEUED = 100_000

_logger = logging.getLogger(__name__)


class HistoryLoader:
    """A `JobHistory`, and what is still to be put into it when there is time."""

    def __init__(self) -> None:
        self.history = JobHistory()
        self._filled = False
        self._wanted_at: Seconds | None = None
        self._refused_until = -math.inf
        self._left: deque[tuple[OperationList, dict[str, Any]]] = deque(maxlen=MAX_QUEUED)
        self._waiting: list[Subscription] = []

    def want(self, subscription: Subscription) -> None:
        """Note that somebody wants the server's past to be known, and to hear when it is."""
        self._waiting.append(subscription)
        if self._wanted_at is None:
            self._wanted_at = clock.monotonic()

    def forget(self, subscription: Subscription) -> None:
        """Let go of one that was closed."""
        self._waiting = [each for each in self._waiting if each is not subscription]

    def take(self, listing: OperationList, *, followed: bool) -> None:
        """Learn from a list when there is time: from all of it, if it is the first."""
        documents: Iterable[dict[str, Any]] = listing.documents
        if self._filled:
            documents = listing.changed if followed else ()
        self._filled = True
        self._left.extend((listing, document) for document in documents)

    def note(self, operation: Operation) -> None:
        """Learn from a snapshot at once."""
        try:
            self.history.add(operation)
        except Exception as error:  # noqa: BLE001 - whatever it is, polls go on
            log_exception(_logger, "Nothing can be learnt from an operation.", error)

    def refuse(self, *, hopeless: bool) -> None:
        """The list can't be had: do without it, for ever or for a while."""
        if hopeless and self._refused_until < math.inf:
            _logger.info("There are no estimates, since the list of operations can't be had.")
        self._refused_until = math.inf if hopeless else clock.monotonic() + REFUSED_SECONDS

    def needs_list(self, pause: Seconds) -> bool:
        """Whether to ask for the list now, in a pause of so many seconds."""
        now = clock.monotonic()
        if self._filled or self._wanted_at is None or now < self._refused_until:
            return False
        return pause >= PAUSE_SECONDS or now - self._wanted_at >= URGENT_SECONDS

    def over(self) -> bool:
        """Whether the past is learnt."""
        return self._filled and not self._left

    def to_do(self) -> bool:
        """Whether there is something to learn from, or somebody to tell."""
        return bool(self._left) or (self._filled and bool(self._waiting))

    def process_batch(self) -> None:
        """Learn a little more, and tell those who wait when all is learnt."""
        for _ in range(min(CHUNK, len(self._left))):
            listing, document = self._left.popleft()
            self.note(listing.operation(document))
        while self._waiting and not self._left:
            self._waiting.pop().notify(self.history)

    def rest(self) -> None:
        """Let go of all that is the server's: nobody follows anything any more."""
        if self._left:
            self._left.clear()
            self._filled = False
