"""Waiting for the end of what a widget follows: blocking a cell, or in an event loop.

The results are those of `Operation.wait` for the same arguments. The widget's own polling is what
is waited for; only at a deadline one more request is made, as `Operation.wait` does.
"""

from __future__ import annotations

import asyncio
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

# An interrupt of the kernel, and the end of following, are noticed at least so often.
NOTICE_SECONDS = 0.1


class WaitInterrupted(KeyboardInterrupt):
    """The kernel was interrupted while a widget waited; the job goes on."""

    def _render_traceback_(self) -> list[str]:
        return _stopped_waiting()


def _stopped_waiting() -> list[str]:
    return ["Stopped waiting. The job goes on; the widget still follows it."]


class Waiting:
    """Waits for the end of the operation that a panel follows.

    Args:
        panel: Follows the operation.

    Attributes:
        ended: The resolved operation, once it is known and the widget shows it.
    """

    def __init__(self, panel: OperationController) -> None:
        self._panel = panel
        self._process = os.getpid()
        self.ended: Future[Operation] = Future()

    def end(self, operation: Operation) -> None:
        """Wake all who wait, once."""
        if not self.ended.done():
            self.ended.set_result(operation)

    def block(self, timeout_seconds: Seconds | None) -> Operation:
        """Block until the operation is resolved, and return it; see `OperationWidget.wait`."""
        start, timeout = clock.monotonic(), math.inf
        if timeout_seconds is not None:
            timeout = checked_seconds("timeout_seconds", timeout_seconds)
        if os.getpid() != self._process:  # nothing is polled here for what the parent made
            return self._panel.operation.wait(self._panel.interval, timeout_seconds)
        if not self.ended.done():
            check_may_wait()
        try:
            with self._waiting():
                return self._block(start, timeout)
        except KeyboardInterrupt:
            raise WaitInterrupted from None

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Polls at the interval inside, whoever looks; also if polling had ended."""
        with self._panel.follower.waiting():
            self._panel.follow()
            yield

    def _block(self, start: Seconds, timeout: Seconds) -> Operation:
        backoff = _RetryLimit(self._panel, None if math.isinf(timeout) else timeout)
        while True:
            left = start + timeout - clock.monotonic()
            with suppress(FutureTimeout):
                return self.ended.result(max(0.0, min(left, NOTICE_SECONDS)))
            self._raise_if_over()
            if left <= 0:
                return self._last_poll(start)
            backoff.check()

    def _last_poll(self, start: Seconds) -> Operation:
        operation, fault = self._panel.operation, None
        try:
            with deadline(self._panel.poller.response_seconds + LAST_POLL_SECONDS):
                operation = operation.poll()
        except TamrError as error:
            fault = error
            if not is_retryable(error, clock.monotonic() - start):
                raise
        else:
            self._panel.take(operation)
        if not operation.resolved:
            raise wait_timeout(operation, clock.monotonic() - start, fault) from fault
        with suppress(FutureTimeout):  # so that the traits say it, too
            self.ended.result(LAST_POLL_SECONDS)
        return operation

    async def until_ended(self) -> Operation:
        """Wait without blocking the event loop; whatever ends this leaves nothing registered."""
        if os.getpid() != self._process:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, self.block, None)
        with self._waiting():
            backoff = _RetryLimit(self._panel, None)
            try:
                while not self.ended.done():
                    self._raise_if_over()
                    backoff.check()
                    # ipykernel notices an interrupt only when its loop turns.
                    await asyncio.sleep(NOTICE_SECONDS)
            except asyncio.CancelledError as error:
                error._render_traceback_ = _stopped_waiting  # type: ignore[attr-defined]
                raise
        return self.ended.result()

    def _raise_if_over(self) -> None:
        """Raise why the end will not be heard of, if so: a new error each time."""
        panel = self._panel
        if panel.fault is not None and panel.halted:
            raise copy.copy(panel.fault).with_traceback(None) from panel.fault.__cause__
        if panel.deleted or panel.closed:
            what = "deleted" if panel.deleted else "closed"
            msg = (
                f"The widget was {what} before the operation ended; "
                f"it was {panel.operation.state} then."
            )
            raise TamrError(msg)


class _RetryLimit:
    """Gives up, where there is no time limit, after many faults in a row since a wait began."""

    def __init__(self, panel: OperationController, timeout: Seconds | None) -> None:
        self._panel = panel
        self._endless = timeout is None
        self._before = panel.faults

    def check(self) -> None:
        """Raise the error of one who gives up, if it is time for that."""
        self._before = min(self._before, self._panel.faults)
        faults, fault = self._panel.faults - self._before, self._panel.fault
        if self._endless and fault is not None and faults >= MAX_ERRORS_IN_A_ROW:
            raise given_up(fault, faults) from fault
