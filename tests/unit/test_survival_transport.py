"""Responses: each belongs to its request, is limited in size, and ends at a deadline."""

from __future__ import annotations

import gzip
import io
import json
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from itertools import count, cycle

import brotli
import pytest
import requests
from fakes import CERTIFICATE, URL, CannedAdapter, RawServer, document, http, wait_until

from tamr_widgets import (
    Client,
    ConnectionFailed,
    Operation,
    Poller,
    RequestTimeout,
    TamrError,
    TokenAuth,
    UnexpectedResponse,
    UsernamePasswordAuth,
)
from tamr_widgets._http import body
from tamr_widgets._http.deadline import SLICE_SECONDS, deadline

# The delay that a busy machine may add; without a deadline it would be ten seconds or more.
LATE_SECONDS = 5
MEBIBYTE = 2**20
BUFFER_BYTES = min(io.DEFAULT_BUFFER_SIZE, 2**13)  # with a surplus, within a TLS record


def client_of(server, **options):
    host = "localhost" if options.get("protocol") == "https" else "127.0.0.1"
    return Client(TokenAuth("t"), host, port=server.port, **options)


def path_of(request):
    return request.split()[1].decode().rsplit("/", 1)[1]


def seconds_of(work, kind):
    began = time.monotonic()
    with pytest.raises(kind) as raised:
        work()
    return time.monotonic() - began, raised.value


@pytest.fixture(params=["own", "passed"])
def session(request):
    """The client's own session, or one that is passed in."""
    if request.param == "own":
        yield None
    else:
        with requests.Session() as session:
            yield session


# Each response belongs to its request.

INTERIM = {
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103 with headers": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 7\r\n\r\n",
    "199": b"HTTP/1.1 199 Whatever\r\n\r\n",
    "100, 102, 100": b"".join(b"HTTP/1.1 %d X\r\n\r\n" % code for code in (100, 102, 100)),
    "many": b"HTTP/1.1 102 Processing\r\n\r\n" * 50,
}


@pytest.mark.parametrize(
    ("interim", "tls", "session"),
    [
        *((each, False, "own") for each in INTERIM.values()),
        (INTERIM["103 with headers"], True, "passed"),
        (INTERIM["many"], True, "passed"),
    ],
    indirect=["session"],
    ids=[*INTERIM, "103 with headers, https", "many, https"],
)
def test_an_interim_response_is_skipped(monkeypatch, session, interim, tls):
    """There may be many, and each request still gets its own response."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    def serve(connection, request):
        connection.sendall(interim)
        time.sleep(0.001)  # so that the response arrives in its own segment
        connection.sendall(http(path_of(request)))

    protocol = "https" if tls else "http"
    with (
        RawServer(serve, tls=tls) as server,
        client_of(server, protocol=protocol, session=session) as client,
    ):
        responses = [client.post(name).json() for name in ("a", "b", "c")]

    assert responses == ["a", "b", "c"]


def test_a_change_of_protocol_is_an_error(session):
    """It was not requested, and the bytes after it on that connection are not HTTP."""
    first = iter([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"])
    with (
        RawServer(lambda c, _: c.sendall(next(first, http("after")))) as server,
        client_of(server, session=session) as client,
    ):
        with pytest.raises(ConnectionFailed, match=r"101.*not known whether"):
            client.delete("operations/17")
        assert client.get("x").json() == "after"
        assert len(server.connections) == 2


def test_endless_interim_responses_end_at_the_deadline(session):
    def serve(connection, _):
        while True:
            connection.sendall(INTERIM["102"])
            time.sleep(0.01)

    with (
        RawServer(serve) as server,
        client_of(server, session=session, total_seconds=0.1) as client,
    ):
        took, _ = seconds_of(lambda: client.get("x"), RequestTimeout)

    assert took < 0.1 + LATE_SECONDS


def up_to_the_buffers_end(real, surplus):
    """Returns a response that ends at the end of a buffer, and a surplus that is not buffered."""
    body = b"x" * (BUFFER_BYTES - 100)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: " % len(body)
    filler = b"x" * (BUFFER_BYTES - len(head) - 4 - len(body))
    return head + filler + b"\r\n\r\n" + body + surplus


SURPLUS = {
    "a longer body": lambda real: real + b"surplus",
    "a whole response": lambda real: real + http("not asked for"),
    "long responses": lambda real: real + http("x" * 20_000) * 3,
    "a body after a 204": lambda _: b"HTTP/1.1 204 No Content\r\n\r\n" + http("a body"),
    "after a chunked body": lambda _: (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"a"\r\n0\r\n\r\n' + http("more")
    ),
    "after a full buffer": lambda real: up_to_the_buffers_end(real, http("not asked for")),
}


@pytest.mark.parametrize(
    ("sent", "tls", "session"),
    [
        *((each, False, "own") for each in SURPLUS.values()),
        (SURPLUS["a longer body"], True, "passed"),
        (SURPLUS["long responses"], True, "passed"),
        (SURPLUS["after a full buffer"], True, "passed"),
    ],
    indirect=["session"],
    ids=[*SURPLUS, "a longer body, https", "long responses, https", "after a full buffer, https"],
)
def test_surplus_bytes_are_not_the_next_response(monkeypatch, session, sent, tls):
    """A connection with bytes after the response is not used again."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    used = []

    def serve(connection, request):
        real = http(path_of(request))
        used.append(connection)
        connection.sendall(sent(real) if len(used) == 1 else real)

    protocol = "https" if tls else "http"
    with (
        RawServer(serve, tls=tls) as server,
        client_of(server, protocol=protocol, session=session) as client,
    ):
        client.get("a")
        assert [client.get(name).json() for name in ("b", "c")] == ["b", "c"]

    assert used[0] is not used[1]
    assert used[1] is used[2]


def test_bytes_on_an_idle_connection_are_not_the_next_response(session):
    """They arrive after the response was read."""
    used, idle, sent = [], threading.Event(), threading.Event()

    def serve(connection, request):
        used.append(connection)
        connection.sendall(http(path_of(request)))
        if len(used) == 1:
            idle.wait(10)
            connection.sendall(http("not asked for"))
            sent.set()

    with RawServer(serve) as server, client_of(server, session=session) as client:
        client.get("a")
        idle.set()
        assert sent.wait(10)
        assert client.get("b").json() == "b"


def test_a_late_response_is_not_the_next_response(session):
    """The connection is closed after a timeout."""
    late, numbers = threading.Event(), count()

    def serve(connection, request):
        if next(numbers) == 0:
            late.wait(10)
        connection.sendall(http(path_of(request)))

    with RawServer(serve) as server, client_of(server, session=session) as client:
        with pytest.raises(RequestTimeout):
            client.get("a", timeout=0.05)
        late.set()
        assert client.get("b").json() == "b"


# A response is limited in size.


def gzipped(data, times=1):
    for _ in range(times):
        data = gzip.compress(data, 9)
    return data


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODED = {
    "gzip": gzipped,
    "x-gzip": gzipped,
    "GZIP": gzipped,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "gzip, gzip": lambda data: gzipped(data, 2),
    "gzip,deflate , gzip": lambda data: gzipped(zlib.compress(gzipped(data))),
    "deflate, identity": zlib.compress,
    "gzip ": lambda data: b"".join(gzipped(data[i : i + 999]) for i in range(0, len(data), 999)),
    "identity": bytes,
    "UTF-8": bytes,
    "": bytes,
}


@pytest.mark.parametrize("coding", CODED)
def test_a_body_is_decoded(wire, client, coding):
    """It may have several codings and several members."""
    bodies = [json.dumps("x" * size).encode() for size in (1, 100, 65_536)]
    for content in (*bodies, b"%d" % (10**200) * 300):
        wire.upsert(
            "GET", f"{URL}x", body=CODED[coding](content), headers={"Content-Encoding": coding}
        )

        assert client.get("x").content == content


@pytest.mark.parametrize("padding", [b"\0" * 20, b"\n", b"more"])
def test_padding_after_a_body_is_ignored(wire, client, padding):
    """requests ignores it, too."""
    body = gzipped(b"body") + padding
    wire.get(f"{URL}x", body=body, headers={"Content-Encoding": "gzip"})

    assert client.get("x").content == b"body"


@pytest.mark.parametrize("given", [None, "br", "identity"])
def test_only_codings_that_can_be_decoded_are_requested(monkeypatch, wire, client, session, given):
    """The caller may request others; installed decoders have no effect."""
    monkeypatch.setattr("tamr_widgets._http.transport.DEFAULT_ACCEPT_ENCODING", "gzip, deflate, br")
    wire.get(f"{URL}x")
    for each in (client, Client(TokenAuth("t"), "tamr.test", session=session)):
        each.session.headers["Accept-Encoding"] = "gzip, deflate, br"
        each.get("x", headers={"Accept-Encoding": given} if given else None)

    requested = {call.request.headers["Accept-Encoding"] for call in wire.calls}
    assert requested == {given or "gzip, deflate"}


def test_a_coding_that_the_caller_requested_is_decoded(wire, client, small_bodies):
    """urllib3 decodes it, if it can, and the size limit applies."""
    wire.get(f"{URL}x", body=brotli.compress(b"body"), headers={"Content-Encoding": "br"})
    wire.get(
        f"{URL}y", body=brotli.compress(bytes(SIZE), quality=1), headers={"Content-Encoding": "br"}
    )
    headers = {"Accept-Encoding": "br"}

    assert client.get("x", headers=headers).content == b"body"
    with pytest.raises(UnexpectedResponse, match="more than 1 MiB"):
        client.get("y", headers=headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_empty_body_with_a_coding_is_decoded(wire, client, method):
    """The header names a coding, although there is no body."""
    wire.add(method, f"{URL}x", body=b"", headers={"Content-Encoding": "gzip"})

    assert client.request(method, "x").content == b""


DAMAGED = {
    "cut off": ("gzip", gzipped(b"x" * 1000)[:-5]),
    "no gzip": ("gzip", b"plain"),
    "not accepted": ("br", b"\x0b\x02\x80hello\x03"),
    "second not accepted": ("gzip, zstd", b"x"),
    "too many": (", ".join(["gzip"] * 6), gzipped(b"x", 6)),
    "far too many": (", ".join(["gzip"] * 3000), b"x"),
}


@pytest.mark.parametrize(("coding", "body"), DAMAGED.values(), ids=DAMAGED)
def test_a_body_that_cannot_be_decoded_is_a_typed_error(wire, client, coding, body):
    """It is damaged, or its coding was not accepted."""
    wire.get(f"{URL}x", body=body, headers={"Content-Encoding": coding})

    with pytest.raises(UnexpectedResponse, match="cannot be decoded"):
        client.get("x")


SIZE = MEBIBYTE * 5 // 4
ZEROS = gzipped(b"\0" * SIZE)
BOMBS = {
    "gzip": ("gzip", ZEROS),
    "gzip in gzip": ("gzip, gzip", gzipped(ZEROS)),
    "deflate": ("deflate", zlib.compress(b"\0" * SIZE)),
    "members": ("gzip", gzipped(b"\0" * 2**15) * 40),
}


@pytest.mark.parametrize(("coding", "body"), BOMBS.values(), ids=BOMBS)
def test_a_body_that_is_too_large_is_an_error(wire, client, coding, body, small_bodies):
    """The error names the limit."""
    wire.get(f"{URL}x", body=body, headers={"Content-Encoding": coding})

    with pytest.raises(UnexpectedResponse, match=r"^GET http.*more than 1 MiB.*stream=True"):
        client.get("x")


@pytest.mark.parametrize("status", [200, 401, 302, 404, 500])
def test_the_size_limit_applies_to_any_status(wire, session, status, small_bodies):
    """Redirects and errors have bodies, too."""
    headers = {"Content-Encoding": "gzip", "Location": "/y"}
    wire.get(f"{URL}x", status=status, body=ZEROS, headers=headers)

    with (
        Client(TokenAuth("t"), "tamr.test", session=session) as client,
        pytest.raises(UnexpectedResponse, match="more than 1 MiB"),
    ):
        client.get("x")


def test_a_login_response_that_is_too_large_is_an_error(wire, small_bodies):
    """No other request is sent before."""
    wire.post(f"{URL}instance:login", body=ZEROS, headers={"Content-Encoding": "gzip"})

    with pytest.raises(UnexpectedResponse, match="more than 1 MiB"):
        Client(UsernamePasswordAuth("ada", "x"), "tamr.test", store_auth_cookie=True)


def test_a_list_has_a_higher_size_limit(monkeypatch, wire, client):
    """A busy server may have this number of jobs."""
    assert body.MAX_LIST_BYTES > 200_000 * 1000
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 1000)
    monkeypatch.setattr(body, "MAX_LIST_BYTES", MEBIBYTE)
    wire.get(f"{URL}operations", json=[document()] * 100)

    assert len(client.operations()) == 100

    wire.replace(
        "GET",
        f"{URL}operations",
        body=gzipped(b" " * 2 * MEBIBYTE),
        headers={"Content-Encoding": "gzip"},
    )
    with pytest.raises(UnexpectedResponse, match="more than 1 MiB"):
        client.operations()


def test_a_start_with_a_response_that_is_too_large_may_have_started(wire, client, small_bodies):
    """The error says that this is not known."""
    wire.post(f"{URL}x", body=ZEROS, headers={"Content-Encoding": "gzip"})

    with pytest.raises(UnexpectedResponse, match="not known whether"):
        client.start("x")


def test_a_stream_has_no_size_limit(wire, client, small_bodies):
    """The caller reads its body."""
    wire.get(f"{URL}x", body=ZEROS, headers={"Content-Encoding": "gzip"})

    stream = client.get("x", stream=True)

    assert sum(map(len, stream.iter_content(MEBIBYTE))) == SIZE


BOMB_IN_A_PROCESS = """
import gzip, resource, sys
sys.path[:0] = {path!r}
from fakes import RawServer, document, http
from tamr_widgets import Client, TokenAuth, Operation, UnexpectedResponse
def zeros(mebibytes):
    packed = gzip.compress(gzip.compress(bytes(2**20)) * mebibytes)
    return http(packed, "200 OK", "Content-Encoding: gzip, gzip")
def peak(response):
    responses.append(response)
    try:
        operation.poll()
    except UnexpectedResponse as error:
        assert (" 32 MiB" in str(error)) == (response is large), error
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
small, large, responses = zeros(1), zeros(1000), []
with RawServer(lambda c, _: c.sendall(responses[-1])) as server:
    operation = Operation(Client(TokenAuth("t"), "127.0.0.1", port=server.port), document())
    before = peak(small)
    print(peak(large) - before, peak(large) - before)
"""


@pytest.mark.slow
def test_a_process_needs_no_more_memory_for_a_poll_than_its_limit():
    """A few kilobytes decode to 1000 MiB."""
    code = BOMB_IN_A_PROCESS.format(path=sys.path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    grown = [int(mebibytes) for mebibytes in done.stdout.split()]
    assert len(grown) == 2
    assert max(grown) < 2 * 32


def test_a_poll_needs_no_more_memory_than_its_limit(monkeypatch):
    """A kilobyte decodes to 64 times the limit."""
    limit = 2**17
    monkeypatch.setattr(body, "MAX_BODY_BYTES", limit)
    packed = gzipped(bytes(64 * limit), 2)
    with requests.Session() as session:
        session.mount("http://", CannedAdapter(packed, headers={"Content-Encoding": "gzip, gzip"}))
        operation = Operation(Client(TokenAuth("t"), "tamr.test", session=session), document())
        tracemalloc.start()
        try:
            with pytest.raises(UnexpectedResponse, match="more than"):
                operation.poll()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert len(packed) < 1024
    assert peak < 4 * limit


ENDLESS = {
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
    "a chunk": (b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n", b"x" * 0x8000),
    "until it closes": (b"\r\n", b"x" * 0x8000),
    "a length": (b"Content-Length: 99999999999\r\n\r\n", b"x" * 0x8000),
    "a chunk extension": (b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 0x8000),
    "a trailer line": (b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 0x8000),
    "a header line": (b"X: ", b"x" * 0x8000),
    "header lines": (b"", b"X: y\r\n" * 1000),
}


@pytest.mark.parametrize(
    ("session", "start", "more"),
    [(given, *ENDLESS[each]) for given, each in zip(cycle(["own", "passed"]), ENDLESS)],
    indirect=["session"],
    ids=ENDLESS,
)
def test_an_endless_response_ends_at_its_size_limit(session, start, more, small_bodies):
    """It ends before its deadline."""

    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + start)
        while True:
            connection.sendall(more)

    with RawServer(serve) as server, client_of(server, session=session, total_seconds=20) as client:
        took, error = seconds_of(lambda: client.get("x"), TamrError)

    assert took < 20
    assert not isinstance(error, RequestTimeout)


def test_endless_trailers_end_at_the_deadline(session):
    """They are not kept, so they have no size limit."""

    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        while True:
            connection.sendall(b"X: y\r\n" * 1000)
            time.sleep(0.01)

    with (
        RawServer(serve) as server,
        client_of(server, session=session, total_seconds=0.1) as client,
    ):
        took, _ = seconds_of(lambda: client.get("x"), TamrError)

    assert took < 0.1 + LATE_SECONDS


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_response_that_python_cannot_process_is_a_typed_error(monkeypatch, wire, client, error):
    """The exception is raised while the response is read or parsed."""
    wire.get(f"{URL}operations/17", json=document())

    def fail(*_, **__):
        raise error

    for place in ("_http.body._chunks", "_http.response.json.loads"):
        with monkeypatch.context() as patched:
            patched.setattr(f"tamr_widgets.{place}", fail)
            with pytest.raises(UnexpectedResponse):
                client.operation("17")


class Dripping(requests.adapters.BaseAdapter):
    """An adapter of the user, which has no socket."""

    def send(self, request, **_):
        response = requests.Response()
        response.status_code, response.url, response.raw = 200, request.url, self
        return response

    def read(self, _):
        time.sleep(0.02)
        return b"x"

    def close(self):
        pass


def test_a_body_without_a_socket_ends_at_the_deadline():
    """The deadline is checked after each part."""
    with requests.Session() as session:
        session.mount("http://", Dripping())
        client = Client(TokenAuth("t"), "tamr.test", session=session, total_seconds=0.1)
        took, _ = seconds_of(lambda: client.get("x"), RequestTimeout)

    assert 0.1 <= took < 0.1 + LATE_SECONDS


# One deadline for all steps.


class SilentServer(RawServer):
    """Accepts connections, and never responds."""

    def _talk(self, connection):
        with connection:
            while connection.recv(65536):
                pass


class NonReadingServer(RawServer):
    """Accepts connections, and reads nothing."""

    def _talk(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.done.wait(10)

    done = threading.Event()


@pytest.fixture
def unresponsive_port(monkeypatch):
    """The port of a name with eight addresses, none of which accepts or refuses a connection."""
    listener = socket.create_server(("0.0.0.0", 0), backlog=0)
    port = listener.getsockname()[1]
    waiting = []
    for number in range(1, 9):
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex((f"127.0.0.{number}", port))
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{number}", port))
        for number in range(1, 9)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    yield port
    for each in (listener, *waiting):
        each.close()


def test_unresponsive_addresses_share_one_deadline(unresponsive_port, session):
    """A name with eight of them takes no longer than a name with one."""
    with Client(TokenAuth("t"), "tamr.test", port=unresponsive_port, session=session) as client:
        took, error = seconds_of(
            lambda: Operation(client, document()).wait(0.1, timeout_seconds=0.2), TimeoutError
        )

    assert 0.2 <= took < 0.2 + LATE_SECONDS
    assert isinstance(error.last_error, RequestTimeout)


@pytest.mark.parametrize("timeout", [None, 0.1])
def test_connects_to_unresponsive_addresses_end_at_the_deadline(
    unresponsive_port, session, timeout
):
    """A connect timeout applies to each address."""
    with Client(
        TokenAuth("t"), "t.test", port=unresponsive_port, session=session, total_seconds=0.2
    ) as client:
        took, _ = seconds_of(lambda: client.post("x", timeout=timeout), RequestTimeout)

    assert 0.2 <= took < 0.2 + LATE_SECONDS


@pytest.fixture
def slow_names(monkeypatch):
    """An event, before which host names are not resolved."""
    look_up, found = socket.getaddrinfo, threading.Event()

    def wait_and_look_up(_, *args, **kwargs):
        found.wait(10)
        return look_up("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", wait_and_look_up)
    yield found
    found.set()


def test_a_slow_look_up_ends_at_the_deadline(slow_names, session):
    """No request is sent when the name is resolved later."""
    with RawServer(lambda c, _: c.sendall(http("x"))) as server:
        before = set(threading.enumerate())
        with Client(
            TokenAuth("t"), "t.test", port=server.port, session=session, total_seconds=0.1
        ) as client:
            took, error = seconds_of(lambda: client.post("x"), RequestTimeout)
        slow_names.set()
        for thread in set(threading.enumerate()) - before:
            thread.join(10)

        assert took < 0.1 + LATE_SECONDS
        assert "not known whether" not in str(error)
        assert server.connections == []


HANGING = {
    "the look-up": "names",
    "the connect": "connect",
    "the handshake": "tls",
    "the response": "http",
    "the request": "request",
    "the proxy": "proxy",
}


@pytest.mark.parametrize("step", HANGING.values(), ids=HANGING)
@pytest.mark.parametrize(
    ("session", "ended_by"),
    [("own", "cancellation"), ("passed", "deadline")],
    indirect=["session"],
    ids=["cancellation", "deadline"],
)
def test_each_step_of_a_request_can_be_ended(request, monkeypatch, session, step, ended_by):
    """It ends after a cancellation or at the deadline."""
    NonReadingServer.done.clear()
    options, body = {}, b""
    with NonReadingServer(None) if step == "request" else SilentServer(None) as server:
        port = server.port
        if step == "names":
            request.getfixturevalue("slow_names")
        elif step == "connect":
            port = request.getfixturevalue("unresponsive_port")
        elif step == "tls":
            options["protocol"] = "https"
        elif step == "request":
            body = b"x" * (8 * MEBIBYTE)
        elif step == "proxy":
            options["protocol"] = "https"
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        host = "t.test" if step in ("names", "proxy") else "127.0.0.1"
        with Client(TokenAuth("t"), host, port=port, session=session, **options) as client:
            over = time.monotonic() + 0.1
            limit = (
                deadline(0.1)
                if ended_by == "deadline"
                else deadline(10, lambda: time.monotonic() > over)
            )
            with limit:
                took, _ = seconds_of(
                    lambda: client.post("x", data=body), (RequestTimeout, ConnectionFailed)
                )
        NonReadingServer.done.set()

    assert took < 0.1 + SLICE_SECONDS + LATE_SECONDS


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_poller_does_not_wait_for_a_hanging_request(protocol):
    """Its thread ends soon after its last subscription is closed."""
    with (
        SilentServer(None) as server,
        client_of(server, protocol=protocol) as client,
    ):
        before = set(threading.enumerate())
        subscription = Poller.of(client).subscribe(Operation(client, document()), lambda _: None)
        wait_until(lambda: server.connections)
        assert all(each.daemon for each in set(threading.enumerate()) - before)
        subscription.close()
        wait_until(lambda: not any("tamr_widgets" in each.name for each in threading.enumerate()))


def test_no_request_is_sent_after_the_deadline(monkeypatch, session):
    """The connection was opened after the deadline."""
    made = socket.socket.connect

    def slow(sock, address):
        made(sock, address)
        time.sleep(0.2)

    with (
        RawServer(lambda c, _: c.sendall(http("x"))) as server,
        client_of(server, session=session, total_seconds=0.1) as client,
    ):
        monkeypatch.setattr(socket.socket, "connect", slow)
        with pytest.raises(RequestTimeout):
            client.post("x")
        assert server.requests == []


def test_a_large_request_is_sent_whole(session):
    """It is sent in parts to a server that reads slowly."""
    sizes = []

    class Slow(RawServer):
        def _talk(self, connection):
            received = 0
            while received < 8 * MEBIBYTE:
                received += len(connection.recv(65536))
                time.sleep(0.0005)
            sizes.append(received)
            connection.sendall(http("x"))

    with Slow(None) as server, client_of(server, session=session) as client:
        assert client.post("x", data=b"x" * 8 * MEBIBYTE).json() == "x"

    assert sizes[0] >= 8 * MEBIBYTE


def test_a_poll_on_an_open_connection_needs_no_thread(session):
    """A look-up of a name needs one."""
    started = []

    class Counted(threading.Thread):
        def start(self):
            started.append(self.name)
            super().start()

    with (
        RawServer(lambda c, _: c.sendall(http(document()))) as server,
        client_of(server, session=session) as client,
        pytest.MonkeyPatch.context() as patched,
    ):
        operation = Operation(client, document()).poll()
        patched.setattr(threading, "Thread", Counted)
        for _ in range(3):
            operation = operation.poll()
        wait_until(lambda: len(server.requests) == 4)

    assert started == []
