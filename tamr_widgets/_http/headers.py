"""Parses the headers of responses that say when: `Retry-After` and `Date`."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime

import requests

from .._clock import Seconds, clock

MAX_RETRY_AFTER_SECONDS = 120.0


def retry_after_seconds(response: requests.Response | None) -> Seconds:
    """How long a server asks to be left alone; zero where it asks nothing that makes sense.

    A number of seconds or a date, read against the server's own `Date` where there is one. Never
    more than two minutes, whatever it says.
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
    # Not-a-number compares false with everything and ends as zero.
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if seconds > 0 else 0.0


def http_date(value: str) -> Seconds | None:
    """The date of an HTTP header as seconds since 1970, or None."""
    try:
        date = parsedate_to_datetime(value)
        aware = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
