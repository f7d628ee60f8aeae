"""Fetches operations for the poller and publishes them to subscribers."""

from __future__ import annotations

import contextvars
import logging
import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .._clock import Seconds, clock
from .._http.retry import Backoff, concerns_all_operations, is_retryable
from .._operation.operation_list import OperationList
from .._operation.wait import warn_unreadable
from ..errors import TamrError
from ..operation import Operation
from . import history_loader
from .batching import BatchPolicy
from .callbacks import log_exception
from .commands import internal_error, run_command
from .history_loader import HistoryLoader
from .target import PollTarget
from .targets import EVERYTHING, PollTargets

# The deadline of a list that has subscribers, if there are other targets, too.
LIST_SECONDS = 20.0
# A poll that delays a command by more than this is cancelled, and repeated after the command.
COMMAND_SECONDS = 0.3
# After so many consecutive cancellations the tolerance doubles each time, so that polls finish.
MAX_INTERRUPTIONS = 3
# A list for the history alone may delay a poll by this much.
MAX_POLL_DELAY_SECONDS = 1.0
# The delay after an error in this package itself.
INTERNAL_ERROR_DELAY_SECONDS = 1.0

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Fetcher:
    """Requests one operation, or the list of all if that is cheaper.

    Args:
        client: Returns the client that makes the requests.
        targets: The poll targets, whose subscribers are notified.
        command_due: Returns when the oldest command is or was due, on the monotonic clock.

    Attributes:
        history_loader: Gets each response, if the history is used.
        context: The context of the requests: a notebook shows their log messages and warnings below
            the cell that started the thread, not below the one that is running.
    """

    def __init__(
        self, client: Callable[[], Any], targets: PollTargets, command_due: Callable[[], Seconds]
    ) -> None:
        self._client = client
        self._targets = targets
        self._command_due = command_due
        self._interruptions = 0
        self._outage = Backoff(1.0, None)
        self._batching = BatchPolicy()
        self.history_loader: HistoryLoader | None = None
        self.context = contextvars.Context()

    @property
    def response_seconds(self) -> Seconds:
        """The usual duration of a poll of one operation in seconds; 0 before the first."""
        return self._batching.single

    def fetch(self, target: PollTarget) -> None:
        """Polls a target that is due; by the list, together with all targets that are in it."""
        if target.key == EVERYTHING:
            alone = len(self._targets.all()) == 1
            self._fetch_list(math.inf if alone else LIST_SECONDS)
        elif operations := self._replaced_by_list(target):
            self._fetch_list(self._batching.list_deadline(operations))
        else:
            self._fetch_operation(target)

    def history_delay(self, idle_seconds: Seconds) -> Seconds:
        """Returns the seconds until `load_history` has work, when no poll is due so soon."""
        loader = self.history_loader
        if loader is None or loader.has_work():
            return math.inf if loader is None else 0.0
        interval = self._targets.queue_interval()
        return loader.list_delay(idle_seconds, interval, self._batching.list)

    def load_history(self, idle_seconds: Seconds) -> None:
        """Processes a batch of the history, or requests its list, when no poll is due so soon."""
        loader = self.history_loader
        if loader is None or self.history_delay(idle_seconds) > 0:
            return
        if loader.has_work():
            self._in_context(loader.process_batch)
        else:
            self._fetch_list(history_loader.LIST_SECONDS, for_history=True)

    def report_internal_error(self, error: BaseException) -> None:
        """Logs an error of this package itself, notifies all subscribers, and backs off."""
        self._in_context(log_exception, _logger, "Internal error of the poller; it goes on.", error)
        reported = internal_error(error)
        reported.retry_in_seconds = INTERNAL_ERROR_DELAY_SECONDS
        for each in self._targets.all():
            self._targets.back_off(each, INTERNAL_ERROR_DELAY_SECONDS, reported)
            each.notify_error(reported)

    def _in_context(
        self, call: Callable[..., T], *args: Any, target: PollTarget | None = None
    ) -> T:
        """Runs a call whose logs appear below the cell that subscribed first to `target`.

        Without a target it is the cell that started the thread.
        """
        subscriptions = target.subscriptions if target else ()
        context = subscriptions[0].context if subscriptions else self.context
        return context.copy().run(call, *args)

    def _replaced_by_list(self, target: PollTarget) -> int:
        """Returns the number of requests that a list would replace; 0 if they are cheaper."""
        if not target.in_list:
            return 0
        now = clock.monotonic()
        everything = self._targets.everything()
        operations = sum(each.in_list and each.is_nearly_due(now) for each in self._targets.all())
        if everything is not None and everything.is_nearly_due(now):
            is_cheap = self._batching.list_is_cheap(everything.interval)
        elif self.history_loader is not None and self.history_loader.queue.is_due():
            # Otherwise it would be requested in addition to the poll, for the jobs that wait.
            interval = self._targets.queue_interval()
            is_cheap = math.isfinite(interval) and self._batching.list_is_cheap(interval)
        else:
            is_cheap = False
        is_cheap = is_cheap or self._batching.prefer_list(operations, target.interval)
        return operations if is_cheap else 0

    def _is_interrupted(self, start: Seconds) -> bool:
        """Whether a request that began at `start` has delayed a command for too long."""
        tolerance = COMMAND_SECONDS * 2.0 ** max(0, self._interruptions - MAX_INTERRUPTIONS)
        return clock.monotonic() - max(start, self._command_due()) >= tolerance

    def _count_interruption(self, *, interrupted: bool) -> None:
        """Counts the requests that were cancelled for a command, which adapts the tolerance.

        So polls finish, however many commands there are, and however slow the server is.
        """
        self._interruptions = max(0, self._interruptions + (1 if interrupted else -1))

    def _fetch_operation(self, target: PollTarget) -> None:
        start = clock.monotonic()
        target.request_begins()
        operation = self._with_open_client(target.latest)
        try:
            polled = self._in_context(
                run_command,
                operation.poll,
                lambda: target.has_no_subscribers() or self._is_interrupted(start),
                target=target,
            )
        except TamrError as error:
            interrupted = self._is_interrupted(start)
            self._count_interruption(interrupted=interrupted)
            if not interrupted and not target.has_no_subscribers():
                self._handle_failure(error, target)
        else:
            self._count_interruption(interrupted=False)
            self._batching.single_took(clock.monotonic() - start)
            self._outage.succeeded()
            self._publish_operation(target, polled)

    def _with_open_client(self, operation: Operation) -> Operation:
        """Returns the operation, with another client of the poller if its own was closed."""
        if not getattr(operation.client, "closed", False):
            return operation
        return operation.with_client(self._client())

    def _fetch_list(self, seconds: Seconds, *, for_history: bool = False) -> None:
        start = clock.monotonic()
        everything = self._targets.everything()
        previous = None if everything is None else everything.latest
        max_bytes = history_loader.MAX_LIST_BYTES if for_history else None

        def delays_a_poll() -> bool:
            return for_history and self._is_a_poll_late()

        self._targets.request_begins()
        try:
            listing = self._in_context(
                run_command,
                lambda: OperationList(self._client(), previous, max_bytes),
                lambda: not self._targets or self._is_interrupted(start) or delays_a_poll(),
                seconds,
            )
        except TamrError as error:
            interrupted = self._is_interrupted(start)
            self._count_interruption(interrupted=interrupted)
            if delays_a_poll() and self.history_loader is not None:
                self.history_loader.mark_unavailable(permanent=False)
            elif not interrupted and self._targets:
                self._handle_list_failure(error)
        else:
            self._count_interruption(interrupted=False)
            self._batching.list_took(clock.monotonic() - start, len(listing.documents))
            self._outage.succeeded()
            self._update_history(listing, has_subscribers=previous is not None)
            self._publish_list(listing, start)

    def _is_a_poll_late(self) -> bool:
        """Whether a poll is so late that a list for the history alone must end."""
        # The history is worth a late poll once; the queue, which is requested often, is not.
        loader = self.history_loader
        tolerance = 0.0 if loader and loader.is_filled() else MAX_POLL_DELAY_SECONDS
        target = self._targets.next()
        return target is not None and target.due + tolerance <= clock.monotonic()

    def _update_history(self, listing: OperationList, *, has_subscribers: bool) -> None:
        if self.history_loader is not None:
            interval = self._targets.queue_interval()
            self.history_loader.take(listing, has_subscribers=has_subscribers)
            self.history_loader.take_queue(listing, interval, self._batching.list)

    def _publish_list(self, listing: OperationList, requested_at: Seconds) -> None:
        min_delay = max(listing.retry_after, self._batching.list_cooldown())
        for target in self._targets.all():
            if target.key == EVERYTHING:
                self._publish(target, listing, min_delay)
            elif target.since <= requested_at:  # else the list may be older than its snapshot
                document = listing.by_path.get(target.latest.relative_id)
                # A list may have another job under this path: the next poll shows which is right.
                target.in_list = document is not None and target.latest.is_shown_by(document)
                if document is not None and target.in_list:
                    operation = listing.operation(document, target.latest.api_path)
                    self._publish_operation(target, operation.after(target.latest))

    def _publish_operation(self, target: PollTarget, operation: Operation) -> None:
        if operation.state is None and not target.warned:
            target.warned = True
            self._in_context(warn_unreadable, operation, target=target)
        if self.history_loader is not None and operation.state != target.latest.state:
            self.history_loader.note(operation)
        self._publish(target, operation, operation.retry_after)

    def _publish(self, target: PollTarget, result: Any, min_delay: Seconds) -> None:
        for each in self._targets.update_latest(target, result, min_delay):
            each.notify(result)

    def _handle_list_failure(self, error: TamrError) -> None:
        """Handles an error of the list: it affects the list's subscribers, and perhaps all."""
        self._batching.list_failed()
        if self.history_loader is not None:
            permanent = not is_retryable(error, math.inf)
            self._in_context(partial(self.history_loader.mark_unavailable, permanent=permanent))
        everything = self._targets.everything()
        target = everything or self._targets.next()
        if target is not None and (
            target is everything or concerns_all_operations(error, of_list=True)
        ):
            self._handle_failure(error, target, of_list=True)

    def _handle_failure(
        self, error: TamrError, target: PollTarget, *, of_list: bool = False
    ) -> None:
        """Decides which targets an error affects, notifies them, and schedules their next polls."""
        backoff, affected = target.backoff, [target]
        if concerns_all_operations(error, of_list=of_list):
            backoff, affected = self._outage, self._targets.all()
        try:
            error.retry_in_seconds = backoff.next_delay(error, clock.monotonic() - target.since)
        except TamrError:
            for each in affected:
                self._targets.remove(each)
        for each in affected:
            if error.retry_in_seconds is not None:
                self._targets.back_off(each, error.retry_in_seconds, error)
            each.notify_error(error)
