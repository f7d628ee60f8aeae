"""JobTable: what is known of all jobs, and what of it changed since a page last heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import Any

from .._operation.document import text
from .._operation.html import html_rows
from .._operation.operation_list import OperationList
from ..history import Estimate
from ..operation import Operation
from ..snapshot import Snapshot
from .payload import cut, estimate_facts, milliseconds

Row = list[Any]

# The static form of a table is for reading; nobody reads more.
MAX_STATIC_ROWS = 100


class JobTable:
    """All operations of a server, newest first, by the keys that a page knows them by."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        # The keys of names that a server gave to another job.
        self._keys: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def get(self, key: object) -> Operation | None:
        """The operation with this key."""
        return self._operations.get(key) if isinstance(key, str) else None

    def operations(self) -> tuple[Operation, ...]:
        """All of them, newest first."""
        return tuple(self._operations.values())

    def keyed(self) -> Iterable[tuple[str, Operation]]:
        """All of them with their keys, newest first."""
        return self._operations.items()

    def take(self, listing: OperationList) -> tuple[list[tuple[str, Operation]], list[str]]:
        """Take over a new list, and say what changed and what is gone.

        Snapshots are kept where the server's document is the same as before.
        """
        before, operations = self._operations, dict[str, Operation]()
        changed = []
        copies: Counter[str] = Counter()
        for document in listing.documents:
            key = _unique(self._key(document), operations, copies)
            operation = before.get(key)
            if operation is None or not operation.has_same_document(document):
                operation = listing.operation(document)
                changed.append((key, operation))
            operations[key] = operation
        # All at once, since other threads read it.
        self._operations = operations
        return changed, [key for key in before if key not in operations]

    def put(self, key: str, operation: Operation) -> None:
        """Take over one snapshot that came by another way."""
        if key in self._operations:
            self._operations[key] = operation

    def remove(self, key: str) -> None:
        """Forget an operation that was deleted."""
        self._operations.pop(key, None)

    def _key(self, document: dict[str, Any]) -> str:
        """The key of a document: its name, or another one where that was another job's.

        A page may have the old job selected or opened, so its key must not mean the new one.
        """
        name = _name(document)
        key = self._keys.get(name, name)
        known = self._operations.get(key)
        if known is not None and known.is_replaced_by(document):
            key = self._keys[name] = f"{key}'"
        return key


def row(key: str, operation: Snapshot, estimate: Estimate | None) -> Row:
    """An operation as a row of the page's table; the order is that of static/jobs/table/rows.js."""
    return [
        key,
        cut(operation.state) or None,
        cut(operation.description),
        cut(operation.created_by),
        milliseconds(operation.created_at),
        milliseconds(operation.started_at),
        milliseconds(operation.ended_at),
        cut(operation.type),
        list((estimate_facts(estimate) or {}).values()) or None,
    ]


def _name(document: dict[str, Any]) -> str:
    """The name that a document has in its server's list."""
    path = document.get("relativeId")
    name = path.rpartition("/")[2] if isinstance(path, str) else document.get("id")
    return text(name) or "?"


def _unique(key: str, taken: Container[str], copies: Counter[str]) -> str:
    """A key that is not taken; `copies` counts them, so that many of one name take no longer."""
    unique = key
    while unique in taken:
        copies[key] += 1
        unique = f"{key}'{copies[key]}"
    return unique


def at_rest(operations: tuple[Operation, ...] | None, host: str) -> tuple[str, str]:
    """The newest jobs as HTML and as plain text, for where no widget can live.

    Args:
        operations: All jobs, newest first; None before the first list.
        host: Whose jobs they are.
    """
    if operations is None:
        title = f"The jobs of {host}: the list has not been fetched yet."
        return html_rows((), title), title
    title = f"{len(operations):,} jobs of {host}"
    if len(operations) > MAX_STATIC_ROWS:
        title += f", the newest {MAX_STATIC_ROWS} of them"
    return html_rows(operations[:MAX_STATIC_ROWS], title), title


def to_frame(operations: tuple[Operation, ...]) -> Any:
    """A pandas DataFrame with a row for each operation.

    Raises:
        ImportError: pandas is not installed; the message says how to get it.
    """
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError as error:
        msg = "to_frame() needs pandas. Install it with: pip install pandas"
        raise ImportError(msg) from error
    columns: dict[str, Callable[[Operation], Any]] = {
        "id": lambda operation: operation.resource_id,
        "state": lambda operation: operation.state,
        "description": lambda operation: operation.description,
        "type": lambda operation: operation.type,
        "created_by": lambda operation: operation.created_by,
        "created_at": lambda operation: operation.created_at,
        "started_at": lambda operation: operation.started_at,
        "ended_at": lambda operation: operation.ended_at,
        "queued": lambda operation: operation.queued,
        "elapsed": lambda operation: operation.elapsed,
        "message": lambda operation: operation.message,
    }
    frame = pd.DataFrame(
        {name: [value(each) for each in operations] for name, value in columns.items()}
    )
    # pandas 2 has no times of the years 1 or 9999; what it can't hold is left out.
    for name in ("created_at", "started_at", "ended_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True, errors="coerce")
    for name in ("queued", "elapsed"):
        frame[name] = pd.to_timedelta(frame[name], errors="coerce")
    return frame
