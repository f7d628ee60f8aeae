"""The fault policy: which faults pass, how long to wait for that, and when to give up.

`Operation.wait`, `Operation.snapshots` and the poller all ask here. A single `poll()` does not: it
makes one request and raises what came of it.
"""

from __future__ import annotations

import random

from .._clock import Seconds
from ..errors import (
    CertificateError,
    ConnectionFailed,
    HTTPStatusError,
    InternalError,
    InvalidRequest,
    NotFound,
    OperationReplaced,
    ProxyUnauthorized,
    RequestTimeout,
    TamrError,
    UnexpectedResponse,
)
from .headers import retry_after_seconds

PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
# A job that was just started may not be found yet.
NOT_FOUND_GRACE_SECONDS = 5.0
FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0
# With the backoff above: about 20 minutes, long enough for a server to be restarted.
MAX_ERRORS_IN_A_ROW = 25


def is_retryable(fault: TamrError, since_start: Seconds) -> bool:
    """Whether it makes sense to ask again after this fault, `since_start` seconds into it."""
    if isinstance(fault, (OperationReplaced, ProxyUnauthorized, InvalidRequest, CertificateError)):
        return False
    if isinstance(fault, HTTPStatusError):
        if isinstance(fault, NotFound):
            return since_start < NOT_FOUND_GRACE_SECONDS
        return fault.response is not None and fault.response.status_code in PASSING_STATUS
    return isinstance(fault, (InternalError, ConnectionFailed, RequestTimeout, UnexpectedResponse))


class Backoff:
    """How long one follower of an operation bears with faults in a row.

    Args:
        interval: Its poll interval in seconds; the first pause after a fault is no longer.
        most_in_a_row: After so many faults in a row it gives up; None for never.
    """

    def __init__(self, interval: Seconds, most_in_a_row: int | None) -> None:
        self._first = min(interval, FIRST_BACKOFF_SECONDS)
        self._most = most_in_a_row
        self.faults = 0

    def succeeded(self) -> None:
        """An answer came; the next fault is a first one again."""
        self.faults = 0

    def next_delay(self, fault: TamrError, since_start: Seconds) -> Seconds:
        """How many seconds to wait before asking again.

        Raises:
            TamrError: `fault` itself if it does not pass; one of its class, chained to it, if
                there were too many in a row.
        """
        self.faults += 1
        if not is_retryable(fault, since_start):
            raise fault
        if self._most and self.faults >= self._most:
            raise given_up(fault, self.faults) from fault
        backoff = min(MAX_BACKOFF_SECONDS, self._first * 2 ** min(self.faults - 1, 30))
        return retry_after_seconds(getattr(fault, "response", None)) + jittered(backoff)


def given_up(fault: TamrError, times: int) -> TamrError:
    """The error of one who gives up after so many faults in a row."""
    error = type(fault)(f"Given up after {times} faults in a row. The last: {fault}")
    if isinstance(error, (HTTPStatusError, UnexpectedResponse)):
        error.response = getattr(fault, "response", None)
    return error


def jittered(seconds: Seconds) -> Seconds:
    """Between half of it and all of it, so that many followers spread out."""
    return seconds * random.uniform(0.5, 1)  # noqa: S311
