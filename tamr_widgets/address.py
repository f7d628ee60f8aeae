"""Where a request may go: addresses are checked before a byte leaves.

Endpoints come from callers, `relativeId` and `Location` from the server; each could name another
host. The credentials of a client belong to its origin alone.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urljoin, urlsplit

from requests import Request

from .errors import ForeignAddress

# Control characters and backslashes mean different things to different URL parsers, and lone
# surrogates nothing at all.
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(protocol: str, host: str, port: int | None) -> str:
    """The origin in the form that requests gives it: IDNA, lower case, the port as a number.

    Raises:
        ValueError: An argument cannot be part of it; the message names the argument.
    """
    if protocol not in _DEFAULT_PORTS:
        msg = f"protocol must be 'http' or 'https', not {protocol!r}."
        raise ValueError(msg)
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        msg = f"host must be a bare host name such as 'tamr.example.com', not {host!r}."
        raise ValueError(msg)
    if port is not None and not (re.fullmatch("[0-9]+", str(port)) and 0 < int(port) < 65536):
        msg = f"port must be between 1 and 65535, or None, not {port!r}."
        raise ValueError(msg)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    url = f"{protocol}://{host}" if port is None else f"{protocol}://{host}:{int(port)}"
    try:
        prepared = Request("GET", url).prepare().url
    except ValueError as error:
        msg = f"host must be a host name such as 'tamr.example.com', not {host!r:.100}."
        raise ValueError(msg) from error
    return str(prepared).rstrip("/").lower()


def _key(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _climbs(path: str) -> bool:
    """Whether a server could read a `..` in it, encoded or with Java's path parameters."""
    # Some servers decode twice.
    plain = unquote(unquote(path)).replace("\\", "/")
    return any(segment.partition(";")[0] == ".." for segment in plain.split("/"))


def endpoint_url(origin: str, base_path: str, endpoint: str) -> str:
    """The address of an endpoint, relative to the base path or (with a slash) to the origin.

    Raises:
        ForeignAddress: It is absolute, climbs out of its folder, or is no plain path at all.
    """
    if not isinstance(endpoint, str):
        msg = f"The address of a request must be a string, not {endpoint!r}."
        raise ForeignAddress(msg)
    path = endpoint.split("?", 1)[0]
    foreign = (
        _AMBIGUOUS.search(endpoint)
        or endpoint.startswith("//")
        or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", endpoint)
        or _climbs(path)
        or "#" in endpoint
    )
    url = origin + (endpoint if endpoint.startswith("/") else base_path + endpoint)
    if foreign or _key(url) != _key(origin):
        msg = (
            f"Nothing was sent to {_shown(endpoint)}: it does not lie below {origin}, where this "
            "client's credentials belong. Use a path such as 'operations/17'."
        )
        raise ForeignAddress(msg)
    return url


def redirect_url(origin: str, url: str, location: str) -> str:
    """Where a redirect of `url` leads.

    Raises:
        ForeignAddress: It leads out of the origin.
    """
    try:
        target = urljoin(url, location)
        same = _key(target) == _key(origin) and "@" not in urlsplit(target).netloc
    except ValueError:
        same, target = False, location
    if not same or _AMBIGUOUS.search(location) or _climbs(location.split("?", 1)[0]):
        msg = (
            f"{origin} redirected this request to {_shown(target)}, which is another origin. It "
            "was not followed, and its answer is not believed. Check the address of the server."
        )
        raise ForeignAddress(msg)
    return target


def _shown(address: str) -> str:
    """An address for a message, without user info."""
    return repr(re.sub(r"//.*@", "//***@", address, flags=re.DOTALL)[:200])
