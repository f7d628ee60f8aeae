"""Polls operations in the background, on one thread for each server and user.

A poller polls the operations that have subscribers, one request at a time, and notifies all
subscribers of an operation of each new snapshot. Commands (cancel, delete) run on the same thread,
each between two polls. The thread starts with the first subscriber and ends with the last.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ._clock import Seconds, checked_seconds
from ._http.protocol import TamrClient
from ._operation.identity import server_of
from ._operation.operation_list import OperationList
from ._operation.wait import MIN_INTERVAL_SECONDS
from ._polling.callbacks import own_context
from ._polling.cell_monitor import cells
from ._polling.commands import run_command
from ._polling.history_loader import HistoryLoader
from ._polling.loop import REPLAYS, PollLoop
from ._polling.registry import PollerRegistry
from ._polling.subscription import Subscription
from ._polling.targets import EVERYTHING
from .errors import CrossOriginError, TamrError
from .history import Estimate, JobHistory, QueuePlace
from .operation import Operation

__all__ = ["Poller", "Subscription"]

_pollers = PollerRegistry()


class Poller(PollLoop):
    """Polls operations of one server in the background. `Poller.of(client)` is the usual way.

    Callbacks run on a thread of their own for each subscription, in order, and print below the
    cell that subscribed. They may block, wait for other operations, or raise. If more than a
    hundred results wait for a callback, the oldest of them are dropped.

    Args:
        client: A `Client`, or a client of the public package.
        background: Whether a thread does the work. Otherwise `run_once` does, and callbacks run in
            it, too: for a program that has its own loop, or a test with its own clock.
    """

    @classmethod
    def of(cls, client: TamrClient) -> Poller:
        """Returns the poller that all clients of the same server, user and settings share."""
        return _pollers.get(client, cls)

    def subscribe(
        self,
        operation: Operation,
        on_operation: Callable[[Operation], object],
        on_error: Callable[[TamrError], object] | None = None,
        interval: Seconds = 3,
        *,
        on_a_page: bool = False,
        with_queue: bool | Callable[[], bool] = False,
        _inline: bool = False,
    ) -> Subscription:
        """Polls an operation until it is resolved or the subscription is closed.

        Args:
            operation: An operation of this package or of the public client. A resolved one is not
                polled; `on_operation` is called with it once.
            on_operation: Gets each new snapshot; the last one is resolved.
            on_error: Gets each error. `error.retry_in_seconds` is the number of seconds until the
                next poll; it is None for a permanent error, which ends the subscription.
            interval: Seconds between two polls; the first ones come sooner.
            on_a_page: Whether the subscriber is a page that calls `mark_visible` while it is shown.
            with_queue: Whether to keep `waiting` up to date while the operation waits. This needs
                the list of all operations: at most one each interval, and none that delays a poll.
                A function that returns it is called before each request, and must not block; after
                it raised, it counts as False.

        Raises:
            OperationTypeError: `operation` is not an operation.
            NotAClient: Its client can't send requests.
            CrossOriginError: `operation` belongs to another server.
            ValueError, TypeError: `interval` is not a number of seconds.
        """
        operation = Operation.adopt(operation)
        self._check_server(operation)
        client = operation.client

        def on_result(latest: Operation) -> None:
            # An equal client may have fetched it, which other code can close.
            on_operation(latest.with_client(client))

        subscription = self._subscription(on_result, on_error, interval, on_a_page, _inline)
        subscription.with_queue = with_queue
        if operation.resolved:
            self._notify_later(subscription, operation)
        else:
            self._add_subscriber(operation.identity, operation, subscription)
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
        """Polls the server's list of all operations until the subscription is closed.

        Args:
            on_listing: Gets each new list.
            on_error: As for `subscribe`.
            interval: Seconds between two polls.
            on_a_page: As for `subscribe`.

        Raises:
            ValueError, TypeError: `interval` is not a number of seconds.
        """
        subscription = self._subscription(on_listing, on_error, interval, on_a_page, _inline)
        self._add_subscriber(EVERYTHING, None, subscription)
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
        """Runs a command on the thread, between two polls. Closing the result cancels it.

        Args:
            command: A function that is called once. It must not wait for operations.
            on_done: Gets its result.
            on_error: Gets the error that it raised; an InternalError if that is no TamrError.
            delay: The seconds until it is due.
            owner: The commands of one owner run in order; different owners take turns.
        """
        handle = self._handle(on_done, on_error, _inline)
        action = partial(_run_and_notify, command, handle)
        if not _inline:
            action = partial(own_context().run, action)
        with self._wake:
            self._commands.add(handle, action, delay, owner)
        self._start()
        return handle

    def cancel(self, owner: object) -> None:
        """Cancels all commands of an owner that have not begun."""
        with self._wake:
            for handle in self._commands.cancel(owner):
                handle.close()

    def refresh(self, operation: Any) -> None:
        """Polls an operation at once rather than when it is due, if it has subscribers."""
        operation = Operation.adopt(operation)
        with self._wake:
            target = self._targets.of(operation)
            if target is not None:
                target.refresh()
        if target is not None:
            self._start()

    @property
    def response_seconds(self) -> Seconds:
        """The usual duration of a poll of one operation in seconds; 0 before the first."""
        return self._fetcher.response_seconds

    @property
    def history(self) -> JobHistory:
        """The durations of this server's jobs, from all responses since this was first used."""
        return self._history_loader().history

    def waiting(self, operation: Any) -> QueuePlace | None:
        """Returns an operation's place in its queue; None if it is not known or does not wait.

        It is known while there is a subscription `with_queue` to an operation that waits.
        """
        return self._history_loader().queue.waiting(Operation.adopt(operation))

    def estimate_queue(self, operation: Any) -> Estimate | None:
        """Estimates how long an operation is queued: from its place, if that is known.

        Otherwise the estimate is made of the last times in the queue, regardless of other jobs.
        """
        return self.place_and_estimate(operation)[1]

    def place_and_estimate(self, operation: Any) -> tuple[QueuePlace | None, Estimate | None]:
        """Returns the results of `waiting` and `estimate_queue` at the same moment."""
        place = self.waiting(operation)
        return place, place.estimate if place else self.history.estimate_queue(operation)

    def learn(
        self, on_learned: Callable[[JobHistory], object], *, _inline: bool = False
    ) -> Subscription:
        """Fills `history` from the server's list, once, when nothing else is due.

        Args:
            on_learned: Gets the history when it is filled; at once if it was filled before, and
                never if the list is unavailable.
        """
        loader = self._history_loader()
        handle = self._handle(on_learned, None, _inline)
        with self._wake:
            everything = self._targets.everything()
            if everything is not None and everything.latest is not None:
                loader.take(everything.latest, has_subscribers=False)
            complete = loader.is_complete()
            if not complete:
                loader.request(handle)
        if complete:
            self._notify_later(handle, loader.history)
        elif self._targets:
            self._start()
        return handle

    def _history_loader(self) -> HistoryLoader:
        with self._wake:
            if self._fetcher.history_loader is None:
                self._fetcher.history_loader = HistoryLoader()
            return self._fetcher.history_loader

    def _check_server(self, operation: Operation) -> None:
        """Raises CrossOriginError for an operation of another server, which has the same paths."""
        theirs, ours = operation.client, self.clients.open()
        if theirs is not None and server_of(theirs) != server_of(ours):
            msg = (
                f"This poller polls {_address(ours)}, but the operation belongs to "
                f"{_address(theirs)}. Use Poller.of(operation.client)."
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
            inline=inline or not self._background,
        )
        with self._wake:
            self._subscriptions.add(subscription)
        return subscription

    def _on_change(self, subscription: Subscription) -> None:
        """Handles a subscription that was closed, or that a page shows again."""
        with self._wake:
            self._targets.on_subscription_changed(subscription)
            if subscription.closed:
                self._commands.discard_closed()
                if self._fetcher.history_loader is not None:
                    self._fetcher.history_loader.forget(subscription)

    def _add_subscriber(
        self, key: str, last_seen: Operation | None, subscription: Subscription
    ) -> None:
        with self._wake:
            target = self._targets.add_subscriber(key, last_seen, subscription)
            if target.latest is not last_seen:
                replay = partial(target.replay_latest, subscription, last_seen)
                self._commands.add(subscription, replay, owner=REPLAYS)
        self._start()

    def _notify_later(self, subscription: Subscription, result: Any) -> None:
        with self._wake:
            self._commands.add(subscription, partial(subscription.notify, result), owner=REPLAYS)
        self._start()


def _address(client: Any) -> str:
    return f"{getattr(client, 'origin', '')}/{str(getattr(client, 'base_path', '')).strip('/')}"


def _run_and_notify(command: Callable[[], Any], handle: Subscription) -> None:
    try:
        result = run_command(command, lambda: handle.closed)
    except TamrError as error:
        handle.notify_error(error)
    else:
        handle.notify(result)
