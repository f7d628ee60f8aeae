"""Subscription: passes the results of a poll target or a command to callbacks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._clock import Seconds
from ..errors import TamrError
from .callbacks import CallbackQueue, SafeCallback, ignore, log_exception, own_context
from .page_visibility import PageVisibility

if TYPE_CHECKING:
    from .target import PollTarget

# A subscriber whose callback is slow misses the oldest of more results than this: each may be a
# list of all operations.
MAX_WAITING = 100

_logger = logging.getLogger(__name__)


class Subscription:
    """A subscription to the results of a poller; `close` ends it.

    An exception of a callback is logged, and does not affect other subscribers.

    Args:
        on_result: Gets each result.
        on_error: Gets each error.
        interval: The wanted number of seconds between two polls.
        on_change: Called when the subscription was closed, or may have become due sooner.
        on_a_page: Whether the subscriber is a page that calls `mark_visible` while it is shown.
        inline: Whether callbacks run on the thread that notifies. Otherwise they run on a thread
            of their own, in order, in the context of the caller.

    Attributes:
        interval: The wanted number of seconds between two polls.
        with_queue: Whether it shows the queue while its job waits, or a function that returns it.
        closed: Whether it was closed.
        has_received: Whether it was notified of a result.
        target: The poll target, while it is subscribed to one.
        context: The context in which it was made: what is logged for it appears in that cell.
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
        self.with_queue: bool | Callable[[], bool] = False
        self.closed = self.has_received = False
        self.target: PollTarget | None = None
        self.context = own_context()
        self._on_result = on_result
        self._on_error = on_error
        self._on_change = on_change
        self._unlogged: BaseException | None = None
        self._visibility = PageVisibility() if on_a_page else None
        # A list rather than a number, since appending and popping are atomic.
        self._waiters: list[None] = []
        self._run_callback: Callable[..., object] = self._call
        if not inline:
            self._run_callback = SafeCallback(self._call, CallbackQueue(MAX_WAITING), ignore)

    def close(self) -> None:
        """Ends the notifications. Closing it again has no effect."""
        if not self.closed:
            self.closed = True
            # A closed subscription that is still referenced must not keep the objects alive that
            # its callbacks belong to.
            self._on_result, self._on_error, self.with_queue = ignore, None, False
            self._on_change(self)

    def abandon(self) -> None:
        """Closes it without notifying the poller: in a forked child it belongs to the parent."""
        self.closed, self.target = True, None

    def mark_visible(self) -> None:
        """Records that a page shows this now. After five minutes without it, polls are rare."""
        if self._visibility is not None:
            was_hidden = self.is_hidden()
            self._visibility.mark_visible()
            if was_hidden:
                self._on_change(self)

    def add_waiter(self) -> None:
        """Keeps the interval, visible or not, until `remove_waiter` is called as often."""
        was_hidden = self.is_hidden()
        self._waiters.append(None)
        if was_hidden:
            self._on_change(self)

    def remove_waiter(self) -> None:
        """Reverts one `add_waiter`; the time until it counts as hidden starts now."""
        if self._waiters:
            self._waiters.pop()
        if self._visibility is not None:
            self._visibility.mark_visible()

    def is_hidden(self) -> bool:
        """Whether this belongs to a page, none has shown it for long, and no code waits for it."""
        if self._visibility is None or self._waiters:
            return False
        return self._visibility.is_hidden()

    def needs_queue(self) -> bool:
        """Whether it shows the queue while its job waits; not after the function raised."""
        try:
            return bool(self.with_queue() if callable(self.with_queue) else self.with_queue)
        except BaseException as error:  # noqa: BLE001 - the thread polls for other subscribers, too
            # Logged later: the poller's lock is held now, and a log has locks of its own.
            self.with_queue, self._unlogged = False, error
            return False

    def notify(self, result: Any) -> None:
        """Passes on a result, unless closed."""
        self.has_received = True
        self._run_callback("_on_result", result)

    def notify_error(self, error: TamrError) -> None:
        """Passes on an error, unless closed."""
        self._run_callback("_on_error", error)

    def _call(self, name: str, argument: Any) -> None:
        unlogged, self._unlogged = self._unlogged, None
        if unlogged is not None:
            log_exception(_logger, "with_queue raised; it counts as False from now on.", unlogged)
        # Looked up only now, since it may have been closed while the call was queued.
        callback = getattr(self, name)
        if self.closed or callback is None:
            return
        try:
            callback(argument)
        except BaseException as error:  # noqa: BLE001 - SystemExit would end the thread
            log_exception(_logger, "A subscriber's callback raised; the poller goes on.", error)
