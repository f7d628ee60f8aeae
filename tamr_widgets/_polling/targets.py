"""The poll targets of a poller, by key."""

from __future__ import annotations

import math
import threading
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .._clock import Seconds
from ..errors import TamrError
from .subscription import Subscription
from .target import PollTarget

if TYPE_CHECKING:
    from ..operation import Operation

# The key of the list of all operations; an operation's is its `identity`.
EVERYTHING = ""


class PollTargets:
    """The poll targets of a poller: any thread may read and change them.

    Args:
        lock: Held for each change, and notified of those that may make a target due sooner.
    """

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._by_key: dict[str, PollTarget] = {}

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def all(self) -> list[PollTarget]:
        """Returns a copy of all targets, since they may be added and removed meanwhile.

        The lock does not prevent that: a signal handler, a `__del__` or a function of the user's
        may run on the thread that holds it.
        """
        with self._lock:
            return list(self._by_key.values())

    def of(self, operation: Operation) -> PollTarget | None:
        """Returns an operation's target, also if only a later snapshot has its identity."""
        identity = operation.identity
        found = self._by_key.get(identity)
        same = (each for each in self.all() if getattr(each.latest, "identity", None) == identity)
        return found or next(same, None)

    def everything(self) -> PollTarget | None:
        """Returns the target of the list of all operations, if it has subscribers."""
        return self._by_key.get(EVERYTHING)

    def next(self) -> PollTarget | None:
        """Returns the target that is due first."""
        with self._lock:
            return min(self._by_key.values(), key=attrgetter("due"), default=None)

    def queue_interval(self) -> Seconds:
        """Returns the shortest interval at which subscribers need the queue; else infinity."""
        with self._lock:
            return min((each.queue_interval() for each in self.all()), default=math.inf)

    def add_subscriber(self, key: str, last_seen: Any, subscription: Subscription) -> PollTarget:
        """Adds a subscription to the target of a key; `last_seen` is the subscriber's snapshot."""
        with self._lock:
            target = self._by_key.get(key)
            if target is None:
                target = self._by_key[key] = PollTarget(key, last_seen)
            target.add(subscription)
            return target

    def request_begins(self) -> None:
        """Records that a request of the list begins, which serves all targets."""
        with self._lock:
            for target in self.all():
                target.request_begins()

    def on_subscription_changed(self, subscription: Subscription) -> None:
        """Handles a subscription that was closed, or that a page shows again."""
        with self._lock:
            target = subscription.target
            if target is not None and subscription.closed:
                target.remove(subscription)
                if target.has_no_subscribers():
                    self.remove(target)
            elif target is not None:
                target.schedule_no_later_than()
            self._lock.notify_all()

    def remove(self, target: PollTarget) -> None:
        """Ends the polls of a target, until there is a new subscription to it."""
        with self._lock:
            if self._by_key.get(target.key) is target:
                self._by_key.pop(target.key, None)  # a signal handler may have removed it

    def update_latest(
        self, target: PollTarget, latest: Any, min_delay: Seconds
    ) -> tuple[Subscription, ...]:
        """Stores the latest result, and schedules the next poll.

        Args:
            target: The target.
            latest: The result.
            min_delay: The seconds until the next poll at least, as the server requests.

        Returns:
            The subscriptions to notify. Later ones get the result as a replay: none misses the end,
            or is notified of it twice.
        """
        with self._lock:
            target.latest = latest
            target.schedule_next(min_delay)
            if getattr(latest, "resolved", False):
                self.remove(target)
            return target.subscriptions

    def back_off(self, target: PollTarget, delay: Seconds, error: TamrError) -> None:
        """Schedules a target's next poll `delay` seconds after an error."""
        with self._lock:
            target.back_off(delay, error)
