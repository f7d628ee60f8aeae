"""Watches one operation or all operations of a server, and reports when they end or run late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from .._clock import Seconds
from .._http.protocol import TamrClient
from .._operation.document import field, text
from .._operation.operation_list import OperationList
from .._polling.callbacks import ignore
from ..errors import TamrError
from ..history import Estimate
from ..operation import RESOLVED_STATES, Operation
from ..poller import Poller, Subscription

# A job that is new in a list and ended longer before the last one is not news: the server may
# have left it out, or got it from a backup.
NEW_JOB_TOLERANCE = timedelta(minutes=1)


class Event(NamedTuple):
    """An event of a job.

    Attributes:
        kind: `ended`, or `late`: it runs longer than the upper end of its estimate.
        operation: The snapshot at that time.
        estimate: How long it was expected to run; None if that is unknown.
    """

    kind: str
    operation: Operation
    estimate: Estimate | None


class PollWatch:
    """The part that both watches have in common: the history, and which jobs are late.

    Args:
        client: The client whose poller is used.
        on_event: Gets each event.
        on_lost: Gets the error that ended the polling.
    """

    def __init__(
        self,
        client: TamrClient,
        on_event: Callable[[Event], object],
        on_lost: Callable[[TamrError], object],
    ) -> None:
        self._poller = Poller.of(client)
        self._on_event, self._on_lost = on_event, on_lost
        self._late: set[str] = set()
        self._subscriptions: list[Subscription] = []
        self._closed = False

    def start(self) -> None:
        """Subscribes. The first event may arrive before this returns."""
        # The history is read when it is needed, so that no callback is needed when it is filled.
        self._subscriptions = [self._subscribe(), self._poller.learn(ignore)]
        if self._closed:
            self.close()

    def close(self) -> None:
        """Ends the subscriptions."""
        self._closed = True
        for each in self._subscriptions:
            each.close()

    def _subscribe(self) -> Subscription:
        raise NotImplementedError

    def _report(self, kind: str, operation: Operation) -> None:
        self._on_event(Event(kind, operation, self._poller.history.estimate(operation)))

    def _check_late(self, operation: Operation) -> None:
        elapsed, identity = operation.elapsed, operation.identity
        if elapsed is None or operation.ended_at is not None or identity in self._late:
            return
        estimate = self._poller.history.estimate(operation)
        if estimate is not None and elapsed.total_seconds() > estimate.high_seconds:
            self._late.add(identity)
            self._on_event(Event("late", operation, estimate))

    def _on_error(self, error: TamrError) -> None:
        if error.retry_in_seconds is None:
            self.close()
            self._on_lost(error)


class OperationWatch(PollWatch):
    """Watches one operation. One that has ended already is reported soon.

    Args:
        operation: The operation.
        interval: The seconds between two polls.
        *callbacks: `on_event` and `on_lost` of `PollWatch`.
    """

    def __init__(
        self,
        operation: Operation,
        interval: Seconds,
        *callbacks: Callable[[Any], object],
    ) -> None:
        super().__init__(operation.client, *callbacks)
        self._operation, self._interval = operation, interval

    def _subscribe(self) -> Subscription:
        return self._poller.subscribe(
            self._operation, self._on_operation, self._on_error, self._interval
        )

    def _on_operation(self, operation: Operation) -> None:
        if operation.resolved:
            self.close()
            self._report("ended", operation)
        else:
            self._check_late(operation)


class ServerWatch(PollWatch):
    """Watches all operations of a server, from its first list on.

    Args:
        client: The client of the server.
        interval: The seconds between two requests for the list.
        *callbacks: `on_event` and `on_lost` of `PollWatch`.
    """

    def __init__(
        self, client: TamrClient, interval: Seconds, *callbacks: Callable[[Any], object]
    ) -> None:
        super().__init__(client, *callbacks)
        self._client, self._interval = client, interval
        self._previous: OperationList | None = None
        self._known: dict[str, dict[str, Any]] = {}

    def _subscribe(self) -> Subscription:
        return self._poller.subscribe_all(self._on_list, self._on_error, self._interval)

    def _on_list(self, listing: OperationList) -> None:
        listing = listing.with_client(self._client)
        previous, known = self._previous, self._known
        self._previous = listing
        self._known = {name: each for each in listing.documents if (name := _name(each))}
        for document in listing.documents:
            if not _has_ended(document):
                self._check_late(listing.operation(document))
            elif previous is not None and document is not known.get(_name(document)):
                operation = listing.operation(document)
                before = known.get(_name(document))
                if _is_news(operation, before, previous):
                    self._report("ended", operation)


def _name(document: dict[str, Any]) -> str:
    return text(document.get("relativeId") or document.get("id")) or ""


def _has_ended(document: dict[str, Any] | None) -> bool:
    return field(field(document, "status"), "state") in RESOLVED_STATES


def _is_news(operation: Operation, before: dict[str, Any] | None, previous: OperationList) -> bool:
    """Whether a job that has ended had not ended, or was not there, in the previous list."""
    if before is not None and not operation.is_replaced_by(before):
        return not _has_ended(before)
    ended = operation.ended_at
    return ended is None or ended >= previous.as_of - NEW_JOB_TOLERANCE
