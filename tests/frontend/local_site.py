"""A site on loopback: its documents are the project's files, its clock is the test's."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import mimetypes
import threading
from concurrent.futures import Future
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tornado.httpserver
import tornado.netutil
import tornado.web

from tamr_widgets.widgets import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

HERE = Path(__file__).parent
NOW = datetime.datetime(2021, 1, 29, 14, 2, 0, tzinfo=datetime.timezone.utc)
NOW_MS = int(NOW.timestamp() * 1000)


class Files(tornado.web.RequestHandler):
    """Responds with the project's files, which a browser may keep."""

    def get(self, path: str) -> None:
        try:
            body, kind = _content(path)
        except FileNotFoundError:
            raise tornado.web.HTTPError(HTTPStatus.NOT_FOUND) from None
        self.set_header("Content-Type", kind)
        self.set_header("Cache-Control", "max-age=3600")
        self.write(body)


def _content(path: str) -> tuple[bytes, str]:
    if path == "esm.js":
        return bundle.LOADER.encode(), "text/javascript"
    if path.startswith("code/"):
        return bundle.compressed(path.removeprefix("code/")), "application/octet-stream"
    home = bundle.STATIC.parent if path.startswith("static/") else HERE
    file = home / path
    return file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream"


@contextlib.contextmanager
def local_site() -> Iterator[str]:
    """Serves the files on loopback, by a thread, and yields the address."""
    address: Future[str] = Future()
    end = asyncio.Event()

    async def serve() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        [socket] = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server = tornado.httpserver.HTTPServer(tornado.web.Application([("/(.*)", Files)]))
        server.add_socket(socket)
        address.set_result(f"http://127.0.0.1:{socket.getsockname()[1]}")
        await end.wait()
        server.stop()
        await server.close_all_connections()

    loop: asyncio.AbstractEventLoop | None = None
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    yield address.result(10)
    loop.call_soon_threadsafe(end.set)
    thread.join()


def reader(chromium: Browser, site: str, **options: Any) -> BrowserContext:
    """A browser profile of a known place, in which documents are named without their site."""
    context = chromium.new_context(
        **{"base_url": site, "locale": "en-GB", "timezone_id": "UTC"} | options
    )
    context.set_default_timeout(30_000)
    return context


def load(page: Page, name: str) -> None:
    """Load a document whose clock stands still."""
    page.clock.install(time=NOW - datetime.timedelta(minutes=1))
    page.goto(f"/{name}")
    page.clock.pause_at(NOW)


@contextlib.contextmanager
def no_complaints(page: Page) -> Iterator[None]:
    """Fail at the end if the page met an error that nobody caught, or opened a dialog."""
    complaints: list[str] = []
    listeners = {
        "pageerror": lambda error: complaints.append(str(error)),
        "dialog": lambda dialog: complaints.append(f"A dialog: {dialog.message}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert complaints == []
