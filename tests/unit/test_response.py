from __future__ import annotations

import pickle

import pytest
import requests
from fakes import fake_response

from tamr_widgets import (
    Forbidden,
    HTTPStatusError,
    MethodNotAllowed,
    NotFound,
    TokenAuth,
    Unauthorized,
    UnexpectedResponse,
    UsernamePasswordAuth,
)
from tamr_widgets._http.response import parse_json, raise_for_status, reason_in
from tamr_widgets._text import MAX_BODY_CHARS

HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
REQUEST_LINE = "GET operations/17"


def raised_by(response, request_line=REQUEST_LINE, auth=None, kind=requests.HTTPError):
    with pytest.raises(kind) as raised:
        raise_for_status(response, request_line, auth)
    return raised.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_returned(status):
    """It is the same object."""
    response = fake_response(status)

    assert raise_for_status(response, REQUEST_LINE) is response


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (400, HTTPStatusError, "Check the request"),
        (401, Unauthorized, "make a new Client"),
        (403, Forbidden, "ask an administrator"),
        (404, NotFound, "may have been deleted"),
        (405, MethodNotAllowed, "does not support that"),
        (408, HTTPStatusError, "try again in a while"),
        (409, HTTPStatusError, "Check the request"),
        (429, HTTPStatusError, "try again in a while"),
        (500, HTTPStatusError, "try again in a while"),
        (502, HTTPStatusError, "try again in a while"),
        (503, HTTPStatusError, "try again in a while"),
        (799, HTTPStatusError, "try again in a while"),
    ],
)
def test_an_error_status_says_what_to_do(status, kind, hint):
    """The message has the request, the status and the next step; the error holds the response."""
    response = fake_response(status)

    error = raised_by(response)

    assert type(error) is kind
    assert str(error).startswith(f"{REQUEST_LINE} was answered {status} ")
    assert hint in str(error)
    assert error.response is response


@pytest.mark.parametrize(
    ("status", "unknown"), [(500, True), (502, True), (504, True), (503, False), (429, False)]
)
def test_a_gateway_error_of_a_post_has_an_unknown_outcome(status, unknown):
    """The job may have been started; a busy server has not accepted the request."""
    assert ("not known" in str(raised_by(fake_response(status), "POST x"))) == unknown
    assert "not known" not in str(raised_by(fake_response(status), "GET x"))


@pytest.mark.parametrize("body", [HTML, b"\n  <?xml version='1.0'?>", b"<"])
@pytest.mark.parametrize("status", [200, 202])
def test_a_web_page_is_no_success(status, body):
    """A proxy's login page has the status 200, too."""
    error = raised_by(fake_response(status, body), kind=UnexpectedResponse)

    assert "a web page" in str(error)


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirect_is_an_unexpected_response(status):
    """It was not followed, and its body is not the requested document."""
    error = raised_by(fake_response(status), kind=UnexpectedResponse)

    assert f"a redirect ({status})" in str(error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", ""),
        ({"message": "No result\n found", "stackTrace": ["x"]}, "No result found"),
        ({"error": "x"}, '{"error": "x"}'),
        ({"message": 7}, '{"message": 7}'),
        (["x"], '["x"]'),
        (b"Credentials are  required.", "Credentials are required."),
        (HTML, ""),
        (b" \n<html>", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'\xef\xbb\xbf{"message": "x"}', "x"),
        (b'{"message": "\\ud800 \\u0000 \\u001b[31m"}', "[31m"),
        ("caf\u00e9", '"caf\u00e9"'),
    ],
)
def test_the_reason_is_the_servers_message(body, reason):
    """It becomes one printable line; HTML is not shown."""
    assert reason_in(fake_response(500, body), None) == reason
    assert ("Error:" in str(raised_by(fake_response(500, body)))) == bool(reason)


@pytest.mark.parametrize(
    "body", [b"x" * 10**6, {"message": "x" * 10**6}, ["x" * 10**6], b"[" * 10**6]
)
def test_a_long_body_is_cut(body):
    """Errors stay readable, however long the response is."""
    response = fake_response(500, body, Content_Type="application/octet-stream")

    assert len(reason_in(response, None)) == MAX_BODY_CHARS
    assert len(str(raised_by(response))) < MAX_BODY_CHARS + 300


def test_an_echoed_secret_is_not_shown():
    """The length limit may cut it, and no part of it is shown either."""
    for filler in range(MAX_BODY_CHARS - 20, MAX_BODY_CHARS + 5):
        body = b"x" * filler + b" t0kensecret"

        assert "t0k" not in str(raised_by(fake_response(500, body), auth=TokenAuth("t0kensecret")))


def test_an_escaped_secret_is_not_shown():
    """JSON escapes some characters."""
    auth = UsernamePasswordAuth("ada", 'p\u00e4"ss')
    body = {"message": 'no p\u00e4"ss'}

    assert "no ***." in str(raised_by(fake_response(500, body), auth=auth))


def test_a_document_is_decoded_as_utf_8():
    """The charset of the header is ignored, and so is a byte order mark."""
    body = '{"a": "caf\u00e9"}'.encode()

    for content in (body, b"\xef\xbb\xbf" + body):
        response = fake_response(200, content, Content_Type="text/plain; charset=latin-1")
        assert parse_json(response, REQUEST_LINE) == {"a": "caf\u00e9"}


def test_an_invalid_byte_is_replaced():
    """The rest of the document is read."""
    assert parse_json(fake_response(200, b'{"a": "\xff"}'), REQUEST_LINE) == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "body", [b"", HTML, b'{"id": "17', b"\xff", b"[" * 100_000, b"1" * 5000, b'{"a": 1} more']
)
def test_a_body_that_is_not_json_is_an_error(body):
    """The error names the path and the content type; it shows no body, but holds the response."""
    response = fake_response(200, body, Content_Type="text/html\x1b[31m")

    with pytest.raises(UnexpectedResponse, match=r"not JSON \(text/html \[31m\)") as raised:
        parse_json(response, REQUEST_LINE)

    assert REQUEST_LINE in str(raised.value)
    assert raised.value.response is response


def test_a_missing_content_type_is_reported():
    with pytest.raises(UnexpectedResponse, match="no content type"):
        parse_json(fake_response(200), REQUEST_LINE)


def test_errors_can_be_pickled():
    """Their responses are pickled, too."""
    for error in (
        raised_by(fake_response(404, {"message": "x"})),
        raised_by(fake_response(302), kind=ValueError),
    ):
        unpickled = pickle.loads(pickle.dumps(error))

        assert type(unpickled) is type(error)
        assert str(unpickled) == str(error)
        assert unpickled.response.status_code == error.response.status_code
