"""From the server's change to the changed page: the delay beyond the moment of the poll.

In real JupyterLab and Chromium, with an idle kernel and with one whose cell computes all the time.
Run it with `python tests/benchmarks/page_delay.py`.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from peers import Row, print_table
from playwright.sync_api import sync_playwright

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "browser")]

from conftest import BROWSER_FLAGS, BROWSERS  # noqa: E402
from harness import FrontEnd, OpenNotebook, Tabs  # noqa: E402
from harness_server import JupyterServer  # noqa: E402
from widgets import TAMR, operation  # noqa: E402

CHANGES = 30

# A new word each time, and the time of the request of the poll that brought it.
TOGGLE = """
import json, threading, time
polled = []
def toggle():
    wall = time.time() - time.monotonic()
    for number in range({changes}):
        word = f"STEP{{number}}"
        tamr.jobs.change("1", status={{"state": word}})
        while w.state != word:
            time.sleep(0.002)
        polls = [each.at for each in tamr.requests.matching("GET", "operations/1")]
        polled.append([word, (polls[-1] + wall) * 1000])
thread = threading.Thread(target=toggle)
thread.start()
"""
BUSY = "end = time.monotonic() + 25\nwhile time.monotonic() < end: sum(range(10_000))"
# The page notes when each word is drawn: in the frame after the DOM has changed.
NOTE = """
window.drawn = {};
new MutationObserver(() => {
  const word = document.querySelector(".tamr").dataset.state;
  requestAnimationFrame(() => { window.drawn[word] ??= Date.now(); });
}).observe(document.querySelector(".tamr"), {attributes: true});
"""


def delays(notebook: OpenNotebook, *, busy: bool) -> list[float]:
    """Milliseconds from each poll that saw a change to the page that shows it."""
    for cell in range(2):
        notebook.run_cell(cell)
    operation(notebook).wait_for()
    notebook.page.wait_for_timeout(2500)
    notebook.page.evaluate(NOTE)
    notebook.run_cell(2)
    if busy:
        notebook.run_cell(3, wait=False)
    last = f"STEP{CHANGES - 1}"
    notebook.page.wait_for_function("word => window.drawn[word]", arg=last, timeout=60_000)
    drawn = notebook.page.evaluate("window.drawn")
    notebook.run_cell(4)
    polled = dict(json.loads(notebook.output(4).inner_text().strip()))
    return [drawn[word] - polled[word] for word in polled if word in drawn]


def main() -> list[Row]:
    """Measure, and return the rows."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    rows = []
    folder = Path(tempfile.mkdtemp())
    with sync_playwright() as playwright, JupyterServer(folder, folder / "log") as server:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        tabs = Tabs(browser)
        lab = FrontEnd("lab", server, tabs, folder)
        for busy in (False, True):
            show = 'w = show("RUNNING", interval=0.2)\nw'
            cells = [TAMR, show, TOGGLE.format(changes=CHANGES), BUSY, "print(json.dumps(polled))"]
            found = delays(lab.open(cells), busy=busy)
            percentile = statistics.quantiles(found, n=20)[-1]
            middle = statistics.median(found)
            what = f"poll to page, {'busy' if busy else 'idle'} kernel: 95th percentile (median)"
            rows.append(Row(what, f"{percentile:.0f} ms ({middle:.0f} ms)", "", "", "<= 100 ms"))
        tabs.close()
        browser.close()
    return rows


if __name__ == "__main__":
    print_table("From the poll to the page", main())
