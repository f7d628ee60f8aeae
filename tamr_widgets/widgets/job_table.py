"""JobTable: what is known of all jobs, and what of it changed since a page last heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import Any

from .._operation.document import field, text
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
        # A page may have a job selected or opened, so its key never means another one.
        self._keys: dict[tuple[Any, ...], str] = {}
        self._latest: dict[str, str] = {}
        self._given: set[str] = set()
        self._suffixes: Counter[str] = Counter()

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
        copies: Counter[tuple[Any, ...]] = Counter()
        for document in listing.documents:
            key = self._key(document, operations, copies)
            operation = before.get(key)
            if operation is None or not operation.has_same_document(document):
                fresh = listing.operation(document)
                operation = fresh if operation is None else fresh.after(operation)
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

    def _key(
        self,
        document: dict[str, Any],
        taken: Container[str],
        copies: Counter[tuple[Any, ...]],
    ) -> str:
        """The key of a document: its name, unless that is or was another row's.

        Args:
            document: One of a list, in which a name may stand several times.
            taken: The keys of the documents before it.
            copies: Counts what looks the same; the first of them stays the first.
        """
        name = _name(document)
        looks = name, text(document.get("id")), text(field(document.get("created"), "time"))
        copies[looks] += 1
        identity = *looks, copies[looks]
        key = self._keys.get(identity)
        if key is None:
            # It may be known by a time that was written in another way.
            known = self._operations.get(self._latest.get(name, ""))
            if known is not None and known.is_shown_by(document):
                key = self._latest[name]
        if key is None or key in taken:
            key = self._new_key(name)
        self._keys[identity] = self._latest[name] = key
        return key

    def _new_key(self, name: str) -> str:
        key = name
        while key in self._given:
            self._suffixes[name] += 1
            key = f"{name}'{self._suffixes[name]}"
        self._given.add(key)
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
