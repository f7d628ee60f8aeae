"""Socket operations that end at a `Deadline`: look-up, connect, handshake, send and read.

A socket's time-out restarts with each call, so that a server that sends single bytes, or a name
with many unreachable addresses, can take any time. These operations check the deadline and the
cancellation every `SLICE_SECONDS`. A look-up of a name and the `connect` of another library (for a
SOCKS proxy) cannot be interrupted in Python: they run on a thread that is abandoned at the
deadline, and ends with the operating system's or the library's own time-out. It sends nothing.
"""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import contextmanager, suppress
from functools import partial
from http.client import LineTooLong
from ipaddress import ip_address
from typing import Any, TypeVar

from urllib3.util import connection as urllib3_connection
from urllib3.util.wait import wait_for_write

from .._clock import Seconds, clock
from .deadline import Deadline

MAX_LINE_BYTES = 2**16  # of a status, a header, a chunk's size or a trailer; as in http.client

# Recorders replace sockets by objects that have only the methods urllib3 uses.
REAL_SOCKET = socket.socket

T = TypeVar("T")


def abandonable(call: Callable[[], T], deadline: Deadline) -> T:
    """Runs `call` on a new thread, and returns its result or raises its exception.

    Raises:
        ConnectionAbortedError: The work was cancelled.
        TimeoutError: `call` did not end before the deadline. A socket that it returns later is
            closed.
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
        while not wait([future], deadline.slice()).done:
            pass
    except BaseException:
        future.cancel()
        raise
    return future.result()


def connected(
    host: str,
    port: int,
    deadline: Deadline,
    seconds: Seconds | None,
    source_address: Any = None,
    options: Any = (),
) -> socket.socket:
    """Connects to the first address of `host` that accepts, as `socket.create_connection` does.

    Args:
        host: A name or an address.
        port: The port.
        deadline: The deadline of the look-up and all attempts.
        seconds: The time-out of each attempt; None for no time-out.
        source_address: An address to bind to.
        options: The arguments of `setsockopt`.

    Raises:
        OSError: The last attempt failed, the deadline passed, or the work was cancelled.
    """
    last_error = OSError("The name has no address")
    for kind, *rest, _, address in _addresses(host, port, deadline):
        sock = socket.socket(kind, *rest)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            if source_address:
                sock.bind(source_address)
            _connect(sock, address, deadline, seconds)
        except OSError as error:
            sock.close()
            deadline.slice()  # raises if this was the reason
            last_error = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.settimeout(seconds)
            return sock
    raise last_error


def _addresses(host: str, port: int, deadline: Deadline) -> list[Any]:
    """Returns what `getaddrinfo` does; only names need a look-up, and so a thread."""
    host = host.strip("[]")  # urllib3 keeps the brackets of a proxy's address for HTTPS
    family = urllib3_connection.allowed_gai_family()
    look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
    return look_up() if _is_numeric(host) else abandonable(look_up, deadline)


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _connect(
    sock: socket.socket, address: Any, deadline: Deadline, seconds: Seconds | None
) -> None:
    attempt = _idle_deadline(seconds)
    sock.settimeout(min(deadline.slice(), attempt.slice()))
    try:
        sock.connect(address)
    except TimeoutError:
        while not wait_for_write(sock, timeout=min(deadline.slice(), attempt.slice())):
            pass
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code)) from None


def send_all(sock: socket.socket, data: Any, deadline: Deadline) -> None:
    """Sends all bytes; the socket's time-out is the maximum time without progress."""
    seconds = sock.gettimeout()
    idle, remaining = _idle_deadline(seconds), memoryview(data).cast("B")
    try:
        while remaining:
            sock.settimeout(min(deadline.slice(), idle.slice()))
            try:
                remaining = remaining[sock.send(remaining) :]
            except TimeoutError:
                continue
            idle = _idle_deadline(seconds)
    finally:
        sock.settimeout(seconds)


class Reader(io.RawIOBase):
    """Reads a socket until the deadline; `inner` is the socket's file, which is closed with it."""

    def __init__(self, inner: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._inner = inner
        self._sock = sock
        self._deadline = deadline
        self._idle_seconds = sock.gettimeout()
        self.ended = False

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Reads bytes; zero at the end of the stream, None after `ended` was set.

        Raises:
            ConnectionAbortedError: The work was cancelled.
            TimeoutError: The deadline passed, or the socket's time-out without any bytes.
        """
        if self.ended:
            return None
        idle = _idle_deadline(self._idle_seconds)
        while True:
            self._sock.settimeout(min(self._deadline.slice(), idle.slice()))
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
    """A buffer over a `Reader`, with a maximum line length."""

    raw: Reader

    def readline(self, size: int | None = -1, /) -> bytes:
        """Reads a line of up to `size` bytes.

        Raises:
            LineTooLong: There is no `size`, and the line has more than `MAX_LINE_BYTES`.
        """
        if size is not None and size >= 0:
            return super().readline(size)
        line = super().readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            msg = "chunk"
            raise LineTooLong(msg)
        return line

    def unread(self) -> bool:
        """Whether received bytes have not been read; nothing can be read afterwards."""
        self.raw.ended = True
        return bool(self.peek(1))


@contextmanager
def shutting_down(deadline: Deadline) -> Iterator[Callable[[socket.socket], None]]:
    """Shuts down a socket at the deadline, to end calls that take none, such as a TLS handshake.

    Yields a function that takes the socket.
    """
    done = threading.Event()

    def watch(duplicate: socket.socket) -> None:
        with duplicate:
            try:
                while not done.wait(deadline.slice()):
                    pass
            except OSError:
                with suppress(OSError):
                    duplicate.shutdown(socket.SHUT_RDWR)

    def start(sock: socket.socket) -> None:
        # A duplicate, since the handshake detaches the socket's file descriptor.
        thread = threading.Thread(
            target=watch, args=(sock.dup(),), name="tamr_widgets handshake", daemon=True
        )
        thread.start()

    try:
        yield start
    finally:
        done.set()


def _idle_deadline(seconds: Seconds | None) -> Deadline:
    return Deadline() if seconds is None else Deadline(clock.monotonic() + seconds)
