"""Waits for many operations, of any clients and servers, through their pollers.

Any number of operations of one client costs about one request an interval, and no thread of their
own.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any

from ._clock import Seconds, checked_seconds, checked_timeout, clock
from ._http.retry import MAX_ERRORS_IN_A_ROW
from ._operation.wait import LAST_POLL_SECONDS
from ._polling.callbacks import ignore
from ._polling.futures import OperationFuture, block_until_done, until_done
from ._polling.single import checked_operation, future_of
from .errors import OperationTypeError, WaitTimeout
from .operation import Operation
from .poller import Poller

__all__ = ["AsCompleted", "as_completed", "wait_all"]


def wait_all(
    operations: Iterable[Any],
    timeout_seconds: Seconds | None = None,
    *,
    poll_interval_seconds: Seconds = 3,
) -> list[Operation]:
    """Waits until all operations are resolved, and returns them in the order given.

    Neither a timeout nor Ctrl-C affects the jobs.

    Args:
        operations: Operations of this package or of the public clients, and OperationWidgets.
        timeout_seconds: The deadline for all of them; None for no deadline. One last poll starts
            at the deadline.
        poll_interval_seconds: Seconds between two polls; the first ones come sooner.

    Raises:
        WaitTimeout: Not all operations ended in time. It is a TimeoutError.
        TamrError: The polling of an operation ended with this error, see `Operation.wait`; the
            first one in the order given, after the others have ended.
        OperationTypeError, ValueError, TypeError: An argument is invalid; raised at once.
        NotAClient, ClientClosed: The client of an operation that has not ended can't send requests,
            or there is none; raised at once.
        DeadlockError: This runs on a polling thread, and not all operations are resolved.
    """
    waits = as_completed(operations, timeout_seconds, poll_interval_seconds=poll_interval_seconds)
    return waits.all()


def as_completed(
    operations: Iterable[Any],
    timeout_seconds: Seconds | None = None,
    *,
    poll_interval_seconds: Seconds = 3,
) -> AsCompleted:
    """Returns an iterator, for `for` and `async for`, that yields each operation when it ends.

    The arguments are those of `wait_all`. If the polling of an operation ends with an error, the
    iterator raises it when its turn comes; `next` then continues with the others. The polling ends
    with the last operation, or when the iterator is closed or deleted.

    Raises:
        WaitTimeout, TamrError, DeadlockError: As for `wait_all`; raised by a step of the iteration.
        OperationTypeError, ValueError, TypeError, NotAClient, ClientClosed: As for `wait_all`;
            raised by the call itself.

    Example:
        >>> for operation in tqdm(as_completed(jobs), total=len(jobs)):
        ...     print(operation.description, operation.state)
    """
    interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
    timeout = checked_timeout(timeout_seconds)
    return AsCompleted(_checked_operations(operations), interval, timeout)


class AsCompleted(Iterator[Operation], AsyncIterator[Operation]):
    """Yields operations in the order in which they end; `as_completed` makes it.

    The polling and the time until the deadline begin with the first step.

    Args:
        operations: The operations.
        interval: Seconds between two polls.
        timeout: Seconds from the first step to the deadline; None for no deadline.
        on_wait: Called about ten times a second while a step blocks.
        with_queue: Whether the places of queued jobs are shown; see `Poller.subscribe`.
    """

    def __init__(
        self,
        operations: list[Operation],
        interval: Seconds,
        timeout: Seconds | None,
        on_wait: Callable[[Sequence[OperationFuture]], object] = ignore,
        with_queue: bool | Callable[[], bool] = False,
    ) -> None:
        self._operations = operations
        self._on_wait, self._with_queue = on_wait, with_queue
        self._interval, self._timeout = interval, timeout
        self._futures: list[OperationFuture] = []
        self._turns: Iterator[Future[OperationFuture]] | None = None
        self._timeouts: list[WaitTimeout] = []
        self._end = math.inf
        self._is_overdue = False

    def __next__(self) -> Operation:
        for turn in self._started():
            self._block(turn)
            if not self._is_timeout(turn.result()):
                return turn.result().result()
        self._raise_timeout()
        raise StopIteration

    async def __anext__(self) -> Operation:
        for turn in self._started():
            with self._closed_on_error():
                while not await until_done(turn, self._end - clock.monotonic()):
                    self._on_deadline()
            if not self._is_timeout(turn.result()):
                return turn.result().result()
        self._raise_timeout()
        raise StopAsyncIteration

    def all(self) -> list[Operation]:
        """Waits for all operations, and returns them in the order given; see `wait_all`."""
        for turn in self._started():
            self._block(turn)
            self._is_timeout(turn.result())
        self._raise_timeout()
        return [future.result() for future in self._futures]

    def close(self) -> None:
        """Ends the polling; the jobs go on."""
        self._turns = iter(())
        self._timeouts = []
        for future in self._futures:
            future.cancel()

    def __del__(self) -> None:
        self.close()

    def _started(self) -> Iterator[Future[OperationFuture]]:
        """Starts the polling at the first step; returns a future for each turn that remains."""
        if self._turns is None:
            # With a deadline, consecutive errors end a wait only then.
            max_errors = MAX_ERRORS_IN_A_ROW if self._timeout is None else None
            self._end = clock.monotonic() + (math.inf if self._timeout is None else self._timeout)
            turns: list[Future[OperationFuture]] = [Future() for _ in self._operations]
            upcoming = iter(turns)
            self._turns = iter(turns)
            with self._closed_on_error():
                for operation in self._operations:
                    future = future_of(operation, self._interval, max_errors, self._with_queue)
                    self._futures.append(future)
                    future.add_done_callback(lambda done: next(upcoming).set_result(done))  # type: ignore[arg-type]
        return self._turns

    def _block(self, turn: Future[OperationFuture]) -> None:
        with self._closed_on_error():
            on_wait = partial(self._on_wait, self._futures)
            while not block_until_done(turn, self._end - clock.monotonic(), on_wait):
                self._on_deadline()

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        """Closes this on Ctrl-C and on the cancellation of a task, since tracebacks keep it."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _on_deadline(self) -> None:
        """Begins the last polls or, when there was no response to them in time, ends the wait."""
        pending = [future for future in self._futures if not future.done()]
        if self._is_overdue:
            for future in pending:
                future.time_out()
            return
        self._is_overdue = True
        by_poller: dict[Poller, list[OperationFuture]] = {}
        for future in pending:
            by_poller.setdefault(Poller.of(future.latest.client), []).append(future)
        # A poll may be under way, which the last one follows.
        response_seconds = 2 * max((each.response_seconds for each in by_poller), default=0.0)
        self._end = clock.monotonic() + response_seconds + LAST_POLL_SECONDS
        for poller, futures in by_poller.items():
            # As a command, since a poll that is under way is not the last one.
            poller.submit(partial(_begin_last_polls, poller, futures), ignore, _inline=True)

    def _is_timeout(self, future: OperationFuture) -> bool:
        """Whether a future timed out; the error is raised after the last poll of the others."""
        error = future.exception()
        if isinstance(error, WaitTimeout):
            self._timeouts.append(error)
        return isinstance(error, WaitTimeout)

    def _raise_timeout(self) -> None:
        timeouts, self._timeouts = self._timeouts, []
        if not timeouts:
            return
        first, count = timeouts[0], len(timeouts)
        if count == 1:
            raise first
        msg = f"{count} of {len(self._futures)} operations did not end in time. {first}"
        raise WaitTimeout(msg, first.operation, first.waited_seconds, first.last_error)


def _begin_last_polls(poller: Poller, futures: list[OperationFuture]) -> None:
    for future in futures:
        future.end_at_next_poll()
        poller.refresh(future.latest)


def _checked_operations(operations: Iterable[Any]) -> list[Operation]:
    """Adopts operations, and checks that requests can be made for them.

    Raises:
        OperationTypeError: There is no iterable of operations.
        NotAClient, ClientClosed: As for `wait_all`.
    """
    if isinstance(operations, (str, bytes)) or not isinstance(operations, Iterable):
        msg = f"This needs operations, such as a list of them, not {operations!r:.100}."
        raise OperationTypeError(msg)
    return [checked_operation(each) for each in operations]
