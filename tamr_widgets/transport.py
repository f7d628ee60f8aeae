"""An HTTP adapter whose reads end on time.

The time-outs of requests count from byte to byte: a server that drips a byte now and then holds a
request for ever. Here each read looks at the `Limit` around the request, too, and at whether the
work was called off, so that a request ends when it has to, and a client that is closed does not
wait for a server that hangs.
"""

from __future__ import annotations

import io
import socket
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import EmptyPoolError

from .timing import SLICE_SECONDS, Limit, Seconds, clock, current_limit

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 60.0


class _BoundedReader(io.RawIOBase):
    """Reads a socket until the limit; `inner` is only kept to be closed."""

    def __init__(self, inner: io.RawIOBase, sock: socket.socket, limit: Limit) -> None:
        super().__init__()
        self._inner = inner
        self._sock = sock
        self._limit = limit
        self._idle_seconds = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        idle = Limit()
        if self._idle_seconds is not None:
            idle.deadline = clock.monotonic() + self._idle_seconds
        while True:
            self._sock.settimeout(min(self._limit.slice(), idle.slice()))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue
            finally:
                self._sock.settimeout(self._idle_seconds)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        limit = current_limit()
        if limit is not None:
            # The buffered reader that http.client made gives up its socket file, with the
            # reference count that keeps a kept-alive socket open, to ours.
            inner = self.fp.detach()
            self.fp = io.BufferedReader(_BoundedReader(inner, sock, limit))


# http.client's debug output is switched off: it prints headers, and the credentials with them.
class _HTTPConnection(HTTPConnection):
    response_class = _BoundedResponse
    debuglevel = 0


class _HTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse
    debuglevel = 0


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls: type[HTTPConnection] = _HTTPConnection

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Wait for a connection that another thread uses no longer than the limit allows."""
        limit = current_limit()
        if limit is None:
            return super()._get_conn(timeout)
        while limit.left() > SLICE_SECONDS and not limit.over():
            with suppress(EmptyPoolError):
                return super()._get_conn(SLICE_SECONDS)
        return super()._get_conn(limit.left())


class _HTTPSPool(_HTTPPool, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class BoundedAdapter(HTTPAdapter):
    """requests' adapter with reads that end at the `time_limit`, and a pool that is a bound."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=2, pool_maxsize=connections, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Pools of bounded connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Also through a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def within_limit(timeout: Any) -> tuple[Seconds, Seconds]:
    """Connect and read time-outs for requests, no longer than the limit around it."""
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    limit = current_limit()
    left = limit.left() if limit else TOTAL_SECONDS
    # A time-out of zero means "do not block" to a socket, and is refused by urllib3.
    left = max(left, 0.001)
    return (
        min(CONNECT_SECONDS if connect is None else connect, left),
        min(READ_SECONDS if read is None else read, left),
    )
