"""Two jobs on a server that runs one at a time: the second one shows its place in the queue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from widgets import button

if TYPE_CHECKING:
    from harness import FrontEnd

START = """
from tamr_widgets import JobsWidget, OperationWidget
from tamr_widgets.simulator import Simulator
tamr = Simulator(seed=3, speed=4, executors=1).start()
client = tamr.client()
first, second = [
    client.start(f"projects/{project}/recordPairs:refresh", asynchronous=True) for project in (1, 2)
]
"""
LONG = 60_000
THEMES = ("light", "dark")
# JupyterLab removes cells that are scrolled out of view from the document.
NO_SCROLLING = {"width": 1280, "height": 2000}


def test_the_second_job_shows_its_place_and_then_its_start(lab: FrontEnd) -> None:
    """The job ahead and the estimated start, then the running job; Details show past runs."""
    notebook = lab.open(
        [START, "JobsWidget(client, poll_interval_seconds=1)", "OperationWidget(second)"],
        viewport=NO_SCROLLING,
    )
    notebook.run_all()
    # The panel of a row has the same name.
    widget = notebook.output(2).get_by_role("group", name="Operation 402")
    row = notebook.output(1).locator('[role=row][data-key="402"]')

    queue = re.compile(
        r"2nd in the queue, starts (in about|within) .*, behind Generate Record Pairs.*; ends in"
    )
    expect(widget).to_contain_text(queue, timeout=LONG)
    expect(row).to_contain_text(re.compile("2nd, (in|within) "), timeout=LONG)
    for theme in THEMES:
        notebook.set_theme(theme)
        notebook.screenshot(f"queue-{theme}", widget)
        notebook.screenshot(f"queue-jobs-{theme}", notebook.output(1))
    button(widget, "Details").click()
    expect(widget.get_by_role("img")).to_have_accessible_name(re.compile("The last 20 runs"))

    expect(widget).to_have_attribute("data-state", "RUNNING", timeout=LONG)
    expect(widget).to_contain_text("running for")
    expect(widget).not_to_contain_text("in the queue")
    for theme in THEMES:
        notebook.set_theme(theme)
        notebook.screenshot(f"past-runs-{theme}", widget)
        assert notebook.axe(notebook.output(2)) == []
    assert notebook.errors == []
