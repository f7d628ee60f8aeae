"""Waits for the end of a widget's operation: blocking a cell, or in an event loop.

The results are those of `Operation.wait` for the same arguments. A wait uses the widget's polls;
only at a deadline it makes one more request, as `Operation.wait` does.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress

from .._clock import Seconds, checked_seconds, clock
from .._http.deadline import deadline
from .._http.retry import MAX_ERRORS_IN_A_ROW, given_up, is_retryable
from .._operation.wait import LAST_POLL_SECONDS, check_may_wait
from ..errors import TamrError
from ..operation import Operation, wait_timeout
from .controller import OperationController

# An interrupt of the kernel, and the end of polling, are noticed within this time.
NOTICE_SECONDS = 0.1


class WaitInterrupted(KeyboardInterrupt):
    """Raised when the kernel was interrupted while a widget waited; the job goes on."""

    def _render_traceback_(self) -> list[str]:
        return _stopped_waiting()


def _stopped_waiting() -> list[str]:
    return ["Stopped waiting. The job goes on; the widget still follows it."]


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
        self.ended: Future[Operation] = Future()

    def end(self, operation: Operation) -> None:
        """Ends all waits with the resolved operation; later calls do nothing."""
        if not self.ended.done():
            self.ended.set_result(operation)

    def block(self, timeout_seconds: Seconds | None) -> Operation:
        """Blocks until the operation is resolved, and returns it; see `OperationWidget.wait`."""
        start, timeout = clock.monotonic(), math.inf
        if timeout_seconds is not None:
            timeout = checked_seconds("timeout_seconds", timeout_seconds)
        if os.getpid() != self._process:  # the parent's controller does not poll in this process
            return self._controller.operation.wait(self._controller.interval, timeout_seconds)
        if not self.ended.done():
            check_may_wait()
        try:
            with self._waiting():
                return self._block(start, timeout)
        except KeyboardInterrupt:
            raise WaitInterrupted from None

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Keeps polling at the interval inside, also if it was paused or an error ended it."""
        with self._controller.follower.waiting():
            self._controller.follow()
            yield

    def _block(self, start: Seconds, timeout: Seconds) -> Operation:
        retry_limit = _RetryLimit(self._controller, None if math.isinf(timeout) else timeout)
        while True:
            remaining = start + timeout - clock.monotonic()
            with suppress(FutureTimeout):
                return self.ended.result(max(0.0, min(remaining, NOTICE_SECONDS)))
            self._raise_if_over()
            if remaining <= 0:
                return self._last_poll(start)
            retry_limit.check()

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

    async def until_ended(self) -> Operation:
        """Waits without blocking the event loop, and returns the resolved operation."""
        import asyncio  # noqa: PLC0415 - a third of the time to import this package, without a loop

        if os.getpid() != self._process:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, self.block, None)
        with self._waiting():
            retry_limit = _RetryLimit(self._controller, None)
            try:
                while not self.ended.done():
                    self._raise_if_over()
                    retry_limit.check()
                    # ipykernel handles an interrupt only when its event loop runs.
                    await asyncio.sleep(NOTICE_SECONDS)
            except asyncio.CancelledError as error:
                error._render_traceback_ = _stopped_waiting  # type: ignore[attr-defined]
                raise
        return self.ended.result()

    def _raise_if_over(self) -> None:
        """Raises an error if the polling ended before the operation: a new one each time.

        Raises:
            TamrError: A copy of the error that ended the polling; or the operation was deleted, or
                the widget closed.
        """
        controller, error = self._controller, self._controller.error
        if error is not None and controller.halted:
            raise copy.copy(error).with_traceback(None) from error.__cause__
        if controller.deleted or controller.closed:
            end = "deleted" if controller.deleted else "closed"
            msg = (
                f"The widget was {end} before the operation ended; "
                f"it was {controller.operation.state} then."
            )
            raise TamrError(msg)


class _RetryLimit:
    """Ends a wait without a deadline after too many consecutive errors since it began."""

    def __init__(self, controller: OperationController, timeout: Seconds | None) -> None:
        self._controller = controller
        self._endless = timeout is None
        self._before = controller.consecutive_errors

    def check(self) -> None:
        """Raises an error, of the class of the last one, if there were too many."""
        self._before = min(self._before, self._controller.consecutive_errors)
        count, error = self._controller.consecutive_errors - self._before, self._controller.error
        if self._endless and error is not None and count >= MAX_ERRORS_IN_A_ROW:
            raise given_up(error, count) from error
