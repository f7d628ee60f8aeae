"""Retry policy: classifies errors, and computes the delays between retries.

It applies to `Operation.wait`, `Operation.snapshots` and the poller. A single `poll()` sends one
request and raises its error.
"""

from __future__ import annotations

import math
import random

from requests.exceptions import ChunkedEncodingError

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
    Unauthorized,
    UnexpectedResponse,
)
from .headers import retry_after_seconds

PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
# Statuses of a server, or of a proxy in front of it, that cannot serve any request now.
_OUTAGES = frozenset({408, 429, 502, 503, 504})
# The server responded that it did not carry out the request.
REFUSED = frozenset({429, 503})
# A job that was just started may not be found yet.
NOT_FOUND_GRACE_SECONDS = 5.0
FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0
# With the backoff above: 10 to 20 minutes, long enough for a server to be restarted.
MAX_ERRORS_IN_A_ROW = 25


def is_retryable(error: TamrError, since_start: Seconds) -> bool:
    """Whether a retry can succeed after this error.

    Args:
        error: The error of a request.
        since_start: The time since the wait or the subscription began, in seconds.
    """
    if isinstance(error, (OperationReplaced, ProxyUnauthorized, InvalidRequest, CertificateError)):
        return False
    if isinstance(error, HTTPStatusError):
        if isinstance(error, NotFound):
            return since_start < NOT_FOUND_GRACE_SECONDS
        return error.response is not None and error.response.status_code in PASSING_STATUS
    return isinstance(error, (InternalError, ConnectionFailed, RequestTimeout, UnexpectedResponse))


def was_not_carried_out(error: TamrError) -> bool:
    """Whether a request had no effect for certain, so that it can be sent again.

    There was no connection, or the server refused for the moment (429, 503).
    """
    status = getattr(getattr(error, "response", None), "status_code", None)
    return is_retryable(error, math.inf) and (not error.request_sent or status in REFUSED)


def concerns_all_operations(error: TamrError, *, of_list: bool = False) -> bool:
    """Whether the cause of an error is the server or the user's access, not one operation.

    Args:
        error: The error of a request.
        of_list: Whether the list of all operations was requested. Then fewer errors concern all,
            since the list alone may be too long for a proxy.
    """
    if isinstance(error, Unauthorized):
        return True
    if isinstance(error, ConnectionFailed):
        return not (of_list and isinstance(error.__cause__, ChunkedEncodingError))
    if of_list:
        return False
    if isinstance(error, HTTPStatusError):
        return error.response is not None and error.response.status_code in _OUTAGES
    if isinstance(error, UnexpectedResponse) and error.response is not None:
        return "html" in error.response.headers.get("Content-Type", "")  # a login page
    return isinstance(error, RequestTimeout)


class Backoff:
    """Exponential backoff over consecutive errors.

    Args:
        interval: The poll interval in seconds; the first delay is at most this long.
        max_errors: The number of consecutive errors after which to give up; None for no limit.
    """

    def __init__(self, interval: Seconds, max_errors: int | None) -> None:
        self._first = min(interval, FIRST_BACKOFF_SECONDS)
        self._max_errors = max_errors
        self.errors = 0

    def succeeded(self) -> None:
        """Resets the number of consecutive errors after a success."""
        self.errors = 0

    def next_delay(self, error: TamrError, since_start: Seconds) -> Seconds:
        """Returns the delay in seconds before the next attempt.

        Raises:
            TamrError: `error` itself if it is not retryable; one of its class, chained to it, after
                too many consecutive errors.
        """
        self.errors += 1
        if not is_retryable(error, since_start):
            raise error
        if self._max_errors and self.errors >= self._max_errors:
            raise given_up(error, self.errors) from error
        backoff = min(MAX_BACKOFF_SECONDS, self._first * 2 ** min(self.errors - 1, 30))
        return retry_after_seconds(getattr(error, "response", None)) + jittered(backoff)


def given_up(last_error: TamrError, count: int) -> TamrError:
    """Creates the error for giving up after `count` consecutive errors, of the last one's class."""
    error = type(last_error)(f"Given up after {count} consecutive errors. The last: {last_error}")
    if isinstance(error, (HTTPStatusError, UnexpectedResponse)):
        error.response = getattr(last_error, "response", None)
    return error


def jittered(seconds: Seconds) -> Seconds:
    """Returns a random time between half of `seconds` and all of it, to spread requests."""
    return seconds * random.uniform(0.5, 1)  # noqa: S311
