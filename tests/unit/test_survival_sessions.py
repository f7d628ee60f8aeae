"""Sessions, adapters and pools of the user: used unchanged, in this process and its children."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import ClassVar

import pytest
import requests
import urllib3
from fakes import (
    CERTIFICATE,
    URL,
    CannedAdapter,
    RawServer,
    document,
    fake_response,
    http,
    wait_until,
)
from forks import in_child, may_fork, needs_fork, start_child, succeeds
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.util.retry import Retry

from tamr_widgets import (
    Client,
    ConnectionFailed,
    InvalidRequest,
    Poller,
    RequestTimeout,
    TokenAuth,
    UnexpectedResponse,
    _fork,
)
from tamr_widgets._http.deadline import deadline
from tamr_widgets._http.unify_client import send_request

# The delay that a busy machine may add; without a deadline it would be ten seconds or more.
LATE_SECONDS = 5
INSECURE = urllib3.exceptions.InsecureRequestWarning


def client_of(server, host="127.0.0.1", **options):
    return Client(TokenAuth("t"), host, port=server.port, **options)


def path_of(request):
    return request.split()[1].decode().rsplit("/", 1)[1]


def echo(connection, request):
    connection.sendall(http(path_of(request)))


def drip(connection, _):
    for byte in http(document())[:200]:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


@pytest.fixture
def names(monkeypatch):
    """Resolves every name to this machine; returns the list of the requested names."""
    found = socket.getaddrinfo
    requested = []

    def look_up(host, *args, **kwargs):
        requested.append(host)
        return found("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return requested


# Sessions that are passed in are not changed.


def test_a_session_is_not_written_to(session):
    """Its adapters and their pools are not written to either."""
    adapter = session.get_adapter("http://x")
    with RawServer(echo) as server:
        client_of(server, session=session)
        kept = [dict(vars(each)) for each in (session, adapter, adapter.poolmanager)]
        client_of(server, session=session).get("x")

        assert [dict(vars(each)) for each in (session, adapter, adapter.poolmanager)] == kept
        assert type(session) is requests.Session
        assert type(adapter) is HTTPAdapter
        (pool,) = adapter.poolmanager.pools._container.values()
        assert "ConnectionCls" not in vars(pool)
        assert pool.num_requests == 1


def test_a_session_that_calls_super_of_its_own_class_is_used():
    """tamr_client's session does so; in a derived class, the call would recurse endlessly."""

    class Session(requests.Session):
        def request(self, *args, **kwargs):
            return super(self.__class__, self).request(*args, **kwargs)

    with RawServer(echo) as server, Session() as session:
        assert client_of(server, session=session).get("x").json() == "x"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_retries_of_the_user_are_respected(session, method):
    """They retry a status and a lost connection, up to their number."""
    statuses = iter([None, "503 Service Unavailable", "200 OK"])

    def serve(connection, _):
        status = next(statuses)
        if status is None:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(http("done", status))

    retries = Retry(3, backoff_factor=0.01, status_forcelist=[503])
    session.mount("http://", HTTPAdapter(max_retries=retries))
    with RawServer(serve) as server:
        assert client_of(server, session=session).request(method, "x").json() == "done"
        assert len(server.requests) == 3
    assert session.get_adapter("http://x").max_retries is retries


@pytest.mark.parametrize("retries", [0, Retry(3)], ids=["none", "three, but not of a POST"])
def test_a_start_is_not_repeated(session, retries):
    """It may have reached the server, and the user's retries do not include POST."""
    session.mount("http://", HTTPAdapter(max_retries=retries))
    with RawServer(lambda c, _: c.shutdown(socket.SHUT_RDWR)) as server:
        with pytest.raises(ConnectionFailed, match="not known whether"):
            client_of(server, session=session).post("x")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("retries", "header"),
    [
        (Retry(5, backoff_factor=60, status_forcelist=[503]), "X: y"),
        (Retry(5, status_forcelist=[503]), "Retry-After: 60"),
    ],
    ids=["backoff", "Retry-After"],
)
def test_delays_of_retries_end_at_the_deadline(session, retries, header):
    """The delay is a backoff or a `Retry-After` of a minute."""
    session.mount("http://", HTTPAdapter(max_retries=retries))
    with RawServer(lambda c, _: c.sendall(http("", "503 Busy", header))) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeout):
            client_of(server, session=session, total_seconds=0.1).get("x")

    assert 0.1 <= time.monotonic() - began < 0.1 + LATE_SECONDS


class OlderUrllib3(CannedAdapter):
    """Returns responses as urllib3 1 does, which raise no error if they are cut off."""

    def send(self, *args, **options):
        response = super().send(*args, **options)
        response.raw.enforce_content_length = False
        return response


@pytest.mark.parametrize("adapter", [CannedAdapter, OlderUrllib3])
def test_a_body_that_was_cut_off_is_an_error(session, adapter):
    """The part that arrived may look complete, such as the lines of a CSV export."""
    session.mount("http://", adapter("a,b\n1,2\n", headers={"Content-Length": "12"}))

    with (
        Client(TokenAuth("t"), "tamr.test", session=session) as client,
        pytest.raises(ConnectionFailed, match="cut off"),
    ):
        client.get("x")


class OwnTlsContext(HTTPAdapter):
    """Uses its own TLS context."""

    def __init__(self):
        self.context = ssl.create_default_context(cafile=str(CERTIFICATE))
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)

    def build_connection_pool_key_attributes(self, *args, **kwargs):
        where, how = super().build_connection_pool_key_attributes(*args, **kwargs)
        return where, {**how, "ssl_context": self.context, "ca_certs": None}

    def cert_verify(self, *_):
        pass


def test_a_tls_context_of_the_user_is_used(session):
    """It trusts a certificate that the machine does not; the deadline applies to it."""
    session.mount("https://", OwnTlsContext())
    with RawServer(echo, tls=True) as server:
        client = client_of(server, "localhost", protocol="https", session=session)
        assert client.get("x").json() == "x"
    with RawServer(drip, tls=True) as server:
        client = client_of(
            server, "localhost", protocol="https", session=session, total_seconds=0.1
        )
        with pytest.raises(RequestTimeout):
            client.get("x")


def test_the_size_of_a_pool_is_respected(session):
    """Five threads share two connections, as set by the user."""
    session.mount("http://", HTTPAdapter(pool_maxsize=2, pool_block=True))

    def slow(connection, request):
        time.sleep(0.02)
        echo(connection, request)

    with RawServer(slow) as server, ThreadPoolExecutor(5) as threads:
        client = client_of(server, session=session)
        done = threads.map(lambda number: client.get(f"{number}").json(), range(5))
        assert list(done) == [str(number) for number in range(5)]
        assert len(server.connections) == 2


class Counting(HTTPAdapter):
    """Counts its requests in its own attribute."""

    sent = 0

    def send(self, request, **kwargs):
        self.sent += 1
        request.headers["X-Sent"] = str(self.sent)
        return super().send(request, **kwargs)


def test_an_adapter_that_is_mounted_later_is_used(session):
    """It keeps its state, on the client's own session and on one that was passed in."""
    with RawServer(echo) as server:
        for given in (session, None):
            client, adapter = client_of(server, session=given), Counting()
            client.get("x")
            client.session.mount("http://", adapter)
            client.get("x")
            client.get("x")

            assert adapter.sent == 2
            assert client.session.get_adapter(client.origin) is adapter
        assert sum(b"X-Sent: 2" in each for each in server.requests) == 2


def test_an_adapter_is_chosen_as_by_requests(session, wire):
    """The longest prefix is used; other hosts keep their adapter."""
    before, adapter = session.get_adapter("http://tamr.test.other"), Counting()
    session.mount("http://tamr.test:9100/", adapter)
    client = Client(TokenAuth("t"), "tamr.test", session=session)
    wire.get(f"{URL}x")
    client.get("x")

    assert adapter.sent == 1
    assert session.get_adapter("http://tamr.test.other") is before
    assert session.get_adapter("http://tamr.test") is before


def test_methods_of_a_session_class_are_used(session):
    """A session class may override `request` and `send`."""

    class Stamped(requests.Session):
        def request(self, method, url, **kwargs):
            kwargs["headers"] = {"X-Request": "stamped"}
            return super().request(method, url, **kwargs)

        def send(self, request, **kwargs):
            request.headers["X-Send"] = "stamped"
            return super().send(request, **kwargs)

    with RawServer(drip) as server, Stamped() as stamped:
        with pytest.raises(RequestTimeout):
            client_of(server, session=stamped, total_seconds=0.1).get("x")
        assert server.requests[0].count(b": stamped") == 2


class Closing(requests.Session):
    """Closes itself when it is garbage-collected."""

    closed = False

    def __del__(self):
        self.closed = True


class RequiringName(requests.Session):
    """Cannot be subclassed without an argument."""

    def __init_subclass__(cls, *, name):
        """Takes a name."""


class Private(HTTPAdapter):
    """Has attributes whose names other code might use, too."""

    def __init__(self):
        self._context, self._original = "context", "original"
        super().__init__()

    def add_headers(self, request, **_):
        request.headers["X-Private"] = f"{self._context} {self._original}"


@pytest.mark.parametrize("kind", [Closing, RequiringName])
def test_sessions_of_any_class_are_used(kind):
    """Adapters of any class are used, too."""
    given, seen = kind(), []

    def serve(connection, request):
        seen.append(request)
        echo(connection, request)

    given.mount("http://", Private())
    with RawServer(serve) as server, given:
        client = client_of(server, session=given)
        assert [client.get(name).json() for name in "ab"] == ["a", "b"]
        assert not getattr(given, "closed", False)
        assert len(server.connections) == 1
    assert all(b"X-Private: context original" in each for each in seen)


@pytest.mark.parametrize(
    ("host", "requested"),
    [
        ("müller.test", "xn--mller-kva.test"),
        ("TAMR.Test", "tamr.test"),
        ("xn--mller-kva.test", "xn--mller-kva.test"),
    ],
)
@pytest.mark.parametrize("given", ["own", "passed"])
def test_a_deadline_applies_to_every_form_of_a_host_name(names, session, host, requested, given):
    """The port may be a text."""
    with RawServer(drip) as server:
        port = f"{server.port:06d}"
        client = Client(
            TokenAuth("t"),
            host,
            port=port,
            session=session if given == "passed" else None,
            total_seconds=0.1,
        )
        with pytest.raises(RequestTimeout):
            client.get("x")

    assert client.origin == f"http://{requested}:{server.port}"
    assert names == [requested]
    assert (client.host, client.port) == (host, port)


def test_a_deadline_applies_to_an_existing_connection(session):
    """A request of the user has opened it."""
    requests_seen = []

    def serve(connection, request):
        respond = drip if requests_seen else echo
        requests_seen.append(request)
        respond(connection, request)

    with RawServer(serve) as server:
        client = client_of(server, session=session, total_seconds=0.1)
        session.get(f"{client.origin}/x")
        with pytest.raises(RequestTimeout):
            client.get("x")


def test_clients_with_an_unhashable_auth_have_separate_pollers():
    """It is not known whether they are of the same user."""

    class Own(requests.auth.HTTPBasicAuth):
        __hash__ = None

    one, two = (Client(Own("ada", "pass-word"), "tamr.test") for _ in range(2))

    assert Poller.of(one) is Poller.of(one)
    assert Poller.of(one) is not Poller.of(two)


# Recorders, caches and stubs.


class Recorded(HTTPConnection):
    """A recorder's connection, for which no response was recorded."""

    def connect(self):
        raise ConnectionRefusedError("no response was recorded")


def get_recorded(pool, timeout=None, taken=urllib3.HTTPConnectionPool._get_conn):
    """Skips connections that were opened before the recording, as vcrpy does."""
    while not isinstance(connection := taken(pool, timeout), pool.ConnectionCls):
        connection.close()
    return connection


@pytest.mark.parametrize("given", ["own", "passed"])
@pytest.mark.parametrize("used_before", [True, False])
def test_a_recorder_intercepts_requests(monkeypatch, session, given, used_before):
    """It replaces urllib3's connections while it records."""
    with RawServer(echo) as server:
        client = client_of(server, session=session if given == "passed" else None)
        if used_before:
            client.get("x")
        with monkeypatch.context() as recording:
            recording.setattr(urllib3.HTTPConnectionPool, "ConnectionCls", Recorded)
            recording.setattr(urllib3.HTTPConnectionPool, "_get_conn", get_recorded)
            with pytest.raises(ConnectionFailed, match="the connection was refused"):
                client.post("start")
        assert client.get("y").json() == "y"
        assert not any(b"start" in each for each in server.requests)


class Frozen:
    """A read-only response of a cache, without a request."""

    __slots__ = ("raw", "request")

    status_code, reason, url, encoding = 200, "OK", f"{URL}operations/17", "utf-8"
    elapsed, history, is_redirect = None, (), False
    headers = requests.structures.CaseInsensitiveDict({"Content-Encoding": "gzip"})
    content = fake_response(body=document("SUCCEEDED")).content

    def close(self):
        """Does nothing."""


class Cache(BaseAdapter):
    def send(self, _, **__):
        return self.found

    def close(self):
        """Does nothing."""


class Cached(requests.Session):
    def request(self, *_, **__):
        return Frozen()


def test_a_response_of_a_cache_is_not_written_to():
    """Its body is already read and decoded, although a header names a coding."""
    with Cached() as session:
        operation = Client(TokenAuth("t"), "tamr.test", session=session).operation("17")

    assert operation.state == "SUCCEEDED"


class RawBody:
    """A raw body as any adapter may return it: it only has the method `read`."""

    def __init__(self, body):
        self.read = io.BytesIO(body).read


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    ("raw", "body"), [(lambda: None, b""), (lambda: RawBody(b"body"), b"body")]
)
def test_a_response_may_lack_a_request(session, status, raw, body):
    """It may lack a raw body, too, since adapters of any class are used."""
    adapter = Cache()
    adapter.found = found = requests.Response()
    found.status_code, found.url, found.raw = status, f"{URL}x", raw()
    kept = vars(found).copy()
    session.mount("http://", adapter)

    received = Client(TokenAuth("t"), "tamr.test", session=session).get("x")

    assert (received.status_code, received.content, received.request) == (status, body, None)
    written = {name for name, value in vars(found).items() if kept[name] is not value}
    assert written <= {"elapsed"}  # by requests itself


def test_polls_and_lists_bypass_caches(wire, client):
    """They need the current state."""
    wire.get(f"{URL}operations/17", json=document())
    wire.get(f"{URL}operations", json=[document()])

    client.operation("17").poll()
    client.operations()

    assert [call.request.headers["Cache-Control"] for call in wire.calls] == ["no-cache"] * 3


def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch):
    """No request is possible without it."""
    monkeypatch.setenv("ALL_PROXY", "socks5h://proxy.test:1080")

    def missing(*_, **__):
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)

    with pytest.raises(InvalidRequest, match=r"pip install 'requests\[socks\]'"):
        Client(TokenAuth("t"), "tamr.test").get("x")


class OtherConnection(HTTPConnection):
    """Overrides how it connects, as the connection of a SOCKS proxy does."""

    made: ClassVar[list[socket.socket]] = []
    pause = 0.0

    def _new_conn(self):
        time.sleep(self.pause)
        self.made.append(socket.create_connection(("127.0.0.1", self.port)))
        return self.made[-1]


class OtherPool(urllib3.HTTPConnectionPool):
    ConnectionCls = OtherConnection


class OtherPools(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": OtherPool}


def test_connections_of_another_class_are_used(monkeypatch, session):
    """One that is opened after the deadline is closed, and no request is sent on it."""
    session.mount("http://", OtherPools())
    monkeypatch.setattr(OtherConnection, "made", [])
    with RawServer(echo) as server:
        client = client_of(server, "no-such.test", session=session)
        assert client.get("x").json() == "x"
        assert client.get("y").json() == "y"
        assert len(OtherConnection.made) == 1
        session.close()
        monkeypatch.setattr(OtherConnection, "pause", 0.3)
        with pytest.raises(RequestTimeout), deadline(0.1):
            client.get("z")
        assert len(OtherConnection.made) == 1
        late = wait_until(lambda: OtherConnection.made[1:])[0]
        wait_until(lambda: late.fileno() == -1)
        assert len(server.requests) == 2


# Clients of the public package.


class PublicClient:
    """The parts of the public package's client that are needed."""

    base_path, auth = "/api/versioned/v1/", None

    def __init__(self, server):
        self.origin, self.session = f"http://127.0.0.1:{server.port}", requests.Session()
        self.logins = 0

    def request(self, method, endpoint, **kwargs):
        self.logins += 1
        return self.session.request(method, f"{self.origin}{self.base_path}{endpoint}", **kwargs)


def interim(connection, _):
    connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" + http(document()))


BOMB = http(gzip.compress(bytes(2**20 + 1)), "200 OK", "Content-Encoding: gzip")


def bomb(connection, _):
    connection.sendall(BOMB)


@pytest.mark.parametrize(
    ("serve", "kind"), [(interim, None), (drip, RequestTimeout), (bomb, UnexpectedResponse)]
)
def test_a_public_client_has_the_same_limits(small_bodies, serve, kind):
    """Its own state and session are used, and not replaced."""
    with RawServer(serve) as server:
        public = PublicClient(server)
        session = public.session
        with session, deadline(0.3 if serve is drip else 20):
            outcome = nullcontext() if kind is None else pytest.raises(kind)
            with outcome:
                assert send_request(public, "GET", "operations/17").json() == document()
        assert public.logins == 1
        assert public.session is session
        assert type(public) is PublicClient


# Certificates that are not checked.


@pytest.fixture
def unchecked(monkeypatch):
    """A server with an unknown certificate."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # which outrank `session.verify`
        monkeypatch.delenv(name, raising=False)
    with RawServer(lambda c, _: c.sendall(http(document("SUCCEEDED"))), tls=True) as server:
        yield server


def poll_three_times(client):
    operation = client.operation("17")
    for _ in range(3):
        operation = operation.poll()


@pytest.mark.parametrize("given", ["own", "passed"])
def test_each_client_warns_once_of_an_unchecked_certificate(unchecked, session, given):
    """Later polls do not warn again."""
    for _ in range(2):
        client = client_of(
            unchecked, protocol="https", session=session if given == "passed" else None
        )
        client.session.verify = False
        with pytest.warns(INSECURE, match="is not checked") as caught:
            poll_three_times(client)
        assert len(caught) == 1


def test_a_request_on_another_thread_does_not_warn(unchecked):
    """The warning would appear below any cell that runs; the next request of the user warns."""
    client = client_of(unchecked, protocol="https")
    client.session.verify = False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread = threading.Thread(target=poll_three_times, args=(client,))
        thread.start()
        thread.join()
    assert [each.category for each in caught] == []
    with pytest.warns(INSECURE):
        poll_three_times(client)


# Children of this process.


@needs_fork
@may_fork
@pytest.mark.parametrize(
    ("given", "tls", "busy"),
    [("own", True, False), ("passed", False, False), ("passed, one connection", False, True)],
    ids=["own, https", "passed, http", "passed, one connection in use, http"],
)
def test_parent_and_child_read_their_own_responses(monkeypatch, session, given, tls, busy):
    """The child opens its own connections at once; the parent keeps its own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    used = []

    def slow(connection, request):
        used.append((connection, path_of(request)))
        time.sleep(0.003)
        echo(connection, request)

    if given == "passed, one connection":
        session.mount("http://", HTTPAdapter(pool_maxsize=1, pool_block=True))
    with RawServer(slow, tls=tls) as server:
        options = {"protocol": "https"} if tls else {}
        client = client_of(
            server, "localhost", session=None if given == "own" else session, **options
        )
        stop, wrong = threading.Event(), []

        def reads_its_own(name, times=1):
            return all(client.get(name).json() == name for _ in range(times))

        def poll():
            while not stop.is_set():
                if not reads_its_own("parent"):
                    wrong.append(1)

        assert reads_its_own("parent")
        thread = threading.Thread(target=poll)
        try:
            if busy:
                thread.start()
                wait_until(lambda: len(used) > 1)
            child = start_child(lambda: reads_its_own("child", 5))
            if not busy:
                thread.start()
            assert succeeds(child)
        finally:
            stop.set()
            thread.join()
        assert not wrong
        connections = [
            {id(connection) for connection, name in used if name == process}
            for process in ("parent", "child")
        ]
        assert [len(each) for each in connections] == [1, 1]
        assert len(set.union(*connections)) == 2
        client.close()


@needs_fork
@may_fork
def test_a_pool_lock_that_is_held_is_free_in_a_child():
    """Another thread of the parent holds it during the fork."""
    with RawServer(echo) as server:
        client = client_of(server)
        client.get("x")
        manager = client.session.get_adapter("http://x").poolmanager
        pool = manager.connection_from_url(client.origin)
        held, free = threading.Event(), threading.Event()

        def hold():
            with manager.pools.lock, pool.pool.mutex:
                held.set()
                free.wait(5)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(5)
        child = start_child(lambda: client.get("y").json() == "y")
        free.set()
        thread.join()
        assert succeeds(child)
        client.close()


@needs_fork
@may_fork
def test_an_adapter_without_a_pool_is_not_renewed(session, caplog):
    """Adapters of other classes have none."""
    session.mount("http://", Cache())
    Client(TokenAuth("t"), "tamr.test", session=session)

    assert in_child(lambda: not caplog.records)


@needs_fork
@may_fork
def test_a_closed_pool_is_no_error_in_a_child(session, caplog):
    """It has no connections to renew."""
    with RawServer(echo) as server:
        client = client_of(server, session=session)
        client.get("x")
        session.get_adapter(client.origin).poolmanager.connection_from_url(client.origin).close()

        assert in_child(lambda: not caplog.records)


@needs_fork
@may_fork
def test_connections_of_a_public_client_do_not_cross_a_fork():
    """Its own code connects; this package uses its session in the child only."""
    used = []

    def note(connection, request):
        used.append(connection)
        echo(connection, request)

    with RawServer(note) as server:
        public = PublicClient(server)
        public.session.get(f"{public.origin}/parent")
        assert in_child(lambda: send_request(public, "GET", "operations/17"))
        public.session.get(f"{public.origin}/parent")
        public.session.close()

    first, second, third = used
    assert first is third
    assert second is not first


@needs_fork
@may_fork
def test_a_failed_renewal_does_not_prevent_other_renewals(caplog):
    """A pool of the user may lack attributes that the renewal needs."""
    renewed = []

    class Owner:
        def renew_after_fork(self):
            renewed.append(self)
            raise AttributeError

    owners = [Owner(), Owner()]
    for each in owners:
        _fork.register(each)

    assert in_child(lambda: set(owners) <= set(renewed) and "could not be renewed" in caplog.text)
