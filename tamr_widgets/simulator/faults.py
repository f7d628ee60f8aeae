"""What can go wrong between a client and the server, switched on and off while it runs."""

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
    """One thing that goes wrong, and which requests it hits; made by the class methods.

    Each class method also takes the first four attributes as keywords: `Fault.status(502,
    times=3, method="GET", path="operations/17")`.

    Attributes:
        times: How many requests it hits; None: every one until it is switched off.
        skip: How many matching requests pass unharmed before that.
        method: The only method that it hits.
        path: A regular expression that is searched in the decoded path.
        name: What the request log calls it.
        delay_seconds: How long the server thinks before it does anything.
        perform: Whether the server does what it was asked, although the client may not learn it.
        change: What becomes of the answer.
        stop_at: Where the bytes end: before the "headers", in the "headers", in the "body".
        ending: What follows there: "hang", "close" or "reset".
        drip: Which part is sent a byte at a time: "headers" or "body".
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
    def delay(cls, seconds: float, **which: Any) -> Fault:
        """Response well, but late."""
        return cls(name="delay", delay_seconds=seconds, **which)

    @classmethod
    def hang(cls, at: str = "start", *, perform: bool = False, **which: Any) -> Fault:
        """Say nothing more from "start", the middle of the "headers" or of the "body" on."""
        return cls(name="hang", stop_at=at, ending="hang", perform=_needed(at, perform), **which)

    @classmethod
    def reset(cls, at: str = "start", *, perform: bool = False, **which: Any) -> Fault:
        """Reset the connection at "start", in the "headers" or in the "body"."""
        return cls(name="reset", stop_at=at, ending="reset", perform=_needed(at, perform), **which)

    @classmethod
    def close(cls, at: str = "start", *, perform: bool = False, **which: Any) -> Fault:
        """Close the connection at "start", in the "headers" or in the "body"."""
        return cls(name="close", stop_at=at, ending="close", perform=_needed(at, perform), **which)

    @classmethod
    def truncate(cls, **which: Any) -> Fault:
        """Send half of the body that Content-Length promises, and close."""
        return cls(name="truncate", stop_at="body", ending="close", **which)

    @classmethod
    def drip_bytes(cls, seconds: float, part: str = "body", **which: Any) -> Fault:
        """Send the "headers" or the "body" a byte at a time."""
        return cls(name="drip", drip=part, pace_seconds=seconds, **which)

    @classmethod
    def status(
        cls,
        code: int,
        *,
        body: str | bytes = BAD_GATEWAY,
        headers: Mapping[str, str] | None = None,
        content_type: str = "text/html",
        perform: bool = False,
        **which: Any,
    ) -> Fault:
        """Response with a status code, as a proxy in front of the server would."""
        answer = Response(code, _bytes(body), headers or {}, content_type)
        return cls(name=f"status {code}", change=lambda _: answer, perform=perform, **which)

    @classmethod
    def retry_after(cls, value: str, code: int = 429, **which: Any) -> Fault:
        """Response with a Retry-After of any form; with code 200 the answer itself is good."""
        headers = {"Retry-After": value}
        if code != 200:
            return cls.status(code, headers=headers, **which)

        def added(answer: Response) -> Response:
            return replace(answer, headers={**answer.headers, **headers})

        return cls(name="retry_after", change=added, **which)

    @classmethod
    def body(
        cls, body: str | bytes, *, content_type: str = "application/json", **which: Any
    ) -> Fault:
        """Response 200 with a foreign body, such as `[]`, `null` or half a document."""
        answer = Response(200, _bytes(body), {}, content_type)
        return cls(name="body", change=lambda _: answer, perform=False, **which)

    @classmethod
    def login_page(cls, **which: Any) -> Fault:
        """Response 200 with an HTML login page, as single sign-on in front of a server does."""
        return cls.body(LOGIN_PAGE, content_type="text/html", **which)

    @classmethod
    def unauthorised(cls, **which: Any) -> Fault:
        """Response 401 in Tamr's own words, whatever the credentials are."""
        return cls.status(401, body=NO_CREDENTIALS, content_type="text/plain", **which)

    @classmethod
    def redirect(cls, location: str, code: int = 302, **which: Any) -> Fault:
        """Redirect to any location."""
        return cls.status(code, body="", headers={"Location": location}, **which)

    @classmethod
    def edit(cls, function: Callable[[Any], Any], **which: Any) -> Fault:
        """Pass every operation of an answer through a function, one by one, also in a list."""

        def change(answer: Response) -> Response:
            try:
                value = json.loads(answer.body)
            except ValueError:
                return answer
            if answer.status != 200:
                return answer
            edited = [function(each) for each in value] if _is_list(value) else function(value)
            return replace(answer, body=encode(edited))

        return cls(name="edit", change=change, **which)

    @classmethod
    def other_id(cls, job_id: str, **which: Any) -> Fault:
        """Response with the document of another operation."""
        other = {"id": job_id, "relativeId": f"operations/{job_id}"}
        return cls.edit(lambda each: {**each, **other}, **which)

    @classmethod
    def job_status(cls, status: Any, **which: Any) -> Fault:
        """Replace the status of every operation: None, a word, a list, any document."""
        return cls.edit(lambda each: {**each, "status": status}, **which)

    @classmethod
    def job_state(cls, state: Any, **which: Any) -> Fault:
        """Replace the state in the status of every operation, by a word nobody knows, say."""
        return cls.edit(
            lambda each: {**each, "status": {**each["status"], "state": state}}, **which
        )

    def hits(self, method: str, path: str) -> bool:
        """Return whether it concerns such a request."""
        return self.method in {None, method} and re.search(self.path, path) is not None


class Faults:
    """The switchboard: the first fault that concerns a request hits it, and only that one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Switch faults on; those that were added first come first."""
        with self._lock:
            self._active.extend(faults)

    def clear(self) -> None:
        """Switch every fault off; those that are at work go on."""
        with self._lock:
            self._active.clear()

    @contextlib.contextmanager
    def on(self, *faults: Fault) -> Iterator[None]:
        """Switch faults on for a `with` block, and all faults off after it."""
        self.add(*faults)
        try:
            yield
        finally:
            self.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits a request, and count it."""
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


def _needed(at: str, perform: bool) -> bool:
    if at not in {"start", "headers", "body"}:
        raise ValueError(f'A fault happens at "start", "headers" or "body", not at {at!r}.')
    return perform or at != "start"


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body
