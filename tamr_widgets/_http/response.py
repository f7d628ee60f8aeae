"""Checks responses and raises typed errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from .._text import MAX_BODY_CHARS, MAX_LINE_CHARS, sanitize
from ..auth import secrets_of
from ..errors import (
    Forbidden,
    HTTPStatusError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
    UnexpectedResponse,
)
from .body import received
from .exception_mapping import BUSY, outcome_hint, raise_alone
from .redaction import redactor

# Of one JSON document; json.loads blocks all other threads while it parses.
MAX_DOCUMENT_BYTES = 4 * 2**20

_HINTS: dict[int, tuple[type[HTTPStatusError], str]] = {
    401: (Unauthorized, "Check the user name and password (or token) and make a new Client."),
    403: (Forbidden, "This user may not do that; ask an administrator of Tamr for permission."),
    404: (NotFound, "It may have been deleted, or never existed; look at Tamr's Jobs page."),
    405: (MethodNotAllowed, "This server does not support that."),
}
# With these, a gateway may have forwarded the request; with 503 and 429 it has not.
_UNCERTAIN = frozenset({500, 502, 504})
_CHECK_REQUEST = "Check the request, and the host and port of the client."


def raise_for_status(
    response: requests.Response, request_line: str, auth: Any = None
) -> requests.Response:
    """Returns `response` if the request succeeded.

    Args:
        response: The response of the server.
        request_line: The method and the endpoint of the request, for messages.
        auth: The auth object whose secrets are removed from the server's text.

    Raises:
        HTTPStatusError: An error status; 401, 403, 404 and 405 have their own classes.
        UnexpectedResponse: A redirect that was not followed, or a web page instead of JSON.
    """
    request_line = sanitize(request_line, MAX_LINE_CHARS)
    status = response.status_code
    if status < 300:
        if response.content[:100].lstrip().startswith(b"<"):
            raise unexpected(response, request_line, "a web page")
        return response
    if status < 400:
        raise unexpected(response, request_line, f"a redirect ({status}), which is not followed")
    kind, hint = _HINTS.get(status, (HTTPStatusError, BUSY if status >= 500 else _CHECK_REQUEST))
    if status in (408, 425, 429):
        hint = BUSY
    if status in _UNCERTAIN:
        hint = outcome_hint(request_line, BUSY)
    response = _without_secrets(response, request_line, auth)
    text = reason_in(response, auth)
    result = f"{status} {_phrase(status)}" + (f": {text}" if text else "")
    raise kind(f"{request_line} was answered {result.rstrip('.')}. {hint}", response=response)


def parse_json(
    response: requests.Response, request_line: str, parse: Callable[[str], Any] | None = None
) -> Any:
    """Parses the body of a response by `parse`, which is `json.loads` by default.

    Raises:
        UnexpectedResponse: The body is not JSON, such as a cut-off document or a proxy's login
            page; or it is longer than `MAX_DOCUMENT_BYTES` and `parse` is None.
    """
    if parse is None and len(response.content) > MAX_DOCUMENT_BYTES:
        size = f"a document of more than {MAX_DOCUMENT_BYTES // 2**20} MiB"
        raise unexpected(response, request_line, size)
    try:
        return (parse or json.loads)(_utf8(response.content))
    except (ValueError, RecursionError, MemoryError):
        # Raised without its context, since JSONDecodeError holds the whole document.
        raise_alone(unexpected(response, request_line, "something that is not JSON"))


def unexpected(
    response: requests.Response, request_line: str, received_form: str
) -> UnexpectedResponse:
    """Creates the error for a response of the wrong form, with its content type but no content."""
    request_line = sanitize(request_line, MAX_LINE_CHARS)
    response = _without_secrets(response, request_line)
    content_type = response.headers.get("Content-Type", "no content type")
    hint = outcome_hint(request_line, "Check the address, or try again in a while.")
    error = UnexpectedResponse(
        f"{request_line} returned {received_form} ({sanitize(content_type)}). A proxy or "
        f"a login page may have answered instead of Tamr. {hint}"
    )
    error.response = response
    return error


def _without_secrets(
    response: requests.Response, request_line: str, auth: Any = None
) -> requests.Response:
    """Returns a response for an error to hold: another client's holds credentials."""
    if response.raw is None:
        return response
    return received(response, request_line, secrets=secrets_of(auth))


def reason_in(response: requests.Response, auth: Any) -> str:
    """Returns the server's message for an error in one line, empty for an HTML page."""
    text = _utf8(response.content[:MAX_DOCUMENT_BYTES])
    try:
        document = json.loads(text)
        text = json.dumps(document, ensure_ascii=False)
    except (ValueError, RecursionError, MemoryError):
        document = None
    if isinstance(document, dict) and isinstance(document.get("message"), str):
        text = document["message"]
    if text.lstrip().startswith("<"):
        return ""
    start = text[: 4 * MAX_BODY_CHARS]
    return sanitize(redactor(frozenset(secrets_of(auth))).text(start), MAX_BODY_CHARS)


def _utf8(content: bytes) -> str:
    """Decodes JSON; requests would detect the charset, which takes seconds for a megabyte."""
    return content.decode("utf-8-sig", "replace")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(an unknown status)"
