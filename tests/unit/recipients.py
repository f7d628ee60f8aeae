"""Loopback recipients of notifications: a mail server, and a webhook."""

from __future__ import annotations

import json
import threading
import warnings
from http.server import BaseHTTPRequestHandler
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import apprise

# It loads its modules with the first address; some of them import deprecated ones.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    apprise.Apprise.instantiate("json://127.0.0.1/")


class LoopbackServer(ThreadingTCPServer):
    """A server on a free port while the `with` block runs.

    Attributes:
        received: The mails, or the posted documents.
        connected: Set by the first connection.
        ended: Set at the end of the block; a handler that hangs waits for it.
    """

    daemon_threads = True
    handler: type[StreamRequestHandler]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.handler)
        self.received: list[Any] = []
        self.connected, self.ended = threading.Event(), threading.Event()
        self.port = self.server_address[1]

    def __enter__(self) -> Any:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _MailHandler(StreamRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        server.connected.set()
        if server.silent:
            server.ended.wait()
            return
        self.wfile.write(b"220 mail.test\r\n")
        while line := self.rfile.readline():
            command = line[:4].upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                server.received.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 fine\r\n")


class MailServer(LoopbackServer):
    """An SMTP server that accepts every mail, or never responds."""

    handler = _MailHandler

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__()
        self.silent = silent

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=tamr@example.com&to=steward@example.com"


class _PostHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.received.append(json.loads(body))
        self.send_response(server.statuses.pop(0) if server.statuses else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


class Webhook(LoopbackServer):
    """A web server that receives what Apprise posts to `json://`.

    Attributes:
        statuses: The statuses of its next responses; 200 after them.
    """

    handler = _PostHandler

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[int] = []

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/s3cret-hook"
