"""Pages for the tests of the browser's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jobs_page import Jobs
from local_site import load, local_site, new_context, no_page_errors
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
    """The page that a module's tests share, in UTC; opening a new one takes longer than a test."""
    context = new_context(chromium, site)
    yield context.new_page()
    context.close()


@pytest.fixture
def blank_page(shared_page: Page) -> Iterator[Page]:
    """The module's page, to load a document into; it keeps nothing of the previous one."""
    with no_page_errors(shared_page):
        yield shared_page


@pytest.fixture
def page(blank_page: Page) -> Page:
    """A page that can show widgets, with a clock that is paused at 14:02:00."""
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
def open_document(blank_page: Page) -> Callable[..., Page]:
    """Load a document with some width and media features, and with a running clock."""

    def open_document(name: str, *, width: int = 1280, **media: Any) -> Page:
        defaults = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "null"}
        blank_page.set_viewport_size({"width": width, "height": 640})
        blank_page.emulate_media(**defaults | media)
        blank_page.goto(f"/{name}")
        return blank_page

    return open_document
