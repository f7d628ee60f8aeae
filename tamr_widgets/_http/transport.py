"""Applies deadlines to the requests of any session of requests.

The session may be the user's, with adapters, retries, pools and TLS settings of the user, or be
intercepted by a recorder (vcrpy, responses). Therefore nothing in it is replaced: each request uses
views of the session, of the adapter that it chooses, and of the adapter's pool. The connections'
class is derived from the pool's class at that time.

If an adapter is no `HTTPAdapter`, or connects by its own code, only the connect and read time-outs
apply, and the deadline is checked for each chunk of the body.

These names of urllib3 are private, and have no public equivalents: a pool's `_get_conn`, which
waits for a connection, and `_validate_conn`, which warns; a manager's `_container` of pools.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema
from requests.utils import DEFAULT_ACCEPT_ENCODING
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import EmptyPoolError
from urllib3.util.retry import Retry

from .. import _fork
from .._clock import Seconds, clock
from .body import ACCEPTED_CODINGS
from .connection import connection_class
from .deadline import SLICE_SECONDS, Deadline, current_deadline
from .overlay import context_of, overlaid

# The default time-outs: to connect, between two bytes of a response, and of the whole request.
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 60.0


def bounded(
    session: requests.Session, on_unverified: Callable[[], object] = lambda: None
) -> requests.Session:
    """Returns a view of a session, whose requests end at the `deadline` around them.

    Args:
        session: Any session; one that is no `requests.Session` is returned unchanged.
        on_unverified: Called before a request that does not verify the server's certificate.
    """
    if not isinstance(session, requests.Session):
        return session
    _connections.track(session)
    return overlaid(session, _Session, on_unverified)


def timeouts_within_deadline(timeout: Any) -> tuple[Seconds, Seconds]:
    """Returns connect and read time-outs for requests, at most the time until the deadline."""
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    deadline = current_deadline()
    remaining = deadline.remaining() if deadline else TOTAL_SECONDS
    # A time-out of zero makes a socket non-blocking, and urllib3 rejects it.
    remaining = max(remaining, 0.001)
    return (
        min(CONNECT_SECONDS if connect is None else connect, remaining),
        min(READ_SECONDS if read is None else read, remaining),
    )


class _Session(requests.Session):
    def get_adapter(self, url: Any) -> Any:
        adapter = super().get_adapter(url)
        return overlaid(adapter, _Adapter) if isinstance(adapter, HTTPAdapter) else adapter

    def send(self, request: Any, **kwargs: Any) -> Any:
        if kwargs.get("verify") is False and str(request.url).startswith("https"):
            context_of(self)()
        if request.headers.get("Accept-Encoding") == DEFAULT_ACCEPT_ENCODING:
            request.headers["Accept-Encoding"] = ACCEPTED_CODINGS
        return super().send(request, **kwargs)

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        # Even if it follows no redirect, requests would prepare the next request: it would read the
        # body without a limit, and a netrc file for credentials.
        return iter(())


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        return _pool_view(super().get_connection_with_tls_context(*args, **kwargs))

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:  # pragma: no cover
        # Only requests before 2.32 calls this one, in `.ci/run oldest`.
        return _pool_view(super().get_connection(*args, **kwargs))

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().proxy_manager_for(*args, **kwargs)
        except InvalidSchema as error:
            if "SOCKS" not in str(error):
                raise
            msg = "a SOCKS proxy is set, which needs PySocks: pip install 'requests[socks]'"
            raise InvalidSchema(msg) from error


def _pool_view(pool: Any) -> Any:
    return overlaid(pool, _Pool) if isinstance(pool, HTTPConnectionPool) else pool


class _Pool(HTTPConnectionPool):
    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802
        """Derives the class for each connection: recorders replace the pool's while they record."""
        return connection_class(self._own_class())

    def _own_class(self) -> Any:
        return vars(self).get("ConnectionCls") or super().ConnectionCls

    def urlopen(  # type: ignore[override]
        self,
        method: Any,
        url: Any,
        body: Any = None,
        headers: Any = None,
        retries: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if isinstance(retries, Retry) and not isinstance(retries, _Retry):
            retries = overlaid(retries, _Retry)
        return super().urlopen(method, url, body, headers, retries, *args, **kwargs)

    def _get_conn(self, timeout: float | None = None) -> Any:  # noqa: ARG002
        conn = self._wait_for_conn()
        if type(conn) is self._own_class():  # made without this view, so without a deadline
            conn.close()
            conn = self._new_conn()
        return conn

    def _wait_for_conn(self) -> Any:
        """Waits until the deadline for a connection that another thread uses."""
        deadline = current_deadline() or Deadline()
        while deadline.remaining() > SLICE_SECONDS and not deadline.is_cancelled():
            with suppress(EmptyPoolError):
                return super()._get_conn(SLICE_SECONDS)
        return super()._get_conn(deadline.remaining())

    def _validate_conn(self, conn: Any) -> None:
        check = super()._validate_conn
        if getattr(check, "__func__", None) is not HTTPSConnectionPool._validate_conn:
            check(conn)
        # Connects without urllib3's warning, which would appear at each poll.
        elif getattr(conn, "sock", None) is None:
            conn.connect()


class _Retry(Retry):
    """The user's retries, with delays that end at the deadline."""

    def sleep(self, response: Any = None) -> None:
        seconds = None
        if response is not None and self.respect_retry_after_header:
            seconds = self.get_retry_after(response)
        end = clock.monotonic() + (seconds or self.get_backoff_time())
        while (remaining := end - clock.monotonic()) > 0:
            deadline = current_deadline()
            clock.sleep(min(remaining, deadline.slice()) if deadline else remaining)


class _Connections:
    """Tracks the sessions in use, to renew their connections in a forked child."""

    def __init__(self) -> None:
        # By id, since a session may have no hash.
        self._sessions: WeakValueDictionary[int, requests.Session] = WeakValueDictionary()
        _fork.register(self)

    def track(self, session: requests.Session) -> None:
        self._sessions[id(session)] = session

    def renew_after_fork(self) -> None:
        for session in list(self._sessions.values()):
            for adapter in session.adapters.values():
                if isinstance(adapter, HTTPAdapter):
                    managers = [adapter.poolmanager, *adapter.proxy_manager.values()]
                    for manager in managers:
                        _renew(manager)


def _renew(manager: Any) -> None:
    """Replaces the locks of a pool manager and its pools, and closes the pools' connections.

    Closing a connection in the forked child closes the child's file descriptor only.
    """
    manager.pools.lock = threading.RLock()
    for pool in manager.pools._container.values():
        queue = pool.pool
        if queue is None:
            continue
        connections = [each for each in queue.queue if each is not None]
        queue.__init__(queue.maxsize)
        for _ in range(queue.maxsize):
            queue.put(None)
        for connection in connections:
            connection.close()


_connections = _Connections()
