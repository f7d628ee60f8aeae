"""Socket operations that end at a `Deadline`: look-up, connect, handshake, send and read.

The time-outs of a socket count anew with each call, so that a server that drips bytes, or a name
with many silent addresses, can take any time. These operations look at the limit, and at whether
the work was called off, every `SLICE_SECONDS`. A look-up of a name and the `connect` of another
library (a SOCKS proxy's) cannot be ended in Python: they run on a thread that is abandoned, and
that may live on until the operating system or their own time-out ends them. Nothing is sent then.
"""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import contextmanager, suppress
from http.client import LineTooLong
from typing import Any, TypeVar

from urllib3.util import connection as urllib3_connection
from urllib3.util.wait import wait_for_write

from .._clock import Seconds, clock
from .deadline import Deadline

MAX_LINE_BYTES = 2**16  # of a status, a header, a chunk's size or a trailer; as in http.client

# Of what recorders put in their place, only the methods that urllib3 uses can be relied on.
REAL_SOCKET = socket.socket

T = TypeVar("T")


def abandonable(call: Callable[[], T], limit: Deadline) -> T:
    """Runs `call` on a thread of its own, and returns or raises what it does.

    Raises:
        ConnectionAbortedError, TimeoutError: It was not done at the limit. A socket that it
            returns afterwards is closed.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001
            with suppress(InvalidStateError):
                future.set_exception(error)
            return
        try:
            future.set_result(result)
        except InvalidStateError:
            if isinstance(result, REAL_SOCKET):
                result.close()

    threading.Thread(target=run, name="tamr_widgets connect", daemon=True).start()
    try:
        while not wait([future], limit.slice()).done:
            pass
    except BaseException:
        future.cancel()
        raise
    return future.result()


def connected(
    host: str,
    port: int,
    limit: Deadline,
    seconds: Seconds | None,
    source_address: Any = None,
    options: Any = (),
) -> socket.socket:
    """Connects to the first address of `host` that accepts, as `socket.create_connection` does.

    Args:
        host: A name or an address.
        port: The port.
        limit: Bounds the look-up and all attempts together.
        seconds: Bounds each attempt.
        source_address: An address to bind to.
        options: The arguments of `setsockopt`.

    Raises:
        OSError: The last of the attempts failed, or the limit is over.
    """
    family = urllib3_connection.allowed_gai_family()
    addresses = abandonable(
        lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM), limit
    )
    failure = OSError("The name has no address")
    for kind, *rest, _, address in addresses:
        sock = socket.socket(kind, *rest)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            if source_address:
                sock.bind(source_address)
            _connect(sock, address, limit, seconds)
        except OSError as error:
            sock.close()
            limit.slice()  # raises if that was the reason
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.settimeout(seconds)
            return sock
    raise failure


def _connect(sock: socket.socket, address: Any, limit: Deadline, seconds: Seconds | None) -> None:
    attempt = _idle_limit(seconds)
    sock.settimeout(min(limit.slice(), attempt.slice()))
    try:
        sock.connect(address)
    except TimeoutError:
        while not wait_for_write(sock, timeout=min(limit.slice(), attempt.slice())):
            pass
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code)) from None


def send_all(sock: socket.socket, data: Any, limit: Deadline) -> None:
    """Sends bytes; the socket's own time-out bounds how long the other side may take none."""
    seconds = sock.gettimeout()
    idle, rest = _idle_limit(seconds), memoryview(data).cast("B")
    try:
        while rest:
            sock.settimeout(min(limit.slice(), idle.slice()))
            try:
                rest = rest[sock.send(rest) :]
            except TimeoutError:
                continue
            idle = _idle_limit(seconds)
    finally:
        sock.settimeout(seconds)


class Reader(io.RawIOBase):
    """Reads a socket until the limit; `inner` is only kept to be closed."""

    def __init__(self, inner: io.RawIOBase, sock: socket.socket, limit: Deadline) -> None:
        super().__init__()
        self._inner = inner
        self._sock = sock
        self._limit = limit
        self._idle_seconds = sock.gettimeout()
        self.ended = False

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Reads what comes first: bytes, the end, the limit, or the socket's own time-out."""
        if self.ended:
            return None
        idle = _idle_limit(self._idle_seconds)
        while True:
            self._sock.settimeout(min(self._limit.slice(), idle.slice()))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue
            finally:
                self._sock.settimeout(self._idle_seconds)

    def close(self) -> None:
        """Closes the socket's file, not the socket."""
        self._inner.close()
        super().close()


class BoundedBuffer(io.BufferedReader):
    """A buffer over a `Reader`, whose lines have an end."""

    raw: Reader

    def readline(self, size: int | None = -1, /) -> bytes:
        """Reads a line, of `MAX_LINE_BYTES` at most where the caller has no bound of its own."""
        if size is not None and size >= 0:
            return super().readline(size)
        line = super().readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            msg = "chunk"
            raise LineTooLong(msg)
        return line

    def unread(self) -> bool:
        """Whether bytes were received that nobody has read. Nothing can be read afterwards."""
        self.raw.ended = True
        return bool(self.peek(1))


@contextmanager
def shutting_down(limit: Deadline) -> Iterator[Callable[[socket.socket], None]]:
    """Ends calls inside that cannot be given a limit, by shutting down their socket.

    Yields a function that names the socket. A TLS handshake is such a call.
    """
    done = threading.Event()

    def watch(duplicate: socket.socket) -> None:
        with duplicate:
            try:
                while not done.wait(limit.slice()):
                    pass
            except OSError:
                with suppress(OSError):
                    duplicate.shutdown(socket.SHUT_RDWR)

    def start(sock: socket.socket) -> None:
        # The handshake takes the socket's file descriptor away from it.
        thread = threading.Thread(
            target=watch, args=(sock.dup(),), name="tamr_widgets handshake", daemon=True
        )
        thread.start()

    try:
        yield start
    finally:
        done.set()


def _idle_limit(seconds: Seconds | None) -> Deadline:
    return Deadline() if seconds is None else Deadline(clock.monotonic() + seconds)
