"""The exception boundary, complete: nothing of requests' or urllib3's gets through."""

from __future__ import annotations

import http.client
import pickle
import socket
import ssl
import traceback

import pytest
import requests
import urllib3
from requests import exceptions as theirs
from urllib3 import exceptions as lower

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
    """Each exception class of both modules, and of the operating system's family."""
    for module in (theirs, lower):
        for kind in vars(module).values():
            its_own = isinstance(kind, type) and kind.__module__ == module.__name__
            if its_own and issubclass(kind, Exception) and not issubclass(kind, Warning):
                yield kind
    builtin = [each for each in subclasses(OSError) if each.__module__ in {"builtins", "socket"}]
    yield from [OSError, *builtin, *subclasses(http.client.HTTPException)]


def made(kind):
    """An instance of an exception class, whatever its constructor wants."""
    return kind(*ARGUMENTS.get(full_name(kind), ("x",)))


def full_name(kind):
    return f"{kind.__module__}.{kind.__name__}"


def ours(error, what="GET http://tamr.test/x"):
    with pytest.raises(TamrError) as raised, map_exceptions(what):
        raise error
    return raised.value


@pytest.mark.parametrize("kind", dict.fromkeys(all_exceptions()), ids=full_name)
def test_every_exception_becomes_ours(kind):
    """Of a class that says what to do about it, with the request in its message."""
    error = made(kind)

    translation = ours(error)

    expected = EXPECTED.get(full_name(kind), EXPECTED.get(kind.__name__, ConnectionFailed))
    assert type(translation) is expected
    assert type(translation.__cause__) in {kind, type(None)}
    assert translation.__cause__ is not error
    assert translation.__context__ is None
    assert str(translation).startswith("GET http://tamr.test/x ")
    assert pickle.loads(pickle.dumps(translation)).args == translation.args


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        UnicodeEncodeError("latin-1", "\u20ac", 0, 1, "invalid"),
        ValueError("Invalid IPv6 URL"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_plain_value_errors_of_requests_become_ours(error):
    """requests lets some through: of a Location that is no address, of a header that cannot be."""
    assert type(ours(error)) is EXPECTED[type(error).__name__]


def test_a_bad_header_of_the_response_is_not_the_requests_fault():
    """requests wraps it in the class that it has for bad headers of requests."""
    error = theirs.InvalidHeader(lower.InvalidHeader("Content-Length contained multiple values"))

    assert type(ours(error)) is UnexpectedResponse


def test_our_own_errors_pass_unchanged():
    """They are translated already."""
    error = NotFound("gone")

    assert ours(error) is error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), KeyError("x"), TypeError("x"), SystemExit()]
)
def test_what_is_not_of_the_network_passes_unchanged(error):
    """Ctrl-C, and mistakes in Python, are none of the server's business."""
    with pytest.raises(type(error)) as raised, map_exceptions("GET x"):
        raise error

    assert raised.value is error


def test_a_certificate_that_is_not_accepted_does_not_pass():
    """Trying again would bring the same certificate, so it says what to check."""
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    wrapped = theirs.SSLError(lower.MaxRetryError(POOL, "/x", lower.SSLError(inner)))

    for error in (inner, lower.SSLError(inner), wrapped):
        translation = ours(error)
        assert type(translation) is CertificateError
        assert "self-signed" in str(translation)
        assert not is_retryable(translation, 0)


def test_a_handshake_that_breaks_off_may_pass():
    """A proxy that restarts does that, and so does a server that speaks no https."""
    translation = ours(theirs.SSLError(ssl.SSLError(1, "wrong version number")))

    assert type(translation) is ConnectionFailed
    assert "speak https" in str(translation)
    assert is_retryable(translation, 0)


def test_a_time_out_within_a_lost_connection_is_a_time_out():
    """requests reports a time-out in the body as a ConnectionError, urllib3 as a ProtocolError."""
    for error in (
        theirs.ConnectionError(lower.ReadTimeoutError(POOL, "/x", "late")),
        theirs.ConnectionError(lower.ProtocolError("aborted", TimeoutError("late"))),
    ):
        assert type(ours(error)) is RequestTimeout


def test_a_connection_that_could_not_be_made_is_no_time_out():
    """To urllib3 it is one."""
    refused = lower.NewConnectionError(POOL, "[Errno 111] Connection refused")

    translation = ours(theirs.ConnectionError(lower.MaxRetryError(POOL, "/x", refused)))

    assert type(translation) is ConnectionFailed
    assert "Is the server running" in str(translation)


def test_the_innermost_reason_is_told():
    """And not the Python objects around it."""
    reset = ConnectionResetError(104, "Connection reset by peer")
    error = theirs.ConnectionError(lower.ProtocolError("Connection aborted.", reset))

    assert "(" + str(reset) + ")" in str(ours(error))
    assert " at 0x" not in str(ours(made(lower.NewConnectionError)))


def test_a_long_reason_is_cut():
    """A message stays a message."""
    assert len(str(ours(OSError("x" * 10_000)))) < 500


def test_a_circle_of_causes_ends():
    """Exceptions can hold each other."""
    one, other = OSError("one"), OSError("other")
    one.reason, other.reason = other, one

    assert type(ours(one)) is ConnectionFailed


def test_nothing_of_the_exception_is_kept():
    """It holds the request with the credentials, and texts of anybody."""
    request = requests.Request("GET", "http://tamr.test", headers={"Authorization": "x"}).prepare()
    error = theirs.ReadTimeout("s3cret", request=request, response=requests.Response())
    error.__cause__ = error.__context__ = OSError("s3cret")

    cause = ours(error).__cause__

    assert type(cause) is theirs.ReadTimeout
    assert "s3cret" not in "".join(traceback.format_exception(cause))
    assert vars(cause) == {}


@pytest.mark.parametrize("name", ["Authorization", "X-Other"])
@pytest.mark.parametrize("value", ["BasicCreds s3cret\n", "s3cret\r\nX: y"])
def test_a_header_is_not_quoted(name, value):
    """It may be the one with the credentials, read from a file with a line break at its end."""

    def auth(request):
        request.headers[name] = value
        return request

    with pytest.raises(TamrError) as raised, map_exceptions("GET x"), requests.Session() as session:
        session.get("http://127.0.0.1:9", auth=auth)

    assert "s3cret" not in "".join(traceback.format_exception(raised.value))
    assert "header value" in str(raised.value)


def test_a_quoted_header_is_cut_off():
    """In the words of either library."""
    for error in (theirs.InvalidHeader("in header value: 's3cret'"), ValueError("Header Value s3")):
        text = "".join(traceback.format_exception(ours(error)))
        assert "s3" not in text


LOST = theirs.ConnectionError(lower.ProtocolError("aborted", ConnectionResetError(104, "reset")))
REFUSED = theirs.ConnectionError(
    lower.MaxRetryError(POOL, "/x", lower.NewConnectionError(POOL, "refused"))
)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize("error", [LOST, theirs.ReadTimeout("late"), theirs.ContentDecodingError()])
def test_what_may_have_been_done_is_said_to_be_unknown(method, error):
    """A job may have been started although no response came: look before doing it twice."""
    message = str(ours(error, f"{method} http://tamr.test/x"))

    assert "not known whether the server has carried it out" in message
    assert "Jobs page" in message


@pytest.mark.parametrize("error", [REFUSED, theirs.ConnectTimeout("x"), made(lower.EmptyPoolError)])
def test_what_was_never_sent_was_not_done(error):
    """If no connection was made, nothing is unknown."""
    message = str(ours(error, "POST http://tamr.test/x"))

    assert "not known" not in message
    assert "Is the server running" in message


@pytest.mark.parametrize(
    "what", ["GET x", "HEAD x", "POST http://t/api/versioned/v1/instance:login"]
)
def test_what_does_no_harm_may_be_tried_again(what):
    """Asking twice, or logging in twice, changes nothing."""
    assert outcome_hint(what, "again") == "again"
    assert "not known" not in str(ours(LOST, what))
