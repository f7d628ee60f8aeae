"""A site on loopback that serves the project's files, and pages whose clock is paused."""

from __future__ import annotations

import contextlib
import datetime
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamr_widgets.simulator.faults import Faults
from tamr_widgets.simulator.http.messages import Request, Response
from tamr_widgets.simulator.http.request_log import RequestLog
from tamr_widgets.simulator.http.server import HttpServer
from tamr_widgets.widgets import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

HERE = Path(__file__).parent
NOW = datetime.datetime(2021, 1, 29, 14, 2, 0, tzinfo=datetime.timezone.utc)
NOW_MS = int(NOW.timestamp() * 1000)


class Files:
    """Responds with the project's files, which a browser may cache."""

    def respond(self, request: Request) -> Response:
        path = request.path.removeprefix("/")
        headers = {"Cache-Control": "max-age=3600"}
        if path == "esm.js":
            return Response(200, bundle.LOADER.encode(), headers, "text/javascript")
        if path.startswith("code/"):
            code = bundle.compressed(path.removeprefix("code/"))
            return Response(200, code, headers, "application/octet-stream")
        file = (bundle.STATIC.parent if path.startswith("static/") else HERE) / path
        if not file.is_file():
            return Response(404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Response(200, file.read_bytes(), headers, kind)


@contextlib.contextmanager
def local_site() -> Iterator[str]:
    """Serves the files on loopback, as the simulator does its API, and yields the address."""
    server = HttpServer(Files(), Faults(), RequestLog())
    server.start(port=0)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def new_context(chromium: Browser, site: str, **options: Any) -> BrowserContext:
    """A browser profile with a fixed locale and time zone, and URLs relative to the site."""
    context = chromium.new_context(
        **{"base_url": site, "locale": "en-GB", "timezone_id": "UTC"} | options
    )
    context.set_default_timeout(30_000)
    return context


def load(page: Page, name: str) -> None:
    """Load a document with a paused clock."""
    page.clock.install(time=NOW - datetime.timedelta(minutes=1))
    page.goto(f"/{name}")
    page.clock.pause_at(NOW)


@contextlib.contextmanager
def no_page_errors(page: Page) -> Iterator[None]:
    """Fail at the end if the page had an uncaught error or opened a dialog."""
    errors: list[str] = []
    listeners = {
        "pageerror": lambda error: errors.append(str(error)),
        "dialog": lambda dialog: errors.append(f"A dialog: {dialog.message}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert errors == []
