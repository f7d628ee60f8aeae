"""Waiting for the end of an operation: when to ask, what to bear with, when to give up."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .._clock import Seconds, clock
from .._http.deadline import deadline
from .._http.retry import MAX_ERRORS_IN_A_ROW, Backoff
from .._text import sanitize
from ..errors import DeadlockError, TamrError, WaitTimeout

if TYPE_CHECKING:
    from ..operation import Operation
    from ..snapshot import Snapshot

# Even an interval of zero leaves the server this long between two polls.
MIN_INTERVAL_SECONDS = 0.05
# The last poll of a wait starts at the deadline. It may take as long as the answer before it took,
# and this much longer: a server that is slow is heard out, one that hangs is not waited for.
LAST_POLL_SECONDS = 0.2

_logger = logging.getLogger(__name__)
# Not a ContextVar: contexts are copied from this thread to others, on which waiting is fine.
_this_thread = threading.local()


def mark_polling_thread() -> None:
    """Mark the running thread as one that must not wait, since it does the polling."""
    _this_thread.polls_in = os.getpid()


def check_may_wait() -> None:
    """Refuse to wait where the wait would hold up the polls that could end it.

    Raises:
        DeadlockError: The running thread is a poller's.
    """
    # In a forked child, the thread that forked polls no more.
    if getattr(_this_thread, "polls_in", None) == os.getpid():
        msg = (
            "This runs on the thread that polls the server, so waiting here for an operation would "
            "stop all polling. Use on_resolved() or Poller.subscribe() to go on when it has ended, "
            "or wait on another thread."
        )
        raise DeadlockError(msg)


def follow(operation: Operation, interval: Seconds, timeout: Seconds | None) -> Iterator[Operation]:
    """Fresh snapshots of an operation until it is resolved; see `Operation.snapshots`."""
    if operation.resolved:
        yield operation
        return
    check_may_wait()
    start = clock.monotonic()
    end = math.inf if timeout is None else start + timeout
    backoff = Backoff(interval, MAX_ERRORS_IN_A_ROW if timeout is None else None)
    fault, pause, answer_seconds, warned = None, interval, 0.0, False
    while not operation.resolved:
        clock.sleep(max(0.0, min(pause, end - clock.monotonic())))
        asked = clock.monotonic()
        try:
            with deadline(max(0.0, end - asked) + answer_seconds + LAST_POLL_SECONDS):
                operation = operation.poll()
        except TamrError as error:
            fault, pause = error, backoff.next_delay(error, clock.monotonic() - start)
        else:
            fault, pause = None, max(interval, operation.retry_after)
            answer_seconds = clock.monotonic() - asked
            backoff.succeeded()
            if operation.state is None and not warned:
                warned = True
                warn_unreadable(operation)
            yield operation
        if clock.monotonic() >= end and not operation.resolved:
            raise wait_timeout(operation, clock.monotonic() - start, fault) from fault


def warn_unreadable(operation: Snapshot) -> None:
    """Note, once for each follower, that a server's status has no state that could be read."""
    _logger.warning(
        "Operation %s has no readable state; it counts as not ended.",
        sanitize(operation.api_path or "", 100),
    )


def wait_timeout(operation: Operation, waited: Seconds, fault: TamrError | None) -> WaitTimeout:
    """The error of a wait that took too long."""
    number = sanitize(operation.resource_id or "", 100)
    seen = f"It was {sanitize(operation.state or '', 100) or 'in no readable state'} when last seen"
    why = f", and the last request failed: {fault}" if fault else "."
    return WaitTimeout(
        f"Operation {number} did not end within {waited:.3g} seconds. {seen}{why} "
        "The job itself goes on; wait() again to go on waiting.",
        operation,
        waited,
        fault,
    )
