"""A poll target: an operation or the list of all, its subscribers and the time of its next poll."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from .._clock import Seconds, clock
from .._http.retry import Backoff
from ..errors import TamrError

if TYPE_CHECKING:
    from .subscription import Subscription

# For its first two seconds an operation is polled at this interval: the end of a short job is
# noticed soon. After that the time until the next poll is doubled each time, up to the subscribers'
# interval. All of this costs four or five requests more than that interval alone would.
EARLY_SECONDS = 0.43
SHORT_SECONDS = 2.0
# Random jitter adds up to this share to each of these delays. It is doubled with them: subscribers
# that started together are spread over a quarter of their interval when they have reached it.
JITTER = 0.1
# While no page shows a target, its interval is multiplied by this.
HIDDEN_FACTOR = 10
# A target that is due within this share of its interval may be polled now, together with others.
MAX_EARLY_SHARE = 0.5


class PollTarget:
    """An operation, or the list of all, that a poller requests for its subscribers.

    Args:
        key: The `identity` of the operation when the first subscriber came, or `EVERYTHING`.
        latest: The latest snapshot, if there is one.

    Attributes:
        key: The key.
        latest: The latest snapshot (or list).
        error: The error of the last poll, or None.
        subscriptions: The subscriptions: a tuple, so that it can be read while it is replaced.
        interval: The shortest interval of the subscriptions, in seconds.
        since: The time of the first subscription, on the monotonic clock.
        due: The time of the next poll, on the monotonic clock.
        not_before: The earliest time of the next poll after an error, or as the server requests.
        in_list: Whether it is an operation that the server's list had, as far as is known.
        warned: Whether a warning was logged that it is unreadable.
        backoff: The delays after errors of this target alone.
    """

    def __init__(self, key: str, latest: Any = None) -> None:
        self.key = key
        self.latest = latest
        self.error: TamrError | None = None
        self._set_subscriptions(())
        self.since = clock.monotonic()
        self.due = math.inf
        self.not_before = -math.inf
        self.in_list = latest is not None
        self.warned = False
        self._refresh_requested = False
        self.backoff = Backoff(1.0, None)
        self._early = latest is not None

    def add(self, subscription: Subscription) -> None:
        """Adds a subscription; the first poll for it comes soon."""
        subscription.target = self
        self._set_subscriptions((*self.subscriptions, subscription))
        delay = min(subscription.interval, EARLY_SECONDS) * random.uniform(0.5, 1)  # noqa: S311
        self.schedule_no_later_than(delay if self._early else 0.0)

    def remove(self, subscription: Subscription) -> None:
        """Removes a subscription."""
        subscription.target = None
        self._set_subscriptions(tuple(s for s in self.subscriptions if s is not subscription))

    def _set_subscriptions(self, subscriptions: tuple[Subscription, ...]) -> None:
        self.subscriptions: tuple[Subscription, ...] = subscriptions
        self.interval = min((each.interval for each in subscriptions), default=math.inf)

    def has_no_subscribers(self) -> bool:
        """Whether all subscriptions were removed."""
        return not self.subscriptions

    def queue_interval(self) -> Seconds:
        """Returns the interval at which subscribers need the queue; infinity if they do not."""
        waits = any(each.needs_queue() for each in self.subscriptions) and (
            self.latest is not None and self.latest.state == "PENDING"
        )
        return self._usual_delay() if waits else math.inf

    def is_nearly_due(self, now: Seconds) -> bool:
        """Whether it is due so soon that it may be polled now, together with others."""
        return self.not_before <= now and self.due - now <= self.interval * MAX_EARLY_SHARE

    def schedule_no_later_than(self, delay: Seconds = 0.0) -> None:
        """Schedules the next poll after `delay` seconds, or leaves it where it is due sooner."""
        self.due = max(min(self.due, clock.monotonic() + delay), self.not_before)

    def refresh(self) -> None:
        """Schedules a poll at once; if a request is under way, another one after it."""
        self._refresh_requested = True
        self.schedule_no_later_than()

    def request_begins(self) -> None:
        """Records that a request begins, which serves every `refresh` until now."""
        self._refresh_requested = False

    def schedule_next(self, min_delay: Seconds) -> None:
        """Schedules the next poll after a successful one.

        Args:
            min_delay: The seconds until then at least, as the server requests.
        """
        now = clock.monotonic()
        self.error = None
        self.backoff.succeeded()
        self.not_before = now + min_delay
        delay = self._usual_delay()
        if self._refresh_requested:
            delay = 0.0
        elif self._early and delay == self.interval:
            age = now - self.since
            early = EARLY_SECONDS if age < SHORT_SECONDS else age
            delay = min(delay, early * random.uniform(1, 1 + JITTER))  # noqa: S311
        self.due = max(now + delay, self.not_before)

    def _usual_delay(self) -> Seconds:
        """Returns the interval, which is longer while no page shows it."""
        is_hidden = all(each.is_hidden() for each in self.subscriptions)
        return self.interval * (HIDDEN_FACTOR if is_hidden else 1)

    def back_off(self, delay: Seconds, error: TamrError) -> None:
        """Schedules the next poll `delay` seconds after an error."""
        self.error = error
        self.due = self.not_before = max(self.not_before, clock.monotonic() + delay)

    def replay_latest(self, subscription: Subscription, last_seen: Any) -> None:
        """Notifies a later subscriber of the latest result, unless it has received one by now."""
        if not subscription.has_received and self.latest is not None:
            if last_seen is None or self.latest.as_of > last_seen.as_of:
                subscription.notify(self.latest)
            if self.error is not None:
                self.error.retry_in_seconds = max(0.0, self.due - clock.monotonic())
                subscription.notify_error(self.error)

    def notify_error(self, error: TamrError) -> None:
        """Notifies all subscribers of an error."""
        for each in self.subscriptions:
            each.notify_error(error)
