"""Clients for operations of `tamr_client`, which has sessions and instances instead of clients.

Its operations know the address of their server, and no session. While the IPython extension is
loaded, the last session that sent a request to a server is known here.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import requests

from ..errors import OperationTypeError
from .urls import base_path_of, endpoint_url, origin_of

_last_sessions: WeakValueDictionary[str, requests.Session] = WeakValueDictionary()


class SessionClient:
    """A client made of a session and an address. Those of one session and address are equal.

    Args:
        session: Sends the requests, with its own credentials.
        origin: Scheme, host and port of the server.
        base_path: The path to which endpoints are relative.
    """

    def __init__(self, session: requests.Session, origin: str, base_path: str) -> None:
        self.session, self.origin, self.base_path = session, origin, base_path

    @property
    def auth(self) -> Any:
        """The credentials, of which `tamr_client` keeps a user's password for the next login."""
        return getattr(self.session, "_stored_auth", None) or self.session.auth

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a request through the session."""
        url = endpoint_url(self.origin, self.base_path, endpoint)
        return self.session.request(method, url, **kwargs)

    def _key(self) -> tuple[Any, ...]:
        return id(self.session), self.origin, self.base_path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SessionClient) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def has_address(operation: Any) -> bool:
    """Whether an object is an operation of `tamr_client`: a URL with an instance, and a status."""
    url = getattr(operation, "url", None)
    return hasattr(operation, "status") and hasattr(url, "path") and hasattr(url, "instance")


def client_of(url: Any, session: requests.Session | None) -> SessionClient:
    """Returns a client for a URL of `tamr_client`.

    Args:
        url: The URL of an operation, with the instance that has it.
        session: The session for the requests; None for the last one that the extension has seen.

    Raises:
        OperationTypeError: There is no session, or it is none.
    """
    instance = url.instance
    origin = origin_of(instance.protocol, instance.host, instance.port)
    session = session or _last_sessions.get(origin)
    if not isinstance(session, requests.Session):
        msg = (
            "An operation of tamr_client does not know its session, so pass it, too: "
            "Operation.adopt(operation, session). After %load_ext tamr_widgets the session that "
            f"sent the last request to {origin} is used."
        )
        raise OperationTypeError(msg)
    return SessionClient(session, origin, base_path_of(url.base_path))


def remember_session(session: requests.Session, url: str) -> None:
    """Records that a session sends a request to a URL."""
    try:
        parts = urlsplit(url)
        origin = origin_of(parts.scheme, parts.hostname or "", parts.port)
    except (TypeError, ValueError):
        return
    _last_sessions[origin] = session
