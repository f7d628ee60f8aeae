"""Mapping of all exceptions of requests, urllib3 and the system to errors of the package."""

from __future__ import annotations

import http.client
import pickle
import socket
import ssl
import traceback

import pytest
import requests
import urllib3
from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

from tamr_widgets import (
    CertificateError,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    ProxyFailed,
    RequestTimeout,
    TamrError,
    UnexpectedResponse,
)
from tamr_widgets._http.exception_mapping import map_exceptions, outcome_hint
from tamr_widgets._http.retry import is_retryable

POOL = urllib3.HTTPConnectionPool("tamr.test", 9100)
ARGUMENTS = {
    "requests.exceptions.JSONDecodeError": ("no json", "{", 0),
    "urllib3.exceptions.ClosedPoolError": (POOL, "closed"),
    "urllib3.exceptions.ConnectTimeoutError": (POOL, "late"),
    "urllib3.exceptions.EmptyPoolError": (POOL, "empty"),
    "urllib3.exceptions.FullPoolError": (POOL, "full"),
    "urllib3.exceptions.HeaderParsingError": ([], "x"),
    "urllib3.exceptions.HostChangedError": (POOL, "/x", 3),
    "urllib3.exceptions.IncompleteRead": (3, 7),
    "urllib3.exceptions.InvalidChunkLength": (urllib3.HTTPResponse(b""), b"zz"),
    "urllib3.exceptions.MaxRetryError": (POOL, "/x", Exception("reason")),
    "urllib3.exceptions.NameResolutionError": (
        "tamr.test",
        POOL,
        socket.gaierror(-2, "no such host"),
    ),
    "urllib3.exceptions.NewConnectionError": (POOL, "refused"),
    "urllib3.exceptions.PoolError": (POOL, "x"),
    "urllib3.exceptions.ProxyError": ("x", OSError("refused")),
    "urllib3.exceptions.ReadTimeoutError": (POOL, "/x", "late"),
    "urllib3.exceptions.RequestError": (POOL, "/x", "x"),
    "http.client.IncompleteRead": (b"x",),
}
EXPECTED = {
    "ConnectTimeout": RequestTimeout,
    "ConnectTimeoutError": RequestTimeout,
    "EmptyPoolError": RequestTimeout,
    "ReadTimeout": RequestTimeout,
    "ReadTimeoutError": RequestTimeout,
    "Timeout": RequestTimeout,
    "TimeoutError": RequestTimeout,
    "ContentDecodingError": UnexpectedResponse,
    "DecodeError": UnexpectedResponse,
    "JSONDecodeError": UnexpectedResponse,
    "TooManyRedirects": UnexpectedResponse,
    "UnicodeDecodeError": UnexpectedResponse,
    "ValueError": UnexpectedResponse,
    "urllib3.exceptions.InvalidHeader": UnexpectedResponse,
    "requests.exceptions.InvalidHeader": InvalidRequest,
    "ProxyError": ProxyFailed,
    "ProxySchemeUnsupported": UnexpectedResponse,
    "InvalidJSONError": InvalidRequest,
    "InvalidProxyURL": InvalidRequest,
    "InvalidSchema": InvalidRequest,
    "InvalidURL": InvalidRequest,
    "LocationParseError": InvalidRequest,
    "LocationValueError": InvalidRequest,
    "MissingSchema": InvalidRequest,
    "ProxySchemeUnknown": InvalidRequest,
    "URLRequired": InvalidRequest,
    "URLSchemeUnknown": InvalidRequest,
    "UnicodeEncodeError": InvalidRequest,
    "UnrewindableBodyError": InvalidRequest,
}


def subclasses(kind):
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def all_exceptions():
    """Yields each exception class of requests, urllib3, the operating system and http.client."""
    for module in (requests_errors, urllib3_errors):
        for kind in vars(module).values():
            defined_here = isinstance(kind, type) and kind.__module__ == module.__name__
            if defined_here and issubclass(kind, Exception) and not issubclass(kind, Warning):
                yield kind
    builtin = [each for each in subclasses(OSError) if each.__module__ in {"builtins", "socket"}]
    yield from [OSError, *builtin, *subclasses(http.client.HTTPException)]


def make(kind):
    """Returns an instance of an exception class, with the arguments that it requires."""
    return kind(*ARGUMENTS.get(full_name(kind), ("x",)))


def full_name(kind):
    return f"{kind.__module__}.{kind.__name__}"


def mapped(error, request_line="GET http://tamr.test/x"):
    with pytest.raises(TamrError) as raised, map_exceptions(request_line):
        raise error
    return raised.value


@pytest.mark.parametrize("kind", dict.fromkeys(all_exceptions()), ids=full_name)
def test_every_exception_is_mapped(kind):
    """The class depends on the cause, and the message begins with the request."""
    error = make(kind)

    result = mapped(error)

    expected = EXPECTED.get(full_name(kind), EXPECTED.get(kind.__name__, ConnectionFailed))
    assert type(result) is expected
    assert type(result.__cause__) in {kind, type(None)}
    assert result.__cause__ is not error
    assert result.__context__ is None
    assert str(result).startswith("GET http://tamr.test/x ")
    assert pickle.loads(pickle.dumps(result)).args == result.args


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        UnicodeEncodeError("latin-1", "\u20ac", 0, 1, "invalid"),
        ValueError("Invalid IPv6 URL"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_plain_value_errors_of_requests_are_mapped(error):
    """requests raises some for an invalid Location, or a header that cannot be encoded."""
    assert type(mapped(error)) is EXPECTED[type(error).__name__]


def test_an_invalid_header_of_a_response_is_no_invalid_request():
    """requests wraps it in its class for invalid headers of requests."""
    error = requests_errors.InvalidHeader(
        urllib3_errors.InvalidHeader("Content-Length contained multiple values")
    )

    assert type(mapped(error)) is UnexpectedResponse


def test_our_own_errors_pass_unchanged():
    """They need no mapping."""
    error = NotFound("gone")

    assert mapped(error) is error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), KeyError("x"), TypeError("x"), SystemExit()]
)
def test_other_exceptions_pass_unchanged(error):
    """Ctrl-C and programming errors are not errors of a request."""
    with pytest.raises(type(error)) as raised, map_exceptions("GET x"):
        raise error

    assert raised.value is error


def test_an_untrusted_certificate_is_not_retryable():
    """A retry would get the same certificate; the error has the reason."""
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    wrapped = requests_errors.SSLError(
        urllib3_errors.MaxRetryError(POOL, "/x", urllib3_errors.SSLError(inner))
    )

    for error in (inner, urllib3_errors.SSLError(inner), wrapped):
        result = mapped(error)
        assert type(result) is CertificateError
        assert "self-signed" in str(result)
        assert not is_retryable(result, 0)


def test_a_failed_handshake_is_retryable():
    """A proxy that restarts causes it, and so does a server without https."""
    result = mapped(requests_errors.SSLError(ssl.SSLError(1, "wrong version number")))

    assert type(result) is ConnectionFailed
    assert "speak https" in str(result)
    assert is_retryable(result, 0)


def test_a_timeout_within_a_connection_error_is_a_timeout():
    """requests reports a timeout of the body as a ConnectionError, urllib3 as a ProtocolError."""
    for error in (
        requests_errors.ConnectionError(urllib3_errors.ReadTimeoutError(POOL, "/x", "late")),
        requests_errors.ConnectionError(
            urllib3_errors.ProtocolError("aborted", TimeoutError("late"))
        ),
    ):
        assert type(mapped(error)) is RequestTimeout


def test_a_refused_connection_is_no_timeout():
    """In urllib3, its class is derived from that of connect timeouts."""
    refused = urllib3_errors.NewConnectionError(POOL, "[Errno 111] Connection refused")

    result = mapped(
        requests_errors.ConnectionError(urllib3_errors.MaxRetryError(POOL, "/x", refused))
    )

    assert type(result) is ConnectionFailed
    assert "Is the server running" in str(result)


def test_the_message_has_the_innermost_reason():
    """Python objects that wrap it are not shown."""
    reset = ConnectionResetError(104, "Connection reset by peer")
    error = requests_errors.ConnectionError(
        urllib3_errors.ProtocolError("Connection aborted.", reset)
    )

    assert "(" + str(reset) + ")" in str(mapped(error))
    assert " at 0x" not in str(mapped(make(urllib3_errors.NewConnectionError)))


def test_a_long_reason_is_cut():
    assert len(str(mapped(OSError("x" * 10_000)))) < 500


def test_circular_causes_are_no_endless_loop():
    """Exceptions can refer to each other."""
    one, other = OSError("one"), OSError("other")
    one.reason, other.reason = other, one

    assert type(mapped(one)) is ConnectionFailed


def test_the_cause_keeps_no_content_of_the_exception():
    """The original holds the request with its credentials, and texts of the server."""
    request = requests.Request("GET", "http://tamr.test", headers={"Authorization": "x"}).prepare()
    error = requests_errors.ReadTimeout("s3cret", request=request, response=requests.Response())
    error.__cause__ = error.__context__ = OSError("s3cret")

    cause = mapped(error).__cause__

    assert type(cause) is requests_errors.ReadTimeout
    assert "s3cret" not in "".join(traceback.format_exception(cause))
    assert vars(cause) == {}


@pytest.mark.parametrize("name", ["Authorization", "X-Other"])
@pytest.mark.parametrize("value", ["BasicCreds s3cret\n", "s3cret\r\nX: y"])
def test_a_header_value_is_not_quoted(name, value):
    """It may hold credentials, read from a file with a line break at its end."""

    def auth(request):
        request.headers[name] = value
        return request

    with pytest.raises(TamrError) as raised, map_exceptions("GET x"), requests.Session() as session:
        session.get("http://127.0.0.1:9", auth=auth)

    assert "s3cret" not in "".join(traceback.format_exception(raised.value))
    assert "header value" in str(raised.value)


def test_a_quoted_header_value_is_removed():
    """Both libraries quote it, in different texts."""
    for error in (
        requests_errors.InvalidHeader("in header value: 's3cret'"),
        ValueError("Header Value s3"),
    ):
        text = "".join(traceback.format_exception(mapped(error)))
        assert "s3" not in text


LOST = requests_errors.ConnectionError(
    urllib3_errors.ProtocolError("aborted", ConnectionResetError(104, "reset"))
)
REFUSED = requests_errors.ConnectionError(
    urllib3_errors.MaxRetryError(POOL, "/x", urllib3_errors.NewConnectionError(POOL, "refused"))
)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "error", [LOST, requests_errors.ReadTimeout("late"), requests_errors.ContentDecodingError()]
)
def test_a_change_without_a_response_has_an_unknown_outcome(method, error):
    """The job may have been started, so the error says to look before a repetition."""
    message = str(mapped(error, f"{method} http://tamr.test/x"))

    assert "not known whether the server has carried it out" in message
    assert "Jobs page" in message


@pytest.mark.parametrize(
    "error", [REFUSED, requests_errors.ConnectTimeout("x"), make(urllib3_errors.EmptyPoolError)]
)
def test_a_request_that_was_not_sent_has_a_known_outcome(error):
    """No connection was made."""
    message = str(mapped(error, "POST http://tamr.test/x"))

    assert "not known" not in message
    assert "Is the server running" in message


@pytest.mark.parametrize(
    "request_line", ["GET x", "HEAD x", "POST http://t/api/versioned/v1/instance:login"]
)
def test_reads_and_logins_may_be_repeated(request_line):
    """Repeating them changes nothing."""
    assert outcome_hint(request_line, "again") == "again"
    assert "not known" not in str(mapped(LOST, request_line))
