"""Waits for an operation to be resolved: polling interval, retries and deadline."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._clock import Seconds, clock
from .._http.deadline import deadline
from .._http.retry import MAX_ERRORS_IN_A_ROW, Backoff
from .._text import sanitize
from ..errors import DeadlockError, TamrError, WaitTimeout

if TYPE_CHECKING:
    from ..operation import Operation

# Protects the server from polls with an interval of zero.
MIN_INTERVAL_SECONDS = 0.05
# The last poll of a wait starts at the deadline. It may take as long as the previous response took
# and this much longer: enough for a slow server, and a server that hangs delays the end only a bit.
LAST_POLL_SECONDS = 0.2

_logger = logging.getLogger(__name__)
# Not a ContextVar: contexts are copied from this thread to others, which may wait.
_this_thread = threading.local()


@contextmanager
def polling_thread() -> Iterator[None]:
    """Marks the running thread as one that must not wait, since it does the polling."""
    before = getattr(_this_thread, "polls_in", None)
    _this_thread.polls_in = os.getpid()
    try:
        yield
    finally:
        _this_thread.polls_in = before


def check_may_wait() -> None:
    """Raises an error on the polling thread, where a wait would block the polls that end it.

    Raises:
        DeadlockError: The running thread is a poller's.
    """
    # In a forked child, the thread that forked no longer polls.
    if getattr(_this_thread, "polls_in", None) == os.getpid():
        msg = (
            "This runs on the thread that polls the server, so waiting here for an operation would "
            "stop all polling. Use on_resolved() or Poller.subscribe() to go on when it has ended, "
            "or wait on another thread."
        )
        raise DeadlockError(msg)


def poll_until_resolved(
    operation: Operation, interval: Seconds, timeout: Seconds | None
) -> Iterator[Operation]:
    """Yields new snapshots of an operation until it is resolved; see `Operation.snapshots`."""
    if operation.resolved:
        yield operation
        return
    check_may_wait()
    start = clock.monotonic()
    end = math.inf if timeout is None else start + timeout
    backoff = Backoff(interval, MAX_ERRORS_IN_A_ROW if timeout is None else None)
    last_error, delay, response_seconds, warned = None, interval, 0.0, False
    while not operation.resolved:
        clock.sleep(max(0.0, min(delay, end - clock.monotonic())))
        started = clock.monotonic()
        try:
            with deadline(max(0.0, end - started) + response_seconds + LAST_POLL_SECONDS):
                operation = operation.poll()
        except TamrError as error:
            last_error, delay = error, backoff.next_delay(error, clock.monotonic() - start)
        else:
            last_error, delay = None, max(interval, operation.retry_after)
            response_seconds = clock.monotonic() - started
            backoff.succeeded()
            if operation.state is None and not warned:
                warned = True
                warn_unreadable(operation)
            yield operation
        if clock.monotonic() >= end and not operation.resolved:
            raise wait_timeout(operation, clock.monotonic() - start, last_error) from last_error


def warn_unreadable(operation: Operation) -> None:
    """Logs that an operation has no readable state; callers do so once per subscriber."""
    _logger.warning(
        "Operation %s has no readable state; it counts as not ended.",
        sanitize(operation.api_path or ""),
    )


def wait_timeout(
    operation: Operation, waited: Seconds, last_error: TamrError | None
) -> WaitTimeout:
    """Returns the error of a wait whose deadline has passed."""
    number = sanitize(operation.resource_id or "")
    last_seen = f"It was {sanitize(operation.state or '') or 'in no readable state'} when last seen"
    why = f", and the last request failed: {last_error}" if last_error else "."
    return WaitTimeout(
        f"Operation {number} did not end within {waited:.3g} seconds. {last_seen}{why} "
        "The job itself goes on; wait() again to go on waiting.",
        operation,
        waited,
        last_error,
    )
