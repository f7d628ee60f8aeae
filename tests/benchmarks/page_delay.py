"""From the server's response to the changed page: the delay after the poll.

In real JupyterLab and Chromium, with an idle kernel and with one whose cell computes all the time.
The simulator runs in the process of the benchmark, so that a busy kernel delays no response.
Run it with `python tests/benchmarks/page_delay.py`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from peers import Row, print_table
from playwright.sync_api import sync_playwright

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "browser")]

from chrome import BROWSER_FLAGS, browser_path  # noqa: E402
from harness import FrontEnd, OpenNotebook, Tabs  # noqa: E402
from harness_server import JupyterServer  # noqa: E402
from widgets import operation  # noqa: E402

from tamr_widgets.simulator import Simulator  # noqa: E402

CHANGES = 50
POLL_SECONDS = 0.2

SHOW = """
from tamr_widgets import Client, Operation, OperationWidget, UsernamePasswordAuth
client = Client(UsernamePasswordAuth("admin", "simulated"), port={port})
OperationWidget(client.operation({number}), poll_interval_seconds={interval})
"""
BUSY = "while True: sum(range(10_000))"
# Records when the page draws each state: in the frame after the DOM has changed.
RECORD_DRAWINGS = """
window.drawn = {};
new MutationObserver(() => {
  const state = document.querySelector(".tamr").dataset.state;
  requestAnimationFrame(() => { window.drawn[state] ??= Date.now(); });
}).observe(document.querySelector(".tamr"), {attributes: true});
"""


def delays(notebook: OpenNotebook, tamr: Simulator, number: str, *, busy: bool) -> list[float]:
    """Milliseconds from each poll that got a new state to the page that shows it."""
    notebook.run_cell(0)
    operation(notebook, int(number)).wait_for()
    notebook.page.evaluate(RECORD_DRAWINGS)
    if busy:
        notebook.run_cell(1, wait=False)
    delays_ms = []
    for count in range(CHANGES):
        state = f"STEP{count}"
        changed_at = time.monotonic()
        tamr.jobs.change(number, status={"state": state})
        page_has_drawn = "state => window.drawn[state]"
        drawn_at = notebook.page.wait_for_function(page_has_drawn, arg=state).json_value() / 1000
        polls = [each.at for each in tamr.requests.matching("GET", f"operations/{number}")]
        polled_at = next(at for at in polls if at >= changed_at)
        delays_ms.append((drawn_at - (polled_at + time.time() - time.monotonic())) * 1000)
    return delays_ms


def main() -> list[Row]:
    """Measure, and return the rows."""
    path = browser_path()
    rows = []
    folder = Path(tempfile.mkdtemp())
    with (
        sync_playwright() as playwright,
        JupyterServer(folder, folder / "log") as server,
        Simulator(past_jobs=0) as tamr,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        tabs = Tabs(browser)
        lab = FrontEnd("lab", server, tabs, folder)
        for busy in (False, True):
            number = tamr.jobs.add("RUNNING")
            show = SHOW.format(port=tamr.port, number=number, interval=POLL_SECONDS)
            delays_ms = delays(lab.open([show, BUSY]), tamr, number, busy=busy)
            percentile = statistics.quantiles(delays_ms, n=20)[-1]
            middle = statistics.median(delays_ms)
            name = f"poll to page, {'busy' if busy else 'idle'} kernel: 95th percentile (median)"
            rows.append(Row(name, f"{percentile:.0f} ms ({middle:.0f} ms)", "", "", "<= 100 ms"))
        tabs.close()
        browser.close()
    return rows


if __name__ == "__main__":
    print_table("From the poll to the page", main())
