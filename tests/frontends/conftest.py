from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hosts import HOSTS, AppServer, Host

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Route

VIEWPORT = {"width": 1100, "height": 900}
SKIPPED_IN_CI = "This front end is not tried: "  # see tests/conftest.py


@pytest.fixture(scope="module")
def tamr() -> Iterator[Simulator]:
    # With so many jobs a list costs more than polls of single ones, so each of them is seen.
    with Simulator(past_jobs=1000, executors=50) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def environments(
    request: pytest.FixtureRequest, environment: Callable[..., Path]
) -> Iterator[dict[str, Future[Path]]]:
    """The Python of each host that is tried; the later are installed while the first are tried."""
    chosen = {
        item.callspec.params["server"].name: item.callspec.params["server"].packages
        for item in request.session.items
        if "server" in getattr(item, "fixturenames", ())
    }
    executor = ThreadPoolExecutor(1)
    yield {
        name: executor.submit(environment, name, *packages, on_top=True)
        for name, packages in chosen.items()
    }
    executor.shutdown(cancel_futures=True)


@pytest.fixture(scope="module", params=HOSTS, ids=[host.name for host in HOSTS])
def server(
    request: pytest.FixtureRequest,
    tamr: Simulator,
    environments: dict[str, Future[Path]],
    artifacts: Path,
) -> Iterator[AppServer]:
    """The server of each host's app in turn."""
    with _serve(request.param, tamr, environments, artifacts) as server:
        yield server


def _serve(
    host: Host, tamr: Simulator, environments: dict[str, Future[Path]], artifacts: Path
) -> AppServer:
    try:
        python = environments[host.name].result()
    except RuntimeError as error:
        pytest.skip(f"{SKIPPED_IN_CI}{error}")
    variables = {
        "TAMR_URL": tamr.url,
        "TAMR_USERNAME": DEMO_USERNAME,
        "TAMR_PASSWORD": DEMO_PASSWORD,
    }
    return AppServer(host, python, variables, artifacts / f"{host.name}.log")


@pytest.fixture
def visitor(chromium: Browser, server: AppServer) -> Iterator[Page]:
    """A page of the app, of a visitor who has no way to the internet."""
    with chromium.new_context(viewport=VIEWPORT) as context:
        page = new_page(context, server)
        yield page


def new_page(context: BrowserContext, server: AppServer) -> Page:
    """Open the app in another page."""
    page = context.new_page()
    page.route(_is_elsewhere, _fulfill)
    page.goto(server.url)
    return page


def _is_elsewhere(url: str) -> bool:
    return urlsplit(url).hostname != "127.0.0.1"


def _fulfill(route: Route) -> None:
    """Panel's page loads anywidget's code from the internet; here it comes from the package."""
    if "/anywidget@" in route.request.url:
        folder = Path(sys.prefix, "share/jupyter/nbextensions/anywidget")
        route.fulfill(path=folder / "index.js", content_type="text/javascript")
    else:
        route.abort()
