"""The one boundary at which whatever requests and urllib3 raise becomes ours."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, InvalidURL

import requests
import urllib3.exceptions as urllib3

from .errors import NoAnswer, TamrError, TooSlow, UnexpectedAnswer, Unsendable, Untrusted

REASON_CHARS = 200

BUSY = "Tamr, or a proxy in front of it, could not answer just now; try again in a while."
_AWAY = "Is the server running, and are host, port and network right?"
_UNKNOWN = (
    "It is not known whether the server has carried it out: look at Tamr's Jobs page before you "
    "try again."
)
# What may as well have been carried out.
_HARMLESS = re.compile(r"GET |HEAD |POST \S*instance:login$")
# What quotes a header may quote the one with the credentials.
_QUOTED_HEADER = re.compile(r"(?<=header value)\W.*", re.IGNORECASE | re.DOTALL)

_UNREADABLE = (
    requests.exceptions.ContentDecodingError,
    requests.exceptions.JSONDecodeError,
    requests.exceptions.TooManyRedirects,
    urllib3.DecodeError,
    urllib3.InvalidHeader,
)
_UNSENDABLE = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.UnrewindableBodyError,
    requests.exceptions.URLRequired,
    urllib3.LocationValueError,
    urllib3.UnrewindableBodyError,
    InvalidURL,
    UnicodeEncodeError,
)
_TLS = (requests.exceptions.SSLError, urllib3.SSLError, ssl.SSLError)
_SLOW = (requests.Timeout, urllib3.TimeoutError, urllib3.EmptyPoolError, TimeoutError)
_LOST = (requests.RequestException, urllib3.HTTPError, HTTPException, OSError)
# With these no connection was made, so that nothing was sent.
_UNSENT = (urllib3.ConnectTimeoutError, urllib3.EmptyPoolError, requests.ConnectTimeout)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise requests' and urllib3's exceptions as ours.

    Args:
        what: The request in a few words, its method first.
    """
    try:
        yield
    except TamrError:
        raise
    # Some answers, such as a Location that is no address, make requests raise a plain ValueError.
    except (*_LOST, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, requests.RequestException):
            error.request = None  # it holds the credentials
        raise _ours(what, error) from (None if _QUOTED_HEADER.search(str(error)) else error)


def outcome_hint(what: str, otherwise: str) -> str:
    """What to do now about a request that the server got, but whose answer is missing."""
    return otherwise if _HARMLESS.match(what) else _UNKNOWN


def _ours(what: str, error: Exception) -> TamrError:
    chain = _chain(error)
    reason = _reason(chain[-1])
    hint = _AWAY if _any(chain, _UNSENT) else outcome_hint(what, "")
    if _any(chain, _UNREADABLE):
        hint = outcome_hint(what, BUSY)
        return UnexpectedAnswer(f"{what} came back in a form that can't be read ({reason}). {hint}")
    if isinstance(error, _UNSENDABLE):
        return Unsendable(f"{what} could not be sent ({reason}). Check what was asked for.")
    if isinstance(error, _TLS):
        return _tls_error(what, reason)
    if _any(chain, _SLOW) and not _any(chain, urllib3.NewConnectionError):
        return TooSlow(f"{what} got no complete answer within its time limit. {hint or BUSY}")
    if isinstance(error, _LOST):
        return NoAnswer(f"{what} got no answer ({reason}). {hint or _AWAY}")
    hint = outcome_hint(what, BUSY)
    return UnexpectedAnswer(f"{what} came back with something that is no answer ({reason}). {hint}")


def _tls_error(what: str, reason: str) -> NoAnswer:
    """A certificate that is not accepted stays so; a handshake that breaks off may pass."""
    if "certificate" not in reason.lower():
        return NoAnswer(f"{what} got no answer ({reason}). Does the server speak https there?")
    return Untrusted(
        f"{what} was not sent: the server's certificate was not accepted ({reason}). Check the "
        "host name and the certificates that this machine trusts."
    )


def _any(
    chain: list[BaseException], kinds: type[BaseException] | tuple[type[BaseException], ...]
) -> bool:
    return any(isinstance(each, kinds) for each in chain)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and those that are wrapped in it, the innermost last."""
    chain = [error]
    while True:
        wrapped = (getattr(chain[-1], "reason", None), *chain[-1].args)
        inner = next((e for e in wrapped if isinstance(e, BaseException) and e not in chain), None)
        if inner is None:
            return chain
        chain.append(inner)


def _reason(error: BaseException) -> str:
    """Its words, without the objects that urllib3 puts in front of them."""
    text = re.sub(r"^\S*(?:<.* at 0x\w+>|\(host=.*?\)): ", "", str(error))
    return _QUOTED_HEADER.sub("", text)[:REASON_CHARS] or type(error).__name__
