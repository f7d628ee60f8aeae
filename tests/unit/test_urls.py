from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets import CrossOriginError
from tamr_widgets._http.urls import endpoint_url, origin_of, redirect_url

ORIGIN = "http://tamr.test:9100"
BASE = "/api/versioned/v1/"

TRAVERSAL = [
    "..",
    "../x",
    "operations/../../x",
    "operations/%2e%2e/x",
    "operations/%2E./x",
    "operations/..%2fx",
    "operations/..%5Cx",
    "operations/..;a=b/x",
    "operations/..%3ba/x",
    "operations/%252e%252e/x",
    "/..",
    "/api/..",
]
AMBIGUOUS = [
    "operations/1\\2",
    "\\\\evil.test/x",
    "/\\evil.test",
    "\t//evil.test",
    "a\x00b",
    "a\nb",
]
ABSOLUTE = [
    "http://evil.test/x",
    "HTTPS://evil.test/x",
    "http://tamr.test:9100/api/versioned/v1/operations/17",
    "//evil.test/x",
    "///evil.test/x",
    "ftp://evil.test",
    "http://user:secret@tamr.test:9100/x",
    "//user:secret@evil.test/x",
]


@pytest.mark.parametrize(
    ("protocol", "host", "port", "origin"),
    [
        ("http", "localhost", 9100, "http://localhost:9100"),
        ("https", "tamr.example.com", None, "https://tamr.example.com"),
        ("https", "10.0.0.7", 443, "https://10.0.0.7:443"),
        ("http", "::1", 9100, "http://[::1]:9100"),
        ("http", "[::1]", 9100, "http://[::1]:9100"),
        ("http", "tamr_1", "9100", "http://tamr_1:9100"),
        ("http", "tamr", 65535, "http://tamr:65535"),
        ("http", "tamr", 1, "http://tamr:1"),
    ],
)
def test_an_origin_is_composed(protocol, host, port, origin):
    """It consists of protocol, host and port."""
    assert origin_of(protocol, host, port) == origin


@pytest.mark.parametrize("protocol", ["ftp", "HTTP", "", None, "http://"])
def test_a_wrong_protocol_is_named(protocol):
    """The error says which argument is wrong."""
    with pytest.raises(ValueError, match="protocol must be"):
        origin_of(protocol, "tamr", 9100)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "http://tamr",
        "tamr:9100",
        "tamr/",
        "user@tamr",
        "[::1",
        "::1]",
        "a b",
        "a\n",
        ".test",
        None,
        7,
    ],
)
def test_a_wrong_host_is_named(host):
    """A host is a bare name: no protocol, port, path or user."""
    with pytest.raises(ValueError, match="host must be"):
        origin_of("http", host, 9100)


@pytest.mark.parametrize("port", [0, -1, 65536, "x", "", True, 9100.5, "\u0669", [9100]])
def test_a_wrong_port_is_named(port):
    """A port is a whole number, or None."""
    with pytest.raises(ValueError, match="port must be"):
        origin_of("http", "tamr", port)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("operations/17", f"{ORIGIN}{BASE}operations/17"),
        ("/api/dataset/jobs/17/cancel", f"{ORIGIN}/api/dataset/jobs/17/cancel"),
        ("projects/1/unifiedDataset:refresh", f"{ORIGIN}{BASE}projects/1/unifiedDataset:refresh"),
        ("datasets?filter=a..b//c", f"{ORIGIN}{BASE}datasets?filter=a..b//c"),
        ("operations/a%20b:c", f"{ORIGIN}{BASE}operations/a%20b:c"),
        ("operations/..a", f"{ORIGIN}{BASE}operations/..a"),
        ("operations/a..", f"{ORIGIN}{BASE}operations/a.."),
        ("mailto:x", f"{ORIGIN}{BASE}mailto:x"),
        ("@evil.test", f"{ORIGIN}{BASE}@evil.test"),
        ("", f"{ORIGIN}{BASE}"),
    ],
)
def test_an_endpoint_is_below_the_origin(endpoint, url):
    """It is relative to the base path or, with a leading slash, to the origin."""
    assert endpoint_url(ORIGIN, BASE, endpoint) == url


@pytest.mark.parametrize("endpoint", [*TRAVERSAL, *AMBIGUOUS, *ABSOLUTE, "a#b", "a\ud800", None, 7])
def test_an_endpoint_outside_the_origin_is_refused(endpoint):
    """It is absolute or ambiguous, or contains `..`; the error shows no user info."""
    with pytest.raises(CrossOriginError, match=r"Nothing was sent|must be a string") as raised:
        endpoint_url(ORIGIN, BASE, endpoint)

    assert isinstance(raised.value, ValueError)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/api/versioned/v1/x", f"{ORIGIN}/api/versioned/v1/x"),
        ("x", f"{ORIGIN}{BASE}x"),
        ("?page=2", f"{ORIGIN}{BASE}operations?page=2"),
        (f"{ORIGIN}/x", f"{ORIGIN}/x"),
        ("HTTP://TAMR.test:9100/x", "http://TAMR.test:9100/x"),
        ("//tamr.test:9100/x", f"{ORIGIN}/x"),
    ],
)
def test_a_redirect_within_the_origin_is_followed(location, target):
    """It may be relative, or absolute with the same protocol, host and port."""
    assert redirect_url(ORIGIN, f"{ORIGIN}{BASE}operations", location) == target


def test_the_default_port_may_be_left_out():
    """https without a port is https with 443."""
    assert redirect_url("https://tamr.test", "https://tamr.test/a", "https://tamr.test:443/b")


@pytest.mark.parametrize(
    "location",
    [
        *TRAVERSAL,
        *AMBIGUOUS,
        "http://evil.test:9100/x",
        "http://tamr.test:9101/x",
        "http://tamr.test/x",
        "https://tamr.test:9100/x",
        "//evil.test/x",
        "http://user:secret@tamr.test:9100/x",
        "http://tamr.test:9100@evil.test/x",
        "http://tamr.test:9100:80/x",
        "http://tamr.test:99999/x",
        "http://[::1/x",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_out_of_the_origin_is_refused(location):
    """It has another host, port or protocol, or user info, or is no valid URL."""
    with pytest.raises(CrossOriginError, match="not followed") as raised:
        redirect_url(ORIGIN, f"{ORIGIN}{BASE}operations", location)

    assert "secret" not in str(raised.value)


def test_a_redirect_from_https_to_http_is_refused():
    """Credentials must not leave the encrypted connection."""
    with pytest.raises(CrossOriginError):
        redirect_url("https://tamr.test", "https://tamr.test/a", "http://tamr.test/a")


@pytest.mark.parametrize(
    "address",
    [
        "http://user:secret@evil.test/x",
        "http://user:p@secret@evil.test/x",
        "http://user:sec/secret@evil.test/x",
        "http://user:" + "x" * 200 + "secret@evil.test/x",
        "http://user:" + "x" * 190 + "secret@evil.test/x",
        "http://user:secret\n@evil.test",
    ],
)
def test_no_error_shows_user_info(address):
    """It may be long or contain special characters."""
    for refuse in (
        lambda: endpoint_url(ORIGIN, BASE, address),
        lambda: redirect_url(ORIGIN, ORIGIN, address),
    ):
        with pytest.raises(CrossOriginError) as raised:
            refuse()
        assert "sec" not in str(raised.value)
        assert "xxx" not in str(raised.value)


@given(st.text(st.characters(), max_size=40) | st.text("/.:%2eE5cC;@\\?#ahtp\t", max_size=20))
def test_any_endpoint_is_refused_or_below_the_origin(endpoint):
    try:
        url = endpoint_url(ORIGIN, BASE, endpoint)
    except CrossOriginError:
        return
    assert url.startswith(f"{ORIGIN}/")
    assert "/../" not in f"{url.partition('?')[0]}/"


@given(st.text(st.characters(), max_size=40) | st.text("/.:%2eE5cC;@\\?#ahtp\t[]", max_size=20))
def test_any_location_is_refused_or_in_the_origin(location):
    """No other exception is raised."""
    try:
        target = redirect_url(ORIGIN, f"{ORIGIN}{BASE}operations", location)
    except CrossOriginError:
        return
    assert target.lower().startswith(ORIGIN)
