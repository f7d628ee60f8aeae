"""Formats operations as static HTML and as text, for where widgets are not available."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from .._text import sanitize

if TYPE_CHECKING:
    from ..operation import Operation

# Of one cell; longer than any description of Tamr's.
MAX_TEXT_CHARS = 1000
UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def html_table(operation: Operation, note: str = "") -> str:
    """Returns an HTML table of the operation's facts, with all texts escaped."""
    rows = "".join(
        f'<tr><th style="text-align:left">{label}</th><td style="text-align:left">'
        f"<bdi>{escape(_sanitized(text))}</bdi></td></tr>"
        for label, text in facts(operation)
    )
    if not operation.resolved:
        note = note or f"As it was on {_formatted_time(operation.as_of)}."
    caption = f"<caption>{escape(_sanitized(note))}</caption>" if note else ""
    return f'<table class="tamr-snapshot">{caption}<tbody>{rows}</tbody></table>'


def html_rows(operations: Iterable[Operation], title: str) -> str:
    """Returns an HTML table with a row for each operation, with all texts escaped."""
    names = ("State", "Description", "Id", "Started by", "Created", "Queued for", "Ran for")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(f"<tr>{_cells(operation, names)}</tr>" for operation in operations)
    return (
        f'<table class="tamr-snapshot"><caption>{escape(_sanitized(title))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(operation: Operation, names: tuple[str, ...]) -> str:
    texts = dict(facts(operation))
    texts.setdefault("Ran for", texts.get("Running for", ""))
    return "".join(
        f"<td><bdi>{escape(_sanitized(texts.get(name, '')))}</bdi></td>" for name in names
    )


def plain_text(operation: Operation) -> str:
    """Returns the number, state, description and message of an operation in one line."""
    text = f"Operation {operation.resource_id}: {operation.state}: {operation.description}"
    return _sanitized(f"{text} ({operation.message})" if operation.message else text)


def facts(operation: Operation) -> list[tuple[str, str]]:
    """Returns label and text of each fact that the document has."""
    all_facts = [
        ("State", operation.state or "unknown"),
        ("Description", operation.description),
        ("Id", operation.resource_id),
        ("Type", operation.type),
        ("Started by", operation.created_by),
        ("Created", _formatted_time(operation.created_at)),
        ("Queued for", duration(operation.queued)),
        ("Ran for" if operation.resolved else "Running for", duration(operation.elapsed)),
        ("Message", operation.message),
    ]
    return [(label, text) for label, text in all_facts if text]


def duration(length: timedelta | None) -> str:
    """Formats a duration: `4 s`, `1 min 10 s`, `2 h 5 min`, `1 d`; "" for None.

    It has at most two units and is rounded down, like the result of duration() in format.js.
    """
    if length is None:
        return ""
    remaining = max(0, int(length.total_seconds()))
    counts: list[tuple[int, str]] = []
    for unit, size in UNITS:
        count, remaining = divmod(remaining, size)
        if count or counts:
            counts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in counts[:2] if count) or "0 s"


def _formatted_time(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""


def _sanitized(text: str) -> str:
    return sanitize(text, MAX_TEXT_CHARS)
