"""Secrets in tracebacks and documents, limits of documents and texts, and forms of addresses."""

from __future__ import annotations

import json
import traceback

import pytest
import requests
from fakes import CERTIFICATE, RawServer, document, http

from tamr_widgets import (
    CertificateError,
    Client,
    Operation,
    TamrError,
    UnexpectedResponse,
    UsernamePasswordAuth,
)
from tamr_widgets._http.redaction import Redactor
from tamr_widgets._http.response import MAX_DOCUMENT_BYTES
from tamr_widgets._http.urls import endpoint_url, operation_id
from tamr_widgets._json_list import MAX_OTHER_CHARS, iter_items

PASSWORD = "Zx9hunterq77"
ORIGIN = "http://tamr.test:9100"


def raw(content):
    return lambda connection, request: connection.sendall(content)


def close_connection(connection, request):
    connection.close()


def local_variables(error):
    """Returns the frames of the package and of libraries as a verbose traceback shows them."""
    shown = []
    while error is not None:
        frames = traceback.walk_tb(error.__traceback__)
        summary = traceback.StackSummary.extract(frames, capture_locals=True)
        shown += [(each.name, each.locals) for each in summary if each.filename != __file__]
        shown.append(repr(error))
        error = error.__cause__ or error.__context__
    return str(shown)


def fetch(port, **options):
    auth = UsernamePasswordAuth("ada", PASSWORD)
    with Client(auth, host="127.0.0.1", port=port, **options) as client:
        return client.operation("17")


@pytest.mark.parametrize("store_auth_cookie", [False, True])
@pytest.mark.parametrize(
    "serve",
    [
        close_connection,
        raw(b"HTTP/9 " + PASSWORD.encode() + b"\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + PASSWORD.encode() + b"\r\n"),
        raw(http(PASSWORD.encode(), "200 OK", "Content-Encoding: gzip")),
        raw(http(PASSWORD.encode(), "401 " + PASSWORD)),
    ],
    ids=["closed", "status", "chunk", "gzip", "401"],
)
def test_a_traceback_with_local_variables_shows_no_password(serve, store_auth_cookie):
    """The frames of polls and logins hold requests and responses."""
    with RawServer(serve) as server, pytest.raises(TamrError) as caught:
        fetch(server.port, store_auth_cookie=store_auth_cookie)

    assert PASSWORD not in local_variables(caught.value)


@pytest.mark.parametrize("cert", ["/", "/dev/null"])
def test_an_unreadable_client_certificate_is_a_certificate_error(cert):
    """A retry would fail, too."""
    with RawServer(raw(b""), tls=True) as server, requests.Session() as session:
        session.verify, session.cert = str(CERTIFICATE), cert
        with pytest.raises(CertificateError, match="no file with certificates"):
            fetch(server.port, protocol="https", session=session)


def test_a_secret_in_a_key_of_a_document_is_redacted():
    """A key of Tamr's own stays, even if it is the password."""
    body = json.dumps([{"id": 1, PASSWORD: {"x " + PASSWORD: 2}}]).encode()

    assert json.loads(Redactor([PASSWORD]).bytes(body)) == [{"id": 1, "***": {"x ***": 2}}]
    named = b'{"description": "Train", "password": "description"}'
    assert json.loads(Redactor(["description"]).bytes(named))["description"] == "Train"


@pytest.mark.parametrize("wrap", ["%s", "[%s]"])
def test_a_number_of_a_document_is_not_redacted(wrap):
    """The document stays JSON if the digits of a number are a password."""
    body = wrap % '{"size": 98765432109876543210, "message": "for 98765432109876543210"}'

    redacted = Redactor(["98765432109876543210"]).bytes(body.encode()).decode()

    assert redacted == wrap % '{"size": 98765432109876543210, "message": "for ***"}'


@pytest.mark.parametrize("password", ["admin", "spark", "16", "s3cret-of-ada"])
def test_a_word_of_a_document_is_not_redacted(password):
    """A word that is the password stays, unless it is named as a password."""
    body = json.dumps([document(description="Load https://x/admin, no token of spark")]).encode()

    assert Redactor([password, f"admin:{password}"]).bytes(body) == body
    for echoed in (f"password={password}", f'{{"token": "{password}"}}', f"//ada:{password}@x"):
        assert password not in Redactor([password]).text(echoed)


@pytest.mark.parametrize("field", ["relativeId", "description"])
def test_a_repr_is_short(field):
    """Long texts from the server are cut."""
    assert len(repr(Operation(None, document(**{field: "x" * 10**6})))) < 1000
    assert len(repr(Operation(None, document(status={"state": "x" * 10**6})))) < 1000


def test_a_document_that_is_too_long_is_not_parsed():
    """Parsing a document blocks all other threads of the kernel."""
    body = b'{"id": "17", "x": "' + b"x" * MAX_DOCUMENT_BYTES + b'"}'
    with (
        RawServer(raw(http(body))) as server,
        pytest.raises(UnexpectedResponse, match="4 MiB"),
    ):
        fetch(server.port)


def test_a_long_text_that_is_no_list_is_not_parsed():
    """Its first character shows that it is no list."""
    with pytest.raises(TypeError):
        next(iter_items("{" + "x" * MAX_OTHER_CHARS))


@pytest.mark.parametrize(
    "address", ["operations/17/", "/api/versioned/v1/operations/17#x", f"{ORIGIN}/operations/17/?x"]
)
def test_an_address_of_an_operation_is_accepted_in_each_form(address):
    """It may end with a slash, a fragment or a query."""
    assert operation_id(ORIGIN, address) == "17"


def test_blanks_around_an_endpoint_are_removed():
    """They are often copied with it."""
    assert endpoint_url(ORIGIN, "/api/", " operations ") == f"{ORIGIN}/api/operations"
