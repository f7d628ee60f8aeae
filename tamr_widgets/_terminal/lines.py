"""Formats operations as lines of text, as a table and as JSON lines."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from .._clock import Seconds, clock
from .._operation.html import duration
from .._text import MAX_TEXT_CHARS, sanitize
from ..history import Estimate, progress
from ..operation import Operation

BAR_CELLS = 10
_COLOURS = {"SUCCEEDED": "32", "FAILED": "31", "CANCELED": "33", "RUNNING": "36"}
_COLUMNS = ("ID", "STATE", "CREATED", "QUEUED", "RAN", "BY", "DESCRIPTION")


def status_line(
    operation: Operation, estimate: Estimate | None = None, error: Exception | None = None
) -> str:
    """Returns one line: number, state, progress, times, description and message.

    Args:
        operation: The latest snapshot.
        estimate: How long it runs, or how long it is queued if it has not started.
        error: The error of the last poll.
    """
    facts = (
        operation.resource_id or "?",
        operation.state or "UNKNOWN",
        _bar(operation, estimate),
        _times(operation, estimate),
    )
    texts = (operation.description, operation.message, str(error or ""))
    line = _clean(" ".join(filter(None, facts)))
    return f"{line}  {_clean(': '.join(filter(None, texts)))}".rstrip()


def coloured(line: str, operation: Operation) -> str:
    """Returns a line with the first mention of the operation's state in a colour."""
    state = operation.state or ""
    colour = _COLOURS.get(state)
    return line.replace(state, f"\x1b[{colour}m{state}\x1b[0m", 1) if colour else line


def _bar(operation: Operation, estimate: Estimate | None) -> str:
    """Returns a bar of the estimated progress of a running job; "" without an estimate."""
    if estimate is None or operation.resolved or operation.started_at is None:
        return ""
    cells = int(BAR_CELLS * progress(_seconds_since(operation, operation.started_at), estimate))
    return f"[{'#' * cells}{'-' * (BAR_CELLS - cells)}]"


def _times(operation: Operation, estimate: Estimate | None) -> str:
    """Returns how long the job was queued or ran, and how long it will, in words."""
    if operation.resolved:
        ran = duration(operation.elapsed)
        return f"after {ran}" if ran else ""
    started = operation.started_at
    since = started or operation.created_at
    if since is None or (started is None and operation.state == "RUNNING"):
        return ""
    seconds = _seconds_since(operation, since)
    text = f"{'for' if started else 'queued for'} {duration(timedelta(seconds=seconds))}"
    if estimate is None:
        return text
    if seconds > estimate.high_seconds:
        return f"{text}, longer than usual"
    if seconds >= estimate.median_seconds:
        return f"{text}, {'ends' if started else 'starts'} soon"
    left = duration(timedelta(seconds=max(1.0, estimate.median_seconds - seconds)))
    return f"{text}, about {left} left" if started else f"{text}, starts in about {left}"


def table(operations: Iterable[Operation]) -> list[str]:
    """Returns the lines of a table, of which the first one names the columns."""
    rows = [_COLUMNS, *map(_cells, operations)]
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))


def _cells(operation: Operation) -> tuple[str, ...]:
    created = operation.created_at
    description = ": ".join(filter(None, (operation.description or "", operation.message)))
    texts = (
        operation.resource_id or "?",
        operation.state or "UNKNOWN",
        f"{created.astimezone():%Y-%m-%d %H:%M}" if created else "",
        duration(operation.queued),
        duration(operation.elapsed),
        operation.created_by or "",
        description,
    )
    return tuple(map(_clean, texts))


def json_line(operation: Operation) -> str:
    """Returns a JSON object in one line; times are in ISO 8601, durations in seconds."""
    facts: dict[str, Any] = {
        "id": operation.resource_id,
        "state": operation.state,
        "description": operation.description,
        "type": operation.type,
        "message": operation.message,
        "created_by": operation.created_by,
        "created_at": _iso(operation.created_at),
        "started_at": _iso(operation.started_at),
        "ended_at": _iso(operation.ended_at),
        "queued_seconds": _total_seconds(operation.queued),
        "elapsed_seconds": _total_seconds(operation.elapsed),
    }
    return json.dumps(facts)


def fitted(text: str, width: int | None) -> str:
    """Returns a text cut to a number of columns, with an ellipsis where it was cut."""
    if width is None or columns_of(text) <= width:
        return text
    while text and columns_of(text) > width - 1:
        text = text[: -max(1, (columns_of(text) - width) // 2)]
    return f"{text}…" if width > 0 else ""


def columns_of(text: str) -> int:
    """Returns the number of columns that a text takes in a terminal."""
    return sum(_columns_of_character(character) for character in text)


def _columns_of_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _seconds_since(operation: Operation, time: datetime) -> Seconds:
    """Returns the seconds since a time of the server, by its clock."""
    now = clock.wall() + operation.clock_offset_seconds
    return max(0.0, now - time.timestamp())


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _total_seconds(length: timedelta | None) -> Seconds | None:
    return None if length is None else length.total_seconds()


def _clean(text: str) -> str:
    return sanitize(text, MAX_TEXT_CHARS)
