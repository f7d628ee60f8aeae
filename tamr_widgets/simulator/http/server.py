"""Serves the API with Tornado on loopback, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from tornado.httpserver import HTTPServer

from ..credentials import credential_types
from .messages import Request, Response
from .request_log import RequestLog, RequestRecord
from .sending import send, send_with_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tornado.httputil import HTTPServerRequest

    from ..api.routes import Api
    from ..faults import Fault, Faults

Result = TypeVar("Result")

LOOPBACK = "127.0.0.1"
MAX_WAIT_SECONDS = 10.0


class HttpServer:
    """An HTTP server on loopback, in its own thread.

    Args:
        api: The API that makes the responses.
        faults: The faults to inject.
        log: The log to which every request is added.
    """

    def __init__(self, api: Api, faults: Faults, log: RequestLog) -> None:
        self.port = 0
        self._api = api
        self._faults = faults
        self._log = log
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._server: HTTPServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = itertools.count(1)
        self._connections: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    def start(self, port: int) -> None:
        """Serves on a port, a free one for 0; no effect if it already serves.

        Raises:
            OSError: The port is in use.
        """
        with self._lock:
            if self._thread is not None:
                return
            listener = _listener(port)
            self.port = listener.getsockname()[1]
            ready = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(listener, ready), name="tamr-simulator", daemon=True
            )
            self._thread.start()
            ready.wait()

    def stop(self) -> None:
        """Closes all connections, also those that hang, and ends the thread, if it runs."""
        with self._lock:
            if self._thread is None or self._loop is None or self._stopping is None:
                return
            self._loop.call_soon_threadsafe(self._stopping.set)
            # The garbage collector may finalize the simulator on the server's own thread.
            if self._thread is not threading.current_thread():
                self._thread.join(MAX_WAIT_SECONDS)
            self._thread = self._loop = self._stopping = None

    def refuse_connections(self) -> None:
        """Stops listening and closes all connections; the thread continues."""
        self._in_thread(self._refuse_connections)

    def accept_connections(self) -> None:
        """Listens again, on the same port."""
        self._in_thread(self._accept_connections)

    def drop_connections(self) -> None:
        """Closes all connections, but continues to listen."""
        self._in_thread(self._drop_connections)

    def count_connections(self) -> int:
        """Returns the number of open connections that have carried a request."""
        return self._in_thread(self._count_connections) or 0

    def _in_thread(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result | None:
        with self._lock:
            if self._loop is None:
                return None
            future = asyncio.run_coroutine_threadsafe(work(), self._loop)
            return future.result(MAX_WAIT_SECONDS)

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        # A selector loop on every system: Tornado starts another thread for other loops.
        loop = asyncio.SelectorEventLoop()
        try:
            loop.run_until_complete(self._serve(listener, ready))
        finally:
            ready.set()
            loop.close()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._listen(listener)
        ready.set()
        await self._stopping.wait()
        await self._refuse_connections()

    def _listen(self, listener: socket.socket) -> None:
        self._server = HTTPServer(self._on_request)
        self._server.add_socket(listener)

    async def _accept_connections(self) -> None:
        if self._server is None:
            self._listen(_listener(self.port))

    async def _refuse_connections(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.stop()
        await self._close_connections(server)

    async def _drop_connections(self) -> None:
        if self._server is not None:
            await self._close_connections(self._server)

    async def _close_connections(self, server: HTTPServer) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.close_all_connections()

    async def _count_connections(self) -> int:
        return sum(not stream.closed() for stream in self._connections)

    def _on_request(self, request: HTTPServerRequest) -> None:
        record = self._record(request)
        fault = self._faults.take(record.method, unquote(record.path))
        if fault is None:
            send(request, self._respond(request), record)
            return
        record.fault = fault.name
        task = asyncio.get_running_loop().create_task(
            self._respond_with_fault(request, record, fault)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _respond_with_fault(
        self, request: HTTPServerRequest, record: RequestRecord, fault: Fault
    ) -> None:
        await asyncio.sleep(fault.delay_seconds)
        response = self._respond(request) if fault.perform else Response()
        if fault.change is not None:
            response = fault.change(response)
        if fault.stop_at is None and fault.drip is None:
            send(request, response, record)
        else:
            await send_with_fault(request, response, record, fault)

    def _respond(self, request: HTTPServerRequest) -> Response:
        path = unquote(request.path)
        return self._api.respond(
            Request(request.method or "", path, request.query, request.headers, request.body)
        )

    def _record(self, request: HTTPServerRequest) -> RequestRecord:
        stream = request.connection.stream  # type: ignore[union-attr]
        if stream not in self._connections:
            self._connections[stream] = next(self._count)
        record = RequestRecord(
            method=request.method or "",
            path=request.path,
            query=request.query,
            at=time.monotonic(),
            credentials=credential_types(request.headers),
            connection=self._connections[stream],
        )
        self._log.add(record)
        return record


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # On Windows, the option would allow two listeners on one port.
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(256)
        listener.settimeout(0)
    except OSError:
        listener.close()
        raise
    return listener
