from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import FrontEnd, Tabs
from harness_server import JupyterServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

OUTCOME = pytest.StashKey[str]()


def pytest_collect_file() -> None:
    """Leave this folder out where Playwright, which its modules import, is not installed."""
    pytest.importorskip("playwright", reason="Playwright is not installed: pip install '.[test]'")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember how the test went, for the screenshots of a failed one."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.outcome
    return report


@pytest.fixture(scope="session")
def jupyter_server(
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path, worker: str
) -> Iterator[JupyterServer]:
    """The one Jupyter server of the session; it serves Lab, Notebook 7 and Voila."""
    log = artifacts / f"jupyter{worker}.log"
    with JupyterServer(tmp_path_factory.mktemp("jupyter"), log) as server:
        yield server


@pytest.fixture(scope="session")
def tabs(chromium: Browser) -> Iterator[Tabs]:
    """The browser's pages."""
    tabs = Tabs(chromium)
    yield tabs
    tabs.close()


@pytest.fixture
def open_front_end(
    tabs: Tabs, jupyter_server: JupyterServer, artifacts: Path, request: pytest.FixtureRequest
) -> Iterator[dict[str, FrontEnd]]:
    """The three front ends by name. Of a failed test, a screenshot of each page is kept."""
    names = ("lab", "notebook7", "voila")
    yield {name: FrontEnd(name, jupyter_server, tabs, artifacts) for name in names}
    if request.node.stash.get(OUTCOME, "failed") == "failed":
        name = "".join(c if c.isalnum() else "-" for c in request.node.name)
        for number, page in enumerate(tabs.used):
            page.screenshot(path=artifacts / f"failed-{name}-{number}.png")
    tabs.leave()
    jupyter_server.stop_kernels()
    jupyter_server.reset_settings()


@pytest.fixture
def lab(open_front_end: dict[str, FrontEnd]) -> FrontEnd:
    """JupyterLab: `lab.open(["print(1)"])` or `lab.open("notebooks/quickstart.ipynb")`."""
    return open_front_end["lab"]


@pytest.fixture
def notebook7(open_front_end: dict[str, FrontEnd]) -> FrontEnd:
    """Jupyter Notebook 7."""
    return open_front_end["notebook7"]


@pytest.fixture
def voila(open_front_end: dict[str, FrontEnd]) -> FrontEnd:
    """Voila: every cell runs while the page is opened."""
    return open_front_end["voila"]


@pytest.fixture(params=["lab", "notebook7", "voila"])
def front_end(request: pytest.FixtureRequest, open_front_end: dict[str, FrontEnd]) -> FrontEnd:
    """Each of the three in turn."""
    return open_front_end[request.param]
