"""Unusual connections: other classes, sockets, addresses and proxies, and slow connects."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress

import pytest
import requests
import urllib3
from fakes import CERTIFICATE, RawServer, http
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from tamr_widgets import (
    Client,
    ConnectionFailed,
    InvalidRequest,
    ProxyFailed,
    TokenAuth,
    UnexpectedResponse,
)
from tamr_widgets._http.deadline import Deadline
from tamr_widgets._http.sockets import BoundedBuffer, LineTooLong, Reader


def respond(connection, request):
    connection.sendall(http(request.split()[1].decode().rsplit("/", 1)[1]))


def client_of(server, host="127.0.0.1", **options):
    return Client(TokenAuth("t"), host, port=server.port, **options)


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_session_can_be_used_without_its_client(monkeypatch, session, tls):
    """It also reconnects after the server has closed its connections."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with RawServer(respond, tls=tls) as server:
        client = client_of(
            server, "localhost", protocol="https" if tls else "http", session=session
        )
        assert client.get("a").json() == "a"
        assert session.get(f"{client.origin}/b").json() == "b"
        before = len(server.connections)
        for each in server.connections:
            with suppress(OSError):  # the one that TLS has taken over
                each.shutdown(socket.SHUT_RDWR)
        assert session.get(f"{client.origin}/c").json() == "c"
        assert len(server.connections) > before
        assert client.get("d").json() == "d"


class WrappedConnection:
    """A recorder's connection, which is not derived from urllib3's and has one as an attribute."""

    def __init__(self, *args, **kwargs):
        vars(self)["real"] = HTTPConnection(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.real, name)

    def __setattr__(self, name, value):
        setattr(self.real, name, value)


def test_another_connection_class_is_used(monkeypatch):
    """It is not derived from urllib3's class, so it is used unchanged."""
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "ConnectionCls", WrappedConnection)
    with RawServer(respond) as server, client_of(server) as client:
        assert client.get("a").json() == "a"


class WrappedSocket:
    """A recorder's socket, with the methods that urllib3 uses."""

    def __init__(self, address):
        self._socket = socket.create_connection(address)
        self.sent = []

    def sendall(self, data):
        self.sent.append(bytes(data))
        self._socket.sendall(data)

    def __getattr__(self, name):
        return getattr(self._socket, name)


def test_another_socket_class_is_used(monkeypatch):
    """Its own methods send and receive."""
    made = []

    def create_connection(address, *_, **__):
        made.append(WrappedSocket(address))
        return made[-1]

    monkeypatch.setattr("urllib3.util.connection.create_connection", create_connection)
    with RawServer(respond) as server, client_of(server) as client:
        assert client.post("a", data=b"body").json() == "a"

    assert b"body" in b"".join(made[0].sent)


def test_a_source_address_is_kept(session):
    """An adapter of the user may choose the address that it sends from."""

    class FromLoopback(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=("127.0.0.2", 0), **kwargs)

    session.mount("http://", FromLoopback())
    with RawServer(respond) as server:
        assert client_of(server, session=session).get("a").json() == "a"
        assert server.connections[0].getpeername()[0] == "127.0.0.2"


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_proxy_may_have_an_ipv6_address(session, monkeypatch, protocol):
    """It is looked up without the brackets that its URL needs."""
    hosts = []

    def look_up(host, *_):
        hosts.append(host)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    session.proxies = {protocol: "http://[::1]:3128"}
    client = Client(TokenAuth("t"), "tamr.test", protocol=protocol, session=session)

    with pytest.raises(ProxyFailed):
        client.get("a")

    assert set(hosts) == {"::1"}


@pytest.fixture
def slow_connects(monkeypatch):
    """The operating system reports the result of a connect later."""
    connect = socket.socket.connect

    def connect_later(sock, address):
        seconds = sock.gettimeout()
        sock.setblocking(False)
        with suppress(BlockingIOError):
            connect(sock, address)
        sock.settimeout(seconds)
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect_later)


def test_a_slow_connect_succeeds(slow_connects):
    """The connection is used as soon as the server has accepted it."""
    with RawServer(respond) as server, client_of(server) as client:
        assert client.get("a").json() == "a"


def test_a_slow_connect_that_is_refused_is_an_error(slow_connects):
    """The error has the reason."""
    with RawServer(respond) as closed:
        pass
    with client_of(closed) as client, pytest.raises(ConnectionFailed, match="refused"):
        client.get("a")


def test_an_interrupt_during_a_connect_closes_the_socket(monkeypatch):
    """Otherwise Python would warn of an unclosed socket."""
    made = []

    def connect(sock, _):
        made.append(sock)
        raise KeyboardInterrupt

    with RawServer(respond) as server, client_of(server) as client:
        monkeypatch.setattr(socket.socket, "connect", connect)
        with pytest.raises(KeyboardInterrupt):
            client.get("a")

    assert made[0].fileno() == -1


@pytest.mark.parametrize("host", ["x" * 64 + ".test", "tamr..test"])
def test_a_host_name_that_cannot_be_looked_up_is_an_invalid_request(host):
    """A label of it is empty or too long."""
    with pytest.raises(InvalidRequest, match="address that cannot be read"):
        Client(TokenAuth("t"), host).get("x")


def test_lines_without_a_size_have_a_maximum_length():
    """urllib3 1.26 reads the lines of a chunked body without a size."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        lines = BoundedBuffer(Reader(ours.makefile("rb", buffering=0), ours, Deadline()))
        theirs.sendall(b"5;x\r\n")
        assert lines.readline() == b"5;x\r\n"
        theirs.sendall(b"x" * 70_000)
        with pytest.raises(LineTooLong):
            lines.readline()
        lines.close()


class SessionLike:
    """A session that is not derived from requests.Session."""

    def __init__(self):
        self.session = requests.Session()
        self.verify = True

    def __getattr__(self, name):
        return getattr(self.session, name)


class Unhashable(requests.Session):
    """A session that cannot be a key of a dict."""

    __hash__ = None


@pytest.mark.parametrize("kind", [SessionLike, Unhashable])
def test_sessions_of_other_classes_are_used(kind):
    """One is no requests.Session, and one has no hash."""
    given = kind()
    with RawServer(respond) as server, client_of(server, session=given) as client:
        assert client.get("a").json() == "a"
        assert client.get("b", auth=("ada", "pass-word")).json() == "b"
        given.close()
        assert b"Authorization: Basic " in server.requests[-1]


def test_a_response_that_was_already_read_has_the_same_limit(small_bodies):
    """A cache or a hook may read it before the client does."""

    class Reading(requests.Session):
        def request(self, *args, **kwargs):
            response = super().request(*args, **kwargs)
            assert response.content
            return response

    with (
        RawServer(lambda c, _: c.sendall(http(bytes(2**20 + 1)))) as server,
        Reading() as session,
        pytest.raises(UnexpectedResponse, match="more than 1 MiB"),
    ):
        client_of(server, session=session).get("a")


def test_logs_of_urllib3_outside_of_requests_are_not_changed(caplog):
    """They are about connections of other code."""
    logging.getLogger("urllib3.connectionpool").warning("Pool %s is full", "x" * 2000)

    assert caplog.records[0].getMessage() == f"Pool {'x' * 2000} is full"
    assert caplog.records[0].levelno == logging.WARNING


def test_an_unsupported_proxy_is_not_reported_as_a_socks_proxy(monkeypatch):
    """The error names PySocks only if it is missing."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:1")

    def refuse(*_, **__):
        raise requests.exceptions.InvalidSchema("no such proxy")

    monkeypatch.setattr(requests.adapters, "proxy_from_url", refuse)
    with pytest.raises(InvalidRequest) as raised:
        Client(TokenAuth("t"), "tamr.test").get("x")

    assert "PySocks" not in str(raised.value)


def test_a_public_client_may_replace_its_session(session):
    """It may do so during a request, for example after a login."""
    from tamr_widgets._http.unify_client import send_request  # noqa: PLC0415

    class Public:
        base_path, auth = "/api/versioned/v1/", None

        def request(self, method, endpoint, **kwargs):
            self.session = requests.Session()
            with self.session:
                return self.session.request(method, f"{self.origin}/{endpoint}", **kwargs)

    with RawServer(respond) as server:
        public = Public()
        public.origin, public.session = f"http://127.0.0.1:{server.port}", session
        assert send_request(public, "GET", "a").json() == "a"

    assert public.session is not session
