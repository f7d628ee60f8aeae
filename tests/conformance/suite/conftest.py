from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tamr_unify_client import Client
from tamr_unify_client.auth import UsernamePasswordAuth

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A server whose jobs take a fraction of a second."""
    with Simulator(speed=200, past_jobs=30) as simulator:
        yield simulator


@pytest.fixture
def connect(simulator: Simulator) -> Iterator[Callable[[str], Client]]:
    """Create clients of the public package with a password."""
    clients = []

    def client(password: str = DEMO_PASSWORD) -> Client:
        auth = UsernamePasswordAuth(DEMO_USERNAME, password)
        clients.append(Client(auth, host="127.0.0.1", port=simulator.port))
        return clients[-1]

    yield client
    for client in clients:
        client.session.close()


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    """A client of the public package."""
    return connect()
