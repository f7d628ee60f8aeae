from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from environments import SKIPPED_IN_CI, NotInstallable, environment
from hosts import HOSTS, AppServer, Host, new_page

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

VIEWPORT = {"width": 1100, "height": 900}


@pytest.fixture(scope="module")
def tamr() -> Iterator[Simulator]:
    # With so many jobs a list costs more than single polls, so each job is polled on its own.
    with Simulator(past_jobs=1000, executors=50) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def environments(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Path]]]:
    """The Python of each host under test; packages are installed while earlier hosts are tested."""
    packages_of_hosts = {
        item.callspec.params["server"].name: item.callspec.params["server"].packages
        for item in request.session.items
        if "server" in getattr(item, "fixturenames", ())
    }
    executor = ThreadPoolExecutor(1)
    yield {
        name: executor.submit(environment, name, *packages, on_top=True)
        for name, packages in packages_of_hosts.items()
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
    with _app_server(request.param, tamr, environments, artifacts) as server:
        yield server


def _app_server(
    host: Host, tamr: Simulator, environments: dict[str, Future[Path]], artifacts: Path
) -> AppServer:
    try:
        python = environments[host.name].result()
    except NotInstallable as error:
        pytest.skip(f"{SKIPPED_IN_CI}{error}")
    variables = {
        "TAMR_URL": tamr.url,
        "TAMR_USERNAME": DEMO_USERNAME,
        "TAMR_PASSWORD": DEMO_PASSWORD,
    }
    return AppServer(host, python, variables, artifacts / f"{host.name}.log")


@pytest.fixture(scope="module")
def profile(chromium: Browser, server: AppServer) -> Iterator[BrowserContext]:
    """A browser profile for all pages of a host, since it caches the host's code."""
    with chromium.new_context(viewport=VIEWPORT) as context:
        yield context


@pytest.fixture
def page(profile: BrowserContext, server: AppServer) -> Iterator[Page]:
    """A page of the app, without access to the internet."""
    yield new_page(profile, server)
    for each in profile.pages:
        each.close()
