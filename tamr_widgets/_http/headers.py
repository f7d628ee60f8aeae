"""Parses the `Retry-After` and `Date` headers of responses."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import requests

from .._clock import Seconds, clock

MAX_RETRY_AFTER_SECONDS = 120.0
# HTTP dates are whole seconds, so a smaller difference of clocks counts as none.
DATE_RESOLUTION_SECONDS = 2.0


class ResponseTime(NamedTuple):
    """The facts of a response's headers about time.

    Attributes:
        as_of: The time of the response by the server's clock.
        clock_offset_seconds: The server's clock minus this machine's, in seconds.
        retry_after: The seconds of the response's `Retry-After`, 0 if it has none.
    """

    as_of: datetime
    clock_offset_seconds: Seconds
    retry_after: Seconds


def response_time(response: requests.Response | None) -> ResponseTime:
    """Returns the time of a response, of now if there is none."""
    now = clock.wall()
    date = http_date(response.headers.get("Date", "")) if response is not None else None
    offset = 0.0 if date is None or abs(date - now) < DATE_RESOLUTION_SECONDS else date - now
    as_of = datetime.fromtimestamp(now + offset, timezone.utc)
    return ResponseTime(as_of, offset, retry_after_seconds(response))


def retry_after_seconds(response: requests.Response | None) -> Seconds:
    """Returns the delay that `Retry-After` requests, or zero without a valid header.

    A date is compared with the server's own `Date` if there is one, else with this machine's clock.
    The delay is at most `MAX_RETRY_AFTER_SECONDS`.
    """
    value = response.headers.get("Retry-After", "") if response is not None else ""
    try:
        seconds = float(value)
    except ValueError:
        date = http_date(value)
        if date is None or response is None:
            return 0.0
        now = http_date(response.headers.get("Date", ""))
        seconds = date - (clock.wall() if now is None else now)
    # NaN compares false with everything, so that it becomes zero.
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if seconds > 0 else 0.0


def http_date(value: str) -> Seconds | None:
    """Returns the date of an HTTP header in seconds since 1970, or None if it is invalid."""
    try:
        date = parsedate_to_datetime(value)
        aware = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
