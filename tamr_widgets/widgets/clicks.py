"""Clicks: the pending actions of a page, each once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .. import _fork
from .._clock import Seconds
from ..errors import TamrError
from ..poller import Poller, Subscription


class Clicks:
    """Runs actions on a poller's thread; one that is pending is not submitted again.

    Args:
        poller: The poller whose thread runs them.
        on_error: Gets the error of an action.
    """

    def __init__(self, poller: Poller, on_error: Callable[[TamrError], object]) -> None:
        self._poller = poller
        self._on_error = on_error
        self._pending: dict[str, Subscription] = {}
        self._closed = False
        self.renew_after_fork()
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent may have held."""
        # Reentrant, since a signal handler or `__del__` may acquire it on the same thread.
        self._lock = threading.RLock()

    def submit(
        self,
        name: str,
        action: Callable[[], Any],
        on_done: Callable[[Any], object],
        delay: Seconds = 0.0,
    ) -> None:
        """Runs an action unless one of this name is pending.

        Args:
            name: The name of the action.
            action: The function to call.
            on_done: Gets its result.
            delay: The seconds until it is due.
        """
        with self._lock:
            pending = self._pending.get(name)
            if not self._closed and (pending is None or pending.closed):
                self._pending[name] = self._poller.submit(
                    action,
                    lambda result: self._end(name, on_done, result),
                    lambda error: self._end(name, self._on_error, error),
                    delay,
                    owner=self,
                    _inline=True,
                )

    def cancel(self, name: str) -> None:
        """Cancels an action, if it is pending."""
        with self._lock:
            pending = self._pending.pop(name, None)
        if pending is not None:
            pending.close()

    def close(self) -> None:
        """Cancels all pending actions, and ignores later ones."""
        with self._lock:
            self._closed = True
            for name in list(self._pending):
                self.cancel(name)

    def _end(self, name: str, callback: Callable[[Any], object], result: Any) -> None:
        self.cancel(name)
        callback(result)
