"""Fakes that the unit tests share: a clock, a server's documents, a server of raw bytes."""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://tamr.test:9100/api/versioned/v1/"
PATH = "operations/17"
# For localhost and 127.0.0.1, signed by itself, valid for a hundred years.
CERTIFICATE = Path(__file__).with_name("loopback.pem")
PASSWORD = "s3cret-of-ada"
_REQUEST = requests.Request("GET", URL + PATH).prepare()


def document(state: Any = "RUNNING", **fields: Any) -> dict[str, Any]:
    """Returns an operation's JSON; `fields` replace whole fields."""
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


EXTREME_TIMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1600-01-01T00:00:00Z"]


def with_time(field: str, moment: str) -> dict[str, Any]:
    """Returns the JSON of an operation with a time; `field` is created, startTime or endTime."""
    written = document("SUCCEEDED")
    if field == "created":
        written["created"]["time"] = moment
    else:
        written["status"][field] = moment
    return written


class PublicOperation:
    """The part of the public client's operation that is adopted."""

    def __init__(self, client: Any, data: dict[str, Any], alias: str | None = None) -> None:
        self.client, self._data, self.api_path = client, data, alias or data.get("relativeId")

    def poll(self) -> None:
        raise AssertionError("Its own polls have no limits.")


def fake_response(status: int = 200, body: Any = b"", **headers: str) -> requests.Response:
    """Returns a response that was made without a connection."""
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response.request = _REQUEST
    response.url = URL + PATH
    return response


class CannedAdapter(requests.adapters.BaseAdapter):
    """A transport that has a body for each request; the last one is repeated."""

    def __init__(self, *bodies: bytes | str, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.bodies = [each.encode() if isinstance(each, str) else each for each in bodies]
        self.headers = headers
        self.requests = 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        body = self.bodies[min(self.requests, len(self.bodies) - 1)]
        self.requests += 1
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=self.headers, status=200, preload_content=False
        )
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing to close."""


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Waits until a condition is true, and returns its value; `seconds` allow for busy machines."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        time.sleep(0.005)
    return value


def error_of(work: Callable[[], Any]) -> Exception | None:
    """Returns the exception that some work raises, or None: for tests of many cases in a loop."""
    try:
        work()
    except Exception as error:  # noqa: BLE001
        return error
    return None


def callback_threads() -> list[threading.Thread]:
    """Returns the threads that run callbacks now: there are none when all have been called."""
    return [each for each in threading.enumerate() if "callbacks" in each.name]


class FakeClock:
    """A clock that moves only in `sleep` and `advance`."""

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
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.time_of_day += seconds


@cache
def _server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class RawServer:
    """A server on loopback that passes each request to a function, which writes the response.

    `handshake` is called with each new connection, as a SOCKS proxy negotiates before requests.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, bytes], None],
        *,
        tls: bool = False,
        handshake: Callable[[socket.socket], None] = lambda _: None,
    ) -> None:
        self._serve, self._handshake = serve, handshake
        self._tls = _server_tls() if tls else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.requests: list[bytes] = []
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)
        accepting, *talking = self._threads
        accepting.join(5)  # it may be about to add a connection
        for each in self.connections:
            _close(each)
        for thread in talking:
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
            # A second small segment would wait 40 ms for the acknowledgement of the first.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._talk, connection)

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self._handshake(connection)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
            while request := _read_request(connection):
                self.requests.append(request)
                self._serve(connection, request)


def _close(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


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
    """Returns the bytes of a complete response."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
