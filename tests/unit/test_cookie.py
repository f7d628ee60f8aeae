from __future__ import annotations

import pytest
import requests

from tamr_widgets.address import origin_of
from tamr_widgets.cookie import session_cookie

BASE = "/api/versioned/v1/"


def cookie_header(origin, url, base_path=BASE):
    """What a session that holds the cookie of `origin` sends to `url`."""
    with requests.Session() as session:
        session.cookies.set_cookie(session_cookie(origin, base_path, "t0ken"))
        return session.prepare_request(requests.Request("GET", url)).headers.get("Cookie")


@pytest.mark.parametrize(
    ("protocol", "host", "port"),
    [
        ("http", "localhost", 9100),
        ("http", "LocalHost", 9100),
        ("http", "127.0.0.1", 9100),
        ("http", "::1", 9100),
        ("http", "[::1]", None),
        ("http", "::ffff:10.0.0.7", 9100),
        ("http", "Tamr.Example.COM", 9100),
        ("http", "tamr.example.com", None),
        ("https", "tamr.example.com", None),
        ("https", "tamr.example.com", 443),
        ("https", "tamr", 9443),
    ],
)
def test_the_cookie_goes_to_its_origin(protocol, host, port):
    """Whatever the host is called: http.cookiejar knows it by another name."""
    origin = origin_of(protocol, host, port)

    assert cookie_header(origin, f"{origin}{BASE}operations") == "authToken=t0ken"
    assert cookie_header(origin, f"{origin}/api/dataset/jobs/1/cancel") == "authToken=t0ken"


@pytest.mark.parametrize(
    "url",
    [
        "http://tamr.example.com:9101/api/x",
        "http://tamr.example.com/api/x",
        "http://example.com:9100/api/x",
        "http://evil.test:9100/api/x",
        "http://tamr.example.com.evil.test:9100/api/x",
        "http://tamr.example.com:9100/apix",
        "http://tamr.example.com:9100/",
        "http://tamr.example.com:9100/other/api/x",
    ],
)
def test_the_cookie_goes_nowhere_else(url):
    """Another host, port or path does not get it."""
    assert cookie_header("http://tamr.example.com:9100", url) is None


def test_an_encrypted_sessions_cookie_stays_encrypted():
    """https only, also on the same port."""
    assert cookie_header("https://tamr.test:9100", "http://tamr.test:9100/api/x") is None


def test_a_port_that_is_not_given_is_a_port_too():
    """The cookie of port 443 does not go to 9443."""
    assert cookie_header("https://tamr.test", "https://tamr.test:9443/api/x") is None


@pytest.mark.parametrize(
    ("base_path", "path", "goes"),
    [
        ("/one/api/versioned/v1/", "/one/api/x", True),
        ("/one/api/versioned/v1/", "/two/api/x", False),
        ("/", "/x", True),
        ("/v1/", "/x", True),
    ],
)
def test_the_cookie_is_limited_to_the_api(base_path, path, goes):
    """Of the Tamr below this path, where its base path tells."""
    header = cookie_header("http://tamr.test:9100", f"http://tamr.test:9100{path}", base_path)

    assert (header is not None) == goes
