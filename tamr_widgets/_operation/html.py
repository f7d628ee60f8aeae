"""An operation at rest: the static table and the line of text for where no widget can live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from .._text import sanitize

if TYPE_CHECKING:
    from ..snapshot import Snapshot

# Longer than any description of Tamr's.
MAX_TEXT_CHARS = 1000
UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def html_table(operation: Snapshot, note: str = "") -> str:
    """A table of the operation's facts. What comes from the server is text in it, never markup."""
    rows = "".join(
        f'<tr><th style="text-align:left">{label}</th><td style="text-align:left">'
        f"<bdi>{escape(_tame(text))}</bdi></td></tr>"
        for label, text in facts(operation)
    )
    if not operation.resolved:
        note = note or f"As it was on {_moment(operation.as_of)}."
    caption = f"<caption>{escape(_tame(note))}</caption>" if note else ""
    return f'<table class="tamr-snapshot">{caption}<tbody>{rows}</tbody></table>'


def html_rows(operations: Iterable[Snapshot], title: str) -> str:
    """A table of many operations, a row for each."""
    names = ("State", "Description", "Id", "Started by", "Created", "Queued for", "Ran for")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(f"<tr>{_cells(operation, names)}</tr>" for operation in operations)
    return (
        f'<table class="tamr-snapshot"><caption>{escape(_tame(title))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(operation: Snapshot, names: tuple[str, ...]) -> str:
    known = dict(facts(operation))
    known.setdefault("Ran for", known.get("Running for", ""))
    return "".join(f"<td><bdi>{escape(_tame(known.get(name, '')))}</bdi></td>" for name in names)


def plain_text(operation: Snapshot) -> str:
    """The same in one line."""
    text = f"Operation {operation.resource_id}: {operation.state}: {operation.description}"
    return _tame(f"{text} ({operation.message})" if operation.message else text)


def facts(operation: Snapshot) -> list[tuple[str, str]]:
    """Label and text of each fact that is known."""
    all_facts = [
        ("State", operation.state or "unknown"),
        ("Description", operation.description),
        ("Id", operation.resource_id),
        ("Type", operation.type),
        ("Started by", operation.created_by),
        ("Created", _moment(operation.created_at)),
        ("Queued for", duration(operation.queued)),
        ("Ran for" if operation.resolved else "Running for", duration(operation.elapsed)),
        ("Message", operation.message),
    ]
    return [(label, text) for label, text in all_facts if text]


def duration(length: timedelta | None) -> str:
    """Formats a length of time: `4 s`, `1 min 10 s`, `2 h 5 min`, `1 d`.

    At most two units, rounded down as a running clock is; the same as duration() in format.js.
    """
    if length is None:
        return ""
    rest = max(0, int(length.total_seconds()))
    counts: list[tuple[int, str]] = []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count or counts:
            counts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in counts[:2] if count) or "0 s"


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""


def _tame(text: str) -> str:
    return sanitize(text, MAX_TEXT_CHARS)
