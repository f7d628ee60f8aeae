"""JobsWidget where it lives: clicks, reloads, kernels that go away, and what is saved."""

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


# Shows in the page what the page has saved to the kernel, which it does after a pause.
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
    """The jobs 1 to 30 of the past and 31 to 33, which run, in JupyterLab."""
    notebook = lab.open([tamr(), "jobs", SAVED])
    notebook.run_all()
    expect(row(notebook, 33)).to_be_visible(timeout=LONG)
    return notebook


def test_jobs_are_seen_opened_and_cancelled(front_end: FrontEnd) -> None:
    """In JupyterLab, Notebook 7 and Voila alike."""
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


def test_several_are_cancelled_together(notebook: OpenNotebook) -> None:
    """One question for both; the kernel knows the selection, and the rows show the outcome."""
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


def test_a_reload_brings_all_of_it_back(notebook: OpenNotebook) -> None:
    """Rows and filter come from the kernel; new jobs go on arriving."""
    region(notebook).get_by_role("searchbox").fill("update")
    expect(notebook.output(2)).to_contain_text("saved 'update' []")
    notebook.save()

    notebook.reload()

    expect(region(notebook).get_by_role("searchbox")).to_have_value("update", timeout=LONG)
    region(notebook).get_by_role("searchbox").fill("")
    expect(row(notebook, 33)).to_be_visible()


def test_without_a_kernel_a_table_is_left(notebook: OpenNotebook, lab: FrontEnd) -> None:
    """A notebook from elsewhere, opened without one, shows the newest jobs as they were."""
    notebook.save()
    notebook.stop_kernel()
    notebook.page.close()
    # Changed by other hands it is not trusted, so JupyterLab draws no widget.
    notebook.path.write_text(notebook.path.read_text().replace("def show(", "def show ("))

    again = lab.open(notebook.path, kernel=False)

    expect(again.output(1).get_by_role("table")).to_contain_text("Publish Golden Records")
    expect(again.output(1)).to_contain_text("33 jobs of 127.0.0.1")
    again.screenshot("jobs-without-kernel")


def test_the_last_known_rows_outlive_the_kernel(notebook: OpenNotebook) -> None:
    """Saved with its widgets and opened on another kernel, the rows are there, marked as such."""
    # The page adds its rows to the state after a pause.
    expect_soon(lambda: "Publish Golden" in json.dumps(notebook.save(widget_state=True).metadata))
    assert "simulated" not in notebook.path.read_text().replace("tamr_widgets.simulator", "")
    notebook.restart_kernel()

    notebook.reload()

    expect(region(notebook)).to_contain_text("No kernel is connected", timeout=LONG)
    expect(row(notebook, 33)).to_be_visible()
    notebook.screenshot("jobs-of-a-former-kernel")


def test_a_restarted_kernel_is_noticed(notebook: OpenNotebook) -> None:
    """The rows stay as they were known last, and nothing can be done with them."""
    notebook.restart_kernel()

    expect(region(notebook)).to_contain_text("No kernel is connected", timeout=LONG)
    cell(notebook, 33, "pick").click()
    expect(button(region(notebook), "Cancel 1 job")).to_be_disabled()


def test_keys_are_not_the_notebooks(notebook: OpenNotebook) -> None:
    """Keys that would delete or add a cell do nothing but what the table does with them."""
    cell(notebook, 33, "description").focus()
    for key in ("d", "d", "a", "b", "x", "ArrowDown", "Enter", "Shift+Enter"):
        notebook.page.keyboard.press(key)
    region(notebook).get_by_role("searchbox").press_sequentially("dd")

    expect(notebook.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)
    expect(region(notebook).get_by_role("searchbox")).to_have_value("dd")


def test_it_is_at_home_in_every_theme(notebook: OpenNotebook) -> None:
    """Colours are the theme's, and axe-core finds nothing, contrast included."""
    cell(notebook, 32, "pick").click()
    cell(notebook, 31, "description").click()
    expect(region(notebook).get_by_role("group", name="Operation 31:")).to_be_visible()

    for theme in ("light", "dark", "high contrast"):
        notebook.set_theme(theme)

        notebook.screenshot(f"jobs-{theme}-in-lab")
        assert notebook.axe(region(notebook)) == [], theme


def test_ten_thousand_jobs(lab: FrontEnd, artifacts: Path) -> None:
    """They are all there, the first rows soon, and the search finds at once."""
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


def test_the_notebook_runs(front_end: FrontEnd) -> None:
    """notebooks/jobs.ipynb from top to bottom, as a notebook and as a page of its own."""
    notebook = front_end.open("notebooks/jobs.ipynb", viewport={"width": 1280, "height": 1400})
    notebook.run_all(wait=False)

    expect(region(notebook)).to_contain_text("804 jobs", timeout=60_000)
    expect(region(notebook).get_by_role("img", name="Timeline of")).to_be_visible()
    expect(notebook.page.get_by_text("SUCCEEDED", exact=True).first).to_be_visible(timeout=LONG)
    notebook.screenshot(f"notebook-jobs-{front_end.name}")
    if front_end.name != "notebook7":  # which has page errors of its own
        assert notebook.errors == []


def test_try_again_after_a_refusal(lab: FrontEnd) -> None:
    """The page says that the list is refused; a click fetches it once access was given."""
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


def test_a_kernel_that_another_page_restarted(lab: FrontEnd) -> None:
    """Both pages say soon that nothing follows the jobs any more."""
    notebook = lab.open([tamr(), "jobs"])
    notebook.run_all()
    notebook.save()
    other = lab.open(notebook.path)
    expect(row(other, 33)).to_be_visible(timeout=LONG)

    notebook.restart_kernel()

    for page in (notebook, other):
        expect(region(page)).to_contain_text("No kernel is connected", timeout=LONG)
