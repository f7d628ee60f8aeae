"""Which clients share a poller: those of one server, one user and the same settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

from .. import _fork
from .._http.session import SingleOriginSession
from ..client import Client

if TYPE_CHECKING:
    from ..poller import Poller


class PollerRegistry:
    """Finds the poller of a client.

    It keeps no poller alive, and with it no client: that is for those who use it, and for the
    thread of a poller that has subscribers.
    """

    def __init__(self) -> None:
        self._pollers: WeakValueDictionary[Hashable, Poller] = WeakValueDictionary()
        self._lock = threading.RLock()  # a signal handler may come here, too
        _fork.register(self)

    def get(self, client: Any, make: Callable[[Any], Poller]) -> Poller:
        """The poller of a client, made unless it, or an equal client, has one."""
        key = _key(client)
        with self._lock:
            poller = self._pollers.get(key)
            if poller is None:
                poller = self._pollers.setdefault(key, make(client))
            poller.clients.add(client)
        return poller

    def renew_after_fork(self) -> None:
        """Another thread of the parent may have held the lock."""
        self._lock = threading.RLock()


class SharedClients:
    """The clients of a poller. The newest is kept alive, the others only as long as they are used.

    Args:
        client: The first.
    """

    def __init__(self, client: Any) -> None:
        self._newest = client
        self._others: tuple[ref[Any], ...] = ()

    def add(self, client: Any) -> None:
        """Take up one more, whose settings may be better than those of the others."""
        if client is not self._newest:
            others = (each for each in self._others if each() not in (None, client))
            self._others, self._newest = (*others, ref(self._newest)), client

    def open(self) -> Any:
        """The newest that was not closed; if all were, the newest."""
        candidates = (self._newest, *(each() for each in self._others))
        return next((c for c in candidates if not getattr(c, "closed", c is None)), self._newest)


def _key(client: Any) -> Hashable:
    """Equal for clients that may share a poller; else the identity of a client.

    A client that is not ours, or has a session of the user's, shares with no other. It need be
    neither hashable nor weakly referable. No other has its `id` while its poller keeps it alive.
    """
    if type(client) is not Client or type(client.session) is not SingleOriginSession:
        return id(client)
    session = client.session
    settings = (session.headers, session.proxies, session.verify, session.cert, session.trust_env)
    key = (client.origin, client.base_path, client.auth, client.total_seconds, repr(settings))
    try:
        hash(key)
    except TypeError:  # an auth of somebody else's
        return id(client)
    return key
