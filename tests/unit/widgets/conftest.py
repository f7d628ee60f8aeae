from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets
import pytest

from tamr_widgets.widgets import comm_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tamr_widgets import Client
    from tamr_widgets.simulator import Simulator


@pytest.fixture
def client(tamr: Simulator) -> Iterator[Client]:
    with tamr.client() as client:
        yield client


@pytest.fixture(autouse=True)
def no_widget_is_left_behind() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()
    comm_context._context = None


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamr_widgets._http.retry.FIRST_BACKOFF_SECONDS", 0.05)
