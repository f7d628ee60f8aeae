"""Pages for the tests of the browser's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jobs_page import Jobs
from local_site import load, local_site, no_complaints, reader
from panel_page import Widget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the project's files."""
    with local_site() as address:
        yield address


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, site: str) -> Iterator[Page]:
    """The page of a module's tests, with Greenwich's time; a new one takes longer than a test."""
    context = reader(chromium, site)
    yield context.new_page()
    context.close()


@pytest.fixture
def blank_page(shared_page: Page) -> Iterator[Page]:
    """The module's page for another document, which has nothing of the last one's."""
    with no_complaints(shared_page):
        yield shared_page


@pytest.fixture
def page(blank_page: Page) -> Page:
    """A page that can show widgets, whose clock stands at 14:02:00 until a test turns it."""
    load(blank_page, "widget.html")
    return blank_page


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
        blank_page.goto(f"/{name}")
        return blank_page

    return look
