"""Operation: a job on a Tamr server, to follow, cancel and delete.

Names, arguments and results are those of `tamr_unify_client.operation.Operation`. Polling and
waiting return new snapshots; an operation in hand never changes.
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
from ._operation.wait import MIN_INTERVAL_SECONDS, follow, wait_timeout, warn_unreadable
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

# Asked anew each time, whatever cache lies in between: a poll is about what has changed.
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
    """A job on a Tamr server, as it was when it was fetched.

    Args:
        client: Whom to ask about it: a `Client`, or a client of the public package.
        data: The server's JSON document. It is copied.
        alias: The path to ask at, if that is not the document's `relativeId`.

    Raises:
        OperationTypeError: `data` is not a JSON object.
    """

    __slots__ = ()

    @classmethod
    def from_json(
        cls, client: TamrClient, data: dict[str, Any], api_path: str | None = None
    ) -> Operation:
        """An operation from the server's JSON document."""
        return cls(client, data, api_path)

    @classmethod
    def from_response(cls, client: TamrClient, response: requests.Response) -> Operation:
        """The operation that a request started.

        Where everything was up to date, Tamr answers 204 without a body. That becomes a NOOP: an
        operation that has SUCCEEDED, with id -1.

        Raises:
            HTTPStatusError: The request was answered with an error.
            UnexpectedResponse: The answer is not an operation.
        """
        if response.status_code == 204:
            return cls(client, _NOOP)
        what = f"{response.request.method} {response.url}" if response.request else "The request"
        data = parse_json(raise_for_status(response, what, getattr(client, "auth", None)), what)
        if not is_operation(data):
            raise unexpected(response, what, "something that is not an operation")
        return cls.from_document(client, data, _address_of(data), response)

    @classmethod
    def from_resource_id(cls, client: TamrClient, resource_id: str | int) -> Operation:
        """The operation with this id, as it is now.

        Raises:
            NotFound: The server has none.
            UnexpectedResponse: The answer is not this operation.
            ValueError: The id is empty.
        """
        named = isinstance(resource_id, (str, int)) and not isinstance(resource_id, bool)
        if not named or not str(resource_id).strip():
            msg = f"An operation's id is a number or a name, not {resource_id!r:.100}."
            raise ValueError(msg)
        # Ids come from `resource_id`, percent-encoded, as well as from people.
        raw = re.sub("%(?![0-9A-Fa-f]{2})", "%25", str(resource_id))
        name = quote(raw, safe=":%", errors="replace")
        response = send_request(client, "GET", f"operations/{name}", headers=JSON_ACCEPTED)
        data = _document_of(unquote(name), response, f"GET operations/{name}")
        return cls.from_document(client, data, _address_of(data), response)

    @classmethod
    def adopt(cls, operation: Any) -> Operation:
        """An operation of the public client as one of ours, on the same client.

        Raises:
            OperationTypeError: It is neither.
            NotAClient: It has not ended, and its client can't ask about it.
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
        """This operation if it has succeeded: `client.start(...).check()`.

        Raises:
            OperationFailed: It failed; the message has the server's reason.
            OperationCanceled: It was cancelled.
            OperationUnresolved: It has not ended when this snapshot was fetched.
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
        """The operation as it is now: a new snapshot; this one stays as it is.

        One request, and nothing is retried. A NOOP is returned without asking.

        Raises:
            OperationReplaced: The operation is gone, and its number was given to another job.
            NotSupported: The snapshot has no address, or contradicts itself about what it is of.
            TamrError: What came instead of an answer, or instead of this operation.
        """
        if self.type == "NOOP":
            return self
        path, name = self._path(), self._name()
        response = send_request(self.client, "GET", path, headers=JSON_ACCEPTED)
        data = _document_of(name, response, f"GET {path}")
        polled = self.from_document(self.client, data, self.api_path, response)
        if self.is_replaced_by(data):
            msg = (
                f"The job of {self._title()} is gone: its number was given to another job "
                f"({_told_apart(polled)}). The server may have been restored from a backup; look "
                "at Tamr's Jobs page."
            )
            raise OperationReplaced(msg, response=response)
        return polled.after(self)

    def snapshots(
        self, poll_interval_seconds: Seconds = 3, timeout_seconds: Seconds | None = None
    ) -> Iterator[Operation]:
        """Fresh operations, one for each poll, until it is resolved; `wait` is the last of them.

        A resolved operation yields itself, without a request. Faults that pass (5xx, 429, lost
        connections, cut-off answers) are waited out, longer each time.

        Args:
            poll_interval_seconds: How long to pause between two polls.
            timeout_seconds: How long to go on; None for as long as it takes. One last poll is made
                when the time is up. It gets as long as the server's last answer took and 0.2 s
                more: a resolved answer of a slow server counts, a server that hangs does not hold
                anybody up.

        Raises:
            ValueError, TypeError: A number of seconds that makes no sense; at once.
            NotAClient, ClientClosed: The client can't ask, or there is none; at once.
            WaitTimeout: The time is up. It is a TimeoutError and holds the last snapshot.
            TamrError: A fault that does not pass or, without a time limit, the 25th in a row.
        """
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        timeout = None
        if timeout_seconds is not None:
            timeout = checked_seconds("timeout_seconds", timeout_seconds)
        if not self.resolved:
            link_to(self.client)
        return follow(self, max(interval, MIN_INTERVAL_SECONDS), timeout)

    def wait(
        self, poll_interval_seconds: Seconds = 3, timeout_seconds: Seconds | None = None
    ) -> Operation:
        """Poll until the operation is resolved, and return it, whatever its outcome.

        The job itself is not touched, neither by a time-out nor by Ctrl-C. Arguments and errors
        are those of `snapshots`.
        """
        operation = self
        for operation in self.snapshots(poll_interval_seconds, timeout_seconds):  # noqa: B007
            pass
        return operation

    def apply_options(self, asynchronous: bool = False, **options: Any) -> Operation:
        """This operation at once if `asynchronous`, else the resolved one: `wait(**options)`."""
        return self if asynchronous else self.wait(**options)

    def cancel(self) -> Operation:
        """Ask the server to cancel the job, and return the operation polled after that.

        It may read CANCELING for a while. A resolved operation is returned without asking. The
        job is cancelled only if the server still shows it as this snapshot does.

        Raises:
            NotSupported: Tamr cancels jobs by number, and this one's id is none; or the snapshot
                contradicts itself about which job it is of.
            OperationReplaced: The number was given to another job.
            TamrError: The server's refusal, or no answer.
        """
        if self.resolved:
            return self
        number = self.resource_id or ""
        if not (number.isascii() and number.isdigit()):
            msg = f"Tamr cancels jobs by number, so {number!r} can only be waited for."
            raise NotSupported(msg)
        current = self._confirmed()
        if current.resolved:
            return current
        prefix, _, _ = str(self.client.base_path).partition("/api/")
        send_request(self.client, "POST", f"{prefix.rstrip('/')}/api/dataset/jobs/{number}/cancel")
        return current.poll()

    def delete(self) -> requests.Response:
        """Delete the operation from the server, and return its answer. This cannot be undone.

        It is deleted only if the server still shows it as this snapshot does.

        Raises:
            MethodNotAllowed: 405, an HTTPError: many servers do not delete operations.
            NotSupported: A NOOP, which no server has; or the snapshot contradicts itself about
                which operation it is of.
            OperationReplaced: The number was given to another job.
            TamrError: Another refusal, or no answer.
        """
        if self.type == "NOOP":
            msg = "There is nothing to delete: Tamr had nothing to do, so there is no operation."
            raise NotSupported(msg)
        self._confirmed()
        return send_request(self.client, "DELETE", self._path())

    def _confirmed(self) -> Operation:
        """The operation as it is now, if that is beyond doubt what this snapshot shows."""
        self._name(asked_at=True)
        current = self.poll()
        for fact in ("type", "description"):
            seen, now = getattr(self, fact), getattr(current, fact)
            if seen and now and seen != now:
                msg = (
                    f"Nothing was changed, since {self._title()} has another {fact} now: "
                    f"{sanitize(now, 200)}. Fetch it again, and check that it is the right one."
                )
                raise UnexpectedResponse(msg)
        return current

    def _name(self, *, asked_at: bool = False) -> str:
        """The one name by which this operation is known.

        Args:
            asked_at: Whether the address to ask at has to be of this name, too.

        Raises:
            CrossOriginError: The address to ask at is no address of this server.
            NotSupported: There is no name, or more than one.
        """
        path, names = self._path(), names_in(self._data)
        if asked_at or not names:
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
            f"{identifier!r}, its relativeId {own_path!r}, and the address to ask at "
            f"{sanitize(path, 100)!r}. client.operation(id) fetches the one that you mean."
        )
        raise NotSupported(msg)

    def _title(self) -> str:
        return f"operation {sanitize(self.resource_id or '', 100)} ({_told_apart(self)})"

    def _path(self) -> str:
        if self.api_path is None:
            msg = "This operation has no address (no relativeId), so Tamr cannot be asked about it."
            raise NotSupported(msg)
        return self.api_path

    def _repr_html_(self) -> str:
        from ._operation.html import html_table  # noqa: PLC0415 - scripts never draw

        return html_table(self)


def _document_of(name: str, response: requests.Response, what: str) -> dict[str, Any]:
    """The document in an answer, if it is of the operation with this name."""
    data: dict[str, Any] = parse_json(response, what)
    if not is_named(name, data):
        names = names_in(data) if isinstance(data, dict) else set()
        shown = " and ".join(sorted(sanitize(each, 100) for each in names if each))
        came = "something that is not this operation" + (f" but {shown}" if shown else "")
        raise unexpected(response, what, came)
    return data


def _address_of(data: dict[str, Any]) -> str | None:
    """Where to ask about an operation whose server writes no `relativeId`."""
    name = only_name(names_in(data))
    return None if data.get("relativeId") or name is None else f"operations/{quote(name, ':')}"


def _told_apart(operation: Snapshot) -> str:
    """What tells jobs of one number apart, in words."""
    created = operation.created_at
    when = f", created {created:%Y-%m-%d %H:%M:%S} UTC" if created else ""
    return f"{sanitize(operation.description or 'without a description', 200)}{when}"
