"""Responses: each belongs to its request, has bounds, and comes in time or not at all."""

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

# A test that fails by being late would be ten seconds late or more, also on a busy machine.
LATE_SECONDS = 5
MEBIBYTE = 2**20
BUFFER_BYTES = min(io.DEFAULT_BUFFER_SIZE, 2**13)  # with what follows, within a record of TLS


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
def test_an_interim_response_is_not_the_response(monkeypatch, session, interim, tls):
    """It is skipped, however many come, and no later response is shifted."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    def serve(connection, request):
        connection.sendall(interim)
        time.sleep(0.001)  # so that the response comes in a segment of its own
        connection.sendall(http(path_of(request)))

    protocol = "https" if tls else "http"
    with (
        RawServer(serve, tls=tls) as server,
        client_of(server, protocol=protocol, session=session) as client,
    ):
        responses = [client.post(name).json() for name in ("a", "b", "c")]

    assert responses == ["a", "b", "c"]


def test_a_change_of_protocol_is_no_response(session):
    """It was not requested; the bytes after it on that connection are not HTTP."""
    first = iter([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"])
    with (
        RawServer(lambda c, _: c.sendall(next(first, http("after")))) as server,
        client_of(server, session=session) as client,
    ):
        with pytest.raises(ConnectionFailed, match=r"101.*not known whether"):
            client.delete("operations/17")
        assert client.get("x").json() == "after"
        assert len(server.connections) == 2


def test_interim_responses_without_end_end(session):
    """At the time limit."""

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
    """A response that ends where a buffer does, so that it holds nothing of what follows."""
    body = b"x" * (BUFFER_BYTES - 100)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: " % len(body)
    filler = b"x" * (BUFFER_BYTES - len(head) - 4 - len(body))
    return head + filler + b"\r\n\r\n" + body + surplus


SURPLUS = {
    "a longer body": lambda real: real + b"surplus",
    "a whole response": lambda real: real + http("not asked for"),
    "much": lambda real: real + http("x" * 20_000) * 3,
    "a body of none": lambda _: b"HTTP/1.1 204 No Content\r\n\r\n" + http("a body"),
    "after a chunked one": lambda _: (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"a"\r\n0\r\n\r\n' + http("more")
    ),
    "behind a buffer": lambda real: up_to_the_buffers_end(real, http("not asked for")),
}


@pytest.mark.parametrize(
    ("sent", "tls", "session"),
    [
        *((each, False, "own") for each in SURPLUS.values()),
        (SURPLUS["a longer body"], True, "passed"),
        (SURPLUS["much"], True, "passed"),
        (SURPLUS["behind a buffer"], True, "passed"),
    ],
    indirect=["session"],
    ids=[*SURPLUS, "a longer body, https", "much, https", "behind a buffer, https"],
)
def test_what_comes_unasked_is_not_the_next_response(monkeypatch, session, sent, tls):
    """A connection on which more came than the response is not used again."""
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


def test_what_comes_later_is_not_the_next_response(session):
    """The connection was idle."""
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


def test_a_late_response_is_nobodys(session):
    """After a time-out the connection is closed."""
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


# A response has bounds.


def gzipped(data, times=1):
    for _ in range(times):
        data = gzip.compress(data, 9)
    return data


def bare_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODED = {
    "gzip": gzipped,
    "x-gzip": gzipped,
    "GZIP": gzipped,
    "deflate": zlib.compress,
    "Deflate": bare_deflate,
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
    """With any codings, one after another, in one piece or many."""
    bodies = [json.dumps("x" * size).encode() for size in (1, 100, 65_536)]
    for content in (*bodies, b"%d" % (10**200) * 300):
        wire.upsert(
            "GET", f"{URL}x", body=CODED[coding](content), headers={"Content-Encoding": coding}
        )

        assert client.get("x").content == content


@pytest.mark.parametrize("padding", [b"\0" * 20, b"\n", b"more"])
def test_padding_behind_a_body_is_ignored(wire, client, padding):
    """As requests does."""
    body = gzipped(b"body") + padding
    wire.get(f"{URL}x", body=body, headers={"Content-Encoding": "gzip"})

    assert client.get("x").content == b"body"


@pytest.mark.parametrize("given", [None, "br", "identity"])
def test_only_what_can_be_decoded_is_requested_for(monkeypatch, wire, client, session, given):
    """Unless the caller asks for something else, whatever decoders are installed."""
    monkeypatch.setattr("tamr_widgets._http.transport.DEFAULT_ACCEPT_ENCODING", "gzip, deflate, br")
    wire.get(f"{URL}x")
    for each in (client, Client(TokenAuth("t"), "tamr.test", session=session)):
        each.session.headers["Accept-Encoding"] = "gzip, deflate, br"
        each.get("x", headers={"Accept-Encoding": given} if given else None)

    requested = {call.request.headers["Accept-Encoding"] for call in wire.calls}
    assert requested == {given or "gzip, deflate"}


def test_a_coding_that_the_caller_requested_for_is_decoded(wire, client, small_bodies):
    """By urllib3, if it can."""
    wire.get(f"{URL}x", body=brotli.compress(b"body"), headers={"Content-Encoding": "br"})
    wire.get(
        f"{URL}y", body=brotli.compress(bytes(SIZE), quality=1), headers={"Content-Encoding": "br"}
    )
    asking = {"Accept-Encoding": "br"}

    assert client.get("x", headers=asking).content == b"body"
    with pytest.raises(UnexpectedResponse, match="more than 1 MiB"):
        client.get("y", headers=asking)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_body_at_all_is_decoded(wire, client, method):
    """A coding that is named, and nothing that has it."""
    wire.add(method, f"{URL}x", body=b"", headers={"Content-Encoding": "gzip"})

    assert client.request(method, "x").content == b""


DAMAGED = {
    "cut off": ("gzip", gzipped(b"x" * 1000)[:-5]),
    "no gzip": ("gzip", b"plain"),
    "not asked for": ("br", b"\x0b\x02\x80hello\x03"),
    "not asked for either": ("gzip, zstd", b"x"),
    "too many": (", ".join(["gzip"] * 6), gzipped(b"x", 6)),
    "far too many": (", ".join(["gzip"] * 3000), b"x"),
}


@pytest.mark.parametrize(("coding", "body"), DAMAGED.values(), ids=DAMAGED)
def test_a_body_that_cannot_be_decoded_is_typed(wire, client, coding, body):
    """A damaged one, or a coding that was not accepted."""
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
def test_a_body_that_is_too_large_is_not_kept(wire, client, coding, body, small_bodies):
    """The error says what the limit is."""
    wire.get(f"{URL}x", body=body, headers={"Content-Encoding": coding})

    with pytest.raises(UnexpectedResponse, match=r"^GET http.*more than 1 MiB.*stream=True"):
        client.get("x")


@pytest.mark.parametrize("status", [200, 401, 302, 404, 500])
def test_no_status_lets_a_large_body_through(wire, session, status, small_bodies):
    """Redirects and errors have bodies, too."""
    headers = {"Content-Encoding": "gzip", "Location": "/y"}
    wire.get(f"{URL}x", status=status, body=ZEROS, headers=headers)

    with (
        Client(TokenAuth("t"), "tamr.test", session=session) as client,
        pytest.raises(UnexpectedResponse, match="more than 1 MiB"),
    ):
        client.get("x")


def test_a_login_that_is_too_large_is_not_kept(wire, small_bodies):
    """Before anything else is requested."""
    wire.post(f"{URL}instance:login", body=ZEROS, headers={"Content-Encoding": "gzip"})

    with pytest.raises(UnexpectedResponse, match="more than 1 MiB"):
        Client(UsernamePasswordAuth("ada", "x"), "tamr.test", store_auth_cookie=True)


def test_a_list_may_be_larger(monkeypatch, wire, client):
    """By what a busy server can have."""
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


def test_a_start_that_came_back_too_large_may_have_started(wire, client, small_bodies):
    """The error does not say that it has not."""
    wire.post(f"{URL}x", body=ZEROS, headers={"Content-Encoding": "gzip"})

    with pytest.raises(UnexpectedResponse, match="not known whether"):
        client.start("x")


def test_a_stream_is_the_callers(wire, client, small_bodies):
    """Its body is neither read nor bounded."""
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
def peak(answer):
    answers.append(answer)
    try:
        operation.poll()
    except UnexpectedResponse as error:
        assert (" 32 MiB" in str(error)) == (answer is large), error
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
small, large, answers = zeros(1), zeros(1000), []
with RawServer(lambda c, _: c.sendall(answers[-1])) as server:
    operation = Operation(Client(TokenAuth("t"), "127.0.0.1", port=server.port), document())
    before = peak(small)
    print(peak(large) - before, peak(large) - before)
"""


@pytest.mark.slow
def test_a_process_needs_no_more_memory_for_a_poll_than_its_limit():
    """However much a few kilobytes decode to."""
    code = BOMB_IN_A_PROCESS.format(path=sys.path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    grown = [int(mebibytes) for mebibytes in done.stdout.split()]
    assert len(grown) == 2
    assert max(grown) < 2 * 32


def test_a_poll_needs_no_more_memory_than_its_limit(monkeypatch):
    """Though a kilobyte decodes to 64 times as much."""
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
def test_a_response_without_end_ends(session, start, more, small_bodies):
    """There is a bound of bytes, and not only of time."""

    def serve(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + start)
        while True:
            connection.sendall(more)

    with RawServer(serve) as server, client_of(server, session=session, total_seconds=20) as client:
        took, error = seconds_of(lambda: client.get("x"), TamrError)

    assert took < 20
    assert not isinstance(error, RequestTimeout)


def test_trailers_without_end_end(session):
    """At the time limit: they are not kept."""

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
def test_a_response_that_is_too_much_for_python_is_typed(monkeypatch, wire, client, error):
    """While it is read, and while it is parsed."""
    wire.get(f"{URL}operations/17", json=document())

    def fail(*_, **__):
        raise error

    for place in ("_http.body._chunks", "_http.response.json.loads"):
        with monkeypatch.context() as patched:
            patched.setattr(f"tamr_widgets.{place}", fail)
            with pytest.raises(UnexpectedResponse):
                client.operation("17")


class Dripping(requests.adapters.BaseAdapter):
    """An adapter of the user's, which has no socket."""

    def send(self, request, **_):
        came = requests.Response()
        came.status_code, came.url, came.raw = 200, request.url, self
        return came

    def read(self, _):
        time.sleep(0.02)
        return b"x"

    def close(self):
        pass


def test_a_body_that_comes_from_anywhere_ends():
    """The limit is looked at for each piece."""
    with requests.Session() as session:
        session.mount("http://", Dripping())
        client = Client(TokenAuth("t"), "tamr.test", session=session, total_seconds=0.1)
        took, _ = seconds_of(lambda: client.get("x"), RequestTimeout)

    assert 0.1 <= took < 0.1 + LATE_SECONDS


# One limit for all steps.


class SilentServer(RawServer):
    """Accepts, and never says a word."""

    def _talk(self, connection):
        with connection:
            while connection.recv(65536):
                pass


class DeafServer(RawServer):
    """Accepts, and reads nothing."""

    def _talk(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.deaf.wait(10)

    deaf = threading.Event()


@pytest.fixture
def full(monkeypatch):
    """A name with eight addresses, none of which accepts or refuses."""
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


def test_silent_addresses_share_one_limit(full, session):
    """A name with eight of them takes no longer than one."""
    with Client(TokenAuth("t"), "tamr.test", port=full, session=session) as client:
        took, error = seconds_of(
            lambda: Operation(client, document()).wait(0.1, timeout_seconds=0.2), TimeoutError
        )

    assert 0.2 <= took < 0.2 + LATE_SECONDS
    assert isinstance(error.last_error, RequestTimeout)


@pytest.mark.parametrize("timeout", [None, 0.1])
def test_silent_addresses_end_with_the_limit_of_a_request(full, session, timeout):
    """Whose time-out of connecting holds for each address."""
    with Client(TokenAuth("t"), "t.test", port=full, session=session, total_seconds=0.2) as client:
        took, _ = seconds_of(lambda: client.post("x", timeout=timeout), RequestTimeout)

    assert 0.2 <= took < 0.2 + LATE_SECONDS


@pytest.fixture
def slow_names(monkeypatch):
    """Names that are not found before this event is set."""
    look_up, found = socket.getaddrinfo, threading.Event()

    def wait_and_look_up(_, *args, **kwargs):
        found.wait(10)
        return look_up("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", wait_and_look_up)
    yield found
    found.set()


def test_a_slow_look_up_is_not_waited_for(slow_names, session):
    """And nothing is sent when the name is found after all."""
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
    "the connect": "full",
    "the handshake": "tls",
    "the response": "http",
    "the request": "deaf",
    "the proxy": "proxy",
}


@pytest.mark.parametrize("step", HANGING.values(), ids=HANGING)
@pytest.mark.parametrize(
    ("session", "ended_by"),
    [("own", "cancellation"), ("passed", "deadline")],
    indirect=["session"],
    ids=["cancellation", "deadline"],
)
def test_each_step_ends_at_once(request, monkeypatch, session, step, ended_by):
    """When it is cancelled, as when the time is up."""
    DeafServer.deaf.clear()
    options, body = {}, b""
    with DeafServer(None) if step == "deaf" else SilentServer(None) as server:
        port = server.port
        if step == "names":
            request.getfixturevalue("slow_names")
        elif step == "full":
            port = request.getfixturevalue("full")
        elif step == "tls":
            options["protocol"] = "https"
        elif step == "deaf":
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
        DeafServer.deaf.set()

    assert took < 0.1 + SLICE_SECONDS + LATE_SECONDS


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_poller_does_not_wait_for_what_hangs(protocol):
    """Its thread ends soon after its last subscriber has left."""
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


def test_no_request_is_sent_once_the_limit_is_over(monkeypatch, session):
    """Neither by a connection that was made too late."""
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
    """In pieces, to a server that takes its time."""
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


def test_no_thread_is_needed_for_a_connection_that_is_kept(session):
    """A look-up has one; a poll on a connection that is there has none."""
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
