"""Stand-ins that the unit tests share: a clock, a server's documents, a server of raw bytes."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://tamr.test:9100/api/versioned/v1/"
PATH = "operations/17"
# For localhost and 127.0.0.1, known to nobody, valid for a hundred years.
CERTIFICATE = Path(__file__).with_name("loopback.pem")
PASSWORD = "s3cret-of-ada"


def document(state: Any = "RUNNING", **fields: Any) -> dict[str, Any]:
    """An operation as a server writes it; `fields` replace whole fields."""
    times = {"startTime": "2021-01-29T18:24:53.326Z", "endTime": "", "message": ""}
    if state in {"SUCCEEDED", "FAILED", "CANCELED"}:
        times["endTime"] = "2021-01-29T18:25:53.326Z"
    written = {
        "id": "17",
        "type": "SPARK",
        "description": "Train Mastering Model",
        "status": {"state": state, **times},
        "created": {"username": "admin", "time": "2021-01-29T18:24:40.326Z", "version": "1"},
        "lastModified": {"username": "system", "time": "2021-01-29T18:24:54.950Z", "version": "2"},
        "relativeId": PATH,
    }
    return {**written, **fields}


def answer(status: int = 200, body: Any = b"", **headers: str) -> requests.Response:
    """An answer that did not come over a wire."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response.request = requests.Request("GET", URL + PATH).prepare()
    response.url = URL + PATH
    return response


def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)
    return value


class FakeClock:
    """A clock that only moves when somebody sleeps, or when a test turns it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.time_of_day = 1_611_944_000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.time_of_day

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.turn(seconds)

    def turn(self, seconds: float) -> None:
        self.now += seconds
        self.time_of_day += seconds


class RawServer:
    """Loopback connections, whose requests go to a function that writes bytes as it likes."""

    def __init__(self, serve: Callable[[socket.socket, bytes], None], *, tls: bool = False) -> None:
        self._serve = serve
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._tls is not None:
            self._tls.load_cert_chain(CERTIFICATE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.requests: list[bytes] = []
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for each in [self._listener, *self.connections]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            self._start(self._talk, connection)

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
            while request := _read_request(connection):
                self.requests.append(request)
                self._serve(connection, request)


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(body: Any = b"", status: str = "200 OK", *headers: str) -> bytes:
    """The bytes of a complete answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
