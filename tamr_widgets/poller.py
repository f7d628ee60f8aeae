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
from typing import Any
from weakref import WeakKeyDictionary, ref

from .courier import Courier, attempt
from .errors import TamrError
from .following import EVERYTHING, Following
from .history import JobHistory
from .lessons import Lessons
from .listing import Listing
from .operation import LEAST_INTERVAL_SECONDS, Operation
from .orders import Orders
from .timing import Seconds, checked_seconds, clock
from .watch import Subscription

__all__ = ["Poller", "Subscription"]

# A poll that keeps a command waiting for longer than this is called off, and made again after it.
COMMAND_SECONDS = 0.3
# How long the thread may sleep at a time; whatever happens meanwhile wakes it.
LONGEST_PAUSE_SECONDS = 3600.0

_pollers: WeakKeyDictionary[Any, Poller] = WeakKeyDictionary()
_pollers_lock = threading.Lock()

_logger = logging.getLogger(__name__)


class Poller:
    """Follows operations of one client in the background. `Poller.of(client)` is the usual way.

    Args:
        client: A `Client`, or a client of the public package.
    """

    def __init__(self, client: Any) -> None:
        # Weakly, since `_pollers` must not keep a client alive; the thread does, while it runs.
        self._client = ref(client)
        self._client_in_use: Any = None
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._following = Following(self._wake)
        self._orders = Orders()
        self._courier = Courier(self._client, self._following, self._is_command_kept_waiting)

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
        subscription = self._subscription(on_operation, on_error, interval, on_a_page)
        if not operation.resolved:
            self._join(operation.identity, operation, subscription)
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
        subscription = self._subscription(on_listing, on_error, interval, on_a_page)
        self._join(EVERYTHING, None, subscription)
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
        owner = Subscription(on_done, on_error, on_change=self._following.reconsider)
        self._order(owner, lambda: _carry_out(command, owner), delay)
        return owner

    def refresh(self, operation: Operation) -> None:
        """Ask about an operation at once rather than when it is due."""
        with self._wake:
            watch = self._following.get(operation.identity)
            if watch is not None:
                watch.hasten()
            self._wake.notify_all()

    @property
    def history(self) -> JobHistory:
        """How long this server's jobs take, learnt from all answers since this was first used."""
        return self._lessons().history

    def learn(self, on_learned: Callable[[JobHistory], object]) -> Subscription:
        """Fill `history` from the server's list, once, when nothing else is due.

        Args:
            on_learned: Gets the history when that is done, on the poller's thread; at once if it
                was done before, and never where the list can't be had.
        """
        lessons = self._lessons()
        owner = Subscription(on_learned, None, on_change=self._following.reconsider)
        with self._wake:
            everything = self._following.everything()
            if everything is not None and everything.newest is not None:
                lessons.take(everything.newest, followed=False)
            if not lessons.over():
                lessons.want(owner)
                self._wake.notify_all()
                return owner
        self._order(owner, lambda: owner.tell(lessons.history))
        return owner

    def _lessons(self) -> Lessons:
        with self._wake:
            if self._courier.lessons is None:
                self._courier.lessons = Lessons()
            return self._courier.lessons

    def _subscription(
        self,
        on_news: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None,
        interval: Seconds,
        on_a_page: bool,
    ) -> Subscription:
        interval = max(checked_seconds("interval", interval), LEAST_INTERVAL_SECONDS)
        on_change = self._following.reconsider
        return Subscription(on_news, on_error, interval, on_change=on_change, on_a_page=on_a_page)

    def _join(self, path: str, known: Operation | None, subscription: Subscription) -> None:
        with self._wake:
            watch = self._following.join(path, known, subscription)
            if watch.newest is not known:
                self._orders.add(subscription, lambda: watch.greet(subscription, known))
            self._start()

    def _order(
        self, owner: Subscription, action: Callable[[], object], delay: Seconds = 0.0
    ) -> None:
        with self._wake:
            self._orders.add(owner, action, delay)
            self._start()

    def _is_command_kept_waiting(self) -> bool:
        with self._wake:
            return self._orders.due() + COMMAND_SECONDS <= clock.monotonic()

    def _start(self) -> None:
        """Wake the thread, or start it; the caller holds the lock."""
        if self._thread is None:
            self._client_in_use = self._client()
            name = f"tamr_widgets poller {id(self):x}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def _run(self) -> None:
        while self._wait_for_something_to_do():
            self._step_on()

    def _step_on(self) -> None:
        try:
            self._step()
        except Exception as error:
            _logger.exception("The poller met an error of its own; it goes on.")
            self._courier.stumble(error)

    def _wait_for_something_to_do(self) -> bool:
        """Sleep until something is due; False when nobody wants anything any more."""
        with self._wake:
            while self._following or self._orders.due() < math.inf:
                pause = self._pause()
                if pause <= 0:
                    return True
                self._wake.wait(min(pause, LONGEST_PAUSE_SECONDS))
            if self._courier.lessons is not None:
                self._courier.lessons.rest()
            self._thread = self._client_in_use = None
            return False

    def _pause(self) -> Seconds:
        """How long there is nothing to do; the caller holds the lock."""
        watch, lessons = self._following.next(), self._courier.lessons
        pause = self._orders.due() - clock.monotonic()
        if watch is None:
            return pause
        pause = min(pause, watch.due - clock.monotonic())
        can_learn = lessons is not None and (lessons.to_do() or lessons.lack_list(pause))
        return min(pause, 0.0) if can_learn else pause

    def _step(self) -> Seconds:
        """Do one thing that is due, and say how long there is nothing more to do."""
        with self._wake:
            action = self._orders.take()
            watch = self._following.next()
        if action is not None:
            action()
        elif watch is not None and watch.due <= clock.monotonic():
            self._courier.ask(watch)
        elif watch is not None:
            self._courier.learn(watch.due - clock.monotonic())
        with self._wake:
            return self._pause()


def _carry_out(command: Callable[[], Any], owner: Subscription) -> None:
    try:
        result = attempt(command, lambda: owner.closed)
    except TamrError as error:
        owner.tell_error(error)
    else:
        owner.tell(result)
