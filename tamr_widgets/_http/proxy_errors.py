"""Detects the errors that a proxy causes, and names the variables that set the proxy."""

from __future__ import annotations

import re
from collections.abc import Callable

import requests
import urllib3.exceptions as urllib3

from .._text import MAX_LINE_CHARS, sanitize
from ..errors import InvalidRequest, ProxyFailed, ProxyUnauthorized, TamrError
from .proxies import UNREADABLE
from .reasons import TLS_ERRORS, any_of, start_of

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_PROXY_VARIABLES = "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY"
_PROXY = (requests.exceptions.ProxyError, urllib3.ProxyError)


def proxy_error(
    request_line: str, chain: list[BaseException], reason: str, via: str | None
) -> TamrError | None:
    """Returns the error if a proxy caused it, else None.

    Args:
        request_line: The method and the URL of the request, for messages.
        chain: The exceptions, the innermost last.
        reason: The description of the innermost one.
        via: The name of the proxy, `UNREADABLE`, or None.
    """
    status = next((m[1] for each in chain if (m := _TUNNEL.search(start_of(each)))), None)
    socks = [each for each in chain if type(each).__module__ == "socks"]
    if status == "407":
        return _unauthorized(request_line, via)
    if any(type(each).__name__ == "SOCKS5AuthError" for each in socks):
        return _unauthorized(request_line, via, "SOCKS5 authentication failed", "socks5h")
    if status:
        reason = f"it answered {status}"
    elif socks and not any_of(chain, TimeoutError):
        # PySocks's own text, unless the operating system has an error.
        reason = sanitize(start_of(chain[-1])) if chain[-1] in socks else reason
    elif any_of(chain, requests.exceptions.InvalidProxyURL) or (
        via and (via == UNREADABLE or any_of(chain, urllib3.LocationValueError))
    ):
        return InvalidRequest(
            f"{request_line} could not be sent: the address of the proxy cannot be read. Check "
            f"{_PROXY_VARIABLES}; special characters of a password are percent-encoded (# as %23, "
            "/ as %2F, @ as %40)."
        )
    elif any_of(chain, requests.exceptions.InvalidSchema) and "SOCKS" in start_of(chain[0]):
        return InvalidRequest(
            f"{request_line} could not be sent: a SOCKS proxy is set, which needs PySocks: "
            "pip install 'requests[socks]', or change ALL_PROXY."
        )
    elif any_of(chain, TLS_ERRORS) or not any_of(chain, _PROXY):
        return None
    return ProxyFailed(
        f"{request_line} got no response: the proxy {via or ''} did not connect ({reason}). Is it "
        f"right in {_PROXY_VARIABLES}, and does the server need one? NO_PROXY names those "
        "that do not."
    )


def _unauthorized(
    request_line: str,
    via: str | None,
    reason: str = "407 Proxy Authentication Required",
    scheme: str = "http",
) -> ProxyUnauthorized:
    return ProxyUnauthorized(
        f"{request_line} was refused by the proxy {via or ''} ({reason}). "
        f"Set HTTP_PROXY and HTTPS_PROXY to {scheme}://<user>:<password>@<proxy>:<port>, "
        "with special characters of the password percent-encoded (# as %23), or name the server "
        "in NO_PROXY if it needs no proxy."
    )


def check_proxy(
    response: requests.Response, request_line: str, proxy: Callable[[], str | None]
) -> None:
    """Checks whether a proxy rejected the request.

    Raises:
        ProxyUnauthorized: The status is 407, and there is a proxy.
    """
    if response.status_code == 407 and (via := name_of(proxy)):
        error = _unauthorized(sanitize(request_line, MAX_LINE_CHARS), via)
        error.response = response
        raise error


def name_of(proxy: Callable[[], str | None]) -> str | None:
    """Returns the name of a request's proxy; None without one, or if it cannot be determined."""
    try:
        return proxy()
    except Exception:  # noqa: BLE001 - from a user's session; the original error matters more
        return None
