"""SubscriptionGroup: a widget's subscriptions, which can be paused and restarted, and waiters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .. import _fork
from ..poller import Subscription


class SubscriptionGroup:
    """Holds the subscriptions of a widget. Any thread may use it.

    Args:
        subscribe: Functions that subscribe: the first to the polls that pages and waiters keep
            frequent, the others to the history.
    """

    def __init__(self, *subscribe: Callable[[], Subscription]) -> None:
        self._subscribe = subscribe
        self._closed = False
        self.renew_after_fork()
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Removes the subscriptions and the waiters, which belong to the parent."""
        self._subscriptions: list[Subscription] = []
        self._waiters = 0
        # Reentrant, since a signal handler or `__del__` may acquire it on the same thread.
        self._lock = threading.RLock()

    @property
    def active(self) -> bool:
        """Whether it is subscribed."""
        return bool(self._subscriptions)

    @property
    def waited_for(self) -> bool:
        """Whether code or a click on Wait waits for results."""
        return self._waiters > 0

    def start(self) -> None:
        """Subscribes, unless it is subscribed or was closed."""
        with self._lock:
            if not self.active:
                self._subscriptions = [subscribe() for subscribe in self._subscribe]
                for _ in range(self._waiters):
                    self._subscriptions[0].add_waiter()
            if self._closed:  # before or meanwhile, by another thread or a signal handler
                self.stop()

    def stop(self) -> None:
        """Closes the subscriptions; `start` makes new ones."""
        with self._lock:
            subscriptions, self._subscriptions = self._subscriptions, []
            for each in subscriptions:
                each.close()

    def close(self) -> None:
        """Closes the subscriptions, also those of a `start` that is under way or comes later."""
        self._closed = True
        self.stop()

    def pause(self) -> None:
        """Closes the subscriptions, unless there are waiters."""
        with self._lock:
            if not self.waited_for:
                self.stop()

    def mark_visible(self) -> None:
        """Records that a page shows the widget now."""
        with self._lock:
            if self.active:
                self._subscriptions[0].mark_visible()

    def add_waiter(self) -> None:
        """Keeps the interval, visible or not, until `remove_waiter` is called as often."""
        with self._lock:
            self._waiters += 1
            if self.active:
                self._subscriptions[0].add_waiter()

    def remove_waiter(self) -> None:
        """Reverts one `add_waiter`."""
        with self._lock:
            self._waiters -= 1
            if self.active:
                self._subscriptions[0].remove_waiter()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts as a waiter inside the `with` block."""
        self.add_waiter()
        try:
            yield
        finally:
            self.remove_waiter()
