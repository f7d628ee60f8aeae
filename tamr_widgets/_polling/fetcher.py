"""Courier: goes to the server for a poller, and brings what it says to all who follow."""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from requests.exceptions import ChunkedEncodingError

from .._http.deadline import Seconds, clock, time_limit
from .._http.retry import Patience, passes
from .._operation.operation_list import Listing
from ..errors import (
    HTTPStatusError,
    InternalError,
    NoAnswer,
    TamrError,
    TooSlow,
    Unauthorized,
    UnexpectedAnswer,
)
from ..operation import Operation, warn_unreadable
from . import history_loader
from .batching import Economy
from .history_loader import Lessons
from .target import Watch
from .targets import EVERYTHING, Following

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


class Courier:
    """Asks about one operation, or for the list of all, whichever is cheaper just now.

    Args:
        client: Gives the client to ask.
        following: Who is to hear what comes.
        command_due: Gives the time since which a command has been waiting, on the monotonic clock.

    Attributes:
        lessons: Who learns from what comes, if anybody wants that.
    """

    def __init__(
        self, client: Callable[[], Any], following: Following, command_due: Callable[[], Seconds]
    ) -> None:
        self._client = client
        self._following = following
        self._command_due = command_due
        self._interruptions = 0
        self._outage = Patience(1.0, None)
        self._economy = Economy()
        self.lessons: Lessons | None = None

    @property
    def answer_seconds(self) -> Seconds:
        """How long the server takes to answer about one operation, as far as is known."""
        return self._economy.single

    def ask(self, watch: Watch) -> None:
        """Ask about something that is due; if by a list, then about all that is in it."""
        if watch.path == EVERYTHING:
            alone = len(self._following.all()) == 1
            self._ask_for_list(math.inf if alone else LIST_SECONDS)
        elif operations := self._spared_by_a_list(watch):
            self._ask_for_list(self._economy.limit(operations))
        else:
            self._ask_for(watch)

    def learn(self, pause: Seconds) -> None:
        """Use a pause of so many seconds between two polls to learn from the past."""
        if self.lessons is None:
            return
        if self.lessons.to_do():
            self.lessons.study()
        elif self.lessons.lack_list(pause):
            self._ask_for_list(history_loader.LIST_SECONDS, for_learning=True)

    def stumble(self, error: BaseException) -> None:
        """Tell everybody of an error of this package's own, and go on in a while."""
        fault = _internal(error)
        fault.retry_in_seconds = BUG_PAUSE_SECONDS
        for each in self._following.all():
            each.postpone(BUG_PAUSE_SECONDS, fault)
            each.tell_error(fault)

    def _spared_by_a_list(self, watch: Watch) -> int:
        """How many requests a list would replace; 0 if it is better to make them."""
        if not watch.in_list:
            return 0
        now = clock.monotonic()
        everything = self._following.everything()
        operations = sum(each.in_list and each.near(now) for each in self._following.all())
        if everything is not None and everything.near(now):
            pays = self._economy.list_is_light(everything.interval)
        else:
            pays = False
        return operations if pays or self._economy.list_pays(operations) else 0

    def _is_interrupted(self, start: Seconds) -> bool:
        """Whether a request that began at `start` has kept a command waiting for too long."""
        tolerance = COMMAND_SECONDS * 2.0 ** max(0, self._interruptions - INTERRUPTIONS)
        return clock.monotonic() - max(start, self._command_due()) >= tolerance

    def _adapt(self, *, interrupted: bool) -> None:
        """Count the requests that were called off for a command.

        However many commands there are, and however slow the server is, polls get to their end.
        """
        self._interruptions = max(0, self._interruptions + (1 if interrupted else -1))

    def _ask_for(self, watch: Watch) -> None:
        start = clock.monotonic()
        watch.request_begins()
        operation = self._with_open_client(watch.newest)
        try:
            polled = attempt(
                operation.poll, lambda: watch.abandoned() or self._is_interrupted(start)
            )
        except TamrError as error:
            interrupted = self._is_interrupted(start)
            self._adapt(interrupted=interrupted)
            if not interrupted and not watch.abandoned():
                self._suffer(error, watch)
        else:
            self._adapt(interrupted=False)
            self._economy.single_took(clock.monotonic() - start)
            self._outage.succeeded()
            self._deliver_operation(watch, polled)

    def _with_open_client(self, operation: Operation) -> Operation:
        """The operation, with another client of the same server and user if its own was closed."""
        if not getattr(operation.client, "closed", False):
            return operation
        return operation.with_client(self._client())

    def _ask_for_list(self, seconds: Seconds, *, for_learning: bool = False) -> None:
        start = clock.monotonic()

        def is_in_the_way() -> bool:
            watch = self._following.next() if for_learning else None
            return watch is not None and watch.due + LEARNING_SECONDS <= clock.monotonic()

        def called_off() -> bool:
            return not self._following or self._is_interrupted(start) or is_in_the_way()

        max_bytes = history_loader.MAX_LIST_BYTES if for_learning else None
        everything = self._following.everything()
        previous = None if everything is None else everything.newest
        self._following.request_begins()
        try:
            listing = attempt(
                lambda: Listing(self._client(), previous, max_bytes), called_off, seconds
            )
        except TamrError as error:
            interrupted = self._is_interrupted(start)
            self._adapt(interrupted=interrupted)
            if is_in_the_way() and self.lessons is not None:
                self.lessons.refuse(hopeless=False)
            elif not interrupted and self._following:
                self._do_without_list(error)
        else:
            self._adapt(interrupted=False)
            self._economy.list_took(clock.monotonic() - start)
            self._outage.succeeded()
            if self.lessons is not None:
                self.lessons.take(listing, followed=previous is not None)
            self._deliver_list(listing, start)

    def _deliver_list(self, listing: Listing, asked_at: Seconds) -> None:
        for watch in self._following.all():
            if watch.path == EVERYTHING:
                self._deliver(watch, listing, max(listing.retry_after, self._economy.rest()))
            elif watch.since <= asked_at:  # else the list may be older than what they know
                document = listing.by_path.get(watch.newest.relative_id)
                # A list that has another job under its path is not believed: a poll decides.
                watch.in_list = document is not None and watch.newest.is_shown_by(document)
                if document is not None and watch.in_list:
                    operation = listing.operation(document, watch.newest.api_path)
                    self._deliver_operation(watch, operation)

    def _deliver_operation(self, watch: Watch, operation: Operation) -> None:
        if operation.state is None and not watch.warned:
            watch.warned = True
            warn_unreadable(operation)
        if self.lessons is not None and operation.state != watch.newest.state:
            self.lessons.note(operation)
        self._deliver(watch, operation, operation.retry_after)

    def _deliver(self, watch: Watch, news: Any, left_alone: Seconds) -> None:
        followers = self._following.renew(watch, news)
        watch.schedule(left_alone)
        for each in followers:
            each.tell(news)

    def _do_without_list(self, error: TamrError) -> None:
        """The list failed: that is the affair of those who follow it, and perhaps of all."""
        self._economy.list_failed()
        if self.lessons is not None:
            self.lessons.refuse(hopeless=not passes(error, math.inf))
        everything = self._following.everything()
        watch = everything or self._following.next()
        if watch is not None and (watch is everything or stops_everyone(error, of_list=True)):
            self._suffer(error, watch, of_list=True)

    def _suffer(self, error: TamrError, watch: Watch, *, of_list: bool = False) -> None:
        """A request failed: decide who is hit by it, and when to ask again."""
        patience, hit = watch.patience, [watch]
        if stops_everyone(error, of_list=of_list):
            patience, hit = self._outage, self._following.all()
        try:
            error.retry_in_seconds = patience.pause_after(error, clock.monotonic() - watch.since)
        except TamrError:
            for each in hit:
                self._following.drop(each)
        for each in hit:
            if error.retry_in_seconds is not None:
                each.postpone(error.retry_in_seconds, error)
            each.tell_error(error)


def attempt(
    work: Callable[[], T], called_off: Callable[[], bool], seconds: Seconds = math.inf
) -> T:
    """Do something that asks the server; whatever it raises is a TamrError."""
    try:
        with time_limit(seconds, called_off):
            return work()
    except TamrError:
        raise
    except BaseException as error:  # also SystemExit, which would end the thread in silence
        _logger.exception("The poller met an error that is none of the server's.")
        raise _internal(error) from error


def _internal(error: BaseException) -> InternalError:
    # Safe also for an error that raises when it is asked for its text.
    text = "".join(traceback.format_exception_only(type(error), error)).strip()
    return InternalError(f"Something went wrong in tamr_widgets itself: {text}.")


def stops_everyone(error: TamrError, *, of_list: bool = False) -> bool:
    """Whether a fault says that the server or the user, not one operation, is in trouble.

    A list fails more easily than that: it may be too long for somebody in between.
    """
    if isinstance(error, Unauthorized):
        return True
    if isinstance(error, NoAnswer):
        return not (of_list and isinstance(error.__cause__, ChunkedEncodingError))
    if of_list:
        return False
    if isinstance(error, HTTPStatusError):
        return error.response is not None and error.response.status_code in _OUTAGES
    if isinstance(error, UnexpectedAnswer) and error.response is not None:
        return "html" in error.response.headers.get("Content-Type", "")  # a login page
    return isinstance(error, TooSlow)
