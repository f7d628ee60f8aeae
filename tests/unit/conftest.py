from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import responses
from doubles import PASSWORD, FakeClock
from hypothesis import settings

from tamr_widgets import Client, UsernamePasswordAuth
from tamr_widgets._clock import clock
from tamr_widgets._http import body
from tamr_widgets.simulator import Simulator
from tamr_widgets.simulator.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# A busy machine is slow, not wrong.
settings.register_profile("unit", deadline=None, max_examples=50)
settings.load_profile("unit")


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of everything in the package; it moves only in sleeps and when it is turned."""
    hands = FakeClock()
    for name in ("monotonic", "wall", "sleep"):
        monkeypatch.setattr(clock, name, getattr(hands, name))
    return hands


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """Answers in place of a server."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield wire


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a server that is not there."""
    with Client(UsernamePasswordAuth("ada", PASSWORD), host="tamr.test") as client:
        yield client


@pytest.fixture
def password() -> str:
    """The password of `tamr`; a module may have another one."""
    return PASSWORD


@pytest.fixture
def tamr(password: str) -> Iterator[Simulator]:
    """A simulated server without jobs."""
    with Simulator(past_jobs=0, username="ada", password=password) as simulator:
        yield simulator


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
    """The benchmark of estimated durations, whose figures are held on a few pasts."""
    return _benchmark("history_accuracy")


@pytest.fixture(scope="session")
def queues() -> ModuleType:
    """The benchmark of estimated queues, whose figures are held on a few pasts."""
    return _benchmark("history_queues")
