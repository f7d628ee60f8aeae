"""Snapshot: what one JSON document of an operation says, and that it says so for ever.

Servers omit fields, send empty strings and null, and grow new words; nothing here raises for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn, TypeVar, cast

import requests

from ._clock import Seconds, clock
from ._http.headers import http_date, retry_after_seconds
from ._http.protocol import TamrClient
from ._operation.document import field, is_equal, normalized_copy, text
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
# Clocks closer than this are taken for equal, since HTTP dates are whole seconds.
DATE_RESOLUTION_SECONDS = 2.0
# The years 1 and 9999, with which servers write that a time is not known, give no duration.
LONGEST = timedelta(days=36_525)
REPR_CHARS = 200  # of each fact

S = TypeVar("S", bound="Snapshot")


class Snapshot:
    """The facts of an operation at the time when it was fetched.

    Attributes:
        client: The client that fetched it.
        api_path: The path to ask at.
        as_of: When it was fetched, by the server's clock.
        clock_offset_seconds: How far the server's clock is ahead of this machine's.
        retry_after: How many seconds the server asked to be left alone with that answer.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_known_created_at",
        "_thawed_from",
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
    _known_created_at: datetime | None
    _thawed_from: tuple[Any, ...] | None
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
        thawed_from: tuple[Any, ...] | None = None,
        known_created_at: datetime | None = None,
    ) -> None:
        fields = {
            "client": client,
            "_data": data,
            "_known_created_at": known_created_at,
            "_thawed_from": thawed_from,
            "api_path": text(alias) or text(data.get("relativeId")),
            "as_of": read_at[0],
            "clock_offset_seconds": read_at[1],
            "retry_after": retry_after,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_document(
        cls: type[S],
        client: TamrClient,
        data: dict[str, Any],
        alias: str | None,
        response: requests.Response,
    ) -> S:
        """The snapshot in an answer. `data` is not copied: nobody else may hold it."""
        snapshot = cls.__new__(cls)
        snapshot._fill(client, data, alias, _server_time(response), retry_after_seconds(response))
        return snapshot

    def from_same_response(self: S, data: dict[str, Any], alias: str | None = None) -> S:
        """Another document of the same answer."""
        snapshot = type(self).__new__(type(self))
        read_at = (self.as_of, self.clock_offset_seconds)
        snapshot._fill(self.client, data, alias, read_at, self.retry_after)
        return snapshot

    def with_client(self: S, client: TamrClient) -> S:
        """The same snapshot, with another client of the same server to act through."""
        if client is self.client:
            return self
        snapshot = type(self).__new__(type(self))
        read_at = (self.as_of, self.clock_offset_seconds)
        snapshot._fill(client, self._data, self.api_path, read_at, self.retry_after)
        return snapshot.after(self)

    def after(self: S, earlier: Snapshot) -> S:
        """This snapshot, which an earlier one of the same job tells when that was created.

        A server may leave the time out of one answer: the next one is still compared with it.
        """
        object.__setattr__(self, "_known_created_at", earlier._created_at())
        return self

    def _created_at(self) -> datetime | None:
        return self.created_at or self._known_created_at

    @property
    def relative_id(self) -> str | None:
        """The path of the operation, as the server wrote it."""
        return text(self._data.get("relativeId"))

    @property
    def resource_id(self) -> str | None:
        """The id: the last part of the path."""
        relative_id = self.relative_id
        return relative_id.rpartition("/")[2] if relative_id else text(self._data.get("id"))

    @property
    def identity(self) -> str:
        """What tells this job from all others of its server, also from one with the same path."""
        return f"{self.api_path} {self.resource_id} {self.created_at}"

    @property
    def type(self) -> str | None:
        """`SPARK`, `projectExport`, `projectImport`, or `NOOP` for a 204."""
        return text(self._data.get("type"))

    @property
    def description(self) -> str | None:
        """What the job does, in Tamr's words."""
        return text(self._data.get("description"))

    @property
    def status(self) -> dict[str, Any] | None:
        """The server's raw status (`state`, `startTime`, `endTime`, `message`): a copy."""
        status: dict[str, Any] | None = normalized_copy(self._data.get("status"))
        return status

    def has_same_document(self, document: dict[str, Any]) -> bool:
        """Whether a document says the same as this snapshot."""
        return is_equal(self._data, document)

    def is_shown_by(self, document: dict[str, Any]) -> bool:
        """Whether nothing says that a document is of another operation than this snapshot."""
        name = only_name(names_in(self._data))
        return name is not None and is_named(name, document) and not self.is_replaced_by(document)

    def is_replaced_by(self, document: dict[str, Any]) -> bool:
        """Whether a document of the same name is of a job that was created at another time."""
        return is_another_time(self._created_at(), document)

    def to_json(self) -> dict[str, Any]:
        """The server's document: a copy."""
        document: dict[str, Any] = normalized_copy(self._data)
        return document

    @property
    def state(self) -> str | None:
        """PENDING, RUNNING, CANCELED, SUCCEEDED, FAILED, or another word of the server's.

        CANCELING is such a word, seen in recordings. None if no state could be read.
        """
        state = self._status_field("state")
        return text(state) if isinstance(state, str) else None

    @property
    def resolved(self) -> bool:
        """Whether the job has ended. Any word that is not known counts as not ended."""
        return self.state in RESOLVED_STATES

    @property
    def message(self) -> str:
        """What the server says about the state, in words; the raw text is in `status`."""
        return summarize(self._status_field("message"))

    @property
    def created_at(self) -> datetime | None:
        """When the job was asked for."""
        return created_at(self._data)

    @property
    def created_by(self) -> str | None:
        """The name of the user who asked for it."""
        return text(field(self._data.get("created"), "username")) or None

    @property
    def started_at(self) -> datetime | None:
        """When the job began to run. A job can be RUNNING for a second before this is known."""
        return parse_time(self._status_field("startTime"))

    @property
    def ended_at(self) -> datetime | None:
        """When the job ended. It can read RUNNING for a second after this is known."""
        return parse_time(self._status_field("endTime"))

    @property
    def queued(self) -> timedelta | None:
        """How long the job waited before it ran, or has waited when this was fetched."""
        return _between(self.created_at, self.started_at or self.ended_at or self._unless_ended())

    @property
    def elapsed(self) -> timedelta | None:
        """How long the job ran, or has run when this was fetched."""
        return _between(self.started_at, self.ended_at or self._unless_ended())

    def succeeded(self) -> bool:
        """Whether the state is SUCCEEDED."""
        return self.state == "SUCCEEDED"

    def _status_field(self, name: str) -> Any:
        return field(self._data.get("status"), name)

    def _unless_ended(self) -> datetime | None:
        return None if self.resolved else self.as_of

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"An operation is a snapshot: its {name} cannot be set. poll() returns a new one."
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Snapshot):
            return NotImplemented
        return (
            self.api_path == other.api_path
            and self._server() == other._server()
            and normalized_copy(self._data) == normalized_copy(other._data)
        )

    def __hash__(self) -> int:
        return hash((self.api_path, self.state))

    def _server(self) -> tuple[Any, ...] | None:
        """Where it was fetched, also after the client was left behind by a pickle."""
        return self._thawed_from if self.client is None else server_of(self.client)

    def __copy__(self) -> Snapshot:
        return self

    def __deepcopy__(self, memo: object) -> Snapshot:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the client: it holds credentials.
        read_at = (self.as_of, self.clock_offset_seconds)
        known = self._server(), self._known_created_at
        facts = (self.api_path, read_at, self.retry_after, *known)
        return _unpickled, (type(self), normalized_copy(self._data), *facts)

    def __repr__(self) -> str:
        return (
            f"tamr_widgets.Operation(relative_id={_start_of(self.relative_id)!r}, "
            f"description={_start_of(self.description or '')!r}, state={_start_of(self.state)!r})"
        )


def _start_of(text: str | None) -> str | None:
    return text and text[:REPR_CHARS]


def _unpickled(kind: type[S], data: dict[str, Any], *facts: Any) -> S:
    snapshot = kind.__new__(kind)
    snapshot._fill(cast(TamrClient, None), data, *facts)
    return snapshot


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    if not start or not end:
        return None
    length = end - start
    return length if timedelta(0) <= length <= LONGEST else None


def _server_time(response: requests.Response | None) -> tuple[datetime, Seconds]:
    """Now by the server's clock, and how far that is ahead of ours.

    The `Date` of an answer is in whole seconds, so a small difference counts as none.
    """
    now = clock.wall()
    date = http_date(response.headers.get("Date", "")) if response is not None else None
    offset = 0.0 if date is None or abs(date - now) < DATE_RESOLUTION_SECONDS else date - now
    return datetime.fromtimestamp(now + offset, timezone.utc), offset
