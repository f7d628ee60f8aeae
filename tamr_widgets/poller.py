"""Poller: a client's one background thread, the only one that asks the server on its own.

It polls the operations that somebody subscribed to, one request at a time, and hands each fresh
snapshot to all subscribers of that operation. Commands (cancel, delete) run on the same thread,
between two polls. The thread starts with the first subscriber and ends with the last.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from operator import itemgetter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

from .errors import HTTPStatusError, InternalError, NoAnswer, TamrError, TooSlow, Unauthorized
from .faults import Patience
from .listing import Listing
from .operation import LEAST_INTERVAL_SECONDS, Operation, warn_unreadable
from .timing import Seconds, checked_seconds, clock, time_limit
from .watch import Subscription, Watch

__all__ = ["Poller", "Subscription"]

# Until it is measured, the list is tried when so many operations are due together.
LIST_TRIAL = 5
# What is due within this share of its interval may as well be asked about now, with the list.
LIST_WINDOW = 0.5
LIST_SECONDS = 20.0
LIST_BANNED_SECONDS = 300.0
# How much the newest measurement of a request's cost counts.
COST_WEIGHT = 0.3
# How long the thread may sleep at a time; whatever happens meanwhile wakes it.
LONGEST_PAUSE_SECONDS = 3600.0
# After an error in the poller itself.
BUG_PAUSE_SECONDS = 1.0

# The list of all operations is watched under a path that no operation has.
_EVERYTHING = ""
_NOWHERE = "?"
_OUTAGES = frozenset({408, 429, 502, 503, 504})
_pollers: WeakKeyDictionary[Any, Poller] = WeakKeyDictionary()
_pollers_lock = threading.Lock()
T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Poller:
    """Follows operations of one client in the background. `Poller.of(client)` is the usual way.

    Args:
        client: A `Client`, or a client of the public package.
    """

    def __init__(self, client: Any) -> None:
        # Weakly, since `_pollers` must not keep a client alive; whoever follows something does.
        self._client = ref(client)
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._watches: dict[str, Watch] = {}
        self._commands: list[tuple[Seconds, Subscription, Callable[[], object]]] = []
        self._outage = Patience(1.0, None)
        self._single_cost: Seconds = 0.0
        self._list_cost: Seconds | None = None
        self._list_banned_until = 0.0

    @classmethod
    def of(cls, client: Any) -> Poller:
        """The poller of a client: always the same one, so that it has only one thread."""
        with _pollers_lock:
            return _pollers.setdefault(client, cls(client))

    def subscribe(
        self,
        operation: Operation,
        on_operation: Callable[[Operation], object],
        on_error: Callable[[TamrError], object] | None = None,
        interval: Seconds = 3,
        *,
        on_a_page: bool = False,
    ) -> Subscription:
        """Follow an operation until it is resolved or the subscription is closed.

        Callbacks run on the poller's thread.

        Args:
            operation: One of ours or of the public client's. A resolved one is never asked about.
            on_operation: Gets each fresh snapshot; the last one is resolved.
            on_error: Gets each fault. `error.retry_in_seconds` says how soon the poller asks
                again; it is None for a fault that does not pass, after which nothing more comes.
            interval: Seconds between two polls; the first ones come sooner.
            on_a_page: Whether the follower is a page that calls `seen` now and then.

        Raises:
            NotAnOperation: `operation` is none.
            ValueError, TypeError: `interval` is not a number of seconds.
        """
        operation = Operation.adopt(operation)
        interval = max(checked_seconds("interval", interval), LEAST_INTERVAL_SECONDS)
        subscription = Subscription(
            on_operation, on_error, interval, on_close=self._notify, on_a_page=on_a_page
        )
        if not operation.resolved:
            self._join(operation.api_path or _NOWHERE, operation, subscription)
        return subscription

    def subscribe_all(
        self,
        on_listing: Callable[[Listing], object],
        on_error: Callable[[TamrError], object] | None = None,
        interval: Seconds = 5,
        *,
        on_a_page: bool = False,
    ) -> Subscription:
        """Follow the server's list of all operations. Arguments as for `subscribe`."""
        interval = max(checked_seconds("interval", interval), LEAST_INTERVAL_SECONDS)
        subscription = Subscription(
            on_listing, on_error, interval, on_close=self._notify, on_a_page=on_a_page
        )
        self._join(_EVERYTHING, None, subscription)
        return subscription

    def submit(
        self,
        command: Callable[[], Any],
        on_done: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None = None,
        delay: Seconds = 0.0,
    ) -> Subscription:
        """Run a command on the thread, before the next poll. Closing the result calls it off.

        Args:
            command: What to do; it is done once, and never again.
            on_done: Gets what it returned.
            on_error: Gets what it raised.
            delay: Run it so many seconds from now.
        """
        order = Subscription(on_done, on_error, 0.0, on_close=self._notify)
        with self._wake:
            self._order(order, command, delay)
            self._start()
        return order

    def _order(
        self, order: Subscription, command: Callable[[], object], delay: Seconds = 0.0
    ) -> None:
        self._commands.append((clock.monotonic() + delay, order, command))
        self._commands.sort(key=itemgetter(0))

    def refresh(self, operation: Operation) -> None:
        """Ask about an operation at once rather than when it is due."""
        with self._wake:
            watch = self._watches.get(operation.api_path or _NOWHERE)
            if watch is not None:
                watch.due = clock.monotonic()
            self._wake.notify_all()

    def _join(self, path: str, operation: Operation | None, subscription: Subscription) -> None:
        with self._wake:
            watch = self._watches.get(path)
            if watch is None or watch.abandoned():
                watch = self._watches[path] = Watch(operation)
            watch.subscriptions.append(subscription)
            newest = watch.operation
            if newest is not None and operation is not None and newest.as_of > operation.as_of:
                self._order(subscription, lambda: newest)
            self._start()

    def _start(self) -> None:
        """Wake the thread, or start it; the caller holds the lock."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name=f"tamr_widgets poller {id(self):x}", daemon=True
            )
            self._thread.start()
        self._wake.notify_all()

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            try:
                pause = self._step()
            except Exception:
                _logger.exception("The poller met an error of its own; it goes on.")
                pause = BUG_PAUSE_SECONDS
            with self._wake:
                self._forget_abandoned()
                if not self._watches and not self._commands:
                    self._thread = None
                    return
                if self._commands:
                    pause = min(pause, self._commands[0][0] - clock.monotonic())
                if pause > 0:
                    self._wake.wait(pause)

    def _step(self) -> Seconds:
        """Do what is due, one request at most, and say how long there is nothing more to do."""
        now = clock.monotonic()
        with self._wake:
            self._forget_abandoned()
            order = (
                self._commands.pop(0) if self._commands and self._commands[0][0] <= now else None
            )
            watches = list(self._watches.values())
        if order is not None:
            self._carry_out(*order[1:])
            return 0.0
        due = min(watches, key=lambda watch: watch.due, default=None)
        if due is None:
            return LONGEST_PAUSE_SECONDS
        if due.due > now:
            return min(due.due - now, LONGEST_PAUSE_SECONDS)
        if due.operation is None or (due.in_list and self._list_pays(watches, now)):
            self._ask_for_list(watches)
        else:
            self._ask_for(due, watches)
        return 0.0

    def _forget_abandoned(self) -> None:
        for path, watch in list(self._watches.items()):
            if watch.abandoned():
                del self._watches[path]
        self._commands = [each for each in self._commands if not each[1].closed]

    def _carry_out(self, order: Subscription, command: Callable[[], Any]) -> None:
        if order.closed:
            return
        try:
            result = _attempt(command, lambda: order.closed)
        except TamrError as error:
            order.tell_error(error)
        else:
            order.tell(result)

    def _ask_for(self, watch: Watch, watches: list[Watch]) -> None:
        assert watch.operation is not None  # noqa: S101
        start = clock.monotonic()
        try:
            polled = _attempt(watch.operation.poll, watch.abandoned)
        except TamrError as error:
            self._suffer(error, watch, watches)
        else:
            self._single_cost = _mean(self._single_cost or None, clock.monotonic() - start)
            self._outage.succeeded()
            self._hand_out(watch, polled)

    def _ask_for_list(self, watches: list[Watch]) -> None:
        start = clock.monotonic()
        everyone = self._watches.get(_EVERYTHING)
        try:
            listing = _attempt(
                lambda: Listing(self._client()),
                lambda: all(watch.abandoned() for watch in watches),
                LIST_SECONDS,
            )
        except TamrError as error:
            if everyone is not None or isinstance(error, NoAnswer):
                self._suffer(error, everyone or watches[0], watches)
            else:
                self._list_banned_until = clock.monotonic() + LIST_BANNED_SECONDS
            return
        self._list_cost = _mean(self._list_cost, clock.monotonic() - start)
        self._outage.succeeded()
        documents = {each.get("relativeId"): each for each in listing.documents}
        for watch in watches:
            if watch.operation is None:
                watch.patience.succeeded()
                watch.tell(listing)
                watch.schedule()
            elif (document := documents.get(watch.operation.relative_id)) is not None:
                self._hand_out(watch, listing.operation(document, watch.operation.api_path))
            else:
                watch.in_list = False

    def _list_pays(self, watches: list[Watch], now: Seconds) -> bool:
        """Whether one list costs less than asking for each operation that is about to be due."""
        if now < self._list_banned_until:
            return False
        soon = sum(w.in_list and w.due - now <= w.interval * LIST_WINDOW for w in watches)
        if self._list_cost is None:
            return soon >= LIST_TRIAL
        return soon > 1 and soon * self._single_cost > self._list_cost

    def _hand_out(self, watch: Watch, operation: Operation) -> None:
        watch.operation = operation
        watch.patience.succeeded()
        if operation.state is None and not watch.warned:
            watch.warned = True
            warn_unreadable(operation)
        if operation.resolved:
            self._drop(watch)
        watch.tell(operation)
        watch.schedule(operation.retry_after)

    def _suffer(self, error: TamrError, watch: Watch, watches: list[Watch]) -> None:
        """A request failed: decide who is hit by it, and when to ask again."""
        if watch.abandoned():
            return
        outage = _is_outage(error)
        patience = self._outage if outage else watch.patience
        hit = watches if outage or isinstance(error, Unauthorized) else [watch]
        try:
            error.retry_in_seconds = patience.pause_after(error, clock.monotonic() - watch.since)
        except TamrError:
            for each in hit:
                self._drop(each)
        for each in hit:
            each.postpone(error.retry_in_seconds or 0.0)
            each.tell_error(error)

    def _drop(self, watch: Watch) -> None:
        """Never ask about this again, unless somebody subscribes anew."""
        with self._wake:
            for path in [path for path, each in self._watches.items() if each is watch]:
                del self._watches[path]


def _attempt(
    work: Callable[[], T], called_off: Callable[[], bool], seconds: Seconds = math.inf
) -> T:
    """Do something that asks the server; whatever it raises is a TamrError."""
    try:
        with time_limit(seconds, called_off):
            return work()
    except TamrError:
        raise
    except Exception as error:
        _logger.exception("The poller met an error that is none of the server's.")
        msg = f"Something went wrong in tamr_widgets itself: {type(error).__name__}: {error}."
        raise InternalError(msg) from error


def _is_outage(error: TamrError) -> bool:
    """Whether a fault says that the server, not one operation, is in trouble."""
    if isinstance(error, HTTPStatusError):
        return error.response is not None and error.response.status_code in _OUTAGES
    return isinstance(error, (NoAnswer, TooSlow))


def _mean(before: Seconds | None, now: Seconds) -> Seconds:
    return now if before is None else before + COST_WEIGHT * (now - before)
