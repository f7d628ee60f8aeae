from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
from IPython.core.events import EventManager

from tamr_widgets.widgets import cell_outputs, channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tamr_widgets import Client
    from tamr_widgets.simulator import Simulator


@pytest.fixture
def client(tamr: Simulator) -> Iterator[Client]:
    with tamr.client() as client:
        yield client


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A fake of a kernel's shell; `content` is that of the request of the current cell."""
    content: dict[str, Any] = {}
    shell = SimpleNamespace(
        content=content,
        get_parent=lambda: {"header": {"msg_type": "execute_request"}, "content": content},
    )
    shell.events = EventManager(shell, ["pre_run_cell", "post_run_cell"])
    monkeypatch.setattr(cell_outputs, "get_ipython", lambda: shell)
    return shell


@pytest.fixture(autouse=True)
def closed_widgets() -> Iterator[None]:
    """Closes all widgets after a test."""
    yield
    ipywidgets.Widget.close_all()
    channel._page_context = None


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamr_widgets._http.retry.FIRST_BACKOFF_SECONDS", 0.02)
