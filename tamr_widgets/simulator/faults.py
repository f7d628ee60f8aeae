"""Injects faults between clients and the server."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .http.messages import NO_CREDENTIALS, Response
from .jobs.job import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True)
class Fault:
    """A fault, and the requests that it affects; made by the class methods.

    Each class method also takes the first four attributes as keywords: `Fault.status(502,
    times=3, method="GET", path="operations/17")`. `hang`, `reset` and `close` raise a ValueError
    for a place that does not exist.

    Attributes:
        times: The number of requests that it affects; None for all until it is cleared.
        skip: The number of matching requests before the first that it affects.
        method: The only method that it affects; None for any.
        path: A regular expression that is searched in the decoded path.
        name: The name in the request log.
        delay_seconds: The delay before the server does anything.
        perform: Whether the server performs the request, although the client may not see that.
        change: Returns the changed response.
        stop_at: The place where the bytes end: at "start", in the "headers", in the "body".
        ending: The event at that place: "hang", "close" or "reset".
        drip: The part that is sent a byte at a time: "headers" or "body".
        pace_seconds: The time between two such bytes.
    """

    times: int | None = None
    skip: int = 0
    method: str | None = None
    path: str = ""
    name: str = "fault"
    delay_seconds: float = 0.0
    perform: bool = True
    change: Callable[[Response], Response] | None = None
    stop_at: str | None = None
    ending: str = "close"
    drip: str | None = None
    pace_seconds: float = 0.0

    @classmethod
    def delay(cls, seconds: float, **scope: Any) -> Fault:
        """Delays a correct response."""
        return cls(name="delay", delay_seconds=seconds, **scope)

    @classmethod
    def hang(cls, at: str = "start", *, perform: bool = False, **scope: Any) -> Fault:
        """Sends no more bytes from "start", or the middle of the "headers" or the "body", on."""
        return cls(name="hang", stop_at=at, ending="hang", perform=_performs(at, perform), **scope)

    @classmethod
    def reset(cls, at: str = "start", *, perform: bool = False, **scope: Any) -> Fault:
        """Resets the connection at "start", in the "headers" or in the "body"."""
        return cls(
            name="reset", stop_at=at, ending="reset", perform=_performs(at, perform), **scope
        )

    @classmethod
    def close(cls, at: str = "start", *, perform: bool = False, **scope: Any) -> Fault:
        """Closes the connection at "start", in the "headers" or in the "body"."""
        return cls(
            name="close", stop_at=at, ending="close", perform=_performs(at, perform), **scope
        )

    @classmethod
    def truncate(cls, **scope: Any) -> Fault:
        """Sends half of the body that Content-Length declares, and closes the connection."""
        return cls(name="truncate", stop_at="body", ending="close", **scope)

    @classmethod
    def drip_bytes(cls, seconds: float, part: str = "body", **scope: Any) -> Fault:
        """Sends the "headers" or the "body" a byte at a time."""
        return cls(name="drip", drip=part, pace_seconds=seconds, **scope)

    @classmethod
    def status(
        cls,
        code: int,
        *,
        body: str | bytes = BAD_GATEWAY,
        headers: Mapping[str, str] | None = None,
        content_type: str = "text/html",
        perform: bool = False,
        **scope: Any,
    ) -> Fault:
        """Responds with a status code, as a proxy in front of the server would."""
        response = Response(code, _bytes(body), headers or {}, content_type)
        return cls(name=f"status {code}", change=lambda _: response, perform=perform, **scope)

    @classmethod
    def retry_after(cls, value: str, code: int = 429, **scope: Any) -> Fault:
        """Responds with any Retry-After; with code 200, it is added to the correct response."""
        headers = {"Retry-After": value}
        if code != 200:
            return cls.status(code, headers=headers, **scope)

        def added(response: Response) -> Response:
            return replace(response, headers={**response.headers, **headers})

        return cls(name="retry_after", change=added, **scope)

    @classmethod
    def body(
        cls, body: str | bytes, *, content_type: str = "application/json", **scope: Any
    ) -> Fault:
        """Responds with 200 and a given body, such as `[]`, `null` or half a document."""
        response = Response(200, _bytes(body), {}, content_type)
        return cls(name="body", change=lambda _: response, perform=False, **scope)

    @classmethod
    def login_page(cls, **scope: Any) -> Fault:
        """Responds with 200 and an HTML login page, as single sign-on in front of a server does."""
        return cls.body(LOGIN_PAGE, content_type="text/html", **scope)

    @classmethod
    def unauthorised(cls, **scope: Any) -> Fault:
        """Responds with 401 and Tamr's text, also if the credentials are valid."""
        return cls.status(401, body=NO_CREDENTIALS, content_type="text/plain", **scope)

    @classmethod
    def redirect(cls, location: str, code: int = 302, **scope: Any) -> Fault:
        """Responds with a redirect to any location."""
        return cls.status(code, body="", headers={"Location": location}, **scope)

    @classmethod
    def edit(cls, function: Callable[[Any], Any], **scope: Any) -> Fault:
        """Passes every operation of a response through a function, one by one, also in a list."""

        def change(response: Response) -> Response:
            try:
                value = json.loads(response.body)
            except ValueError:
                return response
            if response.status != 200:
                return response
            edited = [function(each) for each in value] if _is_list(value) else function(value)
            return replace(response, body=encode(edited))

        return cls(name="edit", change=change, **scope)

    @classmethod
    def other_id(cls, job_id: str, **scope: Any) -> Fault:
        """Responds with the document of another operation."""
        other = {"id": job_id, "relativeId": f"operations/{job_id}"}
        return cls.edit(lambda each: {**each, **other}, **scope)

    @classmethod
    def job_status(cls, status: Any, **scope: Any) -> Fault:
        """Replaces the status of every operation by any JSON value."""
        return cls.edit(lambda each: {**each, "status": status}, **scope)

    @classmethod
    def job_state(cls, state: Any, **scope: Any) -> Fault:
        """Replaces the state in the status of every operation, for example by an unknown one."""
        return cls.edit(
            lambda each: {**each, "status": {**each["status"], "state": state}}, **scope
        )

    def hits(self, method: str, path: str) -> bool:
        """Whether the fault affects requests with this method and path."""
        return self.method in {None, method} and re.search(self.path, path) is not None


class Faults:
    """The active faults. Only the first that matches a request affects it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Activates faults, after those that are already active."""
        with self._lock:
            self._active.extend(faults)

    def clear(self) -> None:
        """Deactivates all faults; requests that they already affect are not changed."""
        with self._lock:
            self._active.clear()

    @contextlib.contextmanager
    def on(self, *faults: Fault) -> Iterator[None]:
        """Activates faults for a `with` block, and deactivates all faults after it."""
        self.add(*faults)
        try:
            yield
        finally:
            self.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Returns the fault that affects a request, and counts it."""
        with self._lock:
            for index, fault in enumerate(self._active):
                if fault.times == 0 or not fault.hits(method, path):
                    continue
                if fault.skip:
                    self._active[index] = replace(fault, skip=fault.skip - 1)
                    continue
                if fault.times is not None:
                    self._active[index] = replace(fault, times=fault.times - 1)
                return fault
        return None

    def __len__(self) -> int:
        with self._lock:
            return sum(fault.times != 0 for fault in self._active)


def _performs(at: str, perform: bool) -> bool:
    if at not in {"start", "headers", "body"}:
        raise ValueError(f'A fault happens at "start", "headers" or "body", not at {at!r}.')
    return perform or at != "start"


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body
