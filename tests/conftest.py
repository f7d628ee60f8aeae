from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

IN_CI = os.environ.get("CI") == "true"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_GET_A_BROWSER = (
    "no Chromium or Chrome was found on PATH; get one with `apt-get install chromium` "
    "(or from your system's shop) and run the tests again"
)
GRACE_SECONDS = 1.0
EXPECT_MILLISECONDS = 20_000  # of Playwright's `expect`, for machines that are busy otherwise
LOOP_EXECUTOR = "asyncio_"  # Playwright's loop keeps its executor's threads for the whole session


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run tests marked slow, as CI does")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves slow tests to CI, marks tests by their needs, and sorts those with a browser last.

    While Playwright's sync API is up, this thread has a running event loop, in which `asyncio.run`
    refuses to work.
    """
    if not (IN_CI or config.getoption("slow")):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if Path(__file__).with_name("conformance") in item.path.parents:
            item.add_marker("conformance")
    items.sort(key=lambda item: "browser" in item.keywords)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return _refuse_skips_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return _refuse_skips_in_ci((yield))


def _refuse_skips_in_ci(report: pytest.TestReport) -> pytest.TestReport:
    """A browser or package that is missing on a machine that tests everything must be noticed."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"In CI nothing may be skipped. {report.longrepr[-1]}"
    return report


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own Tamr, proxies and netrc out of the tests."""
    for name in list(os.environ):
        if name.startswith("TAMR_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    """Fail a test whose threads outlive it, with the place where each of them stands."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + GRACE_SECONDS
    started = [
        thread
        for thread in threading.enumerate()
        if thread not in before and not thread.name.startswith(LOOP_EXECUTOR)
    ]
    for thread in started:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread for thread in started if thread.is_alive()]
    if left:
        frames = sys._current_frames()
        stacks = (
            f"{thread!r}\n{''.join(traceback.format_stack(frames[thread.ident]))}"
            for thread in left
            if thread.ident in frames
        )
        pytest.fail("Threads were left behind:\n\n" + "\n".join(stacks), pytrace=False)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The folder, ignored by git, that keeps what a run made: screenshots, logs, figures."""
    folder = Path(__file__).parents[1] / "artifacts"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("failed-*.png"):
        old.unlink(missing_ok=True)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of the test session, driven by Playwright's sync API."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(HOW_TO_GET_A_BROWSER)
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    sync_api.expect.set_options(timeout=EXPECT_MILLISECONDS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()
