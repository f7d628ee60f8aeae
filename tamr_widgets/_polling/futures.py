"""Futures of resolved operations, and waits for futures that Ctrl-C interrupts."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from .._clock import Seconds, clock
from .._http.retry import MAX_ERRORS_IN_A_ROW, given_up
from .._operation.wait import check_may_wait, wait_timeout
from ..errors import RequestTimeout, TamrError
from .callbacks import CallbackQueue, SafeCallback, ignore

if TYPE_CHECKING:
    from ..operation import Operation

# On Windows, and in the event loop of a kernel, an interrupt is only handled when a wait ends.
INTERRUPT_SECONDS = 0.1


class OperationFuture(Future["Operation"]):
    """A future of the resolved operation, completed by the results of a subscription.

    Its callbacks run on a thread of their own, so they may block.

    Args:
        operation: The snapshot to begin with.
        max_errors: The number of consecutive errors after which it gives up; None for no limit.

    Attributes:
        latest: The latest snapshot.
        last_error: The error of the last poll, or None.
    """

    def __init__(self, operation: Operation, max_errors: int | None = MAX_ERRORS_IN_A_ROW) -> None:
        super().__init__()
        self.latest = operation
        self.last_error: TamrError | None = None
        self._max_errors = max_errors
        self._errors = 0
        self._began = clock.monotonic()
        self._is_overdue = False
        self._complete_later = SafeCallback(partial(complete, self), CallbackQueue(), ignore)

    def cancel(self) -> bool:
        """Cancels it, and ends the waits of `concurrent.futures` for it, as an executor does."""
        was_canceled, is_canceled = self.cancelled(), super().cancel()
        if is_canceled and not was_canceled:
            with suppress(RuntimeError):  # another thread has cancelled it at the same time
                self.set_running_or_notify_cancel()
        return is_canceled

    def on_operation(self, operation: Operation) -> None:
        """Handles a new snapshot."""
        self.latest, self.last_error, self._errors = operation, None, 0
        if operation.resolved:
            self._complete_later(operation)
        elif self._is_overdue:
            self._complete_later(self._timeout(None))

    def on_error(self, error: TamrError) -> None:
        """Handles an error of a poll: one that ended the polling ends the wait."""
        self.last_error = error
        self._errors += 1
        if error.retry_in_seconds is None:
            self._complete_later(own_copy(error))
        elif self._is_overdue:
            self._complete_later(self._timeout(error))
        elif self._max_errors is not None and self._errors >= self._max_errors:
            self._complete_later(caused(given_up(error, self._errors), error))

    def end_at_next_poll(self) -> None:
        """Lets the next poll complete it: with a WaitTimeout, unless the operation has ended."""
        self._is_overdue = True

    def time_out(self) -> None:
        """Completes it with a WaitTimeout, since there was no result of a last poll in time.

        If there was one, and only its thread is late, it is completed with the operation.
        """
        if self.latest.resolved:
            return complete(self, self.latest)
        no_response = RequestTimeout("The server has not responded to the last poll in time.")
        return complete(self, self._timeout(self.last_error or no_response))

    def _timeout(self, last_error: TamrError | None) -> TamrError:
        waited = clock.monotonic() - self._began
        return caused(wait_timeout(self.latest, waited, last_error), last_error)


def complete(future: Future[Any] | asyncio.Future[Any], outcome: Any) -> None:
    """Sets the result or, if `outcome` is an error, the exception of a future; once."""
    with suppress(InvalidStateError, asyncio.InvalidStateError):
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def block_until_done(
    future: Future[Any],
    seconds: Seconds = math.inf,
    on_wait: Callable[[], object] | None = None,
) -> bool:
    """Blocks until a future is done or the time has passed, and returns whether it is done.

    Args:
        future: The future.
        seconds: The time.
        on_wait: Called before each part of the wait, about ten times a second.

    Raises:
        DeadlockError: This is the polling thread, which would have to complete the future.
    """
    if not future.done():
        check_may_wait()
    end = clock.monotonic() + seconds
    with interrupt_explained():
        while not future.done():
            remaining = end - clock.monotonic()
            if remaining <= 0:
                return False
            if on_wait is not None:
                on_wait()
            concurrent.futures.wait([future], min(remaining, INTERRUPT_SECONDS))
    return True


async def until_done(future: Future[Any], seconds: Seconds = math.inf) -> bool:
    """Does the same as `block_until_done` without blocking the event loop."""
    end = clock.monotonic() + seconds
    loop = asyncio.get_running_loop()
    # Not `asyncio.wrap_future`, whose cancellation would cancel a future that others wait for.
    done: asyncio.Future[None] = loop.create_future()
    future.add_done_callback(lambda _: _set_soon(done, loop))
    with interrupt_explained():
        while not future.done():
            remaining = end - clock.monotonic()
            if remaining <= 0:
                return False
            await asyncio.wait([done], timeout=min(remaining, INTERRUPT_SECONDS))
    return True


def _set_soon(done: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
    with suppress(RuntimeError):  # the loop was closed
        loop.call_soon_threadsafe(complete, done, None)


@contextmanager
def interrupt_explained() -> Iterator[None]:
    """Lets a notebook show a sentence for a wait that was interrupted, rather than a traceback."""
    try:
        yield
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        error._render_traceback_ = _stopped_waiting  # type: ignore[union-attr]
        raise


def _stopped_waiting() -> list[str]:
    return ["Stopped waiting. The job goes on."]


def own_copy(error: TamrError) -> TamrError:
    """Returns a copy without the traceback: each wait raises an error of its own."""
    return caused(copy.copy(error).with_traceback(None), error.__cause__)


def caused(error: TamrError, cause: BaseException | None) -> TamrError:
    """Returns the error, with the cause that `raise ... from` would set."""
    error.__cause__ = cause
    return error
