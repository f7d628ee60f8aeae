"""Poller: one background thread for each server and user, the only one that asks on its own.

It polls the operations that somebody subscribed to, one request at a time, and hands each fresh
snapshot to all subscribers of that operation. Commands (cancel, delete) run on the same thread,
each between two polls. The thread starts with the first subscriber and ends with the last.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ._clock import Seconds, checked_seconds
from ._http.protocol import TamrClient
from ._operation.operation_list import OperationList
from ._polling.callbacks import own_context
from ._polling.cell_monitor import cells
from ._polling.fetcher import run_command
from ._polling.history_loader import HistoryLoader
from ._polling.loop import REPLAYS, PollLoop
from ._polling.registry import PollerRegistry
from ._polling.target import Subscription
from ._polling.targets import EVERYTHING
from .errors import CrossOriginError, TamrError
from .history import JobHistory
from .operation import MIN_INTERVAL_SECONDS, Operation

__all__ = ["Poller", "Subscription"]

_pollers = PollerRegistry()


class Poller(PollLoop):
    """Follows operations of one server in the background. `Poller.of(client)` is the usual way.

    Callbacks run on a thread of their own for each subscription, in order, and print below the
    cell that subscribed. They may take their time, wait for other operations, or raise. A callback
    that is a hundred results behind misses the oldest of them, never the newest.

    Args:
        client: A `Client`, or a client of the public package.
    """

    @classmethod
    def of(cls, client: TamrClient) -> Poller:
        """The poller of a client, and of all clients of the same server, user and settings."""
        return _pollers.get(client, cls)

    def subscribe(
        self,
        operation: Operation,
        on_operation: Callable[[Operation], object],
        on_error: Callable[[TamrError], object] | None = None,
        interval: Seconds = 3,
        *,
        on_a_page: bool = False,
        _inline: bool = False,
    ) -> Subscription:
        """Follow an operation until it is resolved or the subscription is closed.

        Args:
            operation: One of ours or of the public client's. A resolved one is never asked about,
                only delivered.
            on_operation: Gets each fresh snapshot; the last one is resolved.
            on_error: Gets each fault. `error.retry_in_seconds` says how soon the poller asks
                again; it is None for a fault that does not pass, after which nothing more comes.
            interval: Seconds between two polls; the first ones come sooner.
            on_a_page: Whether the follower is a page that calls `seen` now and then.

        Raises:
            OperationTypeError: `operation` is none.
            CrossOriginError: It is one of another server.
            ValueError, TypeError: `interval` is not a number of seconds.
        """
        operation = Operation.adopt(operation)
        self._check_server(operation)
        client = operation.client

        def deliver(fresh: Operation) -> None:
            # It may have been fetched by an equal client, which somebody else can close.
            on_operation(fresh.with_client(client))

        subscription = self._subscription(deliver, on_error, interval, on_a_page, _inline)
        if operation.resolved:
            self._deliver(subscription, operation)
        else:
            self._join(operation.identity, operation, subscription)
        return subscription

    def subscribe_all(
        self,
        on_listing: Callable[[OperationList], object],
        on_error: Callable[[TamrError], object] | None = None,
        interval: Seconds = 5,
        *,
        on_a_page: bool = False,
        _inline: bool = False,
    ) -> Subscription:
        """Follow the server's list of all operations. Arguments as for `subscribe`."""
        subscription = self._subscription(on_listing, on_error, interval, on_a_page, _inline)
        self._join(EVERYTHING, None, subscription)
        return subscription

    def submit(
        self,
        command: Callable[[], Any],
        on_done: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None = None,
        delay: Seconds = 0.0,
        *,
        owner: object = None,
        _inline: bool = False,
    ) -> Subscription:
        """Run a command on the thread, between two polls. Closing the result calls it off.

        Args:
            command: What to do; it is done once, and never again. It must not wait for operations.
            on_done: Gets what it returned.
            on_error: Gets what it raised.
            delay: Run it so many seconds from now.
            owner: The commands of one owner run in order; different owners take turns.
        """
        handle = self._handle(on_done, on_error, _inline)
        action = partial(_run_and_deliver, command, handle)
        if not _inline:
            action = partial(own_context().run, action)
        with self._wake:
            self._commands.add(handle, action, delay, owner)
        self._start()
        return handle

    def cancel(self, owner: object) -> None:
        """Call off all commands of an owner that have not begun."""
        with self._wake:
            for handle in self._commands.cancel(owner):
                handle.close()

    def refresh(self, operation: Operation) -> None:
        """Ask about an operation at once rather than when it is due."""
        with self._wake:
            target = self._targets.of(operation)
            if target is not None:
                target.refresh()
        if target is not None:
            self._start()

    @property
    def answer_seconds(self) -> Seconds:
        """How long the server takes to answer about one operation, as far as is known."""
        return self._fetcher.answer_seconds

    @property
    def history(self) -> JobHistory:
        """How long this server's jobs take, learnt from all answers since this was first used."""
        return self._history_loader().history

    def learn(
        self, on_learned: Callable[[JobHistory], object], *, _inline: bool = False
    ) -> Subscription:
        """Fill `history` from the server's list, once, when nothing else is due.

        Args:
            on_learned: Gets the history when that is done; at once if it was done before, and
                never where the list can't be had.
        """
        lessons = self._history_loader()
        handle = self._handle(on_learned, None, _inline)
        with self._wake:
            everything = self._targets.everything()
            if everything is not None and everything.latest is not None:
                lessons.take(everything.latest, followed=False)
            known = lessons.over()
            if not known:
                lessons.want(handle)
        if known:
            self._deliver(handle, lessons.history)
        elif self._targets:
            self._start()
        return handle

    def _history_loader(self) -> HistoryLoader:
        with self._wake:
            if self._fetcher.history_loader is None:
                self._fetcher.history_loader = HistoryLoader()
            return self._fetcher.history_loader

    def _check_server(self, operation: Operation) -> None:
        """Refuse what would be mistaken for an operation of this server with the same path."""
        if operation.client is None:
            return
        theirs, ours = _address(operation.client), _address(self.clients.open())
        if theirs != ours:
            msg = (
                f"This poller asks {ours}, but the operation is one of {theirs}. "
                "Use Poller.of(operation.client)."
            )
            raise CrossOriginError(msg)

    def _subscription(
        self,
        on_result: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None,
        interval: Seconds,
        on_a_page: bool,
        inline: bool,
    ) -> Subscription:
        interval = max(checked_seconds("interval", interval), MIN_INTERVAL_SECONDS)
        if on_a_page:
            cells.attach()
        return self._handle(on_result, on_error, inline, interval, on_a_page)

    def _handle(
        self,
        on_result: Callable[[Any], object],
        on_error: Callable[[TamrError], object] | None,
        inline: bool,
        interval: Seconds = 0.0,
        on_a_page: bool = False,
    ) -> Subscription:
        subscription = Subscription(
            on_result,
            on_error,
            interval,
            on_change=self._on_change,
            on_a_page=on_a_page,
            inline=inline,
        )
        with self._wake:
            self._subscriptions.add(subscription)
        return subscription

    def _on_change(self, subscription: Subscription) -> None:
        """A subscription was closed, or a page shows it again."""
        with self._wake:
            self._targets.on_subscription_changed(subscription)
            if subscription.closed:
                self._commands.discard_closed()
                if self._fetcher.history_loader is not None:
                    self._fetcher.history_loader.forget(subscription)

    def _join(self, path: str, known: Operation | None, subscription: Subscription) -> None:
        with self._wake:
            target = self._targets.add_subscriber(path, known, subscription)
            if target.latest is not known:
                greet = lambda: target.replay_latest(subscription, known)  # noqa: E731
                self._commands.add(subscription, greet, owner=REPLAYS)
        self._start()

    def _deliver(self, subscription: Subscription, news: Any) -> None:
        with self._wake:
            self._commands.add(subscription, lambda: subscription.notify(news), owner=REPLAYS)
        self._start()


def _address(client: Any) -> str:
    return f"{getattr(client, 'origin', '')}/{str(getattr(client, 'base_path', '')).strip('/')}"


def _run_and_deliver(command: Callable[[], Any], handle: Subscription) -> None:
    try:
        result = run_command(command, lambda: handle.closed)
    except TamrError as error:
        handle.notify_error(error)
    else:
        handle.notify(result)
