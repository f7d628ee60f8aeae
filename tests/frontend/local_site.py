"""A site in the browser alone: its documents are the project's files, its clock is the test's."""

from __future__ import annotations

import contextlib
import datetime
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamr_widgets.widgets import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Route

HERE = Path(__file__).parent
ORIGIN = "http://localhost"
NOW = datetime.datetime(2021, 1, 29, 14, 2, 0, tzinfo=datetime.timezone.utc)
NOW_MS = int(NOW.timestamp() * 1000)


def serve(route: Route) -> None:
    """Respond with the project's files; no request leaves the machine."""
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    if path == "/esm.js":
        route.fulfill(body=bundle.LOADER, content_type="text/javascript")
    elif path.startswith("/code/"):
        route.fulfill(body=bundle.compressed(path.removeprefix("/code/")))
    else:
        home = bundle.STATIC.parent if path.startswith("/static/") else HERE
        file = home / path.removeprefix("/")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        route.fulfill(body=file.read_bytes(), content_type=kind)


def reader(chromium: Browser, **options: Any) -> BrowserContext:
    """A browser profile of a known place, with the project's files for an internet."""
    context = chromium.new_context(**{"locale": "en-GB", "timezone_id": "UTC"} | options)
    context.set_default_timeout(30_000)
    context.route(f"{ORIGIN}/**", serve)
    return context


def load(page: Page, name: str) -> None:
    """Load a document whose clock stands still."""
    page.clock.install(time=NOW - datetime.timedelta(minutes=1))
    page.goto(f"{ORIGIN}/{name}")
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
