"""Runs callbacks of users on threads of their own, isolated from the thread that polls.

A callback may raise, sleep, wait for another operation or print. Callbacks of one queue run in the
order in which they were submitted, each in a copy of the context in which it was registered: the
notebook shows its output below the cell that registered it.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .. import _fork
from .._http.deadline import lift_deadlines

_logger = logging.getLogger(__name__)

Call = Callable[[], object]


class CallbackQueue:
    """Runs calls one after another, on a thread that exists only while there are any.

    Args:
        max_waiting: The length of the queue; when it is full, a new call replaces the oldest. None
            for no limit.
    """

    def __init__(self, max_waiting: int | None = None) -> None:
        self._calls: deque[Call] = deque(maxlen=max_waiting)
        self._lock = threading.RLock()  # a signal handler may call `submit`, too
        self._thread: threading.Thread | None = None
        _fork.register(self)

    def submit(self, call: Call) -> None:
        """Queues `call`, and returns at once."""
        thread = None
        with self._lock:
            self._calls.append(call)
            # A thread that is not alive could not be started, or was ended by force.
            if self._thread is None or not self._thread.is_alive():
                name = f"tamr_widgets callbacks {id(self):x}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread = thread
        if thread is not None:
            # Started without the lock, since a `__del__` on the new thread may need it before
            # `start` returns.
            try:
                thread.start()
            except RuntimeError as error:  # too many threads, or the interpreter exits
                if threading.main_thread().is_alive():
                    log_exception(_logger, "A callback is delayed until the next one.", error)

    def renew_after_fork(self) -> None:
        """Clears the queue: the remaining calls belong to the parent."""
        self._calls.clear()
        self._lock = threading.RLock()
        self._thread = None

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._thread is not threading.current_thread():
                    return  # another one was started meanwhile
                if not self._calls:
                    self._thread = None
                    return
                call = self._calls.popleft()
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - SystemExit would end the thread
                log_exception(_logger, "A callback raised; the next ones still run.", error)


def log_exception(logger: logging.Logger, message: str, error: BaseException) -> None:
    """Logs an exception; a logging handler of the user's that raises is ignored."""
    with suppress(BaseException):
        logger.error(message, exc_info=error)


def own_context() -> contextvars.Context:
    """Copies the caller's context for code that runs later: its output is below the same cell."""
    context = contextvars.copy_context()
    # A deadline of the caller does not apply to code that runs later.
    context.run(lift_deadlines)
    return context


def ignore(_: object) -> None:
    """Does nothing, as the callback for results or errors that are not needed."""


class SafeCallback:
    """A user's callback, run on a queue in a copy of the context in which it was registered.

    Args:
        callback: The user's function.
        queue: The queue that runs it.
        on_error: Gets each exception of it, SystemExit and KeyboardInterrupt included.
    """

    def __init__(
        self,
        callback: Callable[..., object],
        queue: CallbackQueue,
        on_error: Callable[[BaseException], object],
    ) -> None:
        self._callback: Callable[..., object] | None = callback
        self._queue = queue
        self._on_error = on_error
        self._context = own_context()

    def __call__(self, *args: Any) -> None:
        """Submits the call to the queue, and returns at once."""
        self._queue.submit(lambda: self._run(args))

    def close(self) -> None:
        """Ends the calls, also those that are queued. One that is under way goes on."""
        self._callback = None

    def _run(self, args: tuple[Any, ...]) -> None:
        # A copy, since a context can be entered by one thread at a time only.
        self._context.copy().run(self._call, args)

    def _call(self, args: tuple[Any, ...]) -> None:
        # Looked up only now, since it may have been closed while the call was queued.
        callback = self._callback
        if callback is None:
            return
        try:
            callback(*args)
        except BaseException as error:  # noqa: BLE001 - logged and reported
            log_exception(_logger, "A callback raised; the others still run.", error)
            self._on_error(error)
