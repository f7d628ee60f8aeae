"""Parses the `Retry-After` and `Date` headers of responses."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime

import requests

from .._clock import Seconds, clock

MAX_RETRY_AFTER_SECONDS = 120.0


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
