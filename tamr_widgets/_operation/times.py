"""Parses Tamr's times as aware datetimes in UTC.

The formats are those of recorded traffic: ISO 8601 with `Z`, the stamp in the ids of exports and
imports (`2021-07-05_16-16-30-425`), and several forms of a missing time (absent, `""`,
`0000-00-00T00:00:00.000Z`).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

MAX_CHARS = 100
# Servers write the years 1 and 9999 for unknown times, which must not make a duration.
MAX_DURATION = timedelta(days=36_525)
USUAL_CHARS = len("2021-01-29T18:24:53.326Z")

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE | re.ASCII,
)
_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)-(\d{1,6})()", re.ASCII)


def parse_time(value: object) -> datetime | None:
    """Returns the time that a server wrote; None if it is missing or cannot be parsed."""
    if not isinstance(value, str) or len(value) > MAX_CHARS:
        return None
    if len(value) == USUAL_CHARS and value.endswith("Z"):
        try:  # the same result as below in a fifth of the time
            return datetime.fromisoformat(value[:-1] + "+00:00")
        except ValueError:
            pass
    match = _ISO.fullmatch(value.strip()) or _STAMP.fullmatch(value.strip())
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        time = datetime(year, month, day, hour, minute, second, micro, timezone.utc)
        return time - _offset(zone)
    except (ValueError, OverflowError):
        return None


def time_between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """Returns the time from start to end; None if one is missing, or it is negative or too long."""
    if not start or not end:
        return None
    length = end - start
    return length if timedelta(0) <= length <= MAX_DURATION else None


def _offset(zone: str | None) -> timedelta:
    if not zone or zone in "Zz":
        return timedelta(0)
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
