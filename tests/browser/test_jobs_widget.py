"""JobsWidget in real front ends: clicks, reloads, lost kernels, and saved notebooks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from widgets import button, expect_soon

if TYPE_CHECKING:
    from pathlib import Path

    from harness import FrontEnd, OpenNotebook
    from playwright.sync_api import Locator

LONG = 20_000
TAMR = """
from tamr_widgets import JobsWidget, OperationWidget
from tamr_widgets.simulator import Simulator
tamr = Simulator(past_jobs={past}).start()
client = tamr.client()
ids = [tamr.jobs.start(queued_seconds=0, run_seconds=600) for _ in range({running})]
jobs = JobsWidget(client, poll_interval_seconds=0.5)
"""


def tamr(past: int = 30, running: int = 3) -> str:
    return TAMR.format(past=past, running=running)


def region(notebook: OpenNotebook) -> Locator:
    return notebook.page.get_by_role("region", name="Jobs", exact=True)


def row(notebook: OpenNotebook, key: int) -> Locator:
    return region(notebook).locator(f'[role=row][data-key="{key}"]')


def cell(notebook: OpenNotebook, key: int, column: str) -> Locator:
    return row(notebook, key).locator(f'[role=gridcell][data-column="{column}"]')


# Shows the values that the page has saved to the kernel, which it does after a delay.
SAVED = """
import ipywidgets
saved = ipywidgets.Label()
def show(_):
    saved.value = f"saved {jobs.search!r} {[each.resource_id for each in jobs.selection]}"
jobs.observe(show, ["search", "selection"])
saved
"""


@pytest.fixture
def notebook(lab: FrontEnd) -> OpenNotebook:
    """A JobsWidget in JupyterLab: jobs 1 to 30 have ended, jobs 31 to 33 are running."""
    notebook = lab.open([tamr(), "jobs", SAVED])
    notebook.run_all()
    expect(row(notebook, 33)).to_be_visible(timeout=LONG)
    return notebook


def test_jobs_are_listed_expanded_and_cancelled(front_end: FrontEnd) -> None:
    """JupyterLab, Notebook 7 and Voila behave alike."""
    notebook = front_end.open([tamr(), "jobs"])
    notebook.run_all()
    expect(cell(notebook, 33, "state")).to_have_text("Running", timeout=LONG)
    expect(region(notebook).get_by_role("grid")).to_have_attribute("aria-rowcount", "34")

    cell(notebook, 33, "description").click()
    panel = region(notebook).get_by_role("group", name="Operation 33:")
    button(panel, "Cancel job").click()
    expect(button(panel, "Keep running")).to_be_focused()
    button(panel, "Yes, cancel it").click()

    expect(panel).to_have_attribute("data-state", "CANCELED", timeout=LONG)
    expect(cell(notebook, 33, "state")).to_have_text("Cancelled", timeout=LONG)
    expect(cell(notebook, 32, "state")).to_have_text("Running")
    notebook.screenshot(f"jobs-in-{front_end.name}")
    if front_end.name != "notebook7":  # which has page errors of its own
        assert notebook.errors == []


def test_several_jobs_are_cancelled_together(notebook: OpenNotebook) -> None:
    """One confirmation for both; the kernel gets the selection, and the rows show the result."""
    for key in (33, 31):
        cell(notebook, key, "pick").click()
    expect(button(region(notebook), "Cancel 2 jobs")).to_be_visible()
    expect(notebook.output(2)).to_contain_text("saved '' ['33', '31']")

    button(region(notebook), "Cancel 2 jobs").click()
    button(region(notebook), "Yes, cancel them").click()

    expect(region(notebook)).to_contain_text("Cancelled 2 jobs.", timeout=LONG)
    for key, state in ((33, "Cancelled"), (32, "Running"), (31, "Cancelled")):
        expect(cell(notebook, key, "state")).to_have_text(state, timeout=LONG)
    expect(region(notebook).locator("[aria-selected=true]")).to_have_count(0)


def test_a_partial_failure_is_reported(notebook: OpenNotebook) -> None:
    """Jobs that can't be deleted stay selected; a server that deletes nothing gets one request."""
    cell(notebook, 20, "pick").click()
    cell(notebook, 19, "pick").click()

    button(region(notebook), "Delete 2 operations").click()
    button(region(notebook), "Yes, delete them").click()

    alert = region(notebook).get_by_role("alert")
    expect(alert).to_contain_text("1 operation could not be deleted", timeout=LONG)
    expect(region(notebook)).to_contain_text("1 operation was not tried")
    expect(alert.get_by_role("listitem").first).to_contain_text("405 Method Not Allowed")
    expect(region(notebook).locator("[aria-selected=true]")).to_have_count(2)


def test_a_reload_restores_the_rows_and_the_search(notebook: OpenNotebook) -> None:
    """The kernel sends them again."""
    region(notebook).get_by_role("searchbox").fill("update")
    expect(notebook.output(2)).to_contain_text("saved 'update' []")
    notebook.save()

    notebook.reload()

    expect(region(notebook).get_by_role("searchbox")).to_have_value("update", timeout=LONG)
    region(notebook).get_by_role("searchbox").fill("")
    expect(row(notebook, 33)).to_be_visible()


def test_without_a_kernel_a_static_table_is_shown(notebook: OpenNotebook, lab: FrontEnd) -> None:
    """An untrusted notebook that is opened without a kernel shows the jobs that were saved."""
    notebook.save()
    notebook.stop_kernel()
    notebook.page.close()
    # JupyterLab does not trust a file that was edited, and draws no widget.
    notebook.path.write_text(notebook.path.read_text().replace("def show(", "def show ("))

    again = lab.open(notebook.path, kernel=False)

    expect(again.output(1).get_by_role("table")).to_contain_text("Publish Golden Records")
    expect(again.output(1)).to_contain_text("33 jobs of 127.0.0.1")
    again.screenshot("jobs-without-kernel")


def test_the_last_known_rows_are_kept_without_the_kernel(notebook: OpenNotebook) -> None:
    """A notebook saved with its widgets shows its rows on another kernel, marked as outdated."""
    # The page adds its rows to the state after a delay.
    expect_soon(lambda: "Publish Golden" in json.dumps(notebook.save(widget_state=True).metadata))
    assert "simulated" not in notebook.path.read_text().replace("tamr_widgets.simulator", "")
    notebook.restart_kernel()

    notebook.reload()

    expect(region(notebook)).to_contain_text("No kernel is connected", timeout=LONG)
    expect(row(notebook, 33)).to_be_visible()
    notebook.screenshot("jobs-of-a-former-kernel")


def test_a_kernel_restart_is_detected(notebook: OpenNotebook) -> None:
    """The last known rows stay, and their actions are disabled."""
    notebook.restart_kernel()

    expect(region(notebook)).to_contain_text("No kernel is connected", timeout=LONG)
    cell(notebook, 33, "pick").click()
    expect(button(region(notebook), "Cancel 1 job")).to_be_disabled()


def test_keys_do_not_trigger_notebook_commands(notebook: OpenNotebook) -> None:
    """Keys that would delete or add a cell only affect the table."""
    cell(notebook, 33, "description").focus()
    for key in ("d", "d", "a", "b", "x", "ArrowDown", "Enter", "Shift+Enter"):
        notebook.page.keyboard.press(key)
    region(notebook).get_by_role("searchbox").press_sequentially("dd")

    expect(notebook.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)
    expect(region(notebook).get_by_role("searchbox")).to_have_value("dd")


def test_axe_finds_no_violation_in_any_theme(notebook: OpenNotebook) -> None:
    """A selected and an expanded row are checked, contrast included."""
    cell(notebook, 32, "pick").click()
    cell(notebook, 31, "description").click()
    expect(region(notebook).get_by_role("group", name="Operation 31:")).to_be_visible()

    for theme in ("light", "dark", "high contrast"):
        notebook.set_theme(theme)

        notebook.screenshot(f"jobs-{theme}-in-lab")
        assert notebook.axe(region(notebook)) == [], theme


def test_ten_thousand_jobs(lab: FrontEnd, artifacts: Path) -> None:
    """All jobs are listed and searched; the time until the first rows is recorded."""
    notebook = lab.open([tamr(past=10_000, running=1), "jobs"])
    notebook.run_cell(0)
    notebook.page.evaluate("globalThis.began = performance.now()")
    notebook.run_cell(1)
    expect(row(notebook, 10_001)).to_be_visible(timeout=60_000)
    seen = notebook.page.evaluate("performance.now() - began")
    grid = region(notebook).get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "10002", timeout=60_000)

    region(notebook).get_by_role("searchbox").press_sequentially("10000")

    expect(grid).to_have_attribute("aria-rowcount", re.compile("^[2-9]$"))
    notebook.screenshot("jobs-ten-thousand")
    (artifacts / "jobs-first-rows-ms.txt").write_text(f"{seen:.0f}\n")


def test_the_jobs_notebook_runs(front_end: FrontEnd) -> None:
    """notebooks/jobs.ipynb from top to bottom, as a notebook and as a Voila page."""
    notebook = front_end.open("notebooks/jobs.ipynb", viewport={"width": 1280, "height": 1400})
    notebook.run_all(wait=False)

    expect(region(notebook)).to_contain_text("804 jobs", timeout=60_000)
    expect(region(notebook).get_by_role("img", name="Timeline of")).to_be_visible()
    expect(notebook.page.get_by_text("SUCCEEDED", exact=True).first).to_be_visible(timeout=LONG)
    notebook.screenshot(f"notebook-jobs-{front_end.name}")
    if front_end.name != "notebook7":  # which has page errors of its own
        assert notebook.errors == []


def test_try_again_after_a_refused_list(lab: FrontEnd) -> None:
    """The page shows that the list is refused; a click fetches it once access is granted."""
    notebook = lab.open(
        [
            tamr(),
            "from tamr_widgets.simulator import Fault\ntamr.faults.add(Fault.status(403))\njobs",
            "tamr.faults.clear()",
        ]
    )
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(region(notebook)).to_contain_text("No permission to see the jobs", timeout=LONG)
    notebook.run_cell(2)

    button(region(notebook), "Try again").click()

    expect(row(notebook, 33)).to_be_visible()
    expect(region(notebook)).not_to_contain_text("No permission")


def test_a_kernel_restart_from_another_page(lab: FrontEnd) -> None:
    """Both pages show that no kernel is connected."""
    notebook = lab.open([tamr(), "jobs"])
    notebook.run_all()
    notebook.save()
    other = lab.open(notebook.path)
    expect(row(other, 33)).to_be_visible(timeout=LONG)

    notebook.restart_kernel()

    for page in (notebook, other):
        expect(region(page)).to_contain_text("No kernel is connected", timeout=LONG)
