"""Records the requests that the server received, for tests and for studies of clients."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORDS = 100_000


@dataclass(slots=True)
class RequestRecord:
    """One request. It holds no credentials, only their types.

    Attributes:
        method: GET, POST, ...
        path: The percent-encoded path, without the query.
        query: The part after the question mark.
        at: The time of its arrival, in seconds of the monotonic clock.
        credentials: none, basic, bearer, cookie, other, or two joined by a plus.
        connection: The number of its connection, counted from 1.
        status: The status of the response; None before it is sent, or if none is sent.
        sent: The number of bytes sent of the response's body.
        fault: The name of the fault that affected it.
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

    Iteration and slices return copies.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=MAX_RECORDS)

    def add(self, record: RequestRecord) -> None:
        """Adds a request; the server sets its status later."""
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        """Removes all requests."""
        with self._lock:
            self._records.clear()

    def matching(self, method: str | None = None, path: str = "") -> list[RequestRecord]:
        """Returns the requests with this method and with `path` somewhere in their path."""
        return [each for each in self if method in {None, each.method} and path in each.path]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RequestRecord]:
        with self._lock:
            return iter(list(self._records))

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[RequestRecord]: ...
    def __getitem__(self, index: int | slice) -> RequestRecord | list[RequestRecord]:
        with self._lock:
            return list(self._records)[index]

    def __repr__(self) -> str:
        return f"<RequestLog of {len(self)} requests>"
