"""Reads the facts of an operation from its JSON document, immutably.

Servers omit fields, send empty strings and null, and add states; no property raises for that.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn, TypeVar, cast

import requests

from ._clock import Seconds, clock
from ._http.headers import http_date, retry_after_seconds
from ._http.protocol import TamrClient
from ._operation.document import field, have_equal_copies, is_equal, normalized_copy, text
from ._operation.identity import (
    created_at,
    is_another_time,
    is_named,
    names_in,
    only_name,
    server_of,
)
from ._operation.status_message import summarize
from ._operation.times import parse_time
from .errors import OperationTypeError

RESOLVED_STATES = frozenset({"CANCELED", "SUCCEEDED", "FAILED"})
# HTTP dates are whole seconds, so a smaller difference of clocks counts as none.
DATE_RESOLUTION_SECONDS = 2.0
# Servers write the years 1 and 9999 for unknown times, which must not make a duration.
MAX_DURATION = timedelta(days=36_525)
MAX_REPR_CHARS = 200  # of each fact

S = TypeVar("S", bound="Snapshot")
# A snapshot's own __setattr__ raises.
_set = object.__setattr__


class Snapshot:
    """The facts of an operation at the time when it was fetched.

    Attributes:
        client: The client that fetched it.
        api_path: The path for its requests.
        as_of: The time when it was fetched, by the server's clock.
        clock_offset_seconds: The server's clock minus this machine's, in seconds.
        retry_after: The seconds of the response's `Retry-After`, 0 if it has none.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_earlier_created_at",
        "_unpickled_server",
        "api_path",
        "as_of",
        "client",
        "clock_offset_seconds",
        "retry_after",
    )

    client: TamrClient
    api_path: str | None
    as_of: datetime
    clock_offset_seconds: Seconds
    _data: dict[str, Any]
    _earlier_created_at: datetime | None
    _unpickled_server: tuple[Any, ...] | None
    retry_after: Seconds

    def __init__(self, client: TamrClient, data: dict[str, Any], alias: str | None = None) -> None:
        if not isinstance(data, dict):
            msg = f"An operation is made of a JSON object, not of {type(data).__name__}."
            raise OperationTypeError(msg)
        self._fill(client, normalized_copy(data), alias, _server_time(None), 0.0)

    def _fill(
        self,
        client: TamrClient,
        data: dict[str, Any],
        alias: str | None,
        read_at: tuple[datetime, Seconds],
        retry_after: Seconds,
        unpickled_server: tuple[Any, ...] | None = None,
        earlier_created_at: datetime | None = None,
    ) -> None:
        _set(self, "client", client)
        _set(self, "_data", data)
        _set(self, "_earlier_created_at", earlier_created_at)
        _set(self, "_unpickled_server", unpickled_server)
        _set(self, "api_path", text(alias) or text(data.get("relativeId")))
        _set(self, "as_of", read_at[0])
        _set(self, "clock_offset_seconds", read_at[1])
        _set(self, "retry_after", retry_after)

    @classmethod
    def from_document(
        cls: type[S],
        client: TamrClient,
        data: dict[str, Any],
        alias: str | None,
        response: requests.Response,
    ) -> S:
        """Makes a snapshot of a response's document, which is not copied."""
        snapshot = cls.__new__(cls)
        snapshot._fill(client, data, alias, _server_time(response), retry_after_seconds(response))
        return snapshot

    def from_same_response(self: S, data: dict[str, Any], alias: str | None = None) -> S:
        """Makes a snapshot of another document of the same response."""
        snapshot = type(self).__new__(type(self))
        read_at = (self.as_of, self.clock_offset_seconds)
        snapshot._fill(self.client, data, alias, read_at, self.retry_after)
        return snapshot

    def with_client(self: S, client: TamrClient) -> S:
        """Returns the same snapshot with another client of the same server."""
        if client is self.client:
            return self
        snapshot = type(self).__new__(type(self))
        read_at = (self.as_of, self.clock_offset_seconds)
        snapshot._fill(client, self._data, self.api_path, read_at, self.retry_after)
        return snapshot.after(self)

    def after(self: S, earlier: Snapshot) -> S:
        """Takes over the creation time of an earlier snapshot of the same job, and returns itself.

        Later documents can then be compared with it even if a response in between lacks the time.
        """
        _set(self, "_earlier_created_at", earlier._created_at())
        return self

    def _created_at(self) -> datetime | None:
        return self.created_at or self._earlier_created_at

    @property
    def relative_id(self) -> str | None:
        """The path of the operation: the document's `relativeId`."""
        return text(self._data.get("relativeId"))

    @property
    def resource_id(self) -> str | None:
        """The id: the last part of the path."""
        relative_id = self.relative_id
        return relative_id.rpartition("/")[2] if relative_id else text(self._data.get("id"))

    @property
    def identity(self) -> str:
        """A text that is unique among the server's jobs, also among those with the same path."""
        return f"{self.api_path} {self.resource_id} {self.created_at}"

    @property
    def type(self) -> str | None:
        """`SPARK`, `projectExport`, `projectImport`, or `NOOP` for a 204."""
        return text(self._data.get("type"))

    @property
    def description(self) -> str | None:
        """Tamr's description of the job."""
        return text(self._data.get("description"))

    @property
    def status(self) -> dict[str, Any] | None:
        """The server's raw status (`state`, `startTime`, `endTime`, `message`), copied."""
        status: dict[str, Any] | None = normalized_copy(self._data.get("status"))
        return status

    def has_same_document(self, document: dict[str, Any]) -> bool:
        """Whether a document is equal to the one of this snapshot."""
        return is_equal(self._data, document)

    def is_shown_by(self, document: dict[str, Any]) -> bool:
        """Whether a document has the same unambiguous name, and no other creation time."""
        name = only_name(names_in(self._data))
        return name is not None and is_named(name, document) and not self.is_replaced_by(document)

    def is_replaced_by(self, document: dict[str, Any]) -> bool:
        """Whether a document of the same name has another creation time."""
        return is_another_time(self._created_at(), document)

    def to_json(self) -> dict[str, Any]:
        """Returns a copy of the server's document."""
        document: dict[str, Any] = normalized_copy(self._data)
        return document

    @property
    def state(self) -> str | None:
        """PENDING, RUNNING, CANCELED, SUCCEEDED, FAILED, or another state of the server's.

        Recorded servers also write CANCELING. None if the document has no readable state.
        """
        state = self._status_field("state")
        return text(state) if isinstance(state, str) else None

    @property
    def resolved(self) -> bool:
        """Whether the job has ended. An unknown state counts as not ended."""
        return self.state in RESOLVED_STATES

    @property
    def message(self) -> str:
        """The server's message about the state, summarized; `status` has the raw text."""
        return summarize(self._status_field("message"))

    @property
    def created_at(self) -> datetime | None:
        """The time when the job was requested."""
        return created_at(self._data)

    @property
    def created_by(self) -> str | None:
        """The name of the user who requested it."""
        return text(field(self._data.get("created"), "username")) or None

    @property
    def started_at(self) -> datetime | None:
        """The time when the job began to run; can be None for the first second of RUNNING."""
        return parse_time(self._status_field("startTime"))

    @property
    def ended_at(self) -> datetime | None:
        """The time when the job ended; can be set up to a second before the state is final."""
        return parse_time(self._status_field("endTime"))

    @property
    def queued(self) -> timedelta | None:
        """The time that the job waited to run; if it still waited, up to `as_of`."""
        return _between(
            self.created_at, self.started_at or self.ended_at or self._as_of_unless_resolved()
        )

    @property
    def elapsed(self) -> timedelta | None:
        """The time that the job ran; if it was still running, up to `as_of`."""
        return _between(self.started_at, self.ended_at or self._as_of_unless_resolved())

    def succeeded(self) -> bool:
        """Whether the state is SUCCEEDED."""
        return self.state == "SUCCEEDED"

    def _status_field(self, name: str) -> Any:
        status = self._data.get("status")
        return status.get(name) if isinstance(status, dict) else None

    def _as_of_unless_resolved(self) -> datetime | None:
        return None if self.resolved else self.as_of

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"An operation is a snapshot: its {name} cannot be set. poll() returns a new one."
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Snapshot):
            return NotImplemented
        same_client = self.client is other.client is not None
        return (
            self.api_path == other.api_path
            and (same_client or self._server() == other._server())
            and have_equal_copies(self._data, other._data)
        )

    def __hash__(self) -> int:
        return hash((self.api_path, self.state))

    def _server(self) -> tuple[Any, ...] | None:
        """The server it was fetched from, also after unpickling, which drops the client."""
        return self._unpickled_server if self.client is None else server_of(self.client)

    def __copy__(self) -> Snapshot:
        return self

    def __deepcopy__(self, memo: object) -> Snapshot:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # The client is left out, since it holds credentials.
        read_at = (self.as_of, self.clock_offset_seconds)
        facts = (
            self.api_path,
            read_at,
            self.retry_after,
            self._server(),
            self._earlier_created_at,
        )
        return _unpickle, (type(self), normalized_copy(self._data), *facts)

    def __repr__(self) -> str:
        return (
            f"tamr_widgets.Operation(relative_id={_truncated(self.relative_id)!r}, "
            f"description={_truncated(self.description or '')!r}, state={_truncated(self.state)!r})"
        )


def _truncated(text: str | None) -> str | None:
    return text and text[:MAX_REPR_CHARS]


def _unpickle(kind: type[S], data: dict[str, Any], *facts: Any) -> S:
    snapshot = kind.__new__(kind)
    snapshot._fill(cast(TamrClient, None), data, *facts)
    return snapshot


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    if not start or not end:
        return None
    length = end - start
    return length if timedelta(0) <= length <= MAX_DURATION else None


def _server_time(response: requests.Response | None) -> tuple[datetime, Seconds]:
    """Returns the time by the server's clock, and its offset from this machine's in seconds."""
    now = clock.wall()
    date = http_date(response.headers.get("Date", "")) if response is not None else None
    offset = 0.0 if date is None or abs(date - now) < DATE_RESOLUTION_SECONDS else date - now
    return datetime.fromtimestamp(now + offset, timezone.utc), offset
