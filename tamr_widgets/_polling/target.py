"""Who follows what, and when to ask about it next."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable
from typing import Any

from .._clock import Seconds, clock
from .._http.retry import Backoff
from ..errors import TamrError
from .callbacks import CallbackQueue, SafeCallback, log_exception
from .cell_monitor import cells

# For its first two seconds an operation is polled so often: a short job is seen to end soon after
# it did. After that the time until the next poll is doubled each time, up to the interval. All of
# this costs four or five requests more than the interval alone would.
EARLY_SECONDS = 0.43
SHORT_SECONDS = 2.0
# Chance adds up to this share to each of these pauses. What it adds is doubled, too: followers that
# started together are spread over a quarter of their interval when they have reached it.
JITTER = 0.1
HIDDEN_AFTER_SECONDS = 300.0
HIDDEN_FACTOR = 10
# What is due within this share of its interval may as well be asked about now, with others.
NEAR = 0.5
# A subscriber whose callback is slow misses the oldest of more results than this: each may be a
# list of all operations.
MAX_WAITING = 100

_logger = logging.getLogger(__name__)


class Subscription:
    """One follower of something that a poller asks about; `close` ends it.

    A callback that raises is logged and disturbs nobody else.

    Args:
        on_result: Gets each result.
        on_error: Gets each error.
        interval: How many seconds it wants between two polls.
        on_change: Called when it was closed, or may have become due sooner.
        on_a_page: Whether the follower is a page that calls `seen` now and then.
        inline: Whether callbacks run on the thread that delivers. Else they run on a thread of
            their own, in order, in the context of the caller.

    Attributes:
        interval: How many seconds it wants between two polls.
        closed: Whether it was closed.
        heard: Whether anything but a fault was handed to it.
        target: What it follows, if that goes on.
    """

    def __init__(
        self,
        on_result: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None,
        interval: Seconds = 0.0,
        *,
        on_change: Callable[[Subscription], object],
        on_a_page: bool = False,
        inline: bool = True,
    ) -> None:
        self.interval = interval
        self.closed = self.has_received = False
        self.target: PollTarget | None = None
        self._on_result = on_result
        self._on_error = on_error
        self._on_change = on_change
        self._visible_at = clock.monotonic() if on_a_page else None
        # A list rather than a number, since appending and popping are atomic.
        self._waiters: list[None] = []
        self._deliver: Callable[..., object] = self._call
        if not inline:
            self._deliver = SafeCallback(self._call, CallbackQueue(MAX_WAITING), _ignore)

    def close(self) -> None:
        """Hear nothing more. Closing twice is fine."""
        if not self.closed:
            self.closed = True
            # Whatever goes on to hold this must not keep alive what its callbacks belong to.
            self._on_result, self._on_error = _ignore, None
            self._on_change(self)

    def abandon(self) -> None:
        """Close it without a word to the poller: in a forked child it belongs to the parent."""
        self.closed, self.target = True, None

    def mark_visible(self) -> None:
        """A page shows this just now. What no page shows for five minutes is asked about rarely."""
        if self._visible_at is not None:
            late = self.is_hidden()
            self._visible_at = clock.monotonic()
            if late:
                self._on_change(self)

    def add_waiter(self) -> None:
        """Keeps the interval, whatever pages show, until `remove_waiter` is called as often."""
        late = self.is_hidden()
        self._waiters.append(None)
        if late:
            self._on_change(self)

    def remove_waiter(self) -> None:
        """Takes back one `add_waiter`; from now on pages count again."""
        if self._waiters:
            self._waiters.pop()
        if self._visible_at is not None:
            self._visible_at = clock.monotonic()

    def is_hidden(self) -> bool:
        """Whether this belongs to a page, none has shown it for long, and nobody waits for it.

        While a cell runs, the messages of pages may wait for its end: that time does not count.
        """
        if self._visible_at is None or self._waiters:
            return False
        return clock.monotonic() - max(self._visible_at, cells.busy_until()) > HIDDEN_AFTER_SECONDS

    def notify(self, news: Any) -> None:
        """Hand over what came, unless closed."""
        self.has_received = True
        self._deliver("_on_result", news)

    def notify_error(self, error: TamrError) -> None:
        """Hand over a fault, unless closed."""
        self._deliver("_on_error", error)

    def _call(self, name: str, argument: Any) -> None:
        # Looked up only now, since it may have been closed while the call waited for its turn.
        callback = getattr(self, name)
        if self.closed or callback is None:
            return
        try:
            callback(argument)
        except BaseException as error:  # noqa: BLE001 - SystemExit would end the thread
            log_exception(_logger, "A subscriber's callback raised; the poller goes on.", error)


def _ignore(_: object) -> None:
    """What a closed subscription hears."""


class PollTarget:
    """Something that a poller asks about for its subscribers, and when it is due.

    Args:
        path: Where to ask.
        latest: What is known, if anything.

    Attributes:
        latest: The latest snapshot (or list) of it.
        fault: Why that is not newer, or None.
        subscriptions: The followers: a tuple, so that it can be read while others come and go.
        interval: The shortest of what they want.
        since: When the first of them came.
        due: When to ask next, on the monotonic clock.
        not_before: The server, or a fault, asks for this pause, whoever is in a hurry.
        in_list: Whether it is an operation that the server's list had, as far as is known.
        warned: Whether it was logged that it can't be read.
        backoff: How it bears with faults of its own.
    """

    def __init__(self, path: str, latest: Any = None) -> None:
        self.path = path
        self.latest = latest
        self.fault: TamrError | None = None
        self._set_subscriptions(())
        self.since = clock.monotonic()
        self.due = math.inf
        self.not_before = -math.inf
        self.in_list = latest is not None
        self.warned = False
        self._wanted = False
        self.backoff = Backoff(1.0, None)
        self._early = latest is not None

    def add(self, subscription: Subscription) -> None:
        """Take up a follower; who follows anew wants to know soon."""
        subscription.target = self
        self._set_subscriptions((*self.subscriptions, subscription))
        soon = min(subscription.interval, EARLY_SECONDS) * random.uniform(0.5, 1)  # noqa: S311
        self.schedule_no_later_than(soon if self._early else 0.0)

    def leave(self, subscription: Subscription) -> None:
        """Let a follower go."""
        subscription.target = None
        self._set_subscriptions(tuple(s for s in self.subscriptions if s is not subscription))

    def _set_subscriptions(self, subscriptions: tuple[Subscription, ...]) -> None:
        self.subscriptions: tuple[Subscription, ...] = subscriptions
        self.interval = min((each.interval for each in subscriptions), default=math.inf)

    def has_no_subscribers(self) -> bool:
        """Whether nobody follows this any more."""
        return not self.subscriptions

    def is_nearly_due(self, now: Seconds) -> bool:
        """Whether it is due so soon that it may as well be asked about now."""
        return self.not_before <= now and self.due - now <= self.interval * NEAR

    def schedule_no_later_than(self, pause: Seconds = 0.0) -> None:
        """Ask after this pause at the latest."""
        self.due = max(min(self.due, clock.monotonic() + pause), self.not_before)

    def refresh(self) -> None:
        """Ask at once; if a request is under way, once more after it."""
        self._wanted = True
        self.schedule_no_later_than()

    def request_begins(self) -> None:
        """Note that what is asked from now on answers every `refresh` until now."""
        self._wanted = False

    def schedule(self, left_alone: Seconds) -> None:
        """Set when to ask next, after a good answer that came now.

        Args:
            left_alone: How many seconds the server wants to be left alone.
        """
        now = clock.monotonic()
        self.fault = None
        self.backoff.succeeded()
        self.not_before = now + left_alone
        pause = self.interval
        if self._wanted:
            pause = 0.0
        elif all(each.is_hidden() for each in self.subscriptions):
            pause *= HIDDEN_FACTOR
        elif self._early:
            age = now - self.since
            early = EARLY_SECONDS if age < SHORT_SECONDS else age
            pause = min(pause, early * random.uniform(1, 1 + JITTER))  # noqa: S311
        self.due = max(now + pause, self.not_before)

    def back_off(self, pause: Seconds, fault: TamrError) -> None:
        """Do not ask for a while, after a fault."""
        self.fault = fault
        self.due = self.not_before = max(self.not_before, clock.monotonic() + pause)

    def replay_latest(self, subscription: Subscription, known: Any) -> None:
        """Hand what is known to one who came later, unless it has heard of it by now."""
        if not subscription.has_received and self.latest is not None:
            if known is None or self.latest.as_of > known.as_of:
                subscription.notify(self.latest)
            if self.fault is not None:
                self.fault.retry_in_seconds = max(0.0, self.due - clock.monotonic())
                subscription.notify_error(self.fault)

    def notify_error(self, error: TamrError) -> None:
        """Hand a fault to all subscribers."""
        for each in self.subscriptions:
            each.notify_error(error)
