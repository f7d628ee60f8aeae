"""Proxies, certificates, logs, and addresses and arguments in the forms that users give them."""

from __future__ import annotations

import logging
import traceback
from types import SimpleNamespace

import pytest
import requests
from fakes import RawServer, document, http, wait_until

from tamr_widgets import (
    CertificateError,
    Client,
    ConnectionFailed,
    CrossOriginError,
    HTTPStatusError,
    InvalidRequest,
    Operation,
    OperationWidget,
    ProxyFailed,
    ProxyUnauthorized,
    TamrError,
    TokenAuth,
    UsernamePasswordAuth,
)
from tamr_widgets._http.proxies import is_loopback, proxy_secrets
from tamr_widgets._http.retry import is_retryable
from tamr_widgets.simulator import Simulator
from tamr_widgets.widgets.payload import brief_message

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
AUTH = UsernamePasswordAuth("ada", "s3cret-of-ada")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Removes all proxies and certificate bundles from the environment."""
    for name in (*VARIABLES, *map(str.lower, VARIABLES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def texts(error):
    """Returns all texts of an error that may be shown."""
    return "".join(traceback.format_exception(error)) + repr(vars(error)) + str(error.args)


def proxied(monkeypatch, address, protocol="http", **options):
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, address)
    return Client(AUTH, "tamr.test", protocol, total_seconds=2, **options)


# --- Proxies


@pytest.mark.parametrize("protocol", ["http", "https"])
@pytest.mark.parametrize("own", [True, False])
def test_a_proxy_that_requires_a_password_is_not_retried(monkeypatch, protocol, own):
    """It responds 407 to a request or to CONNECT; the error names the proxy and the settings."""
    response = http(b"", "407 Proxy Authentication Required", "Proxy-Authenticate: Basic")
    with RawServer(lambda to, _: to.sendall(response)) as proxy, requests.Session() as session:
        address = f"http://corp:pr0xy-pass@127.0.0.1:{proxy.port}"
        options = {} if own else {"session": session}
        with proxied(monkeypatch, address, protocol, **options) as client:
            operation = Operation(client, document())
            with pytest.raises(ProxyUnauthorized) as raised:
                operation.wait(0.02, 3)
            assert len(proxy.requests) == 1

    error = raised.value
    assert isinstance(error, HTTPStatusError)
    assert isinstance(error, ConnectionFailed)
    assert not is_retryable(error, 0)
    assert f"127.0.0.1:{proxy.port}" in str(error)
    assert "HTTP_PROXY" in str(error)
    assert "HTTPS_PROXY" in str(error)
    assert "pr0xy-pass" not in texts(error)
    assert (error.response is None) == (protocol == "https")


def test_a_407_of_the_server_is_no_proxy_error():
    """No proxy is used, so the error mentions none."""
    response = http(b"", "407 Proxy Authentication Required")
    with (
        RawServer(lambda to, _: to.sendall(response)) as server,
        Client(AUTH, "127.0.0.1", port=server.port) as client,
        pytest.raises(HTTPStatusError) as raised,
    ):
        client.operation("17")

    assert not isinstance(raised.value, ProxyUnauthorized)


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_an_unreachable_proxy_is_named(monkeypatch, protocol):
    """The error is about the proxy, shows no password, and can be retried."""
    with RawServer(lambda *_: None) as gone:
        port = gone.port
    with (
        proxied(monkeypatch, f"http://corp:pr0xy-pass@127.0.0.1:{port}", protocol) as client,
        pytest.raises(ProxyFailed, match=f"the proxy 127.0.0.1:{port} did not connect") as raised,
    ):
        client.get("operations")

    assert is_retryable(raised.value, 0)
    assert "refused" in str(raised.value)
    assert "pr0xy-pass" not in texts(raised.value)
    assert brief_message(raised.value) == "the proxy did not connect"


@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["", "100"])
@pytest.mark.parametrize("status", ["502 Bad Gateway", "403 Forbidden"])
def test_the_status_of_a_response_to_connect_is_reported(monkeypatch, status, interim):
    """An interim response may come first; the reason phrase is not shown."""
    response = interim + http(b"", status + " of s3cret-of-ada")
    with (
        RawServer(lambda to, _: to.sendall(response)) as proxy,
        proxied(monkeypatch, f"http://127.0.0.1:{proxy.port}", "https") as client,
        pytest.raises(ProxyFailed, match=f"it answered {status[:3]}") as raised,
    ):
        client.get("operations")

    assert "s3cret" not in texts(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://corp:s3cr3t#wyrd@proxy:3128",
        "http://corp:s3cr3t/wyrd@proxy:3128",
        "http://corp:s3cr3t?wyrd@proxy:3128",
        "http://corp:s3cr3t[wyrd@proxy:3128",
        "http://corp:s3cr3t wyrd@127.0.0.1:9",
        "http://corp:s3cr3t@wyrd@127.0.0.1:9",
        "http://corp:s3cr3t%23wyrd@127.0.0.1:9",
        "corp:s3cr3t#wyrd@proxy:3128",
        "ftp://corp:s3cr3t@wyrd:3128",
        "socks5h://corp:s3cr3t%23wyrd@127.0.0.1:9",
        "http://corp:s3cr3t-wyrd@127.0.0.1:99999",
        "http://:s3cr3t-wyrd@",
    ],
)
@pytest.mark.parametrize("protocol", ["http", "https"])
def test_no_part_of_a_proxys_password_is_shown(monkeypatch, caplog, address, protocol):
    """A parser may split the address within the password."""
    caplog.set_level(logging.DEBUG)
    with proxied(monkeypatch, address, protocol) as client, pytest.raises(TamrError) as raised:
        client.get("operations")

    assert "s3cr3t" not in texts(raised.value) + caplog.text
    assert "wyrd" not in texts(raised.value)
    assert "proxy" in str(raised.value).lower()


def test_an_invalid_proxy_address_is_not_retried(monkeypatch):
    """The error names the usual cause."""
    with (
        proxied(monkeypatch, "http://corp:s3cr3t#word@proxy:3128") as client,
        pytest.raises(InvalidRequest, match="percent-encoded") as raised,
    ):
        client.get("operations")

    assert not is_retryable(raised.value, 0)


def test_an_echoed_proxy_password_is_redacted(monkeypatch):
    """A gateway that returns all headers returns the proxy's credentials, too."""
    password = "pr0xy#pass"

    def serve(connection, request):
        echo = request.split(b"Proxy-Authorization: ")[1].split(b"\r\n")[0]
        body = echo + b" pr0xy#pass pr0xy%23pass pr0xy"
        connection.sendall(http(body, "500 x"))

    with RawServer(serve) as proxy:
        address = f"http://corp:pr0xy%23pass@127.0.0.1:{proxy.port}"
        with (
            proxied(monkeypatch, address) as client,
            pytest.raises(HTTPStatusError) as raised,
        ):
            client.operation("17")

    assert "pr0xy" not in texts(raised.value) + raised.value.response.text
    assert password in proxy_secrets(None)


def test_proxy_secrets_are_credentials_and_not_hosts(monkeypatch):
    """Proxies of the environment and of a session are included."""
    monkeypatch.setenv("ALL_PROXY", "socks5h://corp:a%40b@proxy.test:1080")
    session = SimpleNamespace(proxies={"http": "http://me:s3cr3t@other.test"})

    secrets = proxy_secrets(session)

    assert {"a%40b", "a@b", "corp:a@b", "s3cr3t", "me:s3cr3t"} <= secrets
    assert not any("proxy.test" in each or "other.test" in each for each in secrets)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.1", "::1"])
def test_loopback_uses_no_proxy_of_the_environment(monkeypatch, host):
    """So no proxy receives the credentials."""
    with RawServer(lambda to, _: to.sendall(http([]))) as proxy:
        for name in VARIABLES[:3]:
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for session in (None, requests.Session()):
            with Client(AUTH, host, port=9, total_seconds=1, session=session) as client:
                with pytest.raises(ConnectionFailed) as raised:
                    client.get("operations")
                assert "proxy" not in str(raised.value).lower()
        assert not proxy.requests


def test_a_proxy_of_the_session_is_used_for_loopback(monkeypatch):
    """It was set on purpose, for example for a recorder."""
    with (
        RawServer(lambda to, _: to.sendall(http([]))) as proxy,
        requests.Session() as session,
    ):
        session.proxies["http"] = f"http://127.0.0.1:{proxy.port}"
        with Client(AUTH, "127.0.0.1", port=9, session=session) as client:
            assert client.operations() == []
        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.1.2", True),
        ("LOCALHOST", True),
        ("[::1]", True),
        ("tamr.localhost", True),
        ("128.0.0.1", False),
        ("localhost.test", False),
        ("tamr", False),
        ("127.0.0.1.test", False),
        ("", False),
    ],
)
def test_loopback_hosts_are_recognized(host, expected):
    """A loopback host may be a name or a number."""
    assert is_loopback(host) == expected


def test_a_simulator_needs_no_proxy(monkeypatch):
    """A proxy of the environment is not used for it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Simulator(past_jobs=0) as tamr, tamr.client() as client:
        assert client.operations() == []


@pytest.mark.parametrize("own", [True, False])
def test_changed_proxy_settings_apply_to_the_next_request(monkeypatch, own):
    """HTTP_PROXY and NO_PROXY are set after a failed and after a successful request."""
    with (
        RawServer(lambda to, _: to.sendall(http([]))) as proxy,
        requests.Session() as session,
    ):
        with Client(
            AUTH, "tamr.invalid", total_seconds=5, session=None if own else session
        ) as client:
            with pytest.raises(ConnectionFailed):
                client.get("operations")
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            assert client.get("operations").ok
            monkeypatch.setenv("NO_PROXY", "tamr.invalid")
            with pytest.raises(ConnectionFailed):
                client.get("operations")
        assert len(proxy.requests) == 1


# --- Certificates


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_missing_certificate_bundle_is_not_retried(monkeypatch, tmp_path, name):
    """The error names the variable; when that is corrected, the same client works."""
    monkeypatch.setenv(name, str(tmp_path / "missing.pem"))
    with (
        RawServer(lambda to, _: to.sendall(http([])), tls=True) as server,
        Client(AUTH, "localhost", "https", server.port) as client,
    ):
        with pytest.raises(CertificateError, match="REQUESTS_CA_BUNDLE") as raised:
            Operation(client, document()).wait(0.02, 3)
        assert not is_retryable(raised.value, 0)
        assert not server.requests

        from fakes import CERTIFICATE  # noqa: PLC0415

        monkeypatch.setenv(name, str(CERTIFICATE))
        assert client.operations() == []


def test_a_missing_client_certificate_is_not_retried(tmp_path):
    """The session's `cert` is a path without a file."""
    with requests.Session() as session, Client(AUTH, "x.test", "https", session=session) as client:
        session.cert = str(tmp_path / "missing.pem")
        with pytest.raises(CertificateError, match="cert") as raised:
            client.get("operations")

    assert not is_retryable(raised.value, 0)


def test_a_certificate_bundle_without_certificates_is_not_retried(monkeypatch, tmp_path):
    """A retry would find none either."""
    (tmp_path / "empty.pem").write_text("nothing")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "empty.pem"))
    with (
        RawServer(lambda *_: None, tls=True) as server,
        Client(AUTH, "127.0.0.1", "https", server.port) as client,
        pytest.raises(TamrError) as raised,
    ):
        client.get("operations")

    assert not is_retryable(raised.value, 0)
    assert "REQUESTS_CA_BUNDLE" in str(raised.value)


# --- Addresses and arguments


@pytest.mark.parametrize(
    ("host", "form"),
    [
        ("127.0.0.1:9100", r"host='127\.0\.0\.1', port=9100"),
        ("tamr.example.com:9100", r"host='tamr\.example\.com', port=9100"),
        ("cafe:9100", "host='cafe', port=9100"),
        ("[::1]:9100", "host='::1', port=9100"),
        (
            "https://tamr.example.com:9100/",
            r"protocol='https', host='tamr\.example\.com', port=9100",
        ),
        ("http://tamr/#/jobs", "protocol='http', host='tamr', port=None"),
        ("https://ada:s3cret@tamr.example.com", r"host='tamr\.example\.com'"),
        ("ada:s3cret@tamr:9100", "host='tamr', port=9100"),
        (" tamr ", "host='tamr'"),
        ("tamr/api/versioned/v1", "host='tamr'"),
        ("1.2.3.4:x", "host must be"),
        (":9100", "host must be"),
        ("12:34", "host='12', port=34"),
        ("x" * 100_000, "host must be"),
    ],
)
def test_a_host_that_is_an_address_is_refused_with_the_right_form(host, form):
    """The error shows protocol, host and port as arguments, and no password."""
    with pytest.raises(ValueError, match=form) as raised:
        Client(AUTH, host)

    assert "s3cret" not in str(raised.value)
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize(
    "url",
    [
        "https://tamr.example.com:9100/",
        "  https://tamr.example.com:9100\n",
        "https://tamr.example.com:9100/#/jobs",
        "https://tamr.example.com:9100/api/versioned/v1",
        "https://tamr.example.com:9100/api/versioned/v1/",
        "https://tamr.example.com:9100/api/versioned/v1/operations/17",
        "https://tamr.example.com:9100/api",
        "https://tamr.example.com:9100?x=1",
    ],
)
def test_tamr_url_is_accepted_as_users_copy_it(url):
    """It may have blanks, the fragment of a page, or the API's own path."""
    environ = {"TAMR_URL": url, "TAMR_TOKEN": "t"}
    with Client.from_env(environ) as client:
        assert client.origin == "https://tamr.example.com:9100"
        assert client.base_path == "/api/versioned/v1/"


def test_a_path_before_the_api_path_is_kept():
    """A gateway may serve several servers."""
    environ = {"TAMR_URL": "https://gate.test/apis/one/api/versioned/v1/", "TAMR_TOKEN": "t"}
    with Client.from_env(environ) as client:
        assert client.base_path == "/apis/one/api/versioned/v1/"


@pytest.mark.parametrize(
    "base_path", ["api/versioned/v1", " /api/versioned/v1/ ", "/api/versioned/v1"]
)
def test_a_base_path_is_normalized(base_path):
    """Slashes and blanks around it are optional."""
    assert Client(AUTH, base_path=base_path).base_path == "/api/versioned/v1/"


@pytest.mark.parametrize(
    ("base_path", "kind"),
    [
        ("https://tamr.example.com/api/versioned/v1/", ValueError),
        ("/api/versioned/v1/?x", ValueError),
        ("/api/#/x", ValueError),
        ("/api/../x", ValueError),
        ("/a b/", ValueError),
        ("/a\nb/", ValueError),
        (None, TypeError),
        (b"/api/", TypeError),
    ],
)
def test_an_invalid_base_path_is_refused(base_path, kind):
    """The error shows the right form."""
    with pytest.raises(kind, match="/api/versioned/v1/"):
        Client(AUTH, base_path=base_path)


@pytest.mark.parametrize(
    "auth", [None, ("ada", "s3cret"), "s3cret", UsernamePasswordAuth, 7, {"username": "ada"}]
)
def test_an_invalid_auth_is_refused(auth):
    """The error shows the right form, and not the value."""
    with pytest.raises(TypeError, match="UsernamePasswordAuth") as raised:
        Client(auth)

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "17",
        17,
        " 17 ",
        "operations/17",
        "/api/versioned/v1/operations/17",
        "api/versioned/v1/operations/17",
        "{origin}/api/versioned/v1/operations/17",
        "{origin}/api/versioned/v1/operations/17?x=1",
    ],
)
def test_an_operation_is_found_by_its_id_path_or_address(address):
    """Users may copy any of them."""
    with Simulator(past_jobs=0) as tamr, tamr.client() as client:
        tamr.jobs.put(document(), "17")
        name = address.format(origin=client.origin) if isinstance(address, str) else address
        assert client.operation(name).resource_id == "17"
        assert tamr.requests[-1].path == "/api/versioned/v1/operations/17"


@pytest.mark.parametrize(
    "address",
    ["https://other.test/api/versioned/v1/operations/17", "{origin}/#/jobs/17", "{origin}"],
)
def test_an_address_that_is_not_of_an_operation_is_refused(address):
    """It is of another server or of a page; no request is sent."""
    with Simulator(past_jobs=0) as tamr, tamr.client() as client:
        with pytest.raises(CrossOriginError, match="such as '17'"):
            client.operation(address.format(origin=client.origin))
        assert not len(tamr.requests)


def test_an_endpoint_may_begin_with_the_apis_own_path():
    """The slash before it is optional."""
    with Simulator(past_jobs=0) as tamr, tamr.client() as client:
        for endpoint in (
            "operations",
            "api/versioned/v1/operations",
            "/api/versioned/v1/operations",
        ):
            assert client.get(endpoint).json() == []


def test_an_address_of_the_server_as_an_endpoint_is_refused():
    """The error shows the right form, and does not report another origin."""
    with (
        Client(TokenAuth("t"), "tamr.test") as client,
        pytest.raises(CrossOriginError, match="Use a path such as 'operations/17'"),
    ):
        client.get("http://tamr.test:9100/api/versioned/v1/operations")


# --- Logs


def test_a_live_widget_logs_nothing_at_info(caplog):
    """Log lines of its polls would appear below any cell that runs."""

    caplog.set_level(logging.INFO)
    with Simulator(past_jobs=0) as tamr, tamr.client() as client:
        operation = client.operation(tamr.jobs.add("RUNNING"))
        tamr.requests.clear()
        widget = OperationWidget(operation, poll_interval_seconds=0.01)
        wait_until(lambda: len(tamr.requests) > 2)
        widget.close()

    assert [each.getMessage() for each in caplog.records if each.name != "asyncio"] == []
