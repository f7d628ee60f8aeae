from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import responses
from doubles import PASSWORD, FakeClock
from hypothesis import settings

from tamr_widgets import Client, UsernamePasswordAuth
from tamr_widgets._clock import clock

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
