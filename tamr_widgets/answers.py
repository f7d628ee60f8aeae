"""What came back: requests' exceptions and HTTP answers, turned into ours at one boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import requests
import urllib3

from .auth import redacted
from .errors import (
    Forbidden,
    HTTPStatusError,
    MethodNotAllowed,
    NoAnswer,
    NotFound,
    TamrError,
    TooSlow,
    Unauthorized,
    UnexpectedAnswer,
    Untrusted,
)

# Error bodies are cut here before they get into a message or a log.
BODY_CHARS = 2000

_HINTS: dict[int, tuple[type[HTTPStatusError], str]] = {
    401: (Unauthorized, "Check the user name and password (or token) and make a new Client."),
    403: (Forbidden, "This user may not do that; ask whoever administers Tamr for permission."),
    404: (NotFound, "It may have been deleted, or never existed; look at Tamr's Jobs page."),
    405: (MethodNotAllowed, "This server does not support that."),
}
_BUSY = "Tamr, or a proxy in front of it, could not answer just now; try again in a while."
_ODD = "Check the request, and the host and port of the client."


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise requests' and urllib3's exceptions as ours; `what` is the request in a few words."""
    try:
        yield
    except TamrError:
        raise
    except requests.exceptions.SSLError as error:
        raise _tls_error(what, error) from error
    except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
        msg = f"{what} got no complete answer within its time limit. {_BUSY}"
        raise TooSlow(msg) from error
    except (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError) as error:
        msg = f"{what} came back in an encoding that could not be read ({_reason(error)}). {_BUSY}"
        raise UnexpectedAnswer(msg) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        if _timed_out(error):
            msg = f"{what} got no complete answer within its time limit. {_BUSY}"
            raise TooSlow(msg) from error
        msg = (
            f"{what} got no answer ({_reason(error)}). Is the server running, and are host, port "
            "and network right?"
        )
        raise NoAnswer(msg) from error


def _tls_error(what: str, error: requests.exceptions.SSLError) -> NoAnswer:
    """A certificate that is not accepted stays so; a handshake that breaks off may pass."""
    reason = _reason(error)
    if "certificate" not in reason.lower():
        return NoAnswer(f"{what} got no answer ({reason}). Does the server speak https there?")
    return Untrusted(
        f"{what} was not sent: the server's certificate was not accepted ({reason}). Check the "
        "host name and the certificates that this machine trusts."
    )


def _timed_out(error: BaseException) -> bool:
    """Whether a ConnectionError is a time-out in the body, which requests reports that way."""
    inner = error.args[0] if error.args else None
    return isinstance(inner, (urllib3.exceptions.TimeoutError, TimeoutError))


def _reason(error: BaseException) -> str:
    """The innermost reason, without the addresses of objects that urllib3 puts around it."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        error = inner
    text = str(error).rpartition("object at 0x")[2].partition(": ")[2] or str(error)
    return text[:200] or type(error).__name__


def checked(response: requests.Response, what: str, auth: Any = None) -> requests.Response:
    """`response` if the server did what was asked, else the error that says what it answered.

    Args:
        response: What came back.
        what: The request in a few words.
        auth: Whose secrets to take out of the server's words.

    Raises:
        HTTPStatusError: An error status; 401, 403, 404 and 405 have classes of their own.
        UnexpectedAnswer: A redirect that was not followed.
    """
    status = response.status_code
    if status < 300:
        return response
    if status < 400:
        raise unexpected(response, what, f"a redirect ({status}), which is not followed")
    kind, hint = _HINTS.get(status, (HTTPStatusError, _BUSY if status >= 500 else _ODD))
    if status in (408, 425, 429):
        hint = _BUSY
    text = redacted(reason_in(response), auth)
    answer = f"{status} {_phrase(status)}" + (f": {text}" if text else "")
    raise kind(f"{what} was answered {answer.rstrip('.')}. {hint}", response=response)


def json_of(response: requests.Response, what: str) -> Any:
    """The JSON document in an answer.

    Raises:
        UnexpectedAnswer: There is none: it was cut off, or somebody else answered (a proxy's login
            page, for example).
    """
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise unexpected(response, what, "something that is not JSON") from error


def unexpected(response: requests.Response, what: str, came: str) -> UnexpectedAnswer:
    """The error for an answer of the wrong form; says the content type and shows nothing of it."""
    kind = response.headers.get("Content-Type", "no content type")[:100]
    error = UnexpectedAnswer(
        f"{what} came back with {came} ({kind}). A proxy or a login page may have answered instead "
        "of Tamr; check the address, or try again in a while."
    )
    error.response = response
    return error


def reason_in(response: requests.Response) -> str:
    """The server's own words for an error, in one line; nothing for a page of HTML."""
    text = (response.text or "")[:BODY_CHARS]
    try:
        document = response.json()
    except (ValueError, RecursionError):
        return "" if text.lstrip().startswith("<") else " ".join(text.split())
    if isinstance(document, dict) and isinstance(document.get("message"), str):
        return " ".join(document["message"][:BODY_CHARS].split())
    return " ".join(json.dumps(document)[:BODY_CHARS].split())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(an unknown status)"
