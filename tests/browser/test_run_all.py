"""Run All with a long last cell: meanwhile, the page shows no wrong texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from widgets import button, operation

if TYPE_CHECKING:
    from harness import FrontEnd, OpenNotebook

JOBS = 400
# The page waits for 5 seconds before it looks for its comm.
LONG_CELL_SECONDS = 8
CELLS = [
    f"""
from tamr_widgets import JobsWidget, OperationWidget
from tamr_widgets.simulator import Simulator
tamr = Simulator(past_jobs={JOBS - 1}).start()
client = tamr.client()
operation = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=600))
""",
    "OperationWidget(operation)",
    "JobsWidget(client)",
    f"import time; time.sleep({LONG_CELL_SECONDS}); print('the long cell has ended')",
]
# Texts that would be wrong while a cell is running.
WRONG_TEXT = re.compile(r"No kernel|No jobs|\b0 jobs|Run the cell again")

# Collects all visible texts, about once per frame.
COLLECT_TEXTS = """
globalThis.seen = new Set();
globalThis.textTimer = setInterval(() => {
  for (const part of document.querySelectorAll(".tamr, .tamr-jobs > *")) {
    if (!part.checkVisibility()) continue;
    for (const text of part.innerText.split("\\n")) seen.add(text.trim());
    for (const each of part.querySelectorAll("[title]")) seen.add(each.title);
  }
}, 30);
"""


def run_all_and_collect_texts(notebook: OpenNotebook) -> list[str]:
    """The texts that the widgets showed until the last cell had ended."""
    notebook.page.evaluate(COLLECT_TEXTS)
    notebook.run_all(wait=False)
    expect(notebook.output(3)).to_contain_text("has ended", timeout=60_000)
    expect(notebook.page.get_by_role("grid", name="Jobs")).to_have_attribute(
        "aria-rowcount", str(JOBS + 1)
    )
    notebook.page.evaluate("clearInterval(textTimer)")
    return notebook.page.evaluate("[...seen]")


def expect_no_wrong_text(texts: list[str]) -> None:
    assert texts
    assert [text for text in texts if WRONG_TEXT.search(text)] == []


@pytest.mark.parametrize("name", ["lab", "notebook7"])
def test_run_all_on_a_fresh_page_and_again(front_ends: dict[str, FrontEnd], name: str) -> None:
    """Meanwhile the page shows the jobs, or that it waits for them, and no wrong text."""
    notebook = front_ends[name].open(CELLS)

    for _ in range(2):
        texts = run_all_and_collect_texts(notebook)

        expect_no_wrong_text(texts)
        notebook.page.evaluate(
            "window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
        )


def test_clicks_while_the_long_cell_runs(lab: FrontEnd) -> None:
    """A click is accepted: it is handled, or shown as waiting for the kernel."""
    notebook = lab.open(CELLS)
    notebook.page.evaluate(COLLECT_TEXTS)
    notebook.run_all(wait=False)
    job = operation(notebook, JOBS)
    button(job, "Wait").click(timeout=60_000)

    expect(notebook.output(3)).to_contain_text("has ended", timeout=60_000)
    expect(button(job, "Stop waiting")).to_be_visible()
    expect_no_wrong_text(notebook.page.evaluate("[...seen]"))
