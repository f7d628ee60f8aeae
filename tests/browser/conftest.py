from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from harness import FrontEnd
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
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path
) -> Iterator[JupyterServer]:
    """The one Jupyter server of the session; it serves Lab, Notebook 7 and Voila."""
    with JupyterServer(tmp_path_factory.mktemp("jupyter"), artifacts / "jupyter.log") as server:
        yield server


@pytest.fixture
def open_front_end(
    chromium: Browser,
    jupyter_server: JupyterServer,
    artifacts: Path,
    request: pytest.FixtureRequest,
) -> Iterator[dict[str, FrontEnd]]:
    front_ends = {
        name: FrontEnd(name, jupyter_server, chromium, artifacts)
        for name in ("lab", "notebook7", "voila")
    }
    yield front_ends
    failed = request.node.stash.get(OUTCOME, "failed") == "failed"
    for front_end in front_ends.values():
        front_end.close(screenshots_named=f"failed-{request.node.name}" if failed else None)


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
