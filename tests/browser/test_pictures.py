"""The README's pictures: created by each run, and copied to notebooks/pictures by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from harness import FrontEnd

TAMR = """
from tamr_widgets import JobsWidget, OperationWidget
from tamr_widgets.simulator import Simulator
tamr = Simulator(speed=2, executors=4).start()
client = tamr.client()
for project in (2, 5, 6):
    client.start(f"projects/{project}/unifiedDataset:refresh", asynchronous=True)
"""
OPERATION = """
operation = client.start("projects/1/recordPairs:refresh", asynchronous=True)
OperationWidget(operation, poll_interval_seconds=1)
"""


def test_the_pictures_of_the_readme(lab: FrontEnd) -> None:
    """A running job with an estimate, and the Jobs page, in both themes."""
    notebook = lab.open([TAMR, OPERATION, "JobsWidget(client)"], device_scale_factor=2)
    notebook.run_all()
    widget = notebook.page.get_by_role("group", name="Operation 404")
    expect(widget).to_have_attribute("data-state", "RUNNING", timeout=30_000)
    expect(widget).to_contain_text(re.compile(r"About (8|9|10|15) s left"), timeout=30_000)
    jobs = notebook.page.get_by_role("region", name="Jobs")
    expect(jobs.get_by_role("grid", name="Jobs").get_by_role("row").nth(5)).to_be_visible()

    for theme in ("light", "dark"):
        notebook.set_theme(theme)
        notebook.screenshot(f"readme-operation-{theme}", widget)
        notebook.screenshot(f"readme-jobs-{theme}", jobs)
