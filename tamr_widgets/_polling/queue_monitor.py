"""Keeps the queues of a server up to date, from the lists of operations that its poller gets."""

from __future__ import annotations

import math
from datetime import datetime

from .._clock import Seconds, clock
from .._estimates.forecast import QueueForecast
from .._operation.document import field
from .._operation.operation_list import OperationList
from ..history import JobHistory, QueuePlace
from ..operation import RESOLVED_STATES, Operation

# Lists for the queue alone take at most this share of the time.
MAX_LOAD = 0.1
# A list is expected to take this long before one was measured.
USUAL_SECONDS = 1.0
# After a list was cancelled, since it would have delayed a poll, the next is requested this later.
DELAY_SECONDS = 60.0
# A queue is not shown if its list is older than this many intervals.
MAX_AGE_INTERVALS = 3.0

# Of an operation: its id and the time of its creation, since ids are given away again.
Key = tuple[str | None, datetime | None]


class QueueMonitor:
    """The jobs that wait, with the estimates of their starts.

    Args:
        history: The history, for the estimates.
    """

    def __init__(self, history: JobHistory) -> None:
        self._forecast: QueueForecast[Key] = QueueForecast(history.waiting)
        self._not_before = -math.inf
        # The operations of the last list, and until when it counts: replaced together, since any
        # thread may read them while the next list is taken over.
        self._listed: tuple[dict[Key, Operation], Seconds] = {}, -math.inf

    def waiting(self, operation: Operation) -> QueuePlace | None:
        """Returns an operation's place in its queue; None if it is not known or does not wait."""
        place = self._forecast.places().get(_key(operation))
        # Read later than the places, and written earlier: it is not older than they are.
        active, valid_until = self._listed
        if place is None or clock.monotonic() > valid_until:
            return None
        ahead = tuple(active[key] for key in place.ahead if key in active)
        return QueuePlace(operation, ahead, place.estimate)

    def take(self, listing: OperationList, interval: Seconds, seconds: Seconds) -> list[Operation]:
        """Takes over a list.

        Args:
            listing: The list.
            interval: The seconds until the next one, at least; infinite if no subscriber waits for
                a job to start.
            seconds: The usual duration of the request.

        Returns:
            The operations that have ended since the list before.
        """
        before, _ = self._listed
        if math.isinf(interval):
            self._listed = {}, -math.inf
            return []
        active = dict[Key, Operation]()
        for document in listing.documents:
            state = field(document.get("status"), "state")
            if not isinstance(state, str) or state not in RESOLVED_STATES:
                operation = listing.operation(document)
                active[_key(operation)] = operation
        pause = max(interval, seconds / MAX_LOAD)
        self._not_before = clock.monotonic() + pause
        self._listed = active, clock.monotonic() + MAX_AGE_INTERVALS * pause
        self._forecast.update(active, listing.as_of)
        gone = (each for key, each in before.items() if key not in active)
        latest = (listing.by_path.get(each.relative_id or "") for each in gone)
        return [listing.operation(document) for document in latest if document is not None]

    def invalidate(self) -> None:
        """Renews the estimates when they are read next, for example since the history changed."""
        self._forecast.invalidate()

    def delay_list(self) -> None:
        """Requests the next list later, since there was no time for this one."""
        self._not_before = clock.monotonic() + DELAY_SECONDS

    def list_delay(self, interval: Seconds, idle: Seconds, seconds: Seconds) -> Seconds:
        """Returns the seconds until a list is to be requested; infinite if it would delay a poll.

        Args:
            interval: The interval at which subscribers need the queue, in seconds.
            idle: The seconds until the next poll.
            seconds: The usual duration of the request; 0 if it is not known.
        """
        delay = max(0.0, self._not_before - clock.monotonic())
        if math.isinf(interval) or idle - delay < (seconds or USUAL_SECONDS):
            return math.inf
        return delay

    def is_due(self) -> bool:
        """Whether a list that replaces a poll may be requested now."""
        return clock.monotonic() >= self._not_before


def _key(operation: Operation) -> Key:
    return operation.resource_id, operation.created_at
