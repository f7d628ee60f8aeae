"""Blocking code of the public packages, recorded as the steps of one panel."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from IPython.core.formatters import DisplayFormatter
from tamr_toolbox.workflow import jobs

from tamr_widgets import ChainWidget, ipython, recorded

PROJECT = "minimal_mastering"


@pytest.fixture
def shown(monkeypatch):
    """The widgets that a notebook shows."""
    shown: list[ChainWidget] = []
    shell = SimpleNamespace(kernel=object(), display_formatter=DisplayFormatter())
    monkeypatch.setattr(ipython, "display", shown.append)
    monkeypatch.setattr(ipython, "get_ipython", lambda: shell)
    yield shown
    for widget in shown:
        widget.close()


def wait_until_ended(widget: ChainWidget) -> None:
    changed = threading.Event()
    widget.observe(lambda _: changed.set(), "state")
    while widget.state == "RUNNING":
        assert changed.wait(20), widget.steps
        changed.clear()


def test_a_workflow_of_the_toolbox_is_one_panel(client, shown):
    """Each operation that the workflow waits for is a step; the workflow returns its own result."""
    project = client.projects.by_name(PROJECT)

    with recorded("Nightly"):
        operations = jobs.run([project])

    (widget,) = shown
    wait_until_ended(widget)
    assert widget.state == "SUCCEEDED"
    assert [each.state for each in operations] == ["SUCCEEDED"] * len(operations)
    assert [step.operation.resource_id for step in widget.steps] == [
        each.resource_id for each in operations
    ]


def test_blocking_calls_of_the_public_client_are_steps(client, shown):
    """The steps are in the order of the calls."""
    project = client.projects.by_name(PROJECT).as_mastering()

    with recorded("Nightly"):
        project.unified_dataset().refresh()
        project.pairs().refresh()

    (widget,) = shown
    wait_until_ended(widget)
    assert [step.state for step in widget.steps] == ["SUCCEEDED"] * 2
    assert [step.name for step in widget.steps] == [
        f"Update Unified Dataset [{PROJECT}_unified_dataset]",
        "Generate Record Pairs",
    ]
