"""Proxies: which one a request goes through, how to name it, and what about it is secret."""

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

# What requests and urllib read of the environment; each name also in capitals.
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ENVIRONMENT_NAMES = (*_NAMES, *map(str.upper, _NAMES), "REQUEST_METHOD")
UNREADABLE = "whose address cannot be read"
_SCHEMES = ("http", "https", "all")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def without_environment(session: Any) -> dict[str, None]:
    """The `proxies` of a request that goes through none of the environment's.

    What the session itself says about proxies still holds.
    """
    own = getattr(session, "proxies", None) or {}
    return {scheme: None for scheme in _SCHEMES if scheme not in own}


def proxy_of(session: Any, url: str) -> str | None:
    """The proxy between here and an address: its host and port, or a sentence if it has none."""
    if is_loopback(urlsplit(url).hostname or ""):
        proxies = getattr(session, "proxies", None) or {}
    else:
        settings = session.merge_environment_settings(url, {}, None, None, None)
        proxies = settings["proxies"]
    address = select_proxy(url, proxies)
    return None if not address else _shown(address)


def _shown(address: str) -> str:
    place = address.rpartition("//")[2].rpartition("@")[2]
    place = re.split("[/?#]", place)[0]
    readable = re.fullmatch(r"[\w.:\[\]-]{1,260}", place)
    return place if readable else UNREADABLE


def proxy_secrets(session: Any) -> frozenset[str]:
    """What is secret about the proxies of the environment and of a session."""
    own: Mapping[str, Any] = getattr(session, "proxies", None) or {}
    # getproxies() reads all of the environment, a tenth of what a poll costs.
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
            # Where one has forgotten to encode it, a parser sees only a part of the password.
            parts = re.split("[#/?@]", password)
            found |= {form, password, *(part for part in parts if not part.isalpha())}
    return frozenset(found - {""})
