"""Starts jobs, or joins the one that was started last at the same endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .. import _fork
from .._clock import Seconds, checked_seconds, checked_timeout, clock
from .._http.retry import NOT_FOUND_GRACE_SECONDS
from ..errors import NotFound, OperationReplaced
from .wait import check_may_wait

if TYPE_CHECKING:
    from ..operation import Operation

_WAIT_OPTIONS = ("poll_interval_seconds", "timeout_seconds")


def checked_options(
    asynchronous: object, join: object, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Checks the options of a start before anything is sent, and returns those of `wait`.

    Raises:
        TypeError: An unknown option, or one of the wrong type.
        ValueError: An invalid number of seconds.
        DeadlockError: The start would wait on the polling thread.
    """
    for name, value in (("asynchronous", asynchronous), ("join", join)):
        if not isinstance(value, bool):
            msg = f"{name} must be True or False, not {value!r:.40}. Nothing was started."
            raise TypeError(msg)
    for name, value in options.items():
        if name not in _WAIT_OPTIONS:
            msg = f"start() has no option {name!r:.40}, only {' and '.join(_WAIT_OPTIONS)}."
            raise TypeError(f"{msg} Nothing was started.")
        if name == "timeout_seconds":
            checked_timeout(value)
        else:
            checked_seconds(name, value)
    if not asynchronous:
        check_may_wait()
    return dict(options)


class Starts:
    """The operations that a client has started last, by the URL of the request."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Operation, Seconds]] = {}
        self.renew_after_fork()
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Replaces the locks, which other threads of the parent may hold."""
        self._locks: dict[str, threading.Lock] = {}

    def start(self, url: str, post: Callable[[], Operation], *, join: bool) -> Operation:
        """Starts a job, or with `join` returns the last one if it is not resolved.

        Threads that join at the same URL at the same time start one job.
        """
        if not join:
            return self._start(url, post)
        with self._locks.setdefault(url, threading.Lock()):
            return self._running(url) or self._start(url, post)

    def _start(self, url: str, post: Callable[[], Operation]) -> Operation:
        operation = post()
        self._last[url] = operation, clock.monotonic()
        return operation

    def _running(self, url: str) -> Operation | None:
        last, started_at = self._last.get(url, (None, 0.0))
        if last is None or last.resolved:
            return None
        try:
            operation = last.poll()
        except OperationReplaced:
            return None
        except NotFound:
            # Some servers do not find a job right after its start.
            if clock.monotonic() - started_at < NOT_FOUND_GRACE_SECONDS:
                return last
            return None
        self._last[url] = operation, started_at
        return None if operation.resolved else operation
