"""Waits for the end of a widget's operation: blocking a cell, or in an event loop.

The results are those of `Operation.wait` for the same arguments. A wait uses the widget's polls;
only at a deadline it makes one more request, as `Operation.wait` does.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress

from .._clock import Seconds, checked_timeout, clock
from .._http.deadline import deadline
from .._http.retry import MAX_ERRORS_IN_A_ROW, given_up, is_retryable
from .._operation.wait import LAST_POLL_SECONDS, wait_timeout
from .._polling.futures import block_until_done, caused, complete, own_copy, until_done
from ..errors import TamrError
from ..operation import Operation
from .controller import OperationController


class Waiting:
    """Waits for the end of an operation.

    Args:
        controller: Polls the operation.

    Attributes:
        ended: A future of the resolved operation, done after the widget shows it.
    """

    def __init__(self, controller: OperationController) -> None:
        self._controller = controller
        self._process = os.getpid()
        self._waits: set[_Wait] = set()
        self.ended: Future[Operation] = Future()

    def update(self) -> None:
        """Ends all waits if the widget shows the end of the operation, or of its polling."""
        operation = self._controller.operation
        if operation.resolved and not self.ended.done():
            complete(self.ended, operation)
        for wait in tuple(self._waits):
            wait.update(self.ended)

    def block(self, timeout_seconds: Seconds | None) -> Operation:
        """Blocks until the operation is resolved, and returns it; see `OperationWidget.wait`."""
        start, timeout = clock.monotonic(), checked_timeout(timeout_seconds)
        if os.getpid() != self._process:  # the parent's controller does not poll in this process
            return self._controller.operation.wait(self._controller.interval, timeout)
        end = math.inf if timeout is None else start + timeout
        with self._wait(has_deadline=timeout is not None) as wait:
            if block_until_done(wait, end - clock.monotonic()):
                return wait.result()
            return self._last_poll(start)

    async def until_ended(self) -> Operation:
        """Waits without blocking the event loop, and returns the resolved operation."""
        if os.getpid() != self._process:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, self.block, None)
        with self._wait(has_deadline=False) as wait:
            await until_done(wait)
            return wait.result()

    @contextmanager
    def _wait(self, *, has_deadline: bool) -> Iterator[Future[Operation]]:
        """Keeps polling at the interval inside, also if it was paused or an error ended it."""
        with self._controller.subscriptions.waiting():
            self._controller.follow()
            wait = _Wait(self._controller, has_deadline=has_deadline)
            self._waits.add(wait)
            try:
                wait.update(self.ended)
                yield wait
            finally:
                self._waits.discard(wait)

    def _last_poll(self, start: Seconds) -> Operation:
        operation, last_error = self._controller.operation, None
        try:
            with deadline(self._controller.poller.response_seconds + LAST_POLL_SECONDS):
                operation = operation.poll()
        except TamrError as error:
            last_error = error
            if not is_retryable(error, clock.monotonic() - start):
                raise
        else:
            self._controller.update(operation)
        if not operation.resolved:
            raise wait_timeout(operation, clock.monotonic() - start, last_error) from last_error
        with suppress(FutureTimeout):  # so that the traits are updated, too
            self.ended.result(LAST_POLL_SECONDS)
        return operation


class _Wait(Future[Operation]):
    """The future of one wait: it fails if the polling ends before the operation.

    Without a deadline, it also fails after too many consecutive errors since it began.
    """

    def __init__(self, controller: OperationController, *, has_deadline: bool) -> None:
        super().__init__()
        self._controller, self._has_deadline = controller, has_deadline
        self._errors_before = controller.consecutive_errors

    def update(self, ended: Future[Operation]) -> None:
        """Completes it, if the operation or its polling has ended."""
        outcome = ended.result() if ended.done() else self._end_of_polling()
        if outcome is not None:
            complete(self, outcome)

    def _end_of_polling(self) -> TamrError | None:
        controller, error = self._controller, self._controller.error
        if error is not None and controller.halted:
            return own_copy(error)
        if controller.deleted or controller.closed:
            end = "deleted" if controller.deleted else "closed"
            return TamrError(
                f"The widget was {end} before the operation ended; "
                f"it was {controller.operation.state} then."
            )
        self._errors_before = min(self._errors_before, controller.consecutive_errors)
        count = controller.consecutive_errors - self._errors_before
        if error is not None and count >= MAX_ERRORS_IN_A_ROW and not self._has_deadline:
            return caused(given_up(error, count), error)
        return None
