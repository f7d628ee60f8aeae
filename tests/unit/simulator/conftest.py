from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = 1_611_921_600.0


class FakeClock:
    """A clock that moves only in `advance`."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Browser:
    """An HTTP client with credentials and a short timeout."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"BasicCreds {simulator.token()}"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        if not path.startswith("/"):
            path = f"/api/versioned/v1/{path}"
        options.setdefault("timeout", 5)
        return self.session.request(method, self.simulator.url + path, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.request("POST", path, **options)

    def login(self) -> requests.Response:
        given = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}
        return self.post("instance:login", json=given)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    with Simulator(past_jobs=3, now=clock) as simulator:
        yield simulator


@pytest.fixture
def browser(simulator: Simulator) -> Iterator[Browser]:
    browser = Browser(simulator)
    with browser.session:
        yield browser
