"""Derives connection classes that end at a deadline and never reuse surplus bytes of a response.

They rely on private methods: `_new_conn` and `_dns_host` of urllib3's connections, and `fp`,
`_read_status` and `_close_conn` of http.client's response. Neither library has another hook for a
new connection, for the status line, or for the end of a body.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable
from contextlib import suppress
from http.client import BadStatusLine, HTTPResponse, parse_headers
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError
from urllib3.util import connection as urllib3_connection

from .deadline import Deadline, current_deadline
from .overlay import derived
from .reasons import SWITCHED
from .sockets import (
    REAL_SOCKET,
    BoundedBuffer,
    Reader,
    abandonable,
    connected,
    send_all,
    shutting_down,
)

_SWITCHING_PROTOCOLS = 101


def connection_class(base: Any) -> Any:
    """Derives a class whose connections and responses end at the `deadline` around them."""
    if not issubclass(base, HTTPConnection):
        return base
    return derived(_TLSConnection if issubclass(base, HTTPSConnection) else _Connection, base)


class _Connection(HTTPConnection):
    # Disables http.client's debug output, which prints headers with credentials.
    debuglevel = 0
    _received: Any = None

    def response_class(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        own = super().response_class
        response = (_Response if own is HTTPResponse else own)(*args, **kwargs)
        self._received = weakref.ref(response)
        return response

    def getresponse(self) -> Any:
        """Closes a response whose headers urllib3 rejects: urllib3 drops it without closing it."""
        try:
            return super().getresponse()
        except BaseException:
            response = self._received and self._received()
            if response:
                response.close()
            raise

    def _new_conn(self) -> Any:
        connect, deadline = super()._new_conn, current_deadline()
        if deadline is None:
            return connect()
        try:
            if not _is_urllib3s(connect):
                return abandonable(connect, deadline)
            return connected(
                self._dns_host,
                self.port,
                deadline,
                self.timeout,
                getattr(self, "source_address", None),
                self.socket_options,
            )
        except UnicodeError:
            msg = f"'{self.host}', label empty or too long"
            raise LocationParseError(msg) from None
        except TimeoutError as error:
            msg = f"Connection to {self.host} timed out."
            raise ConnectTimeoutError(self, msg) from error
        except OSError as error:
            msg = f"Failed to establish a new connection: {error}"
            raise NewConnectionError(self, msg) from error

    def send(self, data: Any) -> None:
        deadline = current_deadline()
        if deadline is None:
            super().send(data)
            return
        if self.sock is None and self.auto_open:
            self.connect()
        deadline.slice()  # raises, so that nothing is sent after the deadline
        if isinstance(data, (bytes, bytearray)) and isinstance(self.sock, REAL_SOCKET):
            send_all(self.sock, data, deadline)
        else:
            super().send(data)


def _is_urllib3s(connect: Any) -> bool:
    """Whether urllib3's own code makes the connection, which `connected` can replace."""
    return (
        getattr(connect, "__func__", None) is HTTPConnection._new_conn
        and urllib3_connection.create_connection.__module__ == urllib3_connection.__name__
    )


class _TLSConnection(_Connection, HTTPSConnection):
    _watch: Callable[[socket.socket], None] | None = None

    def connect(self) -> None:
        deadline = current_deadline()
        if deadline is None:
            super().connect()
            return
        with shutting_down(deadline) as watch:
            self._watch = watch
            try:
                super().connect()
            except OSError as error:  # urllib3's errors are not OSErrors
                self._raise_if_expired(deadline, error)
                raise
            finally:
                self._watch = None

    def _raise_if_expired(self, deadline: Deadline, error: OSError) -> None:
        try:
            deadline.slice()
        except TimeoutError:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out.") from error
        except OSError as reason:
            raise NewConnectionError(self, str(reason)) from error

    def _new_conn(self) -> Any:
        sock = super()._new_conn()
        if self._watch is not None and isinstance(sock, REAL_SOCKET):
            self._watch(sock)
        return sock


class _Response(HTTPResponse):
    """A response without interim responses, and without the rest of another response."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        deadline = current_deadline()
        if deadline is not None and isinstance(sock, REAL_SOCKET):
            # Takes the socket file from http.client's buffered reader; the file holds the
            # reference count that keeps a kept-alive socket open.
            self.fp = BoundedBuffer(Reader(self.fp.detach(), sock, deadline))

    def _read_status(self) -> Any:
        """Skips interim responses; http.client skips only status 100, and none of a proxy."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == _SWITCHING_PROTOCOLS:
                raise BadStatusLine(SWITCHED)
            if not 100 <= status < 200:
                return version, status, reason
            parse_headers(self.fp)

    def _close_conn(self) -> None:
        """Releases the connection, and shuts it down if bytes after this response were received."""
        surplus = isinstance(self.fp, BoundedBuffer) and self.fp.unread()
        decrypted = getattr(self._sock, "pending", None)
        if surplus or (decrypted is not None and decrypted()):
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)  # pools check for this before they reuse it
        super()._close_conn()  # type: ignore[misc]
