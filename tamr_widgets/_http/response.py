"""What came back: answers, and the errors that say what they were instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from .._text import sanitize
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
from .exception_mapping import BUSY, outcome_hint, raise_alone, request_line
from .redaction import redactor

# Error bodies are cut here before they get into a message or a log.
MAX_BODY_CHARS = 2000
# Of one JSON document. While one is parsed, no other thread runs.
MAX_DOCUMENT_BYTES = 4 * 2**20

_HINTS: dict[int, tuple[type[HTTPStatusError], str]] = {
    401: (Unauthorized, "Check the user name and password (or token) and make a new Client."),
    403: (Forbidden, "This user may not do that; ask whoever administers Tamr for permission."),
    404: (NotFound, "It may have been deleted, or never existed; look at Tamr's Jobs page."),
    405: (MethodNotAllowed, "This server does not support that."),
}
# A gateway that gave up has passed the request on; one that is busy has not.
_GIVEN_UP = frozenset({500, 502, 504})
_ODD = "Check the request, and the host and port of the client."


def raise_for_status(response: requests.Response, what: str, auth: Any = None) -> requests.Response:
    """`response` if the server did what was asked, else the error that says what it answered.

    Args:
        response: What came back.
        what: The request in a few words.
        auth: Whose secrets to take out of the server's words.

    Raises:
        HTTPStatusError: An error status; 401, 403, 404 and 405 have classes of their own.
        UnexpectedResponse: A redirect that was not followed, or a web page that says nothing about
            whether anything was done.
    """
    what = request_line(what)
    status = response.status_code
    if status < 300:
        if response.content[:100].lstrip().startswith(b"<"):
            raise unexpected(response, what, "a web page")
        return response
    if status < 400:
        raise unexpected(response, what, f"a redirect ({status}), which is not followed")
    kind, hint = _HINTS.get(status, (HTTPStatusError, BUSY if status >= 500 else _ODD))
    if status in (408, 425, 429):
        hint = BUSY
    if status in _GIVEN_UP:
        hint = outcome_hint(what, BUSY)
    response = _kept(response, what, auth)
    text = reason_in(response, auth)
    answer = f"{status} {_phrase(status)}" + (f": {text}" if text else "")
    raise kind(f"{what} was answered {answer.rstrip('.')}. {hint}", response=response)


def parse_json(
    response: requests.Response, what: str, parse: Callable[[str], Any] | None = None
) -> Any:
    """The JSON document in an answer, as `parse` reads it; by default all of it.

    Raises:
        UnexpectedResponse: There is none: it was cut off, or a proxy answered, with a login page
            for example. Or it is too long, and there is no `parse` that reads it in steps.
    """
    if parse is None and len(response.content) > MAX_DOCUMENT_BYTES:
        size = f"a document of more than {MAX_DOCUMENT_BYTES // 2**20} MiB"
        raise unexpected(response, what, size)
    try:
        return (parse or json.loads)(_utf8(response.content))
    except (ValueError, RecursionError, MemoryError):
        # JSON's own error holds the whole document.
        raise_alone(unexpected(response, what, "something that is not JSON"))


def unexpected(response: requests.Response, what: str, came: str) -> UnexpectedResponse:
    """The error for an answer of the wrong form; says the content type and shows nothing of it."""
    what = request_line(what)
    response = _kept(response, what)
    kind = response.headers.get("Content-Type", "no content type")
    hint = outcome_hint(what, "Check the address, or try again in a while.")
    error = UnexpectedResponse(
        f"{what} came back with {came} ({sanitize(kind, 100)}). A proxy or a login page may have "
        f"answered instead of Tamr. {hint}"
    )
    error.response = response
    return error


def _kept(response: requests.Response, what: str, auth: Any = None) -> requests.Response:
    """A response as an error may keep it: one of another client holds its request."""
    if response.raw is None:
        return response
    return received(response, what, secrets=secrets_of(auth))


def reason_in(response: requests.Response, auth: Any) -> str:
    """The server's own words for an error, in one line; nothing for a page of HTML."""
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
    """What JSON is in. requests would guess, which takes seconds for a megabyte."""
    return content.decode("utf-8-sig", "replace")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(an unknown status)"
