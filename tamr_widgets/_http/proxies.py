"""Finds the proxy of a request, its name for messages, and its secrets."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from requests.utils import select_proxy

# The variables that requests and urllib read, in lower and upper case.
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ENVIRONMENT_NAMES = (*_NAMES, *map(str.upper, _NAMES), "REQUEST_METHOD")
UNREADABLE = "whose address cannot be read"
_SCHEMES = ("http", "https", "all")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is a loopback one."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def without_environment(session: Any) -> dict[str, None]:
    """Returns the `proxies` of a request that ignores the proxies of the environment.

    The session's own proxies still apply.
    """
    own = getattr(session, "proxies", None) or {}
    return {scheme: None for scheme in _SCHEMES if scheme not in own}


def proxy_of(session: Any, url: str) -> str | None:
    """Returns the host and port of the proxy for a URL, `UNREADABLE`, or None without a proxy."""
    if is_loopback(urlsplit(url).hostname or ""):
        proxies = getattr(session, "proxies", None) or {}
    else:
        settings = session.merge_environment_settings(url, {}, None, None, None)
        proxies = settings["proxies"]
    address = select_proxy(url, proxies)
    return None if not address else _host_and_port(address)


def _host_and_port(address: str) -> str:
    host_and_port = address.rpartition("//")[2].rpartition("@")[2]
    host_and_port = re.split("[/?#]", host_and_port)[0]
    readable = re.fullmatch(r"[\w.:\[\]-]{1,260}", host_and_port)
    return host_and_port if readable else UNREADABLE


def proxy_secrets(session: Any) -> frozenset[str]:
    """Returns the credentials of the proxies of the environment and of a session."""
    own: Mapping[str, Any] = getattr(session, "proxies", None) or {}
    # Cached: getproxies() reads the whole environment, which takes a tenth of a poll's time.
    environment = tuple(map(os.environ.get, ENVIRONMENT_NAMES))
    addresses = [*own.values(), *_proxies(environment)] if own else _proxies(environment)
    return _secrets(frozenset(each for each in addresses if isinstance(each, str) and "@" in each))


@lru_cache(maxsize=8)
def _proxies(_environment: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(getproxies().values())


@lru_cache(maxsize=32)
def _secrets(addresses: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for address in addresses:
        pair = address.rpartition("@")[0].partition("://")[2] or address.rpartition("@")[0]
        for form in (pair, unquote(pair)):
            password = form.partition(":")[2]
            # If the password is not percent-encoded, parsers see and quote only a part of it.
            parts = re.split("[#/?@]", password)
            found |= {form, password, *(part for part in parts if not part.isalpha())}
    return frozenset(found - {""})
