"""What the server was asked: for tests, and for anybody who wonders what a client does."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = 100_000


@dataclass(slots=True)
class RequestRecord:
    """One request. It holds no credentials, only of which kind they were.

    Attributes:
        method: GET, POST, ...
        path: As it was on the wire, percent-encoded, without the query.
        query: What follows the question mark.
        at: When it arrived, in seconds of the monotonic clock.
        credentials: none, basic, bearer, cookie, other, or two joined by a plus.
        connection: The number of the connection it came through, counted from 1.
        status: The status that was answered; None as long as there is none, or for good.
        sent: The bytes of the answer's body.
        fault: The name of the fault that it met.
    """

    method: str
    path: str
    query: str = ""
    at: float = 0.0
    credentials: str = "none"
    connection: int = 0
    status: int | None = None
    sent: int = 0
    fault: str = ""


class RequestLog:
    """A thread-safe list of the last 100,000 requests, oldest first.

    Looking at it takes a snapshot.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: deque[RequestRecord] = deque(maxlen=KEPT)

    def add(self, asked: RequestRecord) -> None:
        """Add a request; the server fills in its status later."""
        with self._lock:
            self._asked.append(asked)

    def clear(self) -> None:
        """Forget what was asked so far."""
        with self._lock:
            self._asked.clear()

    def matching(self, method: str | None = None, path: str = "") -> list[RequestRecord]:
        """Return the requests with this method and with `path` somewhere in their path."""
        return [asked for asked in self if method in {None, asked.method} and path in asked.path]

    def __len__(self) -> int:
        return len(self._asked)

    def __iter__(self) -> Iterator[RequestRecord]:
        with self._lock:
            return iter(list(self._asked))

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[RequestRecord]: ...
    def __getitem__(self, index: int | slice) -> RequestRecord | list[RequestRecord]:
        with self._lock:
            return list(self._asked)[index]

    def __repr__(self) -> str:
        return f"<RequestLog of {len(self)} requests>"
