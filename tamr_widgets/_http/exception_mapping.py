"""Maps the exceptions of requests and urllib3 to this package's.

The originals are not kept: exceptions of requests hold the request, and those of urllib3 a pool
with the proxy's password.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import client as http
from traceback import clear_frames
from typing import Any, NoReturn

import requests
import urllib3.exceptions as urllib3

from .._text import MAX_LINE_CHARS, sanitize
from ..errors import (
    CertificateError,
    ConnectionFailed,
    InvalidRequest,
    RequestTimeout,
    TamrError,
    UnexpectedResponse,
)
from .proxies import UNREADABLE
from .proxy_errors import name_of, proxy_error
from .reasons import TLS_ERRORS, any_of, chain_of, reason_of, start_of

BUSY = "Tamr, or a proxy in front of it, could not answer just now; try again in a while."
_CHECK_ADDRESS = "Is the server running, and are host, port and network right?"
_UNKNOWN = (
    "It is not known whether the server has carried it out: look at Tamr's Jobs page before you "
    "try again."
)
# Requests that may be repeated although the server may have processed them.
_REPEATABLE = re.compile(r"GET |HEAD |POST \S*instance:login$")
_NO_CERTIFICATES = re.compile(
    "^Could not find (?:a suitable TLS CA|the TLS)|no[ _]certificate[ _]or[ _]crl|PEM lib",
    re.IGNORECASE,
)

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
    http.InvalidURL,
    UnicodeEncodeError,
)
_SLOW = (requests.Timeout, urllib3.TimeoutError, urllib3.EmptyPoolError, TimeoutError)
_LOST = (requests.RequestException, urllib3.HTTPError, http.HTTPException, OSError)
_LIBRARIES = (*_LOST, ValueError, MemoryError, RecursionError)
# With these there was no connection, so that nothing was sent.
_UNSENT = (urllib3.ConnectTimeoutError, urllib3.EmptyPoolError, requests.ConnectTimeout)


class map_exceptions:  # noqa: N801 - a context manager, as in contextlib
    """Raises this package's exceptions instead of those of requests and urllib3.

    Args:
        request_line: The method and the URL of the request, for messages.
        proxy: Returns the name of the request's proxy, or None.
    """

    def __init__(self, request_line: str, proxy: Callable[[], str | None] = lambda: None) -> None:
        self._request_line, self._proxy = request_line, proxy

    def __enter__(self) -> None:
        """Does nothing."""

    def __exit__(self, _: Any, error: BaseException | None, traceback: Any) -> None:
        """Raises a TamrError instead of `error` if a library of HTTP raised it."""
        # requests raises a plain ValueError for some responses, such as those with an invalid
        # Location, and a TypeError for some addresses of proxies.
        if isinstance(error, TamrError) or not isinstance(error, (*_LIBRARIES, TypeError)):
            return
        if not isinstance(error, _LIBRARIES) and name_of(self._proxy) != UNREADABLE:
            return
        mapped, bare = mapped_error(self._request_line, error, self._proxy), _reason_only(error)
        for each in chain_of(error):
            # The frames hold requests with credentials, and responses with an open socket.
            clear_frames(each.__traceback__)
        del error, each, traceback  # a traceback may show the local variables of this frame
        raise_alone(mapped, bare)


def raise_alone(error: TamrError, cause: BaseException | None = None) -> NoReturn:
    """Raises `error` without the exception being handled as context: it may hold credentials."""
    try:
        raise error from cause
    finally:
        error.__context__ = None


def outcome_hint(request_line: str, otherwise: str) -> str:
    """Returns a hint for a request that the server received, but whose response is missing.

    Args:
        request_line: The method and the URL of the request.
        otherwise: The hint for a request that can be repeated safely.
    """
    return otherwise if _REPEATABLE.match(request_line) else _UNKNOWN


def mapped_error(
    request_line: str, error: Exception, proxy: Callable[[], str | None] = lambda: None
) -> TamrError:
    """Returns this package's exception for one of requests or urllib3.

    Args:
        request_line: The method and the URL of the request, for messages.
        error: The exception.
        proxy: As for `map_exceptions`.
    """
    request_line = sanitize(request_line, MAX_LINE_CHARS)
    chain = chain_of(error)
    reason = reason_of(chain)
    via = name_of(proxy)
    mapped = (
        proxy_error(request_line, chain, reason, via)
        or _not_sent(request_line, error, chain, reason)
        or _response_error(request_line, error, chain, reason, via)
    )
    mapped.request_sent = not is_unsent(error)
    return mapped


def is_unsent(error: BaseException) -> bool:
    """Whether an exception of requests or urllib3 says that there was no connection."""
    return any_of(chain_of(error), _UNSENT)


def _not_sent(
    request_line: str, error: Exception, chain: list[BaseException], reason: str
) -> TamrError | None:
    """Returns the error if the request was not sent, and a retry would not be either."""
    if any_of(chain, _UNREADABLE):
        return None
    if isinstance(error, _UNSENDABLE):
        return InvalidRequest(f"{request_line} could not be sent ({reason}). Check its arguments.")
    if _lacks_certificates(chain):
        return CertificateError(
            f"{request_line} was not sent: there is no file with certificates where one is "
            "expected. Set REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE, or verify and cert of the "
            "session) to a PEM file that exists, or unset it."
        )
    return _tls_error(request_line, chain, reason) if isinstance(error, TLS_ERRORS) else None


def _response_error(
    request_line: str, error: Exception, chain: list[BaseException], reason: str, via: str | None
) -> TamrError:
    through = f" through the proxy {via}" if via else ""
    if any_of(chain, _UNREADABLE):
        hint = outcome_hint(request_line, BUSY)
        return UnexpectedResponse(
            f"{request_line} returned a response that cannot be decoded ({reason}). {hint}"
        )
    hint = _CHECK_ADDRESS if any_of(chain, _UNSENT) else outcome_hint(request_line, "")
    if any_of(chain, _SLOW) and not any_of(chain, urllib3.NewConnectionError):
        return RequestTimeout(
            f"{request_line} got no complete response{through} within its time limit. "
            f"{hint or BUSY}"
        )
    if isinstance(error, _LOST):
        return ConnectionFailed(
            f"{request_line} got no response{through} ({reason}). {hint or _CHECK_ADDRESS}"
        )
    hint = outcome_hint(request_line, BUSY)
    return UnexpectedResponse(f"{request_line} returned an invalid response ({reason}). {hint}")


def _lacks_certificates(chain: list[BaseException]) -> bool:
    """Whether a certificate file is missing or empty: requests and ssl have no class for this."""
    if any(
        isinstance(each, (FileNotFoundError, IsADirectoryError)) and each.errno for each in chain
    ):
        return True
    return any(_NO_CERTIFICATES.search(start_of(each)) for each in chain)


def _tls_error(request_line: str, chain: list[BaseException], reason: str) -> ConnectionFailed:
    """Returns the error for a TLS failure; only that of a certificate is permanent."""
    if not any("certificate" in start_of(each).lower() for each in chain):
        return ConnectionFailed(
            f"{request_line} got no response ({reason}). Does the server speak https there?"
        )
    return CertificateError(
        f"{request_line} was not sent: the server's certificate was not accepted ({reason}). Check "
        "the host name and the certificates that this machine trusts (REQUESTS_CA_BUNDLE, or "
        "verify of the session)."
    )


def _reason_only(error: Exception) -> BaseException | None:
    """Returns an exception of the same class that holds only the reason, if that is possible."""
    bare: Any = type(error).__new__(type(error))
    bare.args = (reason_of(chain_of(error)),)
    try:
        repr(bare)
    except AttributeError:  # its repr needs attributes that its constructor sets
        return None
    return bare  # type: ignore[no-any-return]
