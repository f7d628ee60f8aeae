"""Everything that is followed on a server, by its path."""

from __future__ import annotations

import threading
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .target import PollTarget, Subscription

if TYPE_CHECKING:
    from ..operation import Operation

# The list of all operations is followed under a path that no operation has.
EVERYTHING = ""


class PollTargets:
    """The watches of a poller: any thread may read and change them.

    Args:
        lock: Held for each change, and notified of those that may make something due sooner.
    """

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._by_path: dict[str, PollTarget] = {}

    def __bool__(self) -> bool:
        return bool(self._by_path)

    def all(self) -> list[PollTarget]:
        """All watches; they may come and go meanwhile."""
        with self._lock:
            return list(self._by_path.values())

    def of(self, operation: Operation) -> PollTarget | None:
        """The target of an operation, also where a later snapshot says more than the first."""
        identity = operation.identity
        found = self._by_path.get(identity)
        same = (each for each in self.all() if getattr(each.latest, "identity", None) == identity)
        return found or next(same, None)

    def everything(self) -> PollTarget | None:
        """The target of the list of all operations, if somebody follows it."""
        return self._by_path.get(EVERYTHING)

    def next(self) -> PollTarget | None:
        """What is due first."""
        with self._lock:
            return min(self._by_path.values(), key=attrgetter("due"), default=None)

    def add_subscriber(self, path: str, known: Any, subscription: Subscription) -> PollTarget:
        """Let somebody follow something; `known` is the snapshot that they have."""
        with self._lock:
            target = self._by_path.get(path)
            if target is None:
                target = self._by_path[path] = PollTarget(path, known)
            target.add(subscription)
            return target

    def request_begins(self) -> None:
        """Note that the list is asked for, which answers for all."""
        with self._lock:
            for target in self._by_path.values():
                target.request_begins()

    def on_subscription_changed(self, subscription: Subscription) -> None:
        """A subscription was closed, or a page shows it again."""
        with self._lock:
            target = subscription.target
            if target is not None and subscription.closed:
                target.leave(subscription)
                if target.has_no_subscribers():
                    self.remove(target)
            elif target is not None:
                target.schedule_no_later_than()
            self._lock.notify_all()

    def remove(self, target: PollTarget) -> None:
        """Never ask about this again, unless somebody subscribes anew."""
        with self._lock:
            if self._by_path.get(target.path) is target:
                self._by_path.pop(target.path, None)  # a signal handler may have come first

    def update_latest(self, target: PollTarget, latest: Any) -> tuple[Subscription, ...]:
        """Take over fresh news, and return who is to hear of them.

        Whoever joins after that is greeted with them: nobody misses the end, or hears it twice.
        """
        with self._lock:
            target.latest = latest
            if getattr(latest, "resolved", False):
                self.remove(target)
            return target.subscriptions
