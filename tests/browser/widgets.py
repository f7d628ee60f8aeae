"""Shared by the browser tests of the widgets: code for the kernel, and elements of a page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import OpenNotebook
    from playwright.sync_api import Locator

# A simulator without past jobs, and `show(...)`: a widget of a job that stays in its state.
TAMR = """
from tamr_widgets import JobsWidget, Operation, OperationWidget
from tamr_widgets.simulator import Fault, Simulator
tamr = Simulator(past_jobs=0).start()
client = tamr.client()
def show(state, *, interval=0.3, timeout=None, **fields):
    operation = client.operation(tamr.jobs.add(state, **fields))
    return OperationWidget(operation, poll_interval_seconds=interval, timeout_seconds=timeout)
"""


def operation(notebook: OpenNotebook, number: int = 1) -> Locator:
    """The widget of an operation."""
    return notebook.page.get_by_role("group", name=f"Operation {number}:")


def button(widget: Locator, name: str) -> Locator:
    """A button in a widget."""
    return widget.get_by_role("button", name=name, exact=True)


def progress(widget: Locator) -> Locator:
    """The progress bar in a widget."""
    return widget.get_by_role("progressbar", name="Progress", exact=True)


def expect_soon(condition: Callable[[], bool]) -> None:
    """Fails unless a condition that no locator expresses becomes true within 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
