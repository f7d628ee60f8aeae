from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chrome import BROWSER_FLAGS, browser_path
from environments import SKIPPED_IN_CI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PROJECT = Path(__file__).parents[1]
ARTIFACTS = PROJECT / "artifacts"
IN_CI = os.environ.get("CI") == "true"
NO_BROWSER_REASON = (
    "no Chromium or Chrome was found on PATH; get one with `apt-get install chromium` "
    "(or with your system's package manager) and run the tests again"
)
FOLDERS = ("conformance", "frontends", "kernel", "unit", "project", "browser", "frontend")
WORKERS_PER_CORE = 2  # half of the time they wait for pages, kernels and jobs
MAX_WORKERS = 4  # each may run a browser and a Jupyter server
GRACE_SECONDS = 10.0  # used up only if a thread is still running
EXPECT_TIMEOUT_MS = 20_000  # for busy machines
LOOP_EXECUTOR = "asyncio_"  # Playwright's loop keeps its executor's threads for the whole session
# Otherwise, where PYTHONDONTWRITEBYTECODE is set, as in many containers, each worker compiles all
# tests and Hypothesis again, which takes seconds. A `pycache_prefix` would compile all packages
# once more.
sys.dont_write_bytecode = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run tests marked slow, as CI does")


def pytest_configure(config: pytest.Config) -> None:
    """Remove the screenshots of the last run's failures, once for all workers."""
    if not hasattr(config, "workerinput"):
        for old in ARTIFACTS.glob("failed-*.png"):
            old.unlink(missing_ok=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of pytest-xdist's workers: two for each core, none for single files."""
    if all(Path(argument.partition("::")[0]).is_file() for argument in config.args):
        return 0
    return min(MAX_WORKERS, WORKERS_PER_CORE * (os.cpu_count() or 1))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect slow tests outside of CI, mark tests by their requirements, and sort their folders.

    Folders of long files come first, so that all workers end at the same time. Those that need a
    browser come last: while Playwright's sync API is active, this thread has a running event loop,
    in which `asyncio.run` fails.
    """
    if not (IN_CI or config.getoption("slow")):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here).parts[0]
        if folder == "conformance":
            item.add_marker("conformance")
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    # Whole files are sorted, since a worker runs one file at a time.
    with_browser = {item.path for item in items if "browser" in item.keywords}
    items.sort(
        key=lambda item: (
            item.path in with_browser,
            FOLDERS.index(item.path.relative_to(here).parts[0]),
        )
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return _refuse_skips_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return _refuse_skips_in_ci((yield))


def _refuse_skips_in_ci(report: pytest.TestReport) -> pytest.TestReport:
    """Turn a skipped test into a failed one in CI, where all that tests need must be installed."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        if SKIPPED_IN_CI in str(report.longrepr):
            return report
        report.outcome = "failed"
        report.longrepr = f"In CI nothing may be skipped. {report.longrepr[-1]}"
    return report


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Remove the machine's Tamr server, proxies and netrc from the environment of the tests."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith("TAMR_") or name.lower().endswith("_proxy"):
                environment.delenv(name)
        environment.setenv("NETRC", os.devnull)
        yield


@pytest.fixture(scope="session", autouse=True)
def default_sigint_handler() -> Iterator[None]:
    """Reset SIGINT, which is ignored if a shell runs the tests in the background.

    Otherwise a test that interrupts a wait would hang, and so would a command that it starts.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test whose threads outlive it, with the stack of each thread."""
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
        pytest.fail(
            "Threads were still running after the test:\n\n" + "\n".join(stacks), pytrace=False
        )


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """The folder of a run's screenshots, logs and figures, which git ignores."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.fixture(scope="session")
def worker() -> str:
    """A suffix for file names: a dash and the name of pytest-xdist's worker, or nothing."""
    name = os.environ.get("PYTEST_XDIST_WORKER")
    return f"-{name}" if name else ""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of the test session, driven by Playwright's sync API."""
    path = browser_path()
    if path is None:
        pytest.skip(NO_BROWSER_REASON)
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    sync_api.expect.set_options(timeout=EXPECT_TIMEOUT_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()
