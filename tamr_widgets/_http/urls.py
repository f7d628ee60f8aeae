"""Checks the URLs of requests before anything is sent.

Endpoints come from callers, `relativeId` and `Location` from the server; each could name another
host. The credentials of a client may be sent to its origin only.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from requests import Request

from .._text import MAX_LINE_CHARS, cut
from ..errors import CrossOriginError

# URL parsers differ in how they treat control characters and backslashes; lone surrogates cannot be
# encoded.
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]")
# Servers accept about half of this.
MAX_ENDPOINT_CHARS = 16_000
MAX_HOST_CHARS = 255
_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(protocol: str, host: str, port: int | None) -> str:
    """Returns the origin as requests normalizes it: IDNA, lower case, a decimal port.

    Raises:
        ValueError: An argument is invalid; the message names it.
    """
    if protocol not in _DEFAULT_PORTS:
        msg = f"protocol must be 'http' or 'https', not {protocol!r:.40}."
        raise ValueError(msg)
    if not _is_host(host):
        shown = _host_for_message(host)
        msg = f"host must be a bare host name such as 'tamr.example.com', not {shown}."
        raise ValueError(msg + _as_arguments(host))
    if port is not None and not (re.fullmatch("[0-9]{1,9}", str(port)) and 0 < int(port) < 65536):
        msg = f"port must be between 1 and 65535, or None, not {port!r:.40}."
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


def _is_host(host: object) -> bool:
    if not isinstance(host, str) or len(host) > MAX_HOST_CHARS or not _HOST.fullmatch(host):
        return False
    if ":" not in host:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).version == 6
    except ValueError:
        return False


def _host_for_message(host: object) -> str:
    return _shown(host) if isinstance(host, str) else f"{host!r:.40}"


def _as_arguments(host: object) -> str:
    """Returns a hint with the arguments for a host that is a whole URL, without user info."""
    if not isinstance(host, str) or len(host) > MAX_ENDPOINT_CHARS:
        return ""
    address = host.strip()
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not _is_host(name):
        return ""
    arguments = [f"host={name!r}", f"port={port}"]
    if parts.scheme in _DEFAULT_PORTS:
        arguments.insert(0, f"protocol={parts.scheme!r}")
    elif port is None:
        arguments.pop()
    return f" Protocol and port are arguments of their own: {', '.join(arguments)}."


def base_path_of(base_path: str) -> str:
    """Returns a base path with a slash at both ends.

    Raises:
        TypeError: It is no string.
        ValueError: It is no plain path: a URL, or with `..`, whitespace, a query or a fragment.
    """
    if not isinstance(base_path, str):
        msg = f"base_path must be a string such as '/api/versioned/v1/', not {base_path!r:.40}."
        raise TypeError(msg)
    path = base_path.strip().strip("/")
    odd = len(path) > MAX_ENDPOINT_CHARS or _AMBIGUOUS.search(path) or re.search(r"[\s?#]", path)
    if odd or "://" in path or _climbs(path):
        msg = (
            f"base_path must be a path such as '/api/versioned/v1/', not {_shown(base_path)}. "
            "Protocol, host and port are arguments of their own."
        )
        raise ValueError(msg)
    return f"/{path}/" if path else "/"


def is_below(origin: str, folder: str, url: str) -> bool:
    """Whether a URL has this origin and a path in `folder`, which ends with a slash."""
    try:
        return origin_parts(url) == origin_parts(origin) and urlsplit(url).path.startswith(folder)
    except ValueError:
        return False


def origin_parts(url: str) -> tuple[str, str | None, int | None]:
    """Returns scheme, host and port of a URL, with the scheme's default port if it names none.

    Raises:
        ValueError: The URL cannot be parsed.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _climbs(path: str) -> bool:
    """Whether a path contains `..`, also encoded or with Java's path parameters."""
    # Some servers decode twice.
    plain = unquote(unquote(path)).replace("\\", "/")
    return any(segment.partition(";")[0] == ".." for segment in plain.split("/"))


def _is_path(endpoint: str) -> bool:
    """Whether an endpoint is a path, with or without a query, that all URL parsers read alike."""
    return not (
        _AMBIGUOUS.search(endpoint)
        or endpoint.startswith("//")
        or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", endpoint)
        or _climbs(endpoint.split("?", 1)[0])
        or "#" in endpoint
    )


def endpoint_url(origin: str, base_path: str, endpoint: str) -> str:
    """Returns the URL of an endpoint, relative to the base path or (with a slash) to the origin.

    Raises:
        CrossOriginError: The endpoint is absolute, contains `..`, or is no valid path.
    """
    if not isinstance(endpoint, str):
        msg = f"The address of a request must be a string, not {endpoint!r:.100}."
        raise CrossOriginError(msg)
    if len(endpoint) > MAX_ENDPOINT_CHARS:
        msg = (
            f"Nothing was sent to {_shown(endpoint)}: the address has {len(endpoint):,} "
            f"characters, and no server takes more than {MAX_ENDPOINT_CHARS:,}."
        )
        raise CrossOriginError(msg)
    endpoint = endpoint.strip(" ")
    own = base_path.lstrip("/")
    if own and endpoint.startswith(own):  # a path that already includes the base path
        endpoint = endpoint[len(own) :]
    url = origin + (endpoint if endpoint.startswith("/") else base_path + endpoint)
    if not _is_path(endpoint) or origin_parts(url) != origin_parts(origin):
        msg = (
            f"Nothing was sent to {_shown(endpoint)}: it is no path below {origin}, where this "
            "client's credentials belong. Use a path such as 'operations/17'."
        )
        raise CrossOriginError(msg)
    return url


def operation_id(origin: str, resource_id: str | int) -> str | int:
    """Returns the id in an id, in an operation's path, or in its URL.

    Raises:
        CrossOriginError: It is a URL of another origin, or not of an operation.
    """
    if not isinstance(resource_id, str):
        return resource_id
    text = resource_id.strip()
    folder, found, name = re.split("[?#]", text)[0].rstrip("/").rpartition("operations/")
    if "://" in text and not (found and is_below(origin, "/", text)):
        msg = (
            f"Nothing was sent: {_shown(text)} is not the address of an operation of {origin}. "
            "Pass its id, such as '17'."
        )
        raise CrossOriginError(msg)
    return name if found and (not folder or folder.endswith("/")) else text


def redirect_url(origin: str, url: str, location: str) -> str:
    """Returns the target of a redirect of `url`.

    Raises:
        CrossOriginError: The target is not in the origin, or ambiguous.
    """
    location = location[:MAX_ENDPOINT_CHARS]
    try:
        target = urljoin(url, location)
        same = origin_parts(target) == origin_parts(origin) and "@" not in urlsplit(target).netloc
    except ValueError:
        same, target = False, location
    if not same or _AMBIGUOUS.search(location) or _climbs(location.split("?", 1)[0]):
        msg = (
            f"{origin} redirected this request to {_shown(target)}, which is another origin. It "
            "was not followed. Check the address of the server."
        )
        raise CrossOriginError(msg)
    return target


def _shown(address: str) -> str:
    """Returns the repr of a URL without user info, cut for a message."""
    start, slashes, rest = address.partition("//")
    if not slashes:
        start, rest = "", start
    _, at, host_and_path = rest.rpartition("@")
    return repr(cut(start + slashes + ("***@" if at else "") + host_and_path, MAX_LINE_CHARS))


def server_name(client: Any) -> str:
    """Returns the name of a client's server for people: its label, else host and port."""
    label = getattr(client, "label", None)
    if isinstance(label, str) and label:
        return label
    origin = getattr(client, "origin", None)
    return origin.rpartition("/")[2].rpartition("@")[2] if isinstance(origin, str) else ""
