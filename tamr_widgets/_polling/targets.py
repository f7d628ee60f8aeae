"""Everything that is followed on a server, by its path."""

from __future__ import annotations

import threading
from operator import attrgetter
from typing import Any

from .target import Subscription, Watch

# The list of all operations is followed under a path that no operation has.
EVERYTHING = ""


class Following:
    """The watches of a poller: any thread may read and change them.

    Args:
        lock: Held for each change, and notified of those that may make something due sooner.
    """

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._watches: dict[str, Watch] = {}

    def __bool__(self) -> bool:
        return bool(self._watches)

    def all(self) -> list[Watch]:
        """All watches; they may come and go meanwhile."""
        with self._lock:
            return list(self._watches.values())

    def get(self, path: str) -> Watch | None:
        """The watch of a path."""
        return self._watches.get(path)

    def everything(self) -> Watch | None:
        """The watch of the list of all operations, if somebody follows it."""
        return self._watches.get(EVERYTHING)

    def next(self) -> Watch | None:
        """What is due first."""
        with self._lock:
            return min(self._watches.values(), key=attrgetter("due"), default=None)

    def join(self, path: str, known: Any, subscription: Subscription) -> Watch:
        """Let somebody follow something; `known` is the snapshot that they have."""
        with self._lock:
            watch = self._watches.get(path)
            if watch is None:
                watch = self._watches[path] = Watch(path, known)
            watch.join(subscription)
            return watch

    def request_begins(self) -> None:
        """Note that the list is asked for, which answers for all."""
        with self._lock:
            for watch in self._watches.values():
                watch.request_begins()

    def reconsider(self, subscription: Subscription) -> None:
        """A subscription was closed, or a page shows it again."""
        with self._lock:
            watch = subscription.watch
            if watch is not None and subscription.closed:
                watch.leave(subscription)
                if watch.abandoned():
                    self.drop(watch)
            elif watch is not None:
                watch.hasten()
            self._lock.notify_all()

    def drop(self, watch: Watch) -> None:
        """Never ask about this again, unless somebody subscribes anew."""
        with self._lock:
            if self._watches.get(watch.path) is watch:
                self._watches.pop(watch.path, None)  # a signal handler may have come first

    def renew(self, watch: Watch, newest: Any) -> tuple[Subscription, ...]:
        """Take over fresh news, and return who is to hear of them.

        Whoever joins after that is greeted with them: nobody misses the end, or hears it twice.
        """
        with self._lock:
            watch.newest = newest
            if getattr(newest, "resolved", False):
                self.drop(watch)
            return watch.subscriptions
