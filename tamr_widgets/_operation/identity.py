"""Determines which operation a document or a path identifies.

A document names its operation by `id` and by `relativeId`. The creation time distinguishes it from
another operation that got the same number later, as happens after a server was restored.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from .._http.urls import origin_parts
from .document import field, text
from .times import parse_time

_OPERATION = re.compile(r"operations/([^/?#]+)")
# Servers write the same time with different precision in different responses.
_TIME_RESOLUTION = timedelta(seconds=1)


def name_of_path(path: str, base_path: str = "") -> str | None:
    """Returns the name of the operation at a path; None if it is not an operation's path."""
    match = _OPERATION.fullmatch(path.removeprefix(base_path))
    return unquote(match[1]) if match else None


def names_in(document: dict[str, Any]) -> set[str | None]:
    """Returns all names that a document gives its operation; more than one if they conflict.

    None stands for an `id` or a `relativeId` that can't be an operation's.
    """
    names: set[str | None] = set()
    identifier, path = document.get("id"), document.get("relativeId")
    if identifier is not None and identifier != "":
        names.add(_name_of_id(identifier))
    if path is not None and path != "":
        names.add(name_of_path(path) if isinstance(path, str) else None)
    return names


def only_name(names: set[str | None]) -> str | None:
    """Returns the only name; None if there is none or more than one."""
    return next(iter(names)) if len(names) == 1 else None


def is_operation(document: object) -> bool:
    """Whether a document is an operation's, and names it unambiguously."""
    if not isinstance(document, dict) or only_name(names_in(document)) is None:
        return False
    if document.get("relativeId"):
        return True
    # Without a path, only the status distinguishes an operation from a project or a dataset.
    return isinstance(document.get("status"), dict) or document.keys() == {"id"}


def is_named(name: str, document: object) -> bool:
    """Whether a document is of the operation with this name, and of no other."""
    return isinstance(document, dict) and only_name(names_in(document)) == name


def created_at(document: dict[str, Any]) -> datetime | None:
    """Returns the time when the operation was requested; None if the document has none."""
    return parse_time(field(document.get("created"), "time"))


def is_another_time(last_seen: datetime | None, document: dict[str, Any]) -> bool:
    """Whether a document has another creation time than the last one that was seen."""
    created = created_at(document)
    return bool(last_seen and created and abs(last_seen - created) >= _TIME_RESOLUTION)


def server_of(client: Any) -> tuple[Any, ...] | None:
    """Returns the parts that identify a client's server: scheme, host, port and base path."""
    origin, base_path = getattr(client, "origin", None), getattr(client, "base_path", None)
    if not isinstance(origin, str):
        return None
    try:
        return (*origin_parts(origin), str(base_path).strip("/"))
    except ValueError:
        return (origin.rpartition("@")[2],)


def _name_of_id(identifier: object) -> str | None:
    if not isinstance(identifier, (str, int)):
        return None
    # Some servers write ids percent-encoded, as in the path; others do not.
    return unquote(text(identifier) or "") or None
