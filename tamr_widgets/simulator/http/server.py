"""The server's thread: Tornado on loopback, in an event loop of its own.

It turns requests into questions to the API and answers into bytes.
"""

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

from ..credentials import kind_of_credentials
from .messages import Request, Response
from .request_log import RequestLog, RequestRecord
from .sending import send, send_badly

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tornado.httputil import HTTPServerRequest

    from ..api.routes import Api
    from ..faults import Fault, Faults

Result = TypeVar("Result")

LOOPBACK = "127.0.0.1"
LONGEST_WAIT_SECONDS = 10.0


class HttpServer:
    """Serves an API on loopback from a thread of its own.

    Args:
        api: Who knows the answers.
        faults: What may go wrong on the way.
        log: Where every request is written down.
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
        """Whether the thread is there."""
        return self._thread is not None

    def start(self, port: int) -> None:
        """Serve on a port, a free one for 0; nothing happens when it serves already.

        Raises:
            OSError: The port is taken.
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
        """End every connection, hung ones too, and the thread; nothing happens without one."""
        with self._lock:
            if self._thread is None or self._loop is None or self._stopping is None:
                return
            self._loop.call_soon_threadsafe(self._stopping.set)
            # the garbage collector may let a forgotten simulator end itself from its own thread
            if self._thread is not threading.current_thread():
                self._thread.join(LONGEST_WAIT_SECONDS)
            self._thread = self._loop = self._stopping = None

    def refuse(self) -> None:
        """Stop listening and end every connection; the thread stays."""
        self._in_thread(self._refuse)

    def accept(self) -> None:
        """Listen again, on the same port."""
        self._in_thread(self._accept)

    def drop_connections(self) -> None:
        """End every connection, but go on listening."""
        self._in_thread(self._drop_connections)

    def count_connections(self) -> int:
        """Return how many connections are open that something was asked through."""
        return self._in_thread(self._count_connections) or 0

    def _in_thread(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result | None:
        with self._lock:
            if self._loop is None:
                return None
            asked = asyncio.run_coroutine_threadsafe(work(), self._loop)
            return asked.result(LONGEST_WAIT_SECONDS)

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        # a selector loop on every system: Tornado starts one more thread for any other kind
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
        await self._refuse()

    def _listen(self, listener: socket.socket) -> None:
        self._server = HTTPServer(self._on_request)
        self._server.add_socket(listener)

    async def _accept(self) -> None:
        if self._server is None:
            self._listen(_listener(self.port))

    async def _refuse(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.stop()
        await self._end_connections(server)

    async def _drop_connections(self) -> None:
        if self._server is not None:
            await self._end_connections(self._server)

    async def _end_connections(self, server: HTTPServer) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.close_all_connections()

    async def _count_connections(self) -> int:
        return sum(not stream.closed() for stream in self._connections)

    def _on_request(self, request: HTTPServerRequest) -> None:
        asked = self._write_down(request)
        fault = self._faults.take(asked.method, unquote(asked.path))
        if fault is None:
            send(request, self._answer(request), asked)
            return
        asked.fault = fault.name
        task = asyncio.get_running_loop().create_task(self._misbehave(request, asked, fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _misbehave(
        self, request: HTTPServerRequest, asked: RequestRecord, fault: Fault
    ) -> None:
        await asyncio.sleep(fault.delay_seconds)
        answer = self._answer(request) if fault.perform else Response()
        if fault.change is not None:
            answer = fault.change(answer)
        if fault.stop_at is None and fault.drip is None:
            send(request, answer, asked)
        else:
            await send_badly(request, answer, asked, fault)

    def _answer(self, request: HTTPServerRequest) -> Response:
        method, path = request.method or "", unquote(request.path)
        return self._api.answer(Request(method, path, request.query, request.headers, request.body))

    def _write_down(self, request: HTTPServerRequest) -> RequestRecord:
        stream = request.connection.stream  # type: ignore[union-attr]
        if stream not in self._connections:
            self._connections[stream] = next(self._count)
        asked = RequestRecord(
            method=request.method or "",
            path=request.path,
            query=request.query,
            at=time.monotonic(),
            credentials=kind_of_credentials(request.headers),
            connection=self._connections[stream],
        )
        self._log.add(asked)
        return asked


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # on Windows the option means that a port can be taken twice
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(256)
        listener.settimeout(0)
    except OSError:
        listener.close()
        raise
    return listener
