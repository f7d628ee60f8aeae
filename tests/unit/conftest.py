from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import responses
from doubles import PASSWORD, FakeClock
from hypothesis import settings

from tamr_widgets import Client, UsernamePasswordAuth
from tamr_widgets._clock import clock
from tamr_widgets.simulator import Simulator
from tamr_widgets.simulator.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

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
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that simulators hand out from now on."""
    handed_out: list[str] = []
    new_token = Credentials.new_token

    def recorded(credentials: Credentials) -> str:
        handed_out.append(new_token(credentials))
        return handed_out[-1]

    monkeypatch.setattr(Credentials, "new_token", recorded)
    return handed_out
