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
    """Skip this folder if Playwright, which its modules import, is not installed."""
    pytest.importorskip("playwright", reason="Playwright is not installed: pip install '.[test]'")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Store the outcome of the test, since screenshots of a failed one are saved."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.outcome
    return report


@pytest.fixture(scope="session")
def jupyter_server(
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path, worker: str
) -> Iterator[JupyterServer]:
    """The Jupyter server of the session, which serves Lab, Notebook 7 and Voila."""
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
def front_ends(
    tabs: Tabs, jupyter_server: JupyterServer, artifacts: Path, request: pytest.FixtureRequest
) -> Iterator[dict[str, FrontEnd]]:
    """The three front ends by name. After a failed test, a screenshot of each page is saved."""
    names = ("lab", "notebook7", "voila")
    yield {name: FrontEnd(name, jupyter_server, tabs, artifacts) for name in names}
    if request.node.stash.get(OUTCOME, "failed") == "failed":
        name = "".join(c if c.isalnum() else "-" for c in request.node.name)
        for number, page in enumerate(tabs.used):
            page.screenshot(path=artifacts / f"failed-{name}-{number}.png")
    tabs.reset()
    jupyter_server.stop_kernels()
    jupyter_server.reset_settings()


@pytest.fixture
def lab(front_ends: dict[str, FrontEnd]) -> FrontEnd:
    """JupyterLab: `lab.open(["print(1)"])` or `lab.open("notebooks/quickstart.ipynb")`."""
    return front_ends["lab"]


@pytest.fixture
def notebook7(front_ends: dict[str, FrontEnd]) -> FrontEnd:
    """Jupyter Notebook 7."""
    return front_ends["notebook7"]


@pytest.fixture
def voila(front_ends: dict[str, FrontEnd]) -> FrontEnd:
    """Voila, which runs every cell when the page is opened."""
    return front_ends["voila"]


@pytest.fixture(params=["lab", "notebook7", "voila"])
def front_end(request: pytest.FixtureRequest, front_ends: dict[str, FrontEnd]) -> FrontEnd:
    """Each of the three front ends in turn."""
    return front_ends[request.param]
