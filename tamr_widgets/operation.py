"""Polls, waits for, cancels and deletes operations of a Tamr server.

Names, arguments and results are those of `tamr_unify_client.operation.Operation`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import quote, unquote

import requests

from ._clock import Seconds, checked_seconds, checked_timeout
from ._http.headers import ResponseTime, response_time
from ._http.protocol import TamrClient
from ._http.session_client import client_of, has_address
from ._http.unify_client import checked_client, link_to, send_request
from ._http.urls import endpoint_url
from ._operation.document import field, have_equal_copies, is_equal, normalized_copy, text
from ._operation.identity import (
    created_at,
    is_another_time,
    is_named,
    name_of_path,
    names_in,
    only_name,
    server_of,
)
from ._operation.parse import NOOP, derived_path, document_of, parse_named, parse_started
from ._operation.result import string_value
from ._operation.status_message import cancellation, summarize
from ._operation.times import parse_time, time_between
from ._operation.wait import MIN_INTERVAL_SECONDS, poll_until_resolved
from ._text import MAX_NAME_CHARS, cut, sanitize
from .errors import (
    NotSupported,
    OperationCanceled,
    OperationFailed,
    OperationReplaced,
    OperationTypeError,
    OperationUnresolved,
    UnexpectedResponse,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Operation"]

# Without `no-cache`, a proxy between could serve a poll from its cache.
JSON_ACCEPTED = {"Accept": "application/json", "Cache-Control": "no-cache"}
RESOLVED_STATES = frozenset({"CANCELED", "SUCCEEDED", "FAILED"})
_NO_STATUS: dict[str, Any] = {}
# An operation's own __setattr__ raises.
_set = object.__setattr__


class Operation:
    """An immutable snapshot of a job on a Tamr server; polling and waiting return new ones.

    Servers omit fields, send empty strings and null, and add states; no property raises for that.
    All times are aware and in UTC. Statements on servers are those of recorded traffic.

    Args:
        client: The client for its requests: a `Client`, or one of the public package.
        data: The server's JSON document. It is copied.
        alias: The path for its requests, if that is not the document's `relativeId`.

    Attributes:
        client: The client for its requests.
        api_path: The path for its requests.

    Raises:
        OperationTypeError: `data` is not a JSON object.
    """

    __slots__ = (
        "__weakref__",
        "_created_at",
        "_data",
        "_earlier_created_at",
        "_read_at",
        "_state",
        "_status",
        "_unpickled_server",
        "api_path",
        "client",
    )

    client: TamrClient
    api_path: str | None
    _data: dict[str, Any]
    # Read from the document once, since widgets need them many times.
    _status: dict[str, Any]
    _state: str | None
    _created_at: datetime | None
    _read_at: ResponseTime
    _earlier_created_at: datetime | None
    _unpickled_server: tuple[Any, ...] | None

    def __init__(self, client: TamrClient, data: dict[str, Any], alias: str | None = None) -> None:
        if not isinstance(data, dict):
            msg = f"An operation is made of a JSON object, not of {type(data).__name__}."
            raise OperationTypeError(msg)
        self._fill(client, normalized_copy(data), alias, response_time(None))

    def _fill(
        self,
        client: TamrClient,
        data: dict[str, Any],
        alias: str | None,
        read_at: ResponseTime,
        unpickled_server: tuple[Any, ...] | None = None,
        earlier_created_at: datetime | None = None,
    ) -> Operation:
        _set(self, "client", client)
        _set(self, "api_path", text(alias) or text(data.get("relativeId")))
        _set(self, "_data", data)
        status = data.get("status")
        _set(self, "_status", status if isinstance(status, dict) else _NO_STATUS)
        state = self._status.get("state")
        _set(self, "_state", text(state) if isinstance(state, str) else None)
        _set(self, "_created_at", created_at(data))
        _set(self, "_read_at", read_at)
        _set(self, "_unpickled_server", unpickled_server)
        _set(self, "_earlier_created_at", earlier_created_at)
        return self

    @classmethod
    def from_json(
        cls, client: TamrClient, data: dict[str, Any], api_path: str | None = None
    ) -> Operation:
        """Returns an operation made of the server's JSON document, which is copied."""
        return cls(client, data, api_path)

    @classmethod
    def from_response(cls, client: TamrClient, response: requests.Response) -> Operation:
        """Returns the operation that a request started.

        If everything was up to date, Tamr responds with 204 and no body. The result is then a
        NOOP: an operation that has SUCCEEDED, with id -1.

        Raises:
            HTTPStatusError: The response has an error status.
            UnexpectedResponse: The response is not an operation.
        """
        data = parse_started(response, getattr(client, "auth", None))
        if data is NOOP:
            return cls(client, NOOP)
        return cls.from_document(client, data, derived_path(data), response)

    @classmethod
    def from_resource_id(cls, client: TamrClient, resource_id: str | int) -> Operation:
        """Fetches the operation with this id.

        Raises:
            NotFound: The server has no operation with this id.
            UnexpectedResponse: The response is not this operation.
            ValueError: The id is empty, or neither a number nor a string.
            TamrError: The request failed, or the response has another error status.
        """
        is_id = isinstance(resource_id, (str, int)) and not isinstance(resource_id, bool)
        if not is_id or not str(resource_id).strip():
            msg = f"An operation's id is a number or a name, not {resource_id!r:.100}."
            raise ValueError(msg)
        # An id is percent-encoded if it comes from `resource_id`, but not if a person typed it.
        raw = re.sub("%(?![0-9A-Fa-f]{2})", "%25", str(resource_id))
        name = quote(raw, safe=":%", errors="replace")
        response = send_request(client, "GET", f"operations/{name}", headers=JSON_ACCEPTED)
        data = parse_named(unquote(name), response, f"GET operations/{name}")
        return cls.from_document(client, data, derived_path(data), response)

    @classmethod
    def adopt(cls, operation: Any, session: requests.Session | None = None) -> Operation:
        """Converts an operation of a public package, or a widget's, to an `Operation`.

        An `Operation` is returned unchanged. One of `tamr_unify_client` keeps its client. One of
        `tamr_client` needs the session for its requests.

        Args:
            operation: The operation, or an OperationWidget.
            session: The session of an operation of `tamr_client`. While the IPython extension is
                loaded, it is by default the one that sent the last request to the same server.

        Raises:
            OperationTypeError: `operation` is none of these, or there is no session.
            NotAClient: The operation's client can't send requests. Of a resolved `Operation`, the
                client is not checked.
        """
        if isinstance(getattr(operation, "operation", None), Operation):
            operation = operation.operation
        if isinstance(operation, Operation):
            if not operation.resolved and operation.client is not None:
                checked_client(operation.client)
            return operation
        if has_address(operation):
            return cls(client_of(operation.url, session), document_of(operation))
        data, client = getattr(operation, "_data", None), getattr(operation, "client", None)
        if not isinstance(data, dict) or client is None or not hasattr(operation, "poll"):
            msg = (
                f"This needs an operation, not something of type {type(operation).__name__}. "
                "Operation.from_resource_id(client, id) fetches one by its id, and "
                "Operation.from_response(client, response) makes one of a response."
            )
            raise OperationTypeError(msg)
        return cls(checked_client(client), data, getattr(operation, "api_path", None))

    @classmethod
    def from_document(
        cls,
        client: TamrClient,
        data: dict[str, Any],
        alias: str | None,
        response: requests.Response,
    ) -> Operation:
        """Makes a snapshot of a response's document, which is not copied."""
        return cls.__new__(cls)._fill(client, data, alias, response_time(response))

    def from_same_response(self, data: dict[str, Any], alias: str | None = None) -> Operation:
        """Makes a snapshot of another document of the same response."""
        return type(self).__new__(type(self))._fill(self.client, data, alias, self._read_at)

    def with_client(self, client: TamrClient) -> Operation:
        """Returns the same snapshot with another client of the same server."""
        return self if client is self.client else self._copy(client, self)

    def after(self, earlier: Operation) -> Operation:
        """Returns this snapshot, or a copy with an earlier one's creation time if it lacks its own.

        Later documents of the same job can then be compared with it.
        """
        if self._created_at is not None:
            return self
        return self._copy(self.client, earlier)

    def _copy(self, client: TamrClient, earlier: Operation) -> Operation:
        return (
            type(self)
            .__new__(type(self))
            ._fill(
                client,
                self._data,
                self.api_path,
                self._read_at,
                self._unpickled_server,
                earlier._created_at or earlier._earlier_created_at,
            )
        )

    @property
    def as_of(self) -> datetime:
        """The time when it was fetched, by the server's clock."""
        return self._read_at.as_of

    @property
    def clock_offset_seconds(self) -> Seconds:
        """The server's clock minus this machine's, in seconds."""
        return self._read_at.clock_offset_seconds

    @property
    def retry_after(self) -> Seconds:
        """The seconds of the response's `Retry-After`, 0 if it has none."""
        return self._read_at.retry_after

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
        return is_another_time(self._created_at or self._earlier_created_at, document)

    def to_json(self) -> dict[str, Any]:
        """Returns a copy of the server's document."""
        document: dict[str, Any] = normalized_copy(self._data)
        return document

    @property
    def state(self) -> str | None:
        """PENDING, RUNNING, CANCELED, SUCCEEDED, FAILED, or another state of the server's.

        Recorded servers also write CANCELING. None if the document has no readable state.
        """
        return self._state

    @property
    def resolved(self) -> bool:
        """Whether the job has ended. An unknown state counts as not ended."""
        return self._state in RESOLVED_STATES

    @property
    def message(self) -> str:
        """The server's message about the state, summarized; `status` has the raw text."""
        return summarize(self._status.get("message"))

    @property
    def reason(self) -> str:
        """The reason of a failure or cancellation ("Cancelled by admin, at step 3 of 8"), or ""."""
        if self._state == "CANCELED":
            return cancellation(self._status.get("message")) or self.message
        return self.message if self._state == "FAILED" else ""

    @property
    def artifact(self) -> str | None:
        """The path on the server that an export or import left; None if there is none."""
        return string_value(field(self._data.get("result"), "result") or self._data.get("result"))

    @property
    def created_at(self) -> datetime | None:
        """The time when the job was requested; None if it is not known."""
        return self._created_at

    @property
    def created_by(self) -> str | None:
        """The name of the user who requested it; None if it is not known."""
        return text(field(self._data.get("created"), "username")) or None

    @property
    def started_at(self) -> datetime | None:
        """The time when the job began to run; None before, and for the first second of RUNNING."""
        return parse_time(self._status.get("startTime"))

    @property
    def ended_at(self) -> datetime | None:
        """The time when the job ended; may be set a second before the state is final."""
        return parse_time(self._status.get("endTime"))

    @property
    def queued(self) -> timedelta | None:
        """The time that the job waited to run, or has waited at `as_of`; None if not known."""
        return time_between(
            self.created_at, self.started_at or self.ended_at or self._as_of_unless_resolved()
        )

    @property
    def elapsed(self) -> timedelta | None:
        """The time that the job ran, or has run at `as_of`; None if it has not started."""
        return time_between(self.started_at, self.ended_at or self._as_of_unless_resolved())

    def succeeded(self) -> bool:
        """Whether the state is SUCCEEDED."""
        return self._state == "SUCCEEDED"

    def _as_of_unless_resolved(self) -> datetime | None:
        return None if self.resolved else self.as_of

    def check(self) -> Operation:
        """Returns this operation if it has succeeded: `client.start(...).check()`.

        Raises:
            OperationFailed: The job failed; the message has the server's reason.
            OperationCanceled: The job was cancelled.
            OperationUnresolved: The job had not ended when this snapshot was fetched.
        """
        if self.succeeded():
            return self
        number = sanitize(self.resource_id or "")
        name = f"Operation {number} ({sanitize(self.description or '', MAX_NAME_CHARS)})"
        why = f": {self.message}" if self.message else "."
        if self.state == "FAILED":
            raise OperationFailed(f"{name} failed{why}", self)
        if self.state == "CANCELED":
            raise OperationCanceled(f"{name} was cancelled{why}", self)
        state = sanitize(self.state or "in no readable state")
        msg = f"{name} has not ended: it was {state} when last seen. Call wait() first."
        raise OperationUnresolved(msg, self)

    def poll(self) -> Operation:
        """Fetches a new snapshot of the operation; this one does not change.

        Sends one request, without retries; none for a NOOP, which returns itself.

        Raises:
            OperationReplaced: The operation is gone, and its number was given to another job.
            NotSupported: The snapshot has no path, or no unambiguous id.
            TamrError: The request failed, or the response is not this operation.
        """
        if self.type == "NOOP":
            return self
        path, name = self._path(), self._name()
        response = send_request(self.client, "GET", path, headers=JSON_ACCEPTED)
        data = parse_named(name, response, f"GET {path}")
        polled = self.from_document(self.client, data, self.api_path, response)
        if self.is_replaced_by(data):
            msg = (
                f"The job of {self._title()} is gone: its number was given to another job "
                f"({_description_and_time(polled)}). The server may have been restored from a "
                "backup; look at Tamr's Jobs page."
            )
            raise OperationReplaced(msg, response=response)
        return polled.after(self)

    def snapshots(
        self, poll_interval_seconds: Seconds = 3, timeout_seconds: Seconds | None = None
    ) -> Iterator[Operation]:
        """Polls until the operation is resolved, and yields the new snapshot of each poll.

        A resolved operation yields itself, without a request. Transient errors (5xx, 429, lost
        connections, truncated responses) are retried with growing delays.

        Args:
            poll_interval_seconds: The delay between two polls.
            timeout_seconds: The deadline, from the first step of the iteration; None for no
                deadline. One last poll starts at the deadline. It may take as long as the last
                response took, plus 0.2 s: enough for a slow server, and a server that hangs does
                not delay the timeout much.

        Raises:
            ValueError, TypeError: An invalid number of seconds; raised by the call itself.
            NotAClient, ClientClosed: The client can't send requests, or there is none; raised by
                the call itself.
            DeadlockError: This runs on the polling thread, and the operation is not resolved.
            WaitTimeout: The deadline has passed. It is a TimeoutError and holds the last snapshot.
            TamrError: An error that is not transient or, without a deadline, the 25th of
                consecutive errors.
        """
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        timeout = checked_timeout(timeout_seconds)
        if not self.resolved:
            link_to(self.client)
        return poll_until_resolved(self, max(interval, MIN_INTERVAL_SECONDS), timeout)

    def wait(
        self, poll_interval_seconds: Seconds = 3, timeout_seconds: Seconds | None = None
    ) -> Operation:
        """Polls until the operation is resolved, and returns it, also if it failed.

        Neither a timeout nor Ctrl-C affects the job itself. Arguments and errors are those of
        `snapshots`.
        """
        operation = self
        for operation in self.snapshots(poll_interval_seconds, timeout_seconds):  # noqa: B007
            pass
        return operation

    def future(self, poll_interval_seconds: Seconds = 3) -> Future[Operation]:
        """Returns a future of the resolved operation, polled in the background.

        Any number of futures of one client share a poller. Callbacks of the future run on a thread
        of its own. `cancel()` of the future ends its polling; the job goes on.

        Args:
            poll_interval_seconds: Seconds between two polls; the first ones come sooner.

        Raises:
            ValueError, TypeError: An invalid number of seconds.
            ClientClosed: The operation has not ended, and was unpickled without its client.
            NotAClient: The operation has not ended, and its client can't send requests.
        """
        from ._polling.single import future_of  # noqa: PLC0415 - a layer above, which uses this class

        return future_of(self, checked_seconds("poll_interval_seconds", poll_interval_seconds))

    def __await__(self) -> Generator[Any, None, Operation]:
        """Waits for the resolved operation in an event loop; results and errors as of `future`."""
        from ._polling.single import resolved  # noqa: PLC0415 - a layer above, which uses this class

        return resolved(self).__await__()

    def apply_options(self, asynchronous: bool = False, **options: Any) -> Operation:
        """Returns this operation if `asynchronous`, else the result of `wait(**options)`.

        Raises:
            TypeError: There is an option that `wait` does not have.
            TamrError: As for `wait`.
        """
        return self if asynchronous else self.wait(**options)

    def cancel(self) -> Operation:
        """Cancels the job on the server, and returns the operation polled after that.

        Its state may be CANCELING for a while. A resolved operation returns itself, without a
        request. The job is cancelled only if the server's document of it still has the type and
        description of this snapshot.

        Raises:
            NotSupported: The id is not a number, by which Tamr cancels jobs, or is ambiguous.
            OperationReplaced: The number was given to another job.
            UnexpectedResponse: The type or description has changed; nothing was cancelled.
            TamrError: The server refused, or a request failed.
        """
        if self.resolved:
            return self
        number = self.resource_id or ""
        if not (number.isascii() and number.isdigit()):
            msg = f"Tamr cancels jobs by number, so {number!r} can only be waited for."
            raise NotSupported(msg)
        current = self._poll_unchanged()
        if current.resolved:
            return current
        prefix, _, _ = str(self.client.base_path).partition("/api/")
        send_request(self.client, "POST", f"{prefix.rstrip('/')}/api/dataset/jobs/{number}/cancel")
        return current.poll()

    def delete(self) -> requests.Response:
        """Deletes the operation from the server, and returns the response. This cannot be undone.

        It is deleted only if the server's document of it still has the type and description of
        this snapshot.

        Raises:
            MethodNotAllowed: 405, an HTTPError: many servers do not delete operations.
            NotSupported: A NOOP, which no server has; or the id is ambiguous.
            OperationReplaced: The number was given to another job.
            UnexpectedResponse: The type or description has changed; nothing was deleted.
            TamrError: The server refused for another reason, or a request failed.
        """
        if self.type == "NOOP":
            msg = "There is nothing to delete: Tamr had nothing to do, so there is no operation."
            raise NotSupported(msg)
        self._poll_unchanged()
        return send_request(self.client, "DELETE", self._path())

    def _poll_unchanged(self) -> Operation:
        """Polls before a change is made on the server.

        Raises:
            UnexpectedResponse: The operation has another type or description now.
            NotSupported, TamrError: As for `_name` and `poll`.
        """
        self._name(check_path=True)
        current = self.poll()
        for fact in ("type", "description"):
            last_seen, now = getattr(self, fact), getattr(current, fact)
            if last_seen and now and last_seen != now:
                msg = (
                    f"Nothing was changed, since {self._title()} has another {fact} now: "
                    f"{sanitize(now, MAX_NAME_CHARS)}. Fetch it again, and check that it is the "
                    "right one."
                )
                raise UnexpectedResponse(msg)
        return current

    def _name(self, *, check_path: bool = False) -> str:
        """Returns the unambiguous name of this operation.

        Args:
            check_path: Whether the path for requests must have the same name, too.

        Raises:
            CrossOriginError: The path for requests leads to another server.
            NotSupported: There is no name, or more than one.
        """
        path, names = self._path(), names_in(self._data)
        if check_path or not names:
            names.add(name_of_path(path, str(getattr(self.client, "base_path", ""))))
        name = only_name(names)
        if name is not None:
            return name
        if self.client is not None:
            client = checked_client(self.client)
            endpoint_url(str(client.origin), str(client.base_path), path)
        identifier = sanitize(text(self._data.get("id")) or "")
        own_path = sanitize(self.relative_id or "")
        msg = (
            f"Nothing was sent, since it is not certain which operation this is: its id is "
            f"{identifier!r}, its relativeId {own_path!r}, and the path to request "
            f"{sanitize(path)!r}. client.operation(id) fetches the one that you mean."
        )
        raise NotSupported(msg)

    def _title(self) -> str:
        return f"operation {sanitize(self.resource_id or '')} ({_description_and_time(self)})"

    def _path(self) -> str:
        if self.api_path is None:
            msg = "This operation has no path (no relativeId), so nothing can be requested for it."
            raise NotSupported(msg)
        return self.api_path

    def _display_(self) -> object:
        """Returns what marimo displays for this."""
        from .widgets.operation import OperationWidget  # noqa: PLC0415 - for displays only

        return OperationWidget(self)

    def _repr_html_(self) -> str:
        from ._operation.html import html_table  # noqa: PLC0415 - scripts never draw

        return html_table(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"An operation is a snapshot: its {name} cannot be set. poll() returns a new one."
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation):
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

    def __copy__(self) -> Operation:
        return self

    def __deepcopy__(self, memo: object) -> Operation:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # The client is left out, since it holds credentials.
        facts = (self.api_path, self._read_at, self._server(), self._earlier_created_at)
        return _unpickle, (type(self), normalized_copy(self._data), *facts)

    def __str__(self) -> str:
        from ._operation.html import plain_text  # noqa: PLC0415 - scripts rarely print

        return plain_text(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - IPython's
        printer.text(str(self))

    def __repr__(self) -> str:
        return (
            f"tamr_widgets.Operation(relative_id={_truncated(self.relative_id)!r}, "
            f"description={_truncated(self.description or '')!r}, state={_truncated(self.state)!r})"
        )


def _description_and_time(operation: Operation) -> str:
    """Returns the facts in which jobs of the same number differ, as text."""
    created = operation.created_at
    time = f", created {created:%Y-%m-%d %H:%M:%S} UTC" if created else ""
    return f"{sanitize(operation.description or 'without a description', MAX_NAME_CHARS)}{time}"


def _truncated(text: str | None) -> str | None:
    return text and cut(text, MAX_NAME_CHARS)


def _unpickle(kind: type[Operation], data: dict[str, Any], *facts: Any) -> Operation:
    return kind.__new__(kind)._fill(cast(TamrClient, None), data, *facts)
