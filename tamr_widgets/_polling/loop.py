"""The thread of a poller: it does what is due, one thing at a time."""

from __future__ import annotations

import logging
import math
import threading
from typing import Any
from weakref import WeakSet

from .. import _fork
from .._clock import Seconds, clock
from .._operation.wait import mark_polling_thread
from .callbacks import own_context
from .commands import CommandQueue
from .fetcher import Fetcher
from .registry import SharedClients
from .target import Subscription
from .targets import PollTargets

# How long the thread may sleep at a time; whatever happens meanwhile wakes it.
LONGEST_PAUSE_SECONDS = 3600.0
# So long may deliveries, which cost no request, keep a poll waiting that is due.
TURN_SECONDS = 0.1

# Owns what is delivered between polls.
REPLAYS = object()

_logger = logging.getLogger(__name__)


class PollLoop:
    """Polls, runs commands and learns in turn, on a thread that exists while there is work.

    Args:
        client: Whom to ask.
    """

    def __init__(self, client: Any) -> None:
        self.clients = SharedClients(client)
        self._set_up()
        _fork.register(self)

    def _set_up(self) -> None:
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._targets = PollTargets(self._wake)
        self._commands = CommandQueue()
        self._fetcher = Fetcher(self.clients.open, self._targets, self._command_due)
        self._turn_seconds = 0.0  # spent on other things since the last poll
        self._subscriptions: WeakSet[Subscription] = WeakSet()

    def renew_after_fork(self) -> None:
        """Start anew: the thread, and those who subscribed, are the parent's."""
        for each in list(self._subscriptions):
            each.abandon()
        self._set_up()

    def _command_due(self) -> Seconds:
        with self._wake:
            return self._commands.due()

    def _start(self) -> None:
        """Wake the thread, or start it.

        The caller does not hold the lock: a `__del__` on the new thread may need it before that
        thread has begun.
        """
        thread = None
        with self._wake:
            if self._thread is None or not self._thread.is_alive():
                name = f"tamr_widgets poller {id(self):x}"
                self._thread = thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._fetcher.context = own_context()
            self._wake.notify_all()
        if thread is not None:
            thread.start()

    def _run(self) -> None:
        mark_polling_thread()
        while self._wait_for_something_to_do():
            self._step_on()

    def _step_on(self) -> None:
        try:
            self._step()
        except BaseException as error:  # noqa: BLE001 - logged and reported
            self._fetcher.report_internal_error(error)

    def _wait_for_something_to_do(self) -> bool:
        """Sleep until something is due; False when nobody wants anything any more."""
        with self._wake:
            while self._targets or self._commands.due() < math.inf:
                if self._is_superseded():
                    return False
                pause = self._pause()
                if pause <= 0:
                    return True
                self._wake.wait(min(pause, LONGEST_PAUSE_SECONDS))
            if not self._is_superseded():
                if self._fetcher.history_loader is not None:
                    self._fetcher.history_loader.rest()
                self._thread = None
            return False

    def _is_superseded(self) -> bool:
        """Whether another thread was started meanwhile, or this one forked and is in the child."""
        return self._thread not in (None, threading.current_thread())

    def _pause(self) -> Seconds:
        """How long there is nothing to do; the caller holds the lock."""
        target, lessons = self._targets.next(), self._fetcher.history_loader
        pause = self._commands.due() - clock.monotonic()
        if target is None:
            return pause
        pause = min(pause, target.due - clock.monotonic())
        can_learn = lessons is not None and (lessons.to_do() or lessons.needs_list(pause))
        return min(pause, 0.0) if can_learn else pause

    def _step(self) -> Seconds:
        """Do one thing that is due, and say how long there is nothing more to do."""
        with self._wake:
            target = self._targets.next()
            poll_is_due = target is not None and target.due <= clock.monotonic()
            # After a command it is the turn of a poll that is due.
            is_turn_over = poll_is_due and self._turn_seconds >= TURN_SECONDS
            order = None if is_turn_over else self._commands.take()
        if order is not None:
            start = clock.monotonic()
            order.action()
            is_command = order.owner is not REPLAYS
            self._turn_seconds += TURN_SECONDS if is_command else clock.monotonic() - start
        elif target is not None and poll_is_due:
            self._turn_seconds = 0.0
            self._fetcher.fetch(target)
        elif target is not None:
            self._fetcher.load_history(target.due - clock.monotonic())
        with self._wake:
            return self._pause()
