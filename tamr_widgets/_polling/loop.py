"""The loop of a poller: runs polls, commands and batches of the history one at a time."""

from __future__ import annotations

import logging
import math
import threading
from typing import Any
from weakref import WeakSet

from .. import _fork
from .._clock import Seconds, clock
from .._operation.wait import polling_thread
from .callbacks import own_context
from .commands import CommandQueue
from .fetcher import Fetcher
from .registry import SharedClients
from .subscription import Subscription
from .targets import PollTargets

# The longest sleep of the thread; a change of targets or commands wakes it earlier.
MAX_SLEEP_SECONDS = 3600.0
# The turn of commands and replays before a poll that is due: one command, or replays of this
# duration, since they make no requests.
TURN_SECONDS = 0.1

# The owner of the notifications that are queued like commands.
REPLAYS = object()

_logger = logging.getLogger(__name__)


class PollLoop:
    """Runs polls and commands in turn, on a thread that exists while there are any.

    Args:
        client: The client that makes the requests.
        background: Whether it has a thread. Otherwise the caller runs it by `run_once`.
    """

    def __init__(self, client: Any, *, background: bool = True) -> None:
        self.clients = SharedClients(client)
        self._background = background
        self._set_up()
        _fork.register(self)

    def _set_up(self) -> None:
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._running_once = threading.Lock()
        self._targets = PollTargets(self._wake)
        self._commands = CommandQueue()
        self._fetcher = Fetcher(self.clients.open, self._targets, self._command_due)
        self._turn_seconds = 0.0  # spent on commands and replays since the last poll
        self._subscriptions: WeakSet[Subscription] = WeakSet()

    def renew_after_fork(self) -> None:
        """Closes the subscriptions, and forgets the thread: both belong to the parent."""
        for each in list(self._subscriptions):
            each.abandon()
        self._set_up()

    def _command_due(self) -> Seconds:
        with self._wake:
            return self._commands.due()

    def _start(self) -> None:
        """Wakes the thread, or starts it, if there is to be one.

        The caller must not hold the lock: a `__del__` on the new thread may need it before
        `Thread.start` returns.
        """
        if not self._background:
            return
        thread = None
        with self._wake:
            if self._thread is None or not self._thread.is_alive():
                name = f"tamr_widgets poller {id(self):x}"
                self._thread = thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._fetcher.context = own_context()
            self._wake.notify_all()
        if thread is not None:
            thread.start()

    def run_once(self) -> Seconds:
        """Runs one command, poll or batch that is due, in a poller without a thread.

        Callbacks are called before it returns. A program with a loop of its own polls by this::

            while (delay := poller.run_once()) < math.inf:
                time.sleep(delay)

        Returns:
            The seconds until there is more work: 0 if some is due, infinity if none is left.

        Raises:
            RuntimeError: The poller has a thread, or this is running already: on another thread,
                or in the command or callback that calls it.
        """
        if self._background:
            msg = "This poller has a thread. Poller(client, background=False) has none."
            raise RuntimeError(msg)
        running = self._running_once  # a command may fork, which replaces it
        if not running.acquire(blocking=False):
            msg = "run_once() is running already, on another thread or in the caller's own call."
            raise RuntimeError(msg)
        try:
            self._fetcher.context = own_context()
            with polling_thread():
                self._run_step()
            with self._wake:
                delay = max(0.0, self._idle_seconds())
                if delay == math.inf:
                    self._release_history()
                return delay
        finally:
            running.release()

    def _run(self) -> None:
        with polling_thread():
            while self._wait_for_work():
                self._run_step()

    def _run_step(self) -> None:
        try:
            self._step()
        except BaseException as error:  # noqa: BLE001 - logged and reported
            self._fetcher.report_internal_error(error)

    def _wait_for_work(self) -> bool:
        """Waits until a target or a command is due; returns False when there are none left."""
        with self._wake:
            while self._targets or self._commands.due() < math.inf:
                if self._is_superseded():
                    return False  # pragma: no cover - in the child of a command that forks
                delay = self._idle_seconds()
                if delay <= 0:
                    return True
                self._wake.wait(min(delay, MAX_SLEEP_SECONDS))
            if not self._is_superseded():
                self._release_history()
                self._thread = None
            return False

    def _release_history(self) -> None:
        """Frees what is queued for the history when there are no targets; holding the lock."""
        if self._fetcher.history_loader is not None:
            self._fetcher.history_loader.release()

    def _is_superseded(self) -> bool:
        """Whether another thread was started meanwhile, or this one runs in a forked child."""
        return self._thread not in (None, threading.current_thread())

    def _idle_seconds(self) -> Seconds:
        """Returns the seconds until there is work; the caller holds the lock."""
        target = self._targets.next()
        delay = self._commands.due() - clock.monotonic()
        if target is None:
            return delay
        delay = min(delay, target.due - clock.monotonic())
        return min(delay, self._fetcher.history_delay(delay))

    def _step(self) -> None:
        """Runs one command, poll or batch that is due, if there is one."""
        with self._wake:
            target = self._targets.next()
            poll_is_due = target is not None and target.due <= clock.monotonic()
            # Commands and due polls alternate.
            is_turn_over = poll_is_due and self._turn_seconds >= TURN_SECONDS
            command = None if is_turn_over else self._commands.take()
        if command is not None:
            start = clock.monotonic()
            command.action()
            is_command = command.owner is not REPLAYS
            self._turn_seconds += TURN_SECONDS if is_command else clock.monotonic() - start
        elif target is not None and poll_is_due:
            self._turn_seconds = 0.0
            self._fetcher.fetch(target)
        elif target is not None:
            self._fetcher.load_history(target.due - clock.monotonic())
