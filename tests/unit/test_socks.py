"""SOCKS proxies of the environment, by PySocks."""

from __future__ import annotations

import time
import traceback

import pytest
import requests
from fakes import RawServer, document, http

from tamr_widgets import (
    Client,
    InvalidRequest,
    Operation,
    ProxyFailed,
    ProxyUnauthorized,
    RequestTimeout,
    TokenAuth,
)
from tamr_widgets._http.retry import is_retryable

NO_PASSWORD, PASSWORD = b"\x05\x00", b"\x05\x02"  # the methods that a proxy chooses
CONNECTED, REFUSED = (bytes([5, code, 0, 1]) + bytes(6) for code in (0, 5))
OPERATION = http(document(state="RUNNING"))


class SocksProxy(RawServer):
    """Negotiates as specified by RFC 1928, then responds in place of the server."""

    def __init__(self, *replies: bytes) -> None:
        super().__init__(
            lambda connection, _: connection.sendall(OPERATION), handshake=self.negotiate
        )
        self.replies = replies

    def negotiate(self, connection):
        for reply in self.replies:
            connection.recv(512)
            connection.sendall(reply)


@pytest.fixture
def client(monkeypatch):
    """Makes clients whose requests go through the proxy on a port."""
    monkeypatch.setattr("tamr_widgets._http.transport.CONNECT_SECONDS", 0.3)
    clients = []

    def connect(port: int) -> Client:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://ada:pr0xy-pass@127.0.0.1:{port}")
        clients.append(Client(TokenAuth("t"), "tamr.test"))
        return clients[-1]

    yield connect
    for each in clients:
        each.close()


def test_requests_go_through_the_proxy(client):
    """The proxy resolves the name of the server, and polls share a connection."""
    with SocksProxy(NO_PASSWORD, CONNECTED) as proxy:
        operation = Operation(client(proxy.port), document())

        assert operation.poll().poll().state == "RUNNING"
        assert len(proxy.connections) == 1
        assert proxy.requests[0].startswith(b"GET /api/versioned/v1/operations/")


def test_a_password_that_is_refused_is_final(client):
    """One attempt, since a second one may lock the account."""
    with SocksProxy(PASSWORD, b"\x01\x01") as proxy:
        operation = Operation(client(proxy.port), document())
        with pytest.raises(ProxyUnauthorized, match="SOCKS5 authentication failed") as raised:
            operation.wait(0.02, 3)

        assert len(proxy.connections) == 1
    assert f"127.0.0.1:{proxy.port}" in str(raised.value)
    assert "pr0xy-pass" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ((NO_PASSWORD, REFUSED), "0x05: Connection refused"),
        ((b"HTTP/1.1 400 Bad Request",), "invalid data"),
    ],
)
def test_a_connection_that_the_proxy_refuses_is_retryable(client, replies, reason):
    """The error names the proxy and the proxy's reason."""
    with SocksProxy(*replies) as proxy, pytest.raises(ProxyFailed, match=reason) as raised:
        client(proxy.port).get("operations")

    assert f"the proxy 127.0.0.1:{proxy.port} did not connect" in str(raised.value)
    assert is_retryable(raised.value, 0)


def test_a_proxy_that_does_not_listen_is_named(client):
    """The error has the operating system's reason."""
    with SocksProxy() as closed:
        port = closed.port

    with pytest.raises(ProxyFailed, match=r"did not connect .*refused"):
        client(port).get("operations")


def test_a_request_through_a_silent_proxy_times_out(client):
    """The negotiation is a part of connecting."""
    with SocksProxy() as silent:
        start = time.monotonic()
        with pytest.raises(RequestTimeout, match="through the proxy"):
            client(silent.port).get("operations")

    assert time.monotonic() - start < 5


def test_without_pysocks_the_error_says_what_to_install(client, monkeypatch):
    """requests has such a function if PySocks is not installed."""

    def missing(*_: object, **__: object) -> None:
        msg = "Missing dependencies for SOCKS support."
        raise requests.exceptions.InvalidSchema(msg)

    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", missing)

    with pytest.raises(InvalidRequest, match=r"pip install 'requests\[socks\]'"):
        client(9).get("operations")
