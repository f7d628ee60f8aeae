"""Describes why a request failed, without quoting the messages of other libraries.

The messages of requests and urllib3 hold URLs with passwords, headers, and the server's bytes. A
reason is derived from the class of an exception and from the operating system's text for its errno.
"""

from __future__ import annotations

import os
import socket
import ssl
from http import client as http

import requests
import urllib3.exceptions as urllib3

from .._text import MAX_NAME_CHARS, sanitize

# A text of this package, which may be quoted.
SWITCHED = "101 Switching Protocols, which was not requested"

# The exceptions for failures of TLS.
TLS_ERRORS = (requests.exceptions.SSLError, urllib3.SSLError, ssl.SSLError)

Kinds = type[BaseException] | tuple[type[BaseException], ...]

# urllib3 1.26 has none of its own.
_NAME_ERROR = getattr(urllib3, "NameResolutionError", socket.gaierror)
# The first match counts; for exceptions without an errno.
_REASONS: tuple[tuple[Kinds, str], ...] = (
    ((socket.gaierror, _NAME_ERROR), "the host name could not be resolved"),
    (socket.herror, "the host name could not be resolved"),
    (ConnectionRefusedError, "the connection was refused"),
    (http.RemoteDisconnected, "the connection was closed without a response"),
    (ConnectionResetError, "the connection was reset"),
    ((http.IncompleteRead, urllib3.IncompleteRead), "the response was cut off"),
    (urllib3.InvalidChunkLength, "a chunk of the response has no valid length"),
    (ConnectionAbortedError, "it was cancelled"),
    (http.LineTooLong, "a line of the response is too long"),
    (http.InvalidURL, "an address that cannot be read"),
    (http.HTTPException, "the response is not HTTP"),
    ((urllib3.DecodeError, requests.exceptions.ContentDecodingError), "it cannot be decompressed"),
    (requests.exceptions.JSONDecodeError, "it is not JSON"),
    (requests.exceptions.TooManyRedirects, "too many redirects"),
    (requests.exceptions.InvalidHeader, "a header value that HTTP does not allow"),
    (urllib3.InvalidHeader, "a header that HTTP does not allow"),
    (urllib3.HeaderParsingError, "headers that cannot be read"),
    (requests.exceptions.InvalidJSONError, "the JSON cannot be written"),
    (requests.exceptions.InvalidProxyURL, "the proxy's address cannot be read"),
    (requests.exceptions.MissingSchema, "an address without a protocol"),
    (requests.exceptions.InvalidSchema, "no adapter for this protocol"),
    (requests.exceptions.InvalidURL, "an address that cannot be read"),
    (
        (urllib3.UnrewindableBodyError, requests.exceptions.UnrewindableBodyError),
        "it was consumed by the first attempt",
    ),
    (urllib3.URLSchemeUnknown, "an unknown protocol"),
    (urllib3.LocationValueError, "an address that cannot be read"),
    (UnicodeEncodeError, "characters that HTTP cannot carry"),
    (UnicodeDecodeError, "bytes that are not text"),
    (urllib3.NewConnectionError, "no connection could be made"),
    (urllib3.ClosedPoolError, "the connections were closed"),
    (urllib3.ProtocolError, "the connection broke"),
)


def start_of(error: BaseException) -> str:
    """Returns the beginning of an exception's text, to be searched and not displayed."""
    return str(error)[:1000]


def any_of(chain: list[BaseException], kinds: Kinds) -> bool:
    """Whether one of the exceptions is an instance of these classes."""
    return any(isinstance(each, kinds) for each in chain)


def chain_of(error: BaseException) -> list[BaseException]:
    """Returns an error and those that are wrapped in it, the innermost last."""
    chain = [error]
    while True:
        last = chain[-1]
        # The last two are those of PySocks, which neither chains its errors nor is chained.
        wrapped = [getattr(last, "reason", None), *last.args, last.__cause__]
        wrapped.append(getattr(last, "socket_err", None))
        if isinstance(last, urllib3.NewConnectionError):
            wrapped.append(last.__context__)
        inner = next((e for e in wrapped if isinstance(e, BaseException) and e not in chain), None)
        if inner is None:
            return chain
        chain.append(inner)


def reason_of(chain: list[BaseException]) -> str:
    """Returns the description of the innermost exception that has one."""
    reasons = (_description(each) for each in reversed(chain))
    return sanitize(next(filter(None, reasons), type(chain[-1]).__name__), MAX_NAME_CHARS)


def _description(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLError):
        # The text is OpenSSL's; it names only the host.
        return str(getattr(error, "verify_message", "") or error.strerror or error)
    if isinstance(error, ValueError) and "header value" in start_of(error).lower():
        return "a header value that HTTP does not allow"
    if isinstance(error, http.BadStatusLine) and error.args == (SWITCHED,):
        return SWITCHED
    description = next((text for kinds, text in _REASONS if isinstance(error, kinds)), None)
    if (
        isinstance(error, OSError)
        and (error.errno or 0) > 0
        and not isinstance(error, (socket.gaierror, socket.herror))
    ):
        return f"[Errno {error.errno}] {os.strerror(error.errno or 0)}"
    return description
