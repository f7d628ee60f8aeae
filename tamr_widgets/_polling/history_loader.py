"""Fills a poller's `JobHistory` from the responses that it receives, when nothing is due."""

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
from .queue_monitor import QueueMonitor
from .subscription import Subscription

# The list is requested when the next poll is so many seconds away, so that none is late; after
# URGENT_SECONDS without such a time, at any time.
PAUSE_SECONDS = 1.0
URGENT_SECONDS = 5.0
# The deadline of the list.
LIST_SECONDS = 5.0
# After an error of the list it is not requested for so long.
UNAVAILABLE_SECONDS = 300.0
# A list that is longer than this (some 65,000 jobs) is not parsed for an estimate alone: parsing
# takes a second of the kernel's time, and the documents ten times their size in memory.
MAX_LIST_BYTES = 32_000_000
# The number of jobs in a batch, which takes a few milliseconds.
BATCH_SIZE = 200
# If there is never time for a batch, the oldest documents are dropped.
MAX_QUEUED = 100_000

_logger = logging.getLogger(__name__)


class HistoryLoader:
    """A `JobHistory`, and a queue of the documents that are still to be added to it.

    Attributes:
        history: The history.
        queue: The jobs of the server that wait.
    """

    def __init__(self) -> None:
        self.history = JobHistory()
        self.queue = QueueMonitor(self.history)
        self._filled = False
        self._requested_at: Seconds | None = None
        self._unavailable_until = -math.inf
        self._remaining: deque[tuple[OperationList, dict[str, Any]]] = deque(maxlen=MAX_QUEUED)
        self._waiting: list[Subscription] = []

    def request(self, subscription: Subscription) -> None:
        """Requests the history, and registers a subscription to notify when it is filled."""
        self._waiting.append(subscription)
        if self._requested_at is None:
            self._requested_at = clock.monotonic()

    def forget(self, subscription: Subscription) -> None:
        """Removes a subscription that was closed."""
        self._waiting = [each for each in self._waiting if each is not subscription]

    def take(self, listing: OperationList, *, has_subscribers: bool) -> None:
        """Queues a list's documents: all of the first list, later only the changed ones.

        Args:
            listing: The list.
            has_subscribers: Whether `listing.changed` compares with the list before it.
        """
        documents: Iterable[dict[str, Any]] = listing.documents
        if self._filled:
            documents = listing.changed if has_subscribers else ()
        self._filled = True
        self._remaining.extend((listing, document) for document in documents)

    def take_queue(self, listing: OperationList, interval: Seconds, seconds: Seconds) -> None:
        """Updates the queue by a list; arguments as for `QueueMonitor.take`."""
        # The queue depends on when its executors became free.
        ended = self.queue.take(listing, interval, seconds)
        for each in ended:
            self.note(each)
        if ended:  # another thread may have made estimates without them
            self.queue.invalidate()

    def note(self, operation: Operation) -> None:
        """Adds a snapshot to the history at once."""
        try:
            self.history.add(operation)
        except Exception as error:  # noqa: BLE001 - an error in an estimate must not end polling
            log_exception(_logger, "An operation could not be added to the history.", error)

    def mark_unavailable(self, *, permanent: bool) -> None:
        """Records that the list is unavailable, permanently or for UNAVAILABLE_SECONDS."""
        if self._filled and not permanent:
            self.queue.delay_list()
            return
        if permanent and self._unavailable_until < math.inf:
            _logger.info("There are no estimates, since the list of operations is unavailable.")
        self._unavailable_until = math.inf if permanent else clock.monotonic() + UNAVAILABLE_SECONDS

    def is_filled(self) -> bool:
        """Whether there was a list, so that more of them are for the queue alone."""
        return self._filled

    def list_delay(
        self, idle_seconds: Seconds, queue_interval: Seconds, list_seconds: Seconds
    ) -> Seconds:
        """Returns the seconds until the list is to be requested; infinite if it is not.

        Args:
            idle_seconds: The seconds until the next poll.
            queue_interval: The interval at which subscribers need the queue; else infinite.
            list_seconds: The usual duration of the request; 0 if it is not known.
        """
        now = clock.monotonic()
        if now < self._unavailable_until:
            return math.inf
        if self._filled or self._requested_at is None:
            return self.queue.list_delay(queue_interval, idle_seconds, list_seconds)
        has_time = idle_seconds >= PAUSE_SECONDS or now - self._requested_at >= URGENT_SECONDS
        return 0.0 if has_time else math.inf

    def is_complete(self) -> bool:
        """Whether all documents of the list are in the history."""
        return self._filled and not self._remaining

    def has_work(self) -> bool:
        """Whether there are documents to add, or subscriptions to notify."""
        return bool(self._remaining) or (self._filled and bool(self._waiting))

    def process_batch(self) -> None:
        """Adds a batch of documents, and notifies the subscriptions after the last one."""
        for _ in range(min(BATCH_SIZE, len(self._remaining))):
            listing, document = self._remaining.popleft()
            self.note(listing.operation(document))
        if not self._remaining:
            self.queue.invalidate()
        while self._waiting and not self._remaining:
            self._waiting.pop().notify(self.history)

    def release(self) -> None:
        """Frees the queued documents when the poller has no subscribers left."""
        if self._remaining:
            self._remaining.clear()
            self._filled = False
