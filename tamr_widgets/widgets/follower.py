"""Follower: a subscription that begins, rests and goes on, and knows who waits for its news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .. import _fork
from ..poller import Subscription


class Follower:
    """Holds what a widget hears the server's news by. Any thread may use it.

    Args:
        subscribe: Subscribe to what is followed, and to what is learnt beside it.
    """

    def __init__(self, *subscribe: Callable[[], Subscription]) -> None:
        self._subscribe = subscribe
        self.renew_after_fork()
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Begins anew: the subscriptions, and those who wait, are the parent's."""
        self._subscriptions: list[Subscription] = []
        self._waiters = 0
        # A signal handler or `__del__` may come here in the middle of it, on the same thread.
        self._lock = threading.RLock()

    @property
    def active(self) -> bool:
        """Whether news are heard."""
        return bool(self._subscriptions)

    @property
    def waited_for(self) -> bool:
        """Whether code, or somebody who clicked Wait, waits for news."""
        return self._waiters > 0

    def start(self) -> None:
        """Subscribe, unless that was done."""
        with self._lock:
            if not self.active:
                self._subscriptions = [subscribe() for subscribe in self._subscribe]
                for _ in range(self._waiters):
                    self._subscriptions[0].add_waiter()

    def stop(self) -> None:
        """Hear nothing more, until it is started again."""
        with self._lock:
            subscriptions, self._subscriptions = self._subscriptions, []
            for each in subscriptions:
                each.close()

    def rest(self) -> None:
        """Stop, unless somebody waits."""
        with self._lock:
            if not self.waited_for:
                self.stop()

    def mark_visible(self) -> None:
        """A page shows this just now."""
        with self._lock:
            if self.active:
                self._subscriptions[0].mark_visible()

    def add_waiter(self) -> None:
        """Keep the interval, whatever pages show, until `remove_waiter` is called as often."""
        with self._lock:
            self._waiters += 1
            if self.active:
                self._subscriptions[0].add_waiter()

    def remove_waiter(self) -> None:
        """Take back one `add_waiter`."""
        with self._lock:
            self._waiters -= 1
            if self.active:
                self._subscriptions[0].remove_waiter()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Somebody waits inside."""
        self.add_waiter()
        try:
            yield
        finally:
            self.remove_waiter()
