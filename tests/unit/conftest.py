from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import responses
from fakes import PASSWORD, FakeClock
from hypothesis import settings
from polling import FakeTamr, Subscriber

from tamr_widgets import Client, Poller, UsernamePasswordAuth, _clock
from tamr_widgets._http import body
from tamr_widgets._operation.wait import MIN_INTERVAL_SECONDS
from tamr_widgets._polling import target
from tamr_widgets.poller import _pollers as pollers
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator
from tamr_widgets.simulator.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# No deadline, since the machine may be busy. CI tries more examples.
examples = 200 if os.environ.get("CI") == "true" else 10
settings.register_profile("unit", deadline=None, max_examples=examples)
settings.load_profile("unit")
# With Python's default of 700 objects the collector takes 7 % of the time of these tests.
gc.set_threshold(100_000, 20, 20)


def pytest_runtest_setup() -> None:
    """Removes the pollers of earlier tests, which stay until they are garbage-collected.

    A server on the port of an earlier one would get that server's poller and jobs.
    """
    pollers._pollers.clear()


@pytest.fixture(scope="module", autouse=True)
def little_garbage(request: pytest.FixtureRequest) -> None:
    """Exempts older objects from garbage collection, in modules that call it.

    `gc.collect` takes 3 ms then, and 80 ms otherwise.
    """
    if hasattr(request.module, "gc"):
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def quick_polls() -> Iterator[None]:
    """Allows intervals that are too short for a server: many tests wait for a few polls."""
    with pytest.MonkeyPatch.context() as patched:
        set_min_interval(patched, 0.01)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trusts no authority unless a test names one: loading those of the system takes 25 ms."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            patched.delenv(name, raising=False)
        patched.setenv("SSL_CERT_FILE", os.devnull)
        folder = str(tmp_path_factory.mktemp("authorities"))
        patched.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", folder)
        yield


@pytest.fixture
def own_min_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restores the minimum interval of the package."""
    set_min_interval(monkeypatch, MIN_INTERVAL_SECONDS)


def set_min_interval(patched: pytest.MonkeyPatch, seconds: float) -> None:
    for module in ("chain", "operation", "poller"):
        patched.setattr(f"tamr_widgets.{module}.MIN_INTERVAL_SECONDS", seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of the whole package; it moves only in `sleep` and `advance`."""
    fake = FakeClock()
    for name in ("monotonic", "wall", "sleep"):
        monkeypatch.setattr(_clock.clock, name, getattr(fake, name))
    return fake


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """Responds in place of a server."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield wire


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a server that does not exist."""
    with Client(UsernamePasswordAuth("ada", PASSWORD), host="tamr.test") as client:
        yield client


@pytest.fixture
def credentials() -> dict[str, str]:
    """The credentials of `tamr`; a module may have others."""
    return {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}


@pytest.fixture
def early_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls for the first time after 0.1 s, not 0.4, where the interval is longer."""
    monkeypatch.setattr(target, "EARLY_SECONDS", 0.1)


@pytest.fixture
def tamr(credentials: dict[str, str], early_polls: None) -> Iterator[Simulator]:
    """A simulated server on loopback, without jobs."""
    with Simulator(past_jobs=0, **credentials) as simulator:
        yield simulator


@pytest.fixture
def tamr_client(tamr: Simulator) -> Iterator[Client]:
    """A client of the simulated server."""
    with tamr.client() as client:
        yield client


@pytest.fixture
def poller(tamr_client: Client) -> Poller:
    """The poller of the simulated server, which has a thread."""
    return Poller.of(tamr_client)


@pytest.fixture
def fake(clock: FakeClock) -> FakeTamr:
    """A server without a network, on the fake clock."""
    return FakeTamr(clock)


@pytest.fixture
def driven(fake: FakeTamr) -> Poller:
    """The poller of that server, which `drive` runs: it has no thread."""
    return Poller(fake, background=False)


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    """A subscriber that keeps its results and errors."""
    subscriber = Subscriber()
    yield subscriber
    subscriber.close()


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Switches between threads as often as possible, so that a few rounds show a race."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits bodies to 1 MiB, which is reached sooner than 32."""
    monkeypatch.setattr(body, "MAX_BODY_BYTES", body.MEBIBYTE)


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that simulators hand out from now on."""
    handed_out: list[str] = []
    new_token = Credentials.new_token

    def recorded(credentials: Credentials) -> str:
        handed_out.append(new_token(credentials))
        return handed_out[-1]

    monkeypatch.setattr(Credentials, "new_token", recorded)
    return handed_out


def _benchmark(name: str) -> ModuleType:
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return import_module(name)
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="session")
def accuracy() -> ModuleType:
    """The benchmark of estimated durations, whose figures are checked for a few pasts."""
    return _benchmark("history_accuracy")


@pytest.fixture(scope="session")
def queues() -> ModuleType:
    """The benchmark of estimated queues, whose figures are checked for a few pasts."""
    return _benchmark("history_queues")
