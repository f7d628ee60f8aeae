"""Polls, waits for, cancels and deletes operations of a Tamr server.

Names, arguments and results are those of `tamr_unify_client.operation.Operation`. An `Operation`
is immutable: polling and waiting return new ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import requests

from ._clock import Seconds, checked_seconds
from ._http.protocol import TamrClient
from ._http.response import parse_json, raise_for_status, unexpected
from ._http.unify_client import checked_client, link_to, send_request
from ._http.urls import endpoint_url
from ._operation.document import text
from ._operation.identity import is_named, is_operation, name_of_path, names_in, only_name
from ._operation.wait import (
    MIN_INTERVAL_SECONDS,
    poll_until_resolved,
    wait_timeout,
    warn_unreadable,
)
from ._text import sanitize
from .errors import (
    NotSupported,
    OperationCanceled,
    OperationFailed,
    OperationReplaced,
    OperationTypeError,
    OperationUnresolved,
    UnexpectedResponse,
)
from .snapshot import Snapshot

__all__ = ["MIN_INTERVAL_SECONDS", "Operation", "wait_timeout", "warn_unreadable"]

# Without `no-cache`, a proxy between could serve a poll from its cache.
JSON_ACCEPTED = {"Accept": "application/json", "Cache-Control": "no-cache"}
_NEVER = "0000-00-00T00:00:00.000Z"
_NOOP = {
    "id": "-1",
    "type": "NOOP",
    "description": "Everything was up to date: Tamr had nothing to do (HTTP 204).",
    "status": {"state": "SUCCEEDED", "startTime": _NEVER, "endTime": _NEVER, "message": ""},
    "created": {"username": "", "time": _NEVER, "version": "-1"},
    "lastModified": {"username": "", "time": _NEVER, "version": "-1"},
    "relativeId": "operations/-1",
}


class Operation(Snapshot):
    """An immutable snapshot of a job on a Tamr server.

    Args:
        client: The client for its requests: a `Client`, or one of the public package.
        data: The server's JSON document. It is copied.
        alias: The path for its requests, if that is not the document's `relativeId`.

    Raises:
        OperationTypeError: `data` is not a JSON object.
    """

    __slots__ = ()

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
        if response.status_code == 204:
            return cls(client, _NOOP)
        request = response.request
        request_line = f"{request.method} {response.url}" if request else "The request"
        auth = getattr(client, "auth", None)
        data = parse_json(raise_for_status(response, request_line, auth), request_line)
        if not is_operation(data):
            raise unexpected(response, request_line, "something that is not an operation")
        return cls.from_document(client, data, _derived_path(data), response)

    @classmethod
    def from_resource_id(cls, client: TamrClient, resource_id: str | int) -> Operation:
        """Fetches the operation with this id.

        Raises:
            NotFound: The server has no operation with this id.
            UnexpectedResponse: The response is not this operation.
            ValueError: The id is empty, or neither a number nor a string.
        """
        is_id = isinstance(resource_id, (str, int)) and not isinstance(resource_id, bool)
        if not is_id or not str(resource_id).strip():
            msg = f"An operation's id is a number or a name, not {resource_id!r:.100}."
            raise ValueError(msg)
        # An id is percent-encoded if it comes from `resource_id`, but not if a person typed it.
        raw = re.sub("%(?![0-9A-Fa-f]{2})", "%25", str(resource_id))
        name = quote(raw, safe=":%", errors="replace")
        response = send_request(client, "GET", f"operations/{name}", headers=JSON_ACCEPTED)
        data = _parse_operation(unquote(name), response, f"GET operations/{name}")
        return cls.from_document(client, data, _derived_path(data), response)

    @classmethod
    def adopt(cls, operation: Any) -> Operation:
        """Converts an operation of the public client to an `Operation` with the same client.

        An `Operation` is returned unchanged.

        Raises:
            OperationTypeError: `operation` is an operation of neither package.
            NotAClient: The operation is not resolved, and its client can't send requests.
        """
        if isinstance(operation, Operation):
            if not operation.resolved and operation.client is not None:
                checked_client(operation.client)
            return operation
        data, client = getattr(operation, "_data", None), getattr(operation, "client", None)
        if not isinstance(data, dict) or client is None or not hasattr(operation, "poll"):
            msg = (
                f"This needs an operation, not something of type {type(operation).__name__}. "
                "Operation.from_resource_id(client, id) fetches one by its id."
            )
            raise OperationTypeError(msg)
        return cls(checked_client(client), data, getattr(operation, "api_path", None))

    def check(self) -> Operation:
        """Returns this operation if it has succeeded: `client.start(...).check()`.

        Raises:
            OperationFailed: The job failed; the message has the server's reason.
            OperationCanceled: The job was cancelled.
            OperationUnresolved: The job had not ended when this snapshot was fetched.
        """
        if self.succeeded():
            return self
        number = sanitize(self.resource_id or "", 100)
        name = f"Operation {number} ({sanitize(self.description or '', 200)})"
        why = f": {self.message}" if self.message else "."
        if self.state == "FAILED":
            raise OperationFailed(f"{name} failed{why}", self)
        if self.state == "CANCELED":
            raise OperationCanceled(f"{name} was cancelled{why}", self)
        state = sanitize(self.state or "in no readable state", 100)
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
        data = _parse_operation(name, response, f"GET {path}")
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
            WaitTimeout: The deadline has passed. It is a TimeoutError and holds the last snapshot.
            TamrError: An error that is not transient or, without a deadline, the 25th of
                consecutive errors.
        """
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        timeout = None
        if timeout_seconds is not None:
            timeout = checked_seconds("timeout_seconds", timeout_seconds)
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

    def apply_options(self, asynchronous: bool = False, **options: Any) -> Operation:
        """Returns this operation if `asynchronous`, else the result of `wait(**options)`."""
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
                    f"{sanitize(now, 200)}. Fetch it again, and check that it is the right one."
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
        identifier = sanitize(text(self._data.get("id")) or "", 100)
        own_path = sanitize(self.relative_id or "", 100)
        msg = (
            f"Nothing was sent, since it is not certain which operation this is: its id is "
            f"{identifier!r}, its relativeId {own_path!r}, and the path to request "
            f"{sanitize(path, 100)!r}. client.operation(id) fetches the one that you mean."
        )
        raise NotSupported(msg)

    def _title(self) -> str:
        return f"operation {sanitize(self.resource_id or '', 100)} ({_description_and_time(self)})"

    def _path(self) -> str:
        if self.api_path is None:
            msg = "This operation has no path (no relativeId), so nothing can be requested for it."
            raise NotSupported(msg)
        return self.api_path

    def _display_(self) -> object:
        """Returns what marimo displays for this."""
        from . import OperationWidget  # noqa: PLC0415 - scripts never draw

        return OperationWidget(self)

    def _repr_html_(self) -> str:
        from ._operation.html import html_table  # noqa: PLC0415 - scripts never draw

        return html_table(self)


def _parse_operation(name: str, response: requests.Response, request_line: str) -> dict[str, Any]:
    """Returns the document of the operation with this name from a response.

    Raises:
        UnexpectedResponse: The response is something else.
    """
    data: dict[str, Any] = parse_json(response, request_line)
    if not is_named(name, data):
        names = names_in(data) if isinstance(data, dict) else set()
        shown = " and ".join(sorted(sanitize(each, 100) for each in names if each))
        received = "something that is not this operation" + (f" but {shown}" if shown else "")
        raise unexpected(response, request_line, received)
    return data


def _derived_path(data: dict[str, Any]) -> str | None:
    """Derives the path from the id, for servers that write no `relativeId`."""
    name = only_name(names_in(data))
    return None if data.get("relativeId") or name is None else f"operations/{quote(name, ':')}"


def _description_and_time(operation: Snapshot) -> str:
    """Returns the facts in which jobs of the same number differ, as text."""
    created = operation.created_at
    time = f", created {created:%Y-%m-%d %H:%M:%S} UTC" if created else ""
    return f"{sanitize(operation.description or 'without a description', 200)}{time}"
