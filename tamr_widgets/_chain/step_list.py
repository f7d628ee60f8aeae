"""StepList: steps with their operations and estimates, and the subscribers to their changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import _fork
from .._http.protocol import TamrClient
from .._polling.callbacks import CallbackQueue, SafeCallback, ignore
from ..history import Estimate
from ..operation import Operation
from ..poller import Poller
from .running import StepRun
from .steps import StepStatus


class StepList:
    """A named list of steps that run.

    Args:
        name: The name, for people.

    Raises:
        TypeError: The name is not a string.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            msg = f"The name of a chain is a text, not {name!r:.100}."
            raise TypeError(msg)
        self.name = name
        self._runs: list[StepRun] = []
        # Pollers are kept alive, since they hold the histories.
        self._pollers: dict[Poller, TamrClient] = {}
        # Replaced when it changes, so that it can be read without the lock.
        self._listeners: dict[SafeCallback, Callable[[], bool]] = {}
        self._lock = threading.RLock()  # a signal handler may call any method
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent may hold."""
        self._lock = threading.RLock()

    @property
    def state(self) -> str:
        """The state of the whole list."""
        raise NotImplementedError

    @property
    def at_once(self) -> int:
        """The number of steps that may run at the same time."""
        return 1

    @property
    def steps(self) -> tuple[StepStatus, ...]:
        """The status of each step, in the order of the list."""
        with self._lock:
            return tuple(
                StepStatus(
                    run.step.name,
                    run.state,
                    run.after,
                    run.operation,
                    run.error,
                    *self._estimates(run),
                    run.may_have_started,
                )
                for run in self._runs
            )

    def status(self) -> tuple[str, tuple[StepStatus, ...]]:
        """Returns the state and the steps of the same moment."""
        with self._lock:
            return self.state, self.steps

    def on_change(
        self, callback: Callable[[], object], *, _is_shown: Callable[[], bool] = lambda: True
    ) -> Callable[[], None]:
        """Calls `callback` after each change of a step, on a thread of its own.

        While there is a callback, `steps` have the starts of jobs in the queue by the jobs ahead.
        This needs the server's list of jobs, see `with_queue` of `Poller.subscribe`.

        Returns:
            A function that removes the callback.
        """
        safe = isolated(callback)
        with self._lock:
            runs = [] if self._is_shown() else list(self._runs)
            self._listeners = {**self._listeners, safe: _is_shown}
        for run in runs:
            run.refresh()  # the poller's thread may sleep until the next poll
        return partial(self._remove_listener, safe)

    def _report(self, run: StepRun, changes: dict[str, Any]) -> None:
        """Writes the changes of a step, and handles them."""
        with self._lock:
            self._write(run, changes)
            client = run.operation.client if run.operation is not None else None
        if client is not None:
            self._learn(client)
        self._advance()

    def _write(self, run: StepRun, changes: dict[str, Any]) -> None:
        """Writes the changes of a step; the caller holds the lock."""
        for name, value in changes.items():
            setattr(run, name, value)

    def _advance(self) -> None:
        """Handles a change of a step."""
        for listener in self._listeners:
            listener()

    def _learn(self, client: TamrClient) -> None:
        """Has the history of a server's jobs loaded, once."""
        poller = Poller.of(client)
        with self._lock:
            if poller in self._pollers:
                return
            self._pollers[poller] = client
        poller.learn(lambda _: self._advance())

    def _estimates(self, run: StepRun) -> tuple[Estimate | None, Estimate | None]:
        """Returns the estimates of the running time and of the time in the queue."""
        operation = run.operation
        client = next(iter(self._pollers.values()), None)
        if operation is None and run.description and client is not None:
            # Only type and description count for an estimate.
            document = {"type": "SPARK", "description": run.description}
            operation = Operation(client, document)
        if operation is None or operation.client is None:
            return None, None
        poller = Poller.of(operation.client)
        return poller.history.estimate(operation), poller.estimate_queue(operation)

    def _is_shown(self) -> bool:
        """Whether a listener shows it. Pollers call it with their lock, so it acquires none."""
        return any(is_shown() for is_shown in self._listeners.values())

    def _remove_listener(self, listener: SafeCallback) -> None:
        with self._lock:
            self._listeners = {
                each: is_shown for each, is_shown in self._listeners.items() if each is not listener
            }
        listener.close()


def isolated(callback: Callable[..., object]) -> SafeCallback:
    """Returns a callback with a queue of its own, so that one that blocks delays no other."""
    return SafeCallback(callback, CallbackQueue(), ignore)
