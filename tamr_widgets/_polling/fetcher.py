"""Fetcher: goes to the server for a poller, and brings what it says to all who follow."""

from __future__ import annotations

import contextvars
import logging
import math
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from requests.exceptions import ChunkedEncodingError

from .._clock import Seconds, clock
from .._http.deadline import deadline
from .._http.retry import Backoff, is_retryable
from .._operation.operation_list import OperationList
from ..errors import (
    ConnectionFailed,
    HTTPStatusError,
    InternalError,
    RequestTimeout,
    TamrError,
    Unauthorized,
    UnexpectedResponse,
)
from ..operation import Operation, warn_unreadable
from . import history_loader
from .batching import BatchPolicy
from .callbacks import log_exception
from .history_loader import HistoryLoader
from .target import PollTarget
from .targets import EVERYTHING, PollTargets

# A list that somebody follows gets so much time where it keeps others waiting.
LIST_SECONDS = 20.0
# A poll that keeps a command waiting for longer than this is called off, and made again after it.
COMMAND_SECONDS = 0.3
# After so many in a row each one may take twice as long, so that it gets to its end.
INTERRUPTIONS = 3
# A poll may be late by this much for a list that is only learnt from.
LEARNING_SECONDS = 1.0
# After an error in this package itself.
BUG_PAUSE_SECONDS = 1.0

_OUTAGES = frozenset({408, 429, 502, 503, 504})
T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Fetcher:
    """Asks about one operation, or for the list of all, whichever is cheaper just now.

    Args:
        client: Gives the client to ask.
        following: Who is to hear what comes.
        command_due: Gives the time since which a command has been waiting, on the monotonic clock.

    Attributes:
        lessons: Who learns from what comes, if anybody wants that.
        context: Requests are made in it: a notebook shows what they log or warn of below the cell
            that started the thread, not below the one that happens to run.
    """

    def __init__(
        self, client: Callable[[], Any], following: PollTargets, command_due: Callable[[], Seconds]
    ) -> None:
        self._client = client
        self._targets = following
        self._command_due = command_due
        self._interruptions = 0
        self._outage = Backoff(1.0, None)
        self._batching = BatchPolicy()
        self.history_loader: HistoryLoader | None = None
        self.context = contextvars.Context()

    @property
    def answer_seconds(self) -> Seconds:
        """How long the server takes to answer about one operation, as far as is known."""
        return self._batching.single

    def fetch(self, target: PollTarget) -> None:
        """Ask about something that is due; if by a list, then about all that is in it."""
        if target.path == EVERYTHING:
            alone = len(self._targets.all()) == 1
            self._fetch_list(math.inf if alone else LIST_SECONDS)
        elif operations := self._replaced_by_list(target):
            self._fetch_list(self._batching.limit(operations))
        else:
            self._fetch_operation(target)

    def load_history(self, pause: Seconds) -> None:
        """Use a pause of so many seconds between two polls to learn from the past."""
        if self.history_loader is None:
            return
        if self.history_loader.to_do():
            self._in_context(self.history_loader.process_batch)
        elif self.history_loader.needs_list(pause):
            self._fetch_list(history_loader.LIST_SECONDS, for_learning=True)

    def report_internal_error(self, error: BaseException) -> None:
        """Tell everybody of an error of this package's own, and go on in a while."""
        self._in_context(
            log_exception, _logger, "The poller met an error of its own; it goes on.", error
        )
        fault = _internal(error)
        fault.retry_in_seconds = BUG_PAUSE_SECONDS
        for each in self._targets.all():
            each.back_off(BUG_PAUSE_SECONDS, fault)
            each.notify_error(fault)

    def _in_context(self, call: Callable[..., T], *args: Any) -> T:
        return self.context.copy().run(call, *args)

    def _replaced_by_list(self, target: PollTarget) -> int:
        """How many requests a list would replace; 0 if it is better to make them."""
        if not target.in_list:
            return 0
        now = clock.monotonic()
        everything = self._targets.everything()
        operations = sum(each.in_list and each.is_nearly_due(now) for each in self._targets.all())
        if everything is not None and everything.is_nearly_due(now):
            pays = self._batching.list_is_cheap(everything.interval)
        else:
            pays = False
        return operations if pays or self._batching.prefer_list(operations) else 0

    def _is_interrupted(self, start: Seconds) -> bool:
        """Whether a request that began at `start` has kept a command waiting for too long."""
        tolerance = COMMAND_SECONDS * 2.0 ** max(0, self._interruptions - INTERRUPTIONS)
        return clock.monotonic() - max(start, self._command_due()) >= tolerance

    def _adapt(self, *, interrupted: bool) -> None:
        """Count the requests that were called off for a command.

        However many commands there are, and however slow the server is, polls get to their end.
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
            )
        except TamrError as error:
            interrupted = self._is_interrupted(start)
            self._adapt(interrupted=interrupted)
            if not interrupted and not target.has_no_subscribers():
                self._handle_failure(error, target)
        else:
            self._adapt(interrupted=False)
            self._batching.single_took(clock.monotonic() - start)
            self._outage.succeeded()
            self._publish_operation(target, polled)

    def _with_open_client(self, operation: Operation) -> Operation:
        """The operation, with another client of the same server and user if its own was closed."""
        if not getattr(operation.client, "closed", False):
            return operation
        return operation.with_client(self._client())

    def _fetch_list(self, seconds: Seconds, *, for_learning: bool = False) -> None:
        start = clock.monotonic()

        def is_in_the_way() -> bool:
            target = self._targets.next() if for_learning else None
            return target is not None and target.due + LEARNING_SECONDS <= clock.monotonic()

        def cancelled() -> bool:
            return not self._targets or self._is_interrupted(start) or is_in_the_way()

        max_bytes = history_loader.MAX_LIST_BYTES if for_learning else None
        everything = self._targets.everything()
        previous = None if everything is None else everything.latest
        self._targets.request_begins()
        try:
            listing = self._in_context(
                run_command,
                lambda: OperationList(self._client(), previous, max_bytes),
                cancelled,
                seconds,
            )
        except TamrError as error:
            interrupted = self._is_interrupted(start)
            self._adapt(interrupted=interrupted)
            if is_in_the_way() and self.history_loader is not None:
                self.history_loader.refuse(hopeless=False)
            elif not interrupted and self._targets:
                self._handle_list_failure(error)
        else:
            self._adapt(interrupted=False)
            self._batching.list_took(clock.monotonic() - start)
            self._outage.succeeded()
            if self.history_loader is not None:
                self.history_loader.take(listing, followed=previous is not None)
            self._publish_list(listing, start)

    def _publish_list(self, listing: OperationList, asked_at: Seconds) -> None:
        for target in self._targets.all():
            if target.path == EVERYTHING:
                self._publish(target, listing, max(listing.retry_after, self._batching.rest()))
            elif target.since <= asked_at:  # else the list may be older than what they know
                document = listing.by_path.get(target.latest.relative_id)
                # A list that has another job under its path is not believed: a poll decides.
                target.in_list = document is not None and target.latest.is_shown_by(document)
                if document is not None and target.in_list:
                    operation = listing.operation(document, target.latest.api_path)
                    self._publish_operation(target, operation.after(target.latest))

    def _publish_operation(self, target: PollTarget, operation: Operation) -> None:
        if operation.state is None and not target.warned:
            target.warned = True
            self._in_context(warn_unreadable, operation)
        if self.history_loader is not None and operation.state != target.latest.state:
            self.history_loader.note(operation)
        self._publish(target, operation, operation.retry_after)

    def _publish(self, target: PollTarget, news: Any, left_alone: Seconds) -> None:
        followers = self._targets.update_latest(target, news)
        target.schedule(left_alone)
        for each in followers:
            each.notify(news)

    def _handle_list_failure(self, error: TamrError) -> None:
        """The list failed: that is the affair of those who follow it, and perhaps of all."""
        self._batching.list_failed()
        if self.history_loader is not None:
            hopeless = not is_retryable(error, math.inf)
            self._in_context(partial(self.history_loader.refuse, hopeless=hopeless))
        everything = self._targets.everything()
        target = everything or self._targets.next()
        if target is not None and (
            target is everything or concerns_all_targets(error, of_list=True)
        ):
            self._handle_failure(error, target, of_list=True)

    def _handle_failure(
        self, error: TamrError, target: PollTarget, *, of_list: bool = False
    ) -> None:
        """A request failed: decide who is hit by it, and when to ask again."""
        backoff, hit = target.backoff, [target]
        if concerns_all_targets(error, of_list=of_list):
            backoff, hit = self._outage, self._targets.all()
        try:
            error.retry_in_seconds = backoff.next_delay(error, clock.monotonic() - target.since)
        except TamrError:
            for each in hit:
                self._targets.remove(each)
        for each in hit:
            if error.retry_in_seconds is not None:
                each.back_off(error.retry_in_seconds, error)
            each.notify_error(error)


def run_command(
    work: Callable[[], T], cancelled: Callable[[], bool], seconds: Seconds = math.inf
) -> T:
    """Do something that asks the server; whatever it raises is a TamrError."""
    try:
        with deadline(seconds, cancelled):
            return work()
    except TamrError:
        raise
    except BaseException as error:  # also SystemExit, which would end the thread in silence
        log_exception(_logger, "The poller met an error that is none of the server's.", error)
        raise _internal(error) from error


def _internal(error: BaseException) -> InternalError:
    # Safe also for an error that raises when it is asked for its text.
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    return InternalError(f"Something went wrong in tamr_widgets itself: {text}.")


def concerns_all_targets(error: TamrError, *, of_list: bool = False) -> bool:
    """Whether a fault says that the server or the user, not one operation, is in trouble.

    A list fails more easily than that: it may be too long for somebody in between.
    """
    if isinstance(error, Unauthorized):
        return True
    if isinstance(error, ConnectionFailed):
        return not (of_list and isinstance(error.__cause__, ChunkedEncodingError))
    if of_list:
        return False
    if isinstance(error, HTTPStatusError):
        return error.response is not None and error.response.status_code in _OUTAGES
    if isinstance(error, UnexpectedResponse) and error.response is not None:
        return "html" in error.response.headers.get("Content-Type", "")  # a login page
    return isinstance(error, RequestTimeout)
