"""Runs jobs that follow one another, as the steps of a chain.

A chain has no thread of its own. The end of an operation, which a poller reports, starts the next
step; the functions that start jobs run on the threads of callbacks, so that a slow or blocking one
delays no poll.
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from ._chain.plan import (
    BLOCKED,
    CHAIN_ENDED,
    NOT_SUCCEEDED,
    STARTING,
    SUCCEEDED,
    UNKNOWN,
    WAITING,
    blocked,
    chain_state,
    ready,
)
from ._chain.running import StepRun
from ._chain.step_list import StepList, isolated
from ._chain.steps import Step, StepStatus, checked_steps
from ._clock import Seconds, checked_seconds
from ._operation.wait import MIN_INTERVAL_SECONDS
from ._polling.callbacks import SafeCallback, own_context
from ._polling.futures import block_until_done, until_done
from .client import Client
from .errors import DeadlockError, NotSupported
from .operation import Operation

if TYPE_CHECKING:
    from .widgets.chain import ChainWidget

__all__ = ["Chain", "Step", "StepStatus"]

_ELSEWHERE = "This chain runs in the process that started it, not in this one."


class Chain(StepList):
    """Jobs that follow one another: each starts when those before it have succeeded.

    A step that fails, is cancelled or cannot be started blocks the steps after it; the others go
    on. `resume` starts those that have not succeeded.

    Args:
        steps: A mapping of names to functions that start a job and return its operation; or an
            iterable of `Step`s.
        name: The name of the chain, for people.
        at_once: The number of steps that may run at the same time.
        poll_interval_seconds: The seconds between two polls of an operation.

    Raises:
        ValueError: The steps do not fit together, see `Step`; or a number is out of range.
        TypeError: A step is no step, or an argument has the wrong type.

    Example:
        >>> chain = Chain.of(client, {"Update": "projects/1/unifiedDataset:refresh"}, "Nightly")
        >>> chain.start().wait().state
        'SUCCEEDED'
    """

    def __init__(
        self,
        steps: Mapping[str, Callable[[], Any]] | Iterable[Step],
        name: str = "",
        *,
        at_once: int = 1,
        poll_interval_seconds: Seconds = 3,
    ) -> None:
        super().__init__(name)
        if not isinstance(at_once, int) or isinstance(at_once, bool) or at_once < 1:
            msg = f"at_once is a whole number of at least 1, not {at_once!r:.100}."
            raise ValueError(msg)
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        self._at_once = at_once
        self._runs = [
            StepRun(step, self._report, max(interval, MIN_INTERVAL_SECONDS), self._is_shown)
            for step in checked_steps(steps)
        ]
        self._after = {run.step.name: run.after for run in self._runs}
        self._started = self._stopping = self._canceled = False
        self._is_elsewhere = False
        self._to_cancel: list[StepRun] = []
        self._context = contextvars.Context()
        self._on_ended: list[SafeCallback] = []
        self._end: Future[Chain] = Future()

    @classmethod
    def of(
        cls,
        client: Client,
        endpoints: Mapping[str, str],
        name: str = "",
        *,
        descriptions: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Chain:
        """Creates a chain of POST requests.

        Args:
            client: The client that starts the jobs.
            endpoints: The endpoints by the names of the steps, such as
                `{"Update": "projects/1/unifiedDataset:refresh"}`.
            name: The name of the chain.
            descriptions: The descriptions of the jobs by the names of the steps, as far as known;
                see `Step`.
            **options: Further arguments of the constructor.

        Raises:
            TypeError, ValueError: `endpoints` is not a mapping of names to endpoints; or as for the
                constructor.
        """
        for names in (endpoints, descriptions or {}):
            if not isinstance(names, Mapping) or not all(map(_is_text, names.values())):
                msg = (
                    "Chain.of takes endpoints by the names of their steps, such as "
                    f'{{"Update": "projects/1/unifiedDataset:refresh"}}, not {names!r:.100}.'
                )
                raise TypeError(msg)
        known = descriptions or {}
        steps = [
            Step(
                step,
                partial(client.start, endpoint, asynchronous=True),
                description=known.get(step, ""),
            )
            for step, endpoint in endpoints.items()
        ]
        return cls(steps, name, **options)

    def renew_after_fork(self) -> None:
        """Ends the chain in a forked child: it goes on in the parent."""
        super().renew_after_fork()
        if self._started and not self._end.done():
            self._is_elsewhere = True
            self._end = Future()
            self._end.set_exception(NotSupported(_ELSEWHERE))

    @property
    def state(self) -> str:
        """The state of the chain.

        `WAITING` (not started), `RUNNING`, `STOPPING` (no more steps are started), `SUCCEEDED`,
        `FAILED` (a step has failed, or its end is not known), `CANCELED` or `STOPPED`.
        """
        with self._lock:
            return chain_state(
                self._states(),
                started=self._started,
                stopping=self._stopping,
                canceled=self._canceled,
            )

    @property
    def at_once(self) -> int:
        """The number of steps that may run at the same time."""
        return self._at_once

    def start(self) -> Chain:
        """Starts the chain and returns it at once; a chain that was started is not started again.

        The output of the functions of the steps appears below the cell that started it.
        """
        with self._lock:
            if self._started:
                return self
            self._started = True
            self._context = own_context()
        self._advance()
        return self

    def stop(self) -> Chain:
        """Starts no more steps; those that run go on to their end."""
        with self._lock:
            if self._started and self.state not in CHAIN_ENDED:
                self._stopping = True
                for run in self._runs:
                    run.is_withdrawn.set()
        self._advance()
        return self

    def cancel(self) -> Chain:
        """Cancels the steps that run, on the server, and starts no more."""
        with self._lock:
            if self._started and self.state not in CHAIN_ENDED:
                self._canceled = True
                self._to_cancel = [run for run in self._runs if run.operation is not None]
        return self.stop()

    def resume(self, from_operations: Mapping[str, Operation] | None = None) -> Chain:
        """Goes on with the steps that have not succeeded, and returns the chain at once.

        A step whose end is not known is polled first, and started again only if its operation is
        gone. A step that failed while it started its job is started again also if
        `StepStatus.may_have_started`: look for its job first. Steps that run are not affected, and
        `stop` is reverted.

        Args:
            from_operations: The operations that ran in another kernel, by the name of the step,
                for a chain that was created again: their steps take them over instead of starting
                jobs. A server does not record which step of which chain started a job, so they
                have to be named; a saved chain shows their numbers.

        Raises:
            ValueError: `from_operations` has a name that no step has, or the chain was started
                before.
            NotSupported: This is a forked process, and the chain runs in its parent.
            OperationTypeError, NotAClient: A value is no operation, or its client can't send
                requests.
        """
        taken = self._adopted(from_operations or {})
        with self._lock:
            if self._is_elsewhere:
                raise NotSupported(_ELSEWHERE)
            if self._started and from_operations:
                msg = "from_operations is for a chain that was not started; this one was."
                raise ValueError(msg)
            self._started = True
            self._stopping = self._canceled = False
            self._context = own_context()
            to_find = [run for run in self._runs if self._reset(run, taken.get(run.step.name))]
            if self._end.done() and self.state not in CHAIN_ENDED:
                self._end = Future()
        for run in to_find:
            run.begin(self._context)
        self._advance()
        return self

    def on_ended(self, callback: Callable[[Chain], object]) -> Callable[[], None]:
        """Calls `callback` with the chain each time it has ended, on a thread of its own.

        It is called at once if the chain has ended. Its output appears below this cell.

        Returns:
            A function that removes the callback.
        """
        safe = isolated(callback)
        with self._lock:
            self._on_ended.append(safe)
            ended = self._started and self._end.done()
        if ended:
            safe(self)
        return partial(self._remove_on_ended, safe)

    def wait(self, timeout_seconds: Seconds | None = None) -> Chain:
        """Blocks until the chain has ended, and returns it, also if a step has failed.

        Args:
            timeout_seconds: The deadline; None for no deadline.

        Raises:
            TimeoutError: The deadline has passed. The chain goes on.
            NotSupported: The chain was not started, or this is a forked process and the chain runs
                in its parent.
            DeadlockError: This runs on a polling thread, or in the function of a step.
            ValueError, TypeError: `timeout_seconds` is not a number of seconds.
        """
        timeout = math.inf
        if timeout_seconds is not None:
            timeout = checked_seconds("timeout_seconds", timeout_seconds)
        end = self._checked_end()
        if not block_until_done(end, timeout):
            msg = f"{self} did not end within {timeout:.3g} seconds. It goes on; wait() again."
            raise TimeoutError(msg)
        return end.result()

    def __await__(self) -> Generator[Any, None, Chain]:
        """Waits for the end without blocking the event loop; errors as of `wait`."""
        return self._until_ended().__await__()

    async def _until_ended(self) -> Chain:
        end = self._checked_end()
        await until_done(end)
        return end.result()

    def _display_(self) -> ChainWidget:
        """Returns what marimo displays for this."""
        from .widgets.chain import ChainWidget  # noqa: PLC0415 - a layer above, for displays only

        return ChainWidget(self)

    def _ipython_display_(self) -> None:
        self._display_()._ipython_display_()

    def __repr__(self) -> str:
        done = sum(step.state == SUCCEEDED for step in self.steps)
        name = f" {self.name!r:.100}" if self.name else ""
        return f"<Chain{name}: {self.state}, {done} of {len(self._runs)} steps succeeded>"

    def _reset(self, run: StepRun, taken: Operation | None) -> bool:
        """Resets a step that has not succeeded; the caller holds the lock.

        Args:
            run: The step.
            taken: The operation that it takes over, or None.

        Returns:
            Whether its operation may still run, whatever the steps before it and `at_once` say.
        """
        run.refusal, run.may_have_started = None, False
        is_to_find = run.state == UNKNOWN
        if run.state in NOT_SUCCEEDED:
            run.operation = run.operation if is_to_find else None
            run.state, run.error = STARTING if is_to_find else WAITING, None
        if taken is not None and (taken.succeeded() or not taken.resolved):
            is_to_find = not taken.resolved
            run.operation, run.state = taken, STARTING if is_to_find else SUCCEEDED
        return is_to_find

    def _adopted(self, operations: Mapping[str, Any]) -> dict[str, Operation]:
        unknown = [name for name in operations if name not in self._after]
        if unknown:
            msg = f"from_operations names {unknown[0]!r:.100}, but there is no such step."
            raise ValueError(msg)
        return {name: Operation.adopt(each) for name, each in operations.items()}

    def _remove_on_ended(self, callback: SafeCallback) -> None:
        with self._lock:
            self._on_ended = [each for each in self._on_ended if each is not callback]
        callback.close()

    def _checked_end(self) -> Future[Chain]:
        if any(run.is_own_thread() for run in self._runs):
            msg = "A step of this chain waits for the chain, which waits for the step."
            raise DeadlockError(msg)
        with self._lock:
            if not self._started:
                msg = "This chain was not started; start() starts it."
                raise NotSupported(msg)
            return self._end

    def _states(self) -> dict[str, str]:
        return {run.step.name: run.state for run in self._runs}

    def _write(self, run: StepRun, changes: dict[str, Any]) -> None:
        is_new = run.operation is None and changes.get("operation") is not None
        super()._write(run, changes)
        if is_new and self._canceled:
            self._to_cancel.append(run)

    def _advance(self) -> None:
        """Starts the steps that may begin, and ends the chain after the last."""
        with self._lock:
            begun = self._next_steps()
            canceled, self._to_cancel = self._to_cancel, []
            ended = self._started and self.state in CHAIN_ENDED and not self._end.done()
            if ended:
                self._end.set_result(self)
            on_ended = list(self._on_ended) if ended else []
        for run in begun:
            run.begin(self._context)
        for run in canceled:
            run.cancel()
        super()._advance()
        for callback in on_ended:
            callback(self)

    def _next_steps(self) -> list[StepRun]:
        """Marks blocked steps, and returns those to start; the caller holds the lock."""
        if not self._started:
            return []
        runs = {run.step.name: run for run in self._runs}
        for name in blocked(self._states(), self._after):
            runs[name].state = BLOCKED
        names = [] if self._stopping else ready(self._states(), self._after, self._at_once)
        for name in names:
            runs[name].state = STARTING
            runs[name].is_withdrawn.clear()
        return [runs[name] for name in names]


def _is_text(value: object) -> bool:
    return isinstance(value, str)
