"""Formats operations as static HTML and as text, for where widgets are not available."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from .._http.urls import server_name
from .._text import MAX_TEXT_CHARS, sanitize

if TYPE_CHECKING:
    from ..operation import Operation

_quoted = json.JSONEncoder(ensure_ascii=False).encode
UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def html_table(operation: Operation) -> str:
    """Returns an HTML table of the operation's facts, with all texts escaped."""
    rows = "".join(
        f'<tr><th style="text-align:left">{label}</th><td style="text-align:left">'
        f"<bdi>{escape(_sanitized(text))}</bdi></td></tr>"
        for label, text in facts(operation)
    )
    caption = ""
    if not operation.resolved:
        caption = f"<caption>As it was on {formatted_time(operation.as_of)}.</caption>"
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
    cells = {name: f"<bdi>{escape(_sanitized(texts.get(name, '')))}</bdi>" for name in names}
    if operation.reason:
        cells["Description"] += f"<br><small><bdi>{escape(operation.reason)}</bdi></small>"
    return "".join(f"<td>{cell}</td>" for cell in cells.values())


def plain_text(operation: Operation) -> str:
    """Returns the number, state, description and message of an operation in one line."""
    text = f"Operation {operation.resource_id}: {operation.state}: {operation.description}"
    message = operation.reason or operation.message
    text = _sanitized(f"{text} ({message})" if message else text)
    server, code = server_name(operation.client), code_for(operation)
    return f"{text} On {server}: {code}" if server and code else text


def code_for(operation: Operation) -> str:
    """Returns the Python expression that fetches the operation again; "" without a client."""
    if operation.client is None or operation.type == "NOOP" or not operation.resource_id:
        return ""
    return f"client.operation({_quoted(_sanitized(operation.resource_id))})"


def facts(operation: Operation) -> list[tuple[str, str]]:
    """Returns label and text of each fact that the document has."""
    all_facts = [
        ("State", operation.state or "unknown"),
        ("Description", operation.description),
        ("Id", operation.resource_id),
        ("Type", operation.type),
        ("Server", server_name(operation.client)),
        ("Started by", operation.created_by),
        ("Created", formatted_time(operation.created_at)),
        ("Queued for", duration(operation.queued)),
        ("Ran for" if operation.resolved else "Running for", duration(operation.elapsed)),
        ("Message", operation.reason or operation.message),
        ("Artifact", operation.artifact),
        ("Code", code_for(operation)),
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


def formatted_time(time: datetime | None) -> str:
    """Formats a time: `2021-01-29 18:24:40 UTC`; "" for None."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""


def _sanitized(text: str) -> str:
    return sanitize(text, MAX_TEXT_CHARS)
