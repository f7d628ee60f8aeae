"""JobTable: the latest snapshots of all jobs by key, and their changes since the last list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from datetime import datetime
from typing import Any, NamedTuple

from .._operation.document import field, text
from .._operation.html import formatted_time, html_rows
from .._operation.operation_list import OperationList
from .._text import MAX_LINE_CHARS, cut
from ..operation import Operation
from .failures import Since
from .payload import milliseconds

Row = list[Any]
RowTimes = list[Any] | None
# The name, the id and the creation time of a document.
Visible = tuple[str, str | None, str | None]

# The length of the static form, which is for reading.
MAX_STATIC_ROWS = 100

# The attributes of an operation that are columns of a DataFrame.
_FRAME_COLUMNS = (
    "resource_id",
    "state",
    "description",
    "type",
    "created_by",
    "created_at",
    "started_at",
    "ended_at",
    "queued",
    "elapsed",
    "message",
    "reason",
)


class Changes(NamedTuple):
    """The changes from one list to the next.

    Attributes:
        changed: The keys of jobs that are new or have changed.
        removed: The keys of jobs that are not in the list any more.
        ended: The jobs that have ended since the list before, new ones included.
    """

    changed: list[str]
    removed: list[str]
    ended: list[Operation]


class JobTable:
    """All operations of a server, newest first, by the keys that identify them on a page."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        # Keys are never reused for another job, which a page may have selected or expanded.
        self._keys: dict[tuple[Visible, int], str] = {}
        self._latest: dict[str, str] = {}
        self._given: set[str] = set()
        self._suffixes: Counter[str] = Counter()
        # By the `id()` of the documents; one that is unchanged in the next list is the same object.
        self._visible: dict[int, Visible] = {}
        self._documents: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._operations)

    def get(self, key: object) -> Operation | None:
        """Returns the operation with this key, or None."""
        return self._operations.get(key) if isinstance(key, str) else None

    def operations(self) -> tuple[Operation, ...]:
        """Returns all operations, newest first."""
        return tuple(self._operations.values())

    def keys(self) -> list[str]:
        """Returns the keys of all operations, newest first."""
        return list(self._operations)

    def take(self, listing: OperationList) -> Changes:
        """Updates the table to a new list, and returns the changes.

        A snapshot is kept if the server's document is the same as before.
        """
        before, operations = self._operations, dict[str, Operation]()
        visible_before, self._visible = self._visible, {}
        copies: dict[Visible, int] = {}
        changed, ended = [], []
        for document in listing.documents:
            visible = visible_before.get(id(document)) or _visible(document)
            self._visible[id(document)] = visible
            copies[visible] = copies.get(visible, 0) + 1
            key = self._key(document, visible, copies[visible], operations)
            earlier = before.get(key)
            if earlier is not None and earlier.has_same_document(document):
                operations[key] = earlier
                continue
            latest = listing.operation(document)
            if earlier is not None:
                latest = latest.after(earlier)
            operations[key] = latest
            changed.append(key)
            if latest.resolved and not (earlier and earlier.resolved):
                ended.append(latest)
        self._documents = listing.documents
        # Replaced in one step, since other threads read it.
        self._operations = operations
        return Changes(changed, [key for key in before if key not in operations], ended)

    def put(self, key: str, operation: Operation) -> None:
        """Updates one operation, unless it was removed."""
        if key in self._operations:
            self._operations[key] = operation

    def remove(self, key: str) -> None:
        """Removes an operation that was deleted."""
        self._operations.pop(key, None)

    def _key(
        self, document: dict[str, Any], visible: Visible, copy: int, taken: Container[str]
    ) -> str:
        """Returns the key of a document: its name, unless that is or was another row's key.

        Args:
            document: A document of a list, which may have several with the same name.
            visible: Its name, id and creation time.
            copy: The number of documents up to this one with the same name, id and time.
            taken: The keys of the documents before it.
        """
        name, identity = visible[0], (visible, copy)
        key = self._keys.get(identity)
        if key is None:
            # The time of the same job may have been written in another format before.
            previous = self._operations.get(self._latest.get(name, ""))
            if previous is not None and previous.is_shown_by(document):
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


def row(
    key: str,
    operation: Operation,
    duration: RowTimes = None,
    start: RowTimes = None,
    since: Since = None,
) -> Row:
    """Returns a row of the page's table, in the order of static/jobs/table/indexed-row.js.

    Args:
        key: The row's key.
        operation: The job.
        duration: The estimate of its running time, from `JobTimes`.
        start: The estimate of its start, from `JobTimes`.
        since: Whether its kind still fails, else since when not; from `Failures`.
    """
    values = [
        key,
        cut(operation.state) or None,
        cut(operation.description),
        cut(operation.created_by),
        milliseconds(operation.created_at),
        milliseconds(operation.started_at),
        milliseconds(operation.ended_at),
        cut(operation.type),
        duration,
        start,
        cut(operation.reason, MAX_LINE_CHARS) or None,
        since,
    ]
    has_failed = values[-2:] != [None, None]
    return values if has_failed else values[:-2]


def _visible(document: dict[str, Any]) -> Visible:
    """Returns the last part of a document's path (or its id), its id and its creation time."""
    path, identifier = document.get("relativeId"), text(document.get("id"))
    name = text(path.rpartition("/")[2]) if isinstance(path, str) else identifier
    return name or "?", identifier, text(field(document.get("created"), "time"))


def static_repr(
    operations: tuple[Operation, ...] | None, host: str, as_of: datetime | None = None
) -> tuple[str, str]:
    """Returns the newest jobs as HTML and as plain text, for front ends without widgets.

    Args:
        operations: All jobs, newest first; None before the first list.
        host: The name of the server.
        as_of: The time when they were fetched, by the server's clock.
    """
    if operations is None:
        title = f"The jobs of {host}: the list has not been fetched yet."
        return html_rows((), title), title
    title = f"{len(operations):,} jobs of {host}"
    if len(operations) > MAX_STATIC_ROWS:
        title += f", the newest {MAX_STATIC_ROWS} of them"
    title += f", as of {formatted_time(as_of)}" if as_of else ""
    return html_rows(operations[:MAX_STATIC_ROWS], title), title


def to_frame(operations: tuple[Operation, ...]) -> Any:
    """Returns a pandas DataFrame with a row for each operation; times are aware, in UTC.

    Raises:
        ImportError: pandas is not installed; the message says how to get it.
    """
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError as error:
        msg = "to_frame() needs pandas. Install it with: pip install pandas"
        raise ImportError(msg) from error
    frame = pd.DataFrame(
        {name: [getattr(each, name) for each in operations] for name in _FRAME_COLUMNS}
    )
    # pandas 2 has no times of the years 1 or 9999; they become NaT.
    for name in ("created_at", "started_at", "ended_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True, errors="coerce")
    for name in ("queued", "elapsed"):
        frame[name] = pd.to_timedelta(frame[name], errors="coerce")
    return frame.rename(columns={"resource_id": "id"})
