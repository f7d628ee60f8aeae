"""The browser's side on a page of its own: the packed code, a fake model, a clock to turn."""

from __future__ import annotations

import contextlib
import datetime
import mimetypes
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jobs_page import Jobs

from tamr_widgets.widgets import bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

HERE = Path(__file__).parent
ORIGIN = "http://localhost"
NOW = datetime.datetime(2021, 1, 29, 14, 2, 0, tzinfo=datetime.timezone.utc)
NOW_MS = int(NOW.timestamp() * 1000)


def ago(seconds: float) -> int:
    """A moment before the test began, as the wire writes it."""
    return NOW_MS - round(seconds * 1000)


RUNNING = {
    "id": "17",
    "type": "SPARK",
    "description": "Train Mastering Model",
    "state": "RUNNING",
    "created_by": "admin",
    "created_at": ago(72),
    "started_at": ago(60),
    "as_of": ago(0),
}
SUCCEEDED = RUNNING | {"state": "SUCCEEDED", "resolved": True, "ended_at": ago(5)}
FAILED = SUCCEEDED | {
    "state": "FAILED",
    "message": "AnalysisException: cannot resolve",
    "details": "AnalysisException: cannot resolve\n" + "\tat org.apache.spark.Catalyst\n" * 99,
}


def serve(route: Route) -> None:
    """Answer the page's requests from the project's files; nothing leaves the machine."""
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


class Widget:
    """An OperationWidget's browser side, held as anywidget would hold it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.panel = page.locator(f"#{name} > .tamr")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def update(self, facts: dict[str, Any]) -> None:
        """Let the kernel say something new."""
        self._tell("update", facts)

    def acknowledge(self, **clocks: int) -> None:
        """Let the kernel answer all messages; `server` and `kernel` are its clocks."""
        self._tell("acknowledge", clocks)

    @property
    def sent(self) -> list[str]:
        """What was asked of the kernel, apart from the greetings."""
        return [action for action in self.messages if action not in ("subscribe", "visible")]

    @property
    def messages(self) -> list[str]:
        return [message["action"] for message in self._tell("sent")]

    @property
    def listeners(self) -> int:
        return int(self._tell("listeners"))

    def draw_again(self) -> None:
        """Take the view away and draw a new one, as a notebook does when it moves a cell."""
        self._tell("drawAgain")

    def close_view(self) -> None:
        self._tell("closeView")

    def close(self) -> None:
        self._tell("close")

    def connection_changes(self, **how: Any) -> None:
        """Change what the front end knows of the kernel: `lost`, `kernel`."""
        self._tell("connection", how)

    def _tell(self, method: str, argument: Any = None) -> Any:
        script = "([name, method, argument]) => widgets[name][method](argument)"
        return self.page.evaluate(script, [self.name, method, argument])


@pytest.fixture(scope="module")
def shared_page(chromium: Browser) -> Iterator[Page]:
    """The page of a module's tests, with Greenwich's time; a new one takes longer than a test."""
    context = reader(chromium)
    yield context.new_page()
    context.close()


@pytest.fixture
def blank_page(shared_page: Page) -> Iterator[Page]:
    """The module's page without a document. The next document has nothing of this one's."""
    with no_complaints(shared_page):
        yield shared_page
        shared_page.goto("about:blank")


@pytest.fixture
def page(blank_page: Page) -> Page:
    """A page that can show widgets, whose clock stands at 14:02:00 until a test turns it."""
    load(blank_page, "widget.html")
    return blank_page


def load(page: Page, name: str) -> None:
    """Load a document whose clock stands still."""
    page.clock.install(time=NOW - datetime.timedelta(minutes=1))
    page.goto(f"{ORIGIN}/{name}")
    page.clock.pause_at(NOW)


def reader(chromium: Browser, **options: Any) -> BrowserContext:
    """A browser profile of a known place, with the project's files for an internet."""
    context = chromium.new_context(**{"locale": "en-GB", "timezone_id": "UTC"} | options)
    context.set_default_timeout(10_000)
    context.route(f"{ORIGIN}/**", serve)
    return context


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


@pytest.fixture
def show(page: Page) -> Callable[..., Widget]:
    """Open a widget for some facts; `options` go to openWidget in fake_model.js."""

    def show(facts: dict[str, Any], **options: Any) -> Widget:
        name = page.evaluate("([facts, options]) => openWidget(facts, options)", [facts, options])
        return Widget(page, name)

    return show


@pytest.fixture
def open_jobs(blank_page: Page) -> Callable[..., Jobs]:
    """Open a JobsWidget in the module's page; the options are those of Jobs.open."""

    def open_jobs(rows: list[Any] | int | None = None, **options: Any) -> Jobs:
        load(blank_page, "jobs.html")
        return Jobs(blank_page).open(rows, **options)

    return open_jobs


@pytest.fixture
def look(blank_page: Page) -> Callable[..., Page]:
    """Load a document as a certain reader sees it, with a clock that runs."""

    def look(name: str, *, width: int = 1280, **media: Any) -> Page:
        defaults = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "null"}
        blank_page.set_viewport_size({"width": width, "height": 640})
        blank_page.emulate_media(**defaults | media)
        blank_page.goto(f"{ORIGIN}/{name}")
        return blank_page

    return look


def axe(of: Locator) -> list[str]:
    """What axe-core has to say against a part of a page."""
    of.page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = of.evaluate("part => axe.run(part, {resultTypes: ['violations']})")["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]
