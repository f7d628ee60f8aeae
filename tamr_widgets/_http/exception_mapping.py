"""The one boundary at which whatever requests and urllib3 raise becomes ours.

Nothing of theirs is kept: exceptions of requests hold the request, and those of urllib3 a pool with
the proxy's password.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from http import client as http
from traceback import clear_frames
from typing import Any, NoReturn

import requests
import urllib3.exceptions as urllib3

from .._text import sanitize
from ..errors import (
    CertificateError,
    ConnectionFailed,
    InvalidRequest,
    ProxyFailed,
    ProxyUnauthorized,
    RequestTimeout,
    TamrError,
    UnexpectedResponse,
)
from .proxies import UNREADABLE
from .reasons import any_of, chain_of, reason_of, start_of

MAX_REQUEST_CHARS = 300

BUSY = "Tamr, or a proxy in front of it, could not answer just now; try again in a while."
_AWAY = "Is the server running, and are host, port and network right?"
_UNKNOWN = (
    "It is not known whether the server has carried it out: look at Tamr's Jobs page before you "
    "try again."
)
# What may as well have been carried out.
_HARMLESS = re.compile(r"GET |HEAD |POST \S*instance:login$")
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_NO_CERTIFICATES = re.compile(
    "^Could not find (?:a suitable TLS CA|the TLS)|no[ _]certificate[ _]or[ _]crl|PEM lib",
    re.IGNORECASE,
)
_PROXY_VARIABLES = "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY"

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
_TLS = (requests.exceptions.SSLError, urllib3.SSLError, ssl.SSLError)
_PROXY = (requests.exceptions.ProxyError, urllib3.ProxyError)
_SLOW = (requests.Timeout, urllib3.TimeoutError, urllib3.EmptyPoolError, TimeoutError)
_LOST = (requests.RequestException, urllib3.HTTPError, http.HTTPException, OSError)
_LIBRARIES = (*_LOST, ValueError, MemoryError, RecursionError)
# With these no connection was made, so that nothing was sent.
_UNSENT = (urllib3.ConnectTimeoutError, urllib3.EmptyPoolError, requests.ConnectTimeout)


class map_exceptions:  # noqa: N801 - a context manager, as in contextlib
    """Raises requests' and urllib3's exceptions as ours, without what they hold.

    Args:
        what: The request in a few words, its method first.
        proxy: Which proxy the request went through, if any.
    """

    def __init__(self, what: str, proxy: Callable[[], str | None] = lambda: None) -> None:
        self._what, self._proxy = what, proxy

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, _: Any, error: BaseException | None, traceback: Any) -> None:
        """Raises one of ours in the place of `error`."""
        # Some answers, such as a Location that is no address, make requests raise a plain
        # ValueError; some addresses of proxies make it raise a TypeError.
        if isinstance(error, TamrError) or not isinstance(error, (*_LIBRARIES, TypeError)):
            return
        if not isinstance(error, _LIBRARIES) and _named(self._proxy) != UNREADABLE:
            return
        ours, bare = _ours(request_line(self._what), error, self._proxy), _bare(error)
        for each in chain_of(error):
            # Their frames hold requests, and responses with an open socket.
            clear_frames(each.__traceback__)
        del error, each, traceback  # a traceback may show the local variables of this frame
        raise_alone(ours, bare)


def raise_alone(error: TamrError, cause: BaseException | None = None) -> NoReturn:
    """Raises `error` without the exception that is being handled, which may hold credentials."""
    try:
        raise error from cause
    finally:
        error.__context__ = None


def request_line(what: str) -> str:
    """A request in a few words, for a message: an endpoint can be long, and anybody's text."""
    return sanitize(what, MAX_REQUEST_CHARS)


def outcome_hint(what: str, otherwise: str) -> str:
    """What to do now about a request that the server got, but whose answer is missing."""
    return otherwise if _HARMLESS.match(what) else _UNKNOWN


def _ours(what: str, error: Exception, proxy: Callable[[], str | None]) -> TamrError:
    chain = chain_of(error)
    reason = reason_of(chain)
    via = _named(proxy)
    ours = _proxy_error(what, chain, reason, via) or _not_sent(what, error, chain, reason)
    return ours or _not_answered(what, error, chain, reason, via)


def _not_sent(
    what: str, error: Exception, chain: list[BaseException], reason: str
) -> TamrError | None:
    """The error if the request was not put on the wire, and would not be the next time."""
    if any_of(chain, _UNREADABLE):
        return None
    if isinstance(error, _UNSENDABLE):
        return InvalidRequest(f"{what} could not be sent ({reason}). Check what was asked for.")
    if _lacks_certificates(chain):
        return CertificateError(
            f"{what} was not sent: there is no file with certificates where one is expected. Set "
            "REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE, or verify and cert of the session) to a PEM "
            "file that exists, or unset it."
        )
    return _tls_error(what, chain, reason) if isinstance(error, _TLS) else None


def _not_answered(
    what: str, error: Exception, chain: list[BaseException], reason: str, via: str | None
) -> TamrError:
    through = f" through the proxy {via}" if via else ""
    if any_of(chain, _UNREADABLE):
        hint = outcome_hint(what, BUSY)
        return UnexpectedResponse(
            f"{what} came back in a form that can't be read ({reason}). {hint}"
        )
    hint = _AWAY if any_of(chain, _UNSENT) else outcome_hint(what, "")
    if any_of(chain, _SLOW) and not any_of(chain, urllib3.NewConnectionError):
        return RequestTimeout(
            f"{what} got no complete answer{through} within its time limit. {hint or BUSY}"
        )
    if isinstance(error, _LOST):
        return ConnectionFailed(f"{what} got no answer{through} ({reason}). {hint or _AWAY}")
    hint = outcome_hint(what, BUSY)
    return UnexpectedResponse(
        f"{what} came back with something that is no answer ({reason}). {hint}"
    )


def check_proxy(response: requests.Response, what: str, proxy: Callable[[], str | None]) -> None:
    """Raises if a proxy answered that it wants a user name and a password.

    Raises:
        ProxyUnauthorized: 407, and there is a proxy.
    """
    if response.status_code == 407 and (via := _named(proxy)):
        error = _proxy_unauthorized(request_line(what), via)
        error.response = response
        raise error


def _proxy_unauthorized(what: str, via: str | None) -> ProxyUnauthorized:
    return ProxyUnauthorized(
        f"{what} was refused by the proxy {via or ''} (407 Proxy Authentication Required). Set "
        "HTTP_PROXY and HTTPS_PROXY to http://<user>:<password>@<proxy>:<port>, with special "
        "characters of the password percent-encoded (# as %23), or name the server in NO_PROXY if "
        "it needs no proxy."
    )


def _proxy_error(
    what: str, chain: list[BaseException], reason: str, via: str | None
) -> TamrError | None:
    """The error if a proxy is at fault, else None."""
    answered = next((m[1] for each in chain if (m := _TUNNEL.search(start_of(each)))), None)
    if answered == "407":
        return _proxy_unauthorized(what, via)
    if answered:
        reason = f"it answered {answered}"
    elif any_of(chain, requests.exceptions.InvalidProxyURL) or (
        via and (via == UNREADABLE or any_of(chain, urllib3.LocationValueError))
    ):
        return InvalidRequest(
            f"{what} could not be sent: the address of the proxy cannot be read. Check "
            f"{_PROXY_VARIABLES}; special characters of a password are percent-encoded (# as %23, "
            "/ as %2F, @ as %40)."
        )
    elif any_of(chain, requests.exceptions.InvalidSchema) and "SOCKS" in start_of(chain[0]):
        return InvalidRequest(
            f"{what} could not be sent: a SOCKS proxy is set, which needs PySocks: "
            "pip install 'requests[socks]', or change ALL_PROXY."
        )
    elif any_of(chain, _TLS) or not any_of(chain, _PROXY):
        return None
    return ProxyFailed(
        f"{what} got no answer: the proxy {via or ''} did not connect ({reason}). Is it right in "
        f"{_PROXY_VARIABLES}, and does the server need one? NO_PROXY names those that do not."
    )


def _named(proxy: Callable[[], str | None]) -> str | None:
    try:
        return proxy()
    except Exception:  # noqa: BLE001 - a session of somebody's own; the error matters more
        return None


def _lacks_certificates(chain: list[BaseException]) -> bool:
    """Whether a file was not found, or holds none: requests and ssl have no class for that."""
    if any(
        isinstance(each, (FileNotFoundError, IsADirectoryError)) and each.errno for each in chain
    ):
        return True
    return any(_NO_CERTIFICATES.search(start_of(each)) for each in chain)


def _tls_error(what: str, chain: list[BaseException], reason: str) -> ConnectionFailed:
    """A certificate that is not accepted stays so; a handshake that breaks off may pass."""
    if not any("certificate" in start_of(each).lower() for each in chain):
        return ConnectionFailed(
            f"{what} got no answer ({reason}). Does the server speak https there?"
        )
    return CertificateError(
        f"{what} was not sent: the server's certificate was not accepted ({reason}). Check the "
        "host name and the certificates that this machine trusts (REQUESTS_CA_BUNDLE, or verify of "
        "the session)."
    )


def _bare(error: Exception) -> BaseException | None:
    """An exception of the same class that holds nothing but the reason."""
    bare: Any = type(error).__new__(type(error))
    bare.args = (reason_of(chain_of(error)),)
    try:
        repr(bare)
    except AttributeError:  # it is written with what its constructor sets
        return None
    return bare  # type: ignore[no-any-return]
