"""notebooks/quickstart.ipynb in JupyterLab, with the clicks of a user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from harness import FrontEnd, OpenNotebook
    from playwright.sync_api import Locator

# A job of the simulated Tamr takes some 10 seconds at the notebook's speed.
JOB_MS = 60_000


@pytest.fixture
def quickstart(lab: FrontEnd) -> OpenNotebook:
    notebook = lab.open("notebooks/quickstart.ipynb", viewport={"width": 1280, "height": 2800})
    notebook.run_all(wait=False)
    return notebook


def widget(notebook: OpenNotebook, name: str) -> Locator:
    return notebook.page.get_by_role("group", name=name)


def button(widget: Locator, name: str) -> Locator:
    return widget.get_by_role("button", name=name, exact=True)


def test_the_quickstart_notebook_runs(quickstart: OpenNotebook) -> None:
    """Jobs that succeed, fail and are cancelled, a refused and an accepted delete, and a NOOP."""
    refresh = widget(quickstart, "Operation 401: Update Unified Dataset")
    fails = widget(quickstart, "Operation 402: Update Unified Dataset")
    long = widget(quickstart, "Operation 403: Train Mastering Model")
    kept = widget(quickstart, "Operation 404: Update Unified Dataset")
    export = widget(quickstart, "Operation projectExport")
    noop = widget(quickstart, "Operation -1")

    expect(refresh).to_have_attribute("data-state", re.compile("PENDING|RUNNING"))
    expect(refresh.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(noop).to_have_attribute("data-state", "SUCCEEDED")
    expect(button(long, "Cancel job")).to_be_enabled()

    # By key: the outputs above still grow, so that a click may miss.
    button(long, "Cancel job").press("Enter")
    expect(button(long, "Keep running")).to_be_focused()
    button(long, "Yes, cancel it").click()
    expect(long).to_have_attribute("data-state", "CANCELED", timeout=JOB_MS)

    expect(export).to_have_attribute("data-state", "SUCCEEDED", timeout=JOB_MS)
    button(export, "Delete").click()
    expect(button(export, "Keep it")).to_be_focused()
    button(export, "Yes, delete it").click()
    expect(export).to_contain_text(re.compile("[Dd]eleted"))

    button(kept, "Delete").click()
    button(kept, "Yes, delete it").click()
    expect(kept.get_by_role("alert")).to_contain_text("does not delete operations")

    expect(refresh).to_have_attribute("data-state", "SUCCEEDED", timeout=JOB_MS)
    expect(refresh.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(fails).to_have_attribute("data-state", "FAILED", timeout=JOB_MS)
    expect(fails).to_contain_text("AnalysisException")
    button(fails, "Details").click()
    expect(fails).to_contain_text("at org.apache.spark")

    quickstart.wait_until_idle()
    expect(quickstart.page.get_by_text(re.compile("SUCCEEDED after"))).to_be_visible()
    expect(quickstart.page.get_by_text(re.compile("operations/123456789"))).to_be_visible()
    for theme in ("light", "dark"):
        quickstart.set_theme(theme)
        quickstart.screenshot(f"quickstart-{theme}")
    assert quickstart.errors == []
