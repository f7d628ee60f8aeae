"""Registry of pollers: clients of one server, one user and the same settings share a poller."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

from .. import _fork
from .._http.session import SingleOriginSession
from .._http.session_client import SessionClient
from ..client import Client

if TYPE_CHECKING:
    from ..poller import Poller


class PollerRegistry:
    """Finds the poller of a client.

    It holds weak references only: a poller, and with it a client, is kept alive by its users, and
    by its thread while it has subscribers.
    """

    def __init__(self) -> None:
        self._pollers: WeakValueDictionary[Hashable, Poller] = WeakValueDictionary()
        self._lock = threading.RLock()  # a signal handler may call `get`, too
        _fork.register(self)

    def get(self, client: Any, make: Callable[[Any], Poller]) -> Poller:
        """Returns the poller of a client or of an equal one; makes one if there is none."""
        key = _key(client)
        with self._lock:
            poller = self._pollers.get(key)
            if poller is None:
                poller = self._pollers.setdefault(key, make(client))
            poller.clients.add(client)
        return poller

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent may have held."""
        self._lock = threading.RLock()


class SharedClients:
    """The clients of a poller, with a strong reference to the newest only.

    Args:
        client: The first.
    """

    def __init__(self, client: Any) -> None:
        self._newest = client
        self._others: tuple[ref[Any], ...] = ()

    def add(self, client: Any) -> None:
        """Adds a client, which is the newest then."""
        if client is not self._newest:
            others = (each for each in self._others if each() not in (None, client))
            self._others, self._newest = (*others, ref(self._newest)), client

    def open(self) -> Any:
        """Returns the newest client that was not closed; if all were, the newest."""
        candidates = (self._newest, *(each() for each in self._others))
        return next((c for c in candidates if not getattr(c, "closed", c is None)), self._newest)


def _key(client: Any) -> Hashable:
    """Returns a key that is equal for clients that may share a poller.

    For a client of another package, or with a session of the user's, it is the client's `id`: such
    a client may be unhashable, and the `id` is unique while its poller keeps it alive.
    """
    if isinstance(client, SessionClient):
        return client
    if type(client) is not Client or type(client.session) is not SingleOriginSession:
        return id(client)
    session = client.session
    settings = (session.headers, session.proxies, session.verify, session.cert, session.trust_env)
    key = (client.origin, client.base_path, client.auth, client.total_seconds, repr(settings))
    try:
        hash(key)
    except TypeError:  # the user's own auth object
        return id(client)
    return key
