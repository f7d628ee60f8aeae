from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
import responses
from fakes import PASSWORD, FakeClock
from hypothesis import settings
from polling import FakeTamr, Follower

from tamr_widgets import Client, Poller, UsernamePasswordAuth, _clock
from tamr_widgets.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# No deadline, since the machine may be busy. CI looks further.
examples = 200 if os.environ.get("CI") == "true" else 25
settings.register_profile("unit", deadline=None, max_examples=examples)
settings.load_profile("unit")


@pytest.fixture(scope="module", autouse=True)
def little_garbage() -> None:
    """Exempts older objects, such as modules, from garbage collection.

    `gc.collect` takes 5 ms then, and 80 ms otherwise; many tests call it.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of the whole package; it moves only in `sleep` and `advance`."""
    fake = FakeClock()
    for name in ("monotonic", "wall", "sleep"):
        monkeypatch.setattr(_clock.clock, name, getattr(fake, name))
    return fake


@pytest.fixture
def hands(clock: FakeClock) -> FakeClock:
    """The former name of `clock`, for tests in tests/project/words_to_do.txt."""
    return clock


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
def tamr() -> Iterator[Simulator]:
    """A simulated server on loopback, without jobs."""
    with Simulator(past_jobs=0) as simulator:
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
def follower() -> Iterator[Follower]:
    """A subscriber that keeps its results and errors."""
    follower = Follower()
    yield follower
    follower.close()
